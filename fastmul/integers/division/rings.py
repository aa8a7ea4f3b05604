"""Differences target - x * y that are known to be small: products modulo 2^n -+ 1 are enough, at half the cost.

Newton's steps subtract products from what they should be; the upper parts cancel. So a product is computed modulo a
number M that is longer than the difference only. Transforms wrap modulo 2^n -+ 1 for n = 64 * 2^k. Between powers of
two M is a product of such, each half as long as the one before or shorter:

    M = (2^a + 1) (2^b + 1) ... (2^c - 1)       b divides a, so 2^a + 1 = 2 modulo 2^b +- 1: no common factor

    v = v_a + (2^a + 1) k,   k = (v_b - v_a) / 2  modulo 2^b +- 1,   and so on, divided by 4, 8, ...

Operands of 2^k bits come with some bits of guard, just longer than a transform: so each number is also found modulo
2^64, by the lowest limbs alone, and all residues together hold 62 bits more than M.

    v = z  modulo  M,  u = z  modulo 2^64:   z = v + k M,
    k = (u - v) / M  modulo 2^64, where M = -1 or 1, since every modulus has n >= 64.

|z| < 2^(n + 62), n the bits of M, and |v| < 4 M leave |k| < 2^62 + 5, so that the residue nearest zero is k.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import gmpy2

from fastmul.integers.division.wraps import LIMB_BITS, MIN_LIMBS, Kept, Wrap
from fastmul.integers.limbs import mpz
from fastmul.integers.multiplication import mul, square

#: Bits that the lowest limbs add to a ring.
SPARE_BITS = 62
#: Below this many bits full products are faster than rings (AMD Zen 4, 2026-11-24).
RING_BITS = 1 << 19
#: A modulus has at most so many factors.
MAX_WRAPS = 3

_LIMB = 1 << LIMB_BITS
_HALF_LIMB = 1 << (LIMB_BITS - 1)


@dataclass(frozen=True, slots=True)
class Factor:
    """A factor x >= 0 of several products in one ring: its transforms are made once."""

    value: Any
    kept: tuple[Kept, ...]


class Ring:
    """Where numbers of less than 2**bits in absolute value are found."""

    def __init__(self, bits: int, threads: int) -> None:
        self.threads = threads
        self.wraps = () if bits < RING_BITS else wraps_of(-(-(bits - SPARE_BITS) // LIMB_BITS))

    @contextmanager
    def factor(self, x: Any) -> Iterator[Factor]:
        """x >= 0 as a factor of products in a with block."""
        with ExitStack() as stack:
            kept = [stack.enter_context(wrap.keep(x, self.threads)) for wrap in self.wraps]
            yield Factor(x, tuple(kept))

    def difference(self, target: Any, x: Factor, y: Any) -> Any:
        """target - x * y for mpz target and y; wrong unless smaller than 2**bits."""
        if not self.wraps:
            return target - mul(x.value, y, threads=self.threads)
        v = self._combine([
            wrap.folded(target) - product
            for wrap, product in zip(self.wraps, self._products(x, y), strict=True)
        ])  # fmt: skip
        return self._lift(v, _low(target) - _low(x.value) * _low(y))

    def difference_from_power(self, exponent: int, x: Factor, y: Any) -> Any:
        """2^exponent - x * y; wrong unless smaller than 2**bits. exponent >= 64."""
        if not self.wraps:
            return (mpz(1) << exponent) - mul(x.value, y, threads=self.threads)
        v = self._combine([
            wrap.power_of_two(exponent) - product
            for wrap, product in zip(self.wraps, self._products(x, y), strict=True)
        ])  # fmt: skip
        return self._lift(v, -_low(x.value) * _low(y))

    def difference_from_square(self, target: Any, x: Any) -> Any:
        """target - x^2 for mpz x >= 0; wrong unless smaller than 2**bits."""
        if not self.wraps:
            return target - square(x, threads=self.threads)
        v = self._combine([
            wrap.folded(target) - wrap.square(x, self.threads) for wrap in self.wraps
        ])  # fmt: skip
        return self._lift(v, _low(target) - _low(x) ** 2)

    def upper(self, x: Factor, y: Any, shift: int) -> Any:
        """An integer between x * y / 2^shift - 3/2 and x * y / 2^shift + 1/2; |x * y| < 2**bits, 64 <= shift <= n.

        x * y = v + k 2^n + sign k, |k| <= 2^63. The last term is left out: at most 1/2; v is rounded down: less than 1.
        """
        if not self.wraps:
            return mul(x.value, y, threads=self.threads) >> shift
        v = self._combine(self._products(x, y))
        k = self._quotient(v, _low(x.value) * _low(y))
        if len(self.wraps) > 1:
            return self._lifted(v, k) >> shift
        return (v >> shift) + (mpz(k) << (self.wraps[0].bits - shift))

    def _products(self, x: Factor, y: Any) -> list[Any]:
        """x * y modulo each factor of M."""
        if y < 0:
            return [-product for product in self._products(x, -y)]
        return [
            wrap.multiply(kept, y, self.threads)
            for wrap, kept in zip(self.wraps, x.kept, strict=True)
        ]

    def _combine(self, residues: list[Any]) -> Any:
        """The v with these residues."""
        v = residues[0]
        for i in range(1, len(residues)):
            wrap = self.wraps[i]
            k = wrap.folded(residues[i] - v)
            for _ in range(i):  # halved modulo an odd number
                k = (k + wrap.times_modulus(mpz(1)) if gmpy2.is_odd(k) else k) >> 1
            v += self._times_moduli(k, i)
        return v

    def _lift(self, v: Any, u: Any) -> Any:
        """The number that is v modulo M and u modulo 2^64."""
        return self._lifted(v, self._quotient(v, u))

    def _lifted(self, v: Any, k: int) -> Any:
        return v + self._times_moduli(mpz(k), len(self.wraps)) if k else v

    def _quotient(self, v: Any, u: Any) -> int:
        """The k nearest zero for which v + k M = u modulo 2^64."""
        k = (int(u) - int(_low(v))) * self.wraps[-1].sign % _LIMB
        return k - _LIMB if k >= _HALF_LIMB else k

    def _times_moduli(self, k: Any, count: int) -> Any:
        """k times the product of the first `count` moduli."""
        for wrap in self.wraps[:count]:
            k = wrap.times_modulus(k)
        return k


def wraps_of(n_limbs: int) -> tuple[Wrap, ...]:
    """The moduli whose product has at least n_limbs limbs: falling powers of two, the last one 2^n - 1.

    >>> [wrap.n_limbs for wrap in wraps_of(5 << 12)], [wrap.n_limbs for wrap in wraps_of((7 << 12) + 1)]
    ([16384, 4096], [32768])
    """
    unit = MIN_LIMBS
    while -(-n_limbs // unit) > 1 << MAX_WRAPS:
        unit *= 2
    count = -(-n_limbs // unit)
    lengths = [unit << i for i in reversed(range(MAX_WRAPS + 1)) if count >> i & 1]
    return tuple(Wrap(n, -1 if n == lengths[-1] else 1) for n in lengths)


def _low(x: Any) -> Any:
    return gmpy2.f_mod_2exp(x, LIMB_BITS)
