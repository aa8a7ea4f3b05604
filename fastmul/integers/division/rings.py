"""Differences target - x * y that are known to be small: products modulo 2^n -+ 1 are enough, at half the cost.

Newton's steps subtract products from what they should be; the upper parts cancel. So a product is computed in a ring
of integers modulo 2^n - 1 or 2^n + 1 that holds the difference only. Lengths of transforms are few, and operands of
2^k bits come with some bits of guard: so each difference is also found modulo 2^64, by the lowest limbs alone, and
both residues together hold 62 bits more than the ring.

    v = target - x*y  modulo  M = 2^n -+ 1,  u = the same modulo 2^64:   target - x*y = v + k M,
    k = (u - v) / M = -+(u - v)  modulo 2^64,  since n >= 64.

|target - x*y| < 2^(n + 62) and |v| < M leave |k| < 2^62 + 2, so that the residue nearest zero is k.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import gmpy2

from fastmul.integers.limbs import mpz
from fastmul.integers.multiplication import mul
from fastmul.integers.multiplication.wrapped import fold_minus

#: Bits that the lowest limbs add to a ring.
SPARE_BITS = 62
#: Below this many bits a full product, GMP's mostly, is faster than a ring (AMD Zen 4, 2026-11-24).
RING_BITS = 1 << 15

_LIMB_BITS = 64
_LIMB = 1 << _LIMB_BITS
_HALF_LIMB = 1 << (_LIMB_BITS - 1)


@dataclass(frozen=True, slots=True)
class Factor:
    """A factor of several products in one ring: its transform is made once."""

    value: Any
    kept: Any


class Ring:
    """Where differences of less than 2**bits in absolute value are found."""

    def __init__(self, bits: int, threads: int) -> None:
        self.threads = threads
        self.n = 0 if bits < RING_BITS else -(-(bits - SPARE_BITS) // _LIMB_BITS) * _LIMB_BITS

    def factor(self, x: Any) -> Factor:
        return Factor(x, fold_minus(x, self.n) if self.n else None)

    def difference(self, target: Any, x: Factor, y: Any) -> Any:
        """target - x * y for an mpz or a Factor y of this ring; wrong unless smaller than 2**bits."""
        y_value = y.value if type(y) is Factor else y
        if not self.n:
            return target - mul(x.value, y_value, threads=self.threads)
        other = y.kept if type(y) is Factor else fold_minus(y, self.n)
        product = fold_minus(mul(x.kept, other, threads=self.threads), self.n)
        v = fold_minus(target, self.n) - product
        u = _low(target) - _low(x.value) * _low(y_value)
        k = int(_low(v) - u) % _LIMB
        if k >= _HALF_LIMB:
            k -= _LIMB
        return v + (mpz(k) << self.n) - k if k else v


def _low(x: Any) -> int:
    return gmpy2.f_mod_2exp(x, _LIMB_BITS)
