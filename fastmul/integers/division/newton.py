"""Division by Newton's iteration: a reciprocal of the divisor, and quotients block by block from it.

    reciprocal     x ~ 2^(2p) / (the upper p bits of d),   from one of half as many bits
    block          q = the upper bits of r, times x
                   r - q * d                               small: a product in a ring suffices

The reciprocal has a block's precision only, as Karp and Markstein do it for two blocks: the remainder, which is wanted
anyway, does the last step of the iteration. Its transform and the divisor's are kept for all blocks.
"""

from __future__ import annotations

from contextlib import ExitStack
from typing import Any

import gmpy2

from fastmul.integers.division.rings import Factor, Ring
from fastmul.integers.limbs import mpz
from fastmul.integers.multiplication import mul

#: Quotients, divisors and reciprocals of so many bits are GMP's (AMD Zen 4, 2026-11-24).
BASE_BITS = 1 << 14
#: A quotient up to this part of the divisor comes from the divisor's upper bits.
SHORT_QUOTIENT = 1 / 2
#: From this many divisors' lengths on, a quotient comes in blocks as long as the divisor; else in two, or half as long.
LONG_QUOTIENT = 3

#: Guard bits of the proofs below: a step's precision, its correction, a block's reciprocal, a block's dividend.
_STEP, _CORRECTION, _BLOCK, _DIVIDEND = 8, 4, 6, 4
#: Bits by which blocks together may be longer than parts of the divisor: a ring of just its length still holds them.
_STRETCH = 32


def divide(a: Any, b: Any, threads: int = 1) -> tuple[Any, Any]:
    """The quotient and the remainder of mpz a >= 0 by b > 0."""
    n, quotient_bits = b.bit_length(), a.bit_length() - b.bit_length() + 1
    if min(n, quotient_bits) <= BASE_BITS:
        return gmpy2.f_divmod(a, b)
    if quotient_bits < SHORT_QUOTIENT * n:
        return _divide_short(a, b, quotient_bits, threads)
    part = n if quotient_bits >= LONG_QUOTIENT * n else -(-n // 2)
    n_blocks = max(2, -(-(quotient_bits - _STRETCH) // part))
    with Divisor(b, -(-quotient_bits // n_blocks), threads) as divisor:
        return divisor.divide(a)


def _divide_short(a: Any, b: Any, m: int, threads: int) -> tuple[Any, Any]:
    """A quotient below 2^m, from the upper bits of a and b.

    Let B = floor(b / 2^t), A = floor(a / 2^t), with m + 2 bits in B. q b <= a < (A + 1) 2^t and b >= B 2^t give
    q B < A + 1, so q <= A // B. And A / B <= a / (b - 2^t) = a/b + (a/b) 2^t / (b - 2^t) < a/b + 1, since a/b < 2^m
    and b >= 2^(t + m + 1). So A // B is q or q + 1.
    """
    t = b.bit_length() - (m + 2)
    q, _ = divide(a >> t, b >> t, threads)
    r = a - mul(q, b, threads=threads)
    if r < 0:
        q, r = q - 1, r + b
    return q, r


class Divisor:
    """A divisor d with its reciprocal, for quotients in blocks of `block_bits`; used in a with block.

    A block has |r| <= 2 d 2^m, m = block_bits, and takes q = floor(R x / 2^(p + n - t)), R = floor(r / 2^t),
    t = n - 4, with the reciprocal x of p = m + 6 bits: D = floor(d / 2^(n-p)), X = 2^(2p) / D, |x - X| <= 2.
    Since d = D 2^(n-p) (1 + eta), 0 <= eta < 2^(1-p), the true quotient is r X 2^(-p-n) / (1 + eta), and

        |r X / (1 + eta) - r x| 2^(-p-n) <= |r| (X eta + 2) 2^(-p-n) <= 2^(m+1) 6 / 2^p        <= 12/64
        0 <= (r - 2^t R) x 2^(-p-n)      <  2^t (2^(p+1) + 2) 2^(-p-n)                         <  0.126

    and `Ring.upper` errs by more than -3/2 and less than 1/2. So q - r/d lies in (-1.82, 0.69), and r - q d in
    (-0.69 d, 1.82 d): it fits the next block, which starts from 2^m (r - q d) plus m bits, and one correction makes
    the last one right.
    """

    def __init__(self, d: Any, block_bits: int, threads: int = 1) -> None:
        self.d, self.n, self.m, self.threads = d, d.bit_length(), block_bits, threads
        self.p = block_bits + _BLOCK
        # |R| <= 2^(m + 5) + 1 and x <= 2^(p + 1) + 2
        self.upper = Ring(2 * block_bits + 13, threads)
        self.lower = Ring(self.n + 1, threads)
        self._transforms = ExitStack()
        self.x = self._transforms.enter_context(self.upper.factor(reciprocal(d, self.p, threads)))
        self.divisor = self._transforms.enter_context(self.lower.factor(d))

    def __enter__(self) -> Divisor:
        return self

    def __exit__(self, *exception: object) -> None:
        self._transforms.close()

    def divide(self, a: Any) -> tuple[Any, Any]:
        """The quotient and the remainder of mpz a >= 0."""
        n_blocks = max(1, -(-(a.bit_length() - self.n + 1) // self.m))
        q, r = self._divide_blocks(mpz(0), a, n_blocks)
        if r < 0:
            return q - 1, r + self.d
        if r >= self.d:
            return q + 1, r - self.d
        return q, r

    def _divide_blocks(self, r: Any, low: Any, n_blocks: int) -> tuple[Any, Any]:
        """Of r * 2^(m * n_blocks) + low; halves, so that no shift of a long dividend is repeated for each block."""
        if n_blocks == 1:
            return self._divide_block((r << self.m) + low)
        lower = n_blocks // 2
        shift = lower * self.m
        q1, r = self._divide_blocks(r, low >> shift, n_blocks - lower)
        q0, r = self._divide_blocks(r, gmpy2.f_mod_2exp(low, shift), lower)
        return (q1 << shift) + q0, r

    def _divide_block(self, r: Any) -> tuple[Any, Any]:
        t = max(0, self.n - _DIVIDEND)
        q = self.upper.upper(self.x, r >> t, self.p + self.n - t)
        return q, self.lower.difference(r, self.divisor, q)


def reciprocal(d: Any, p: int, threads: int = 1) -> Any:
    """An mpz x with |x - 2^(2p) / D| <= 2, where D is the upper p bits of d > 0 (d itself, times 2^k, if shorter).

    A step from h to p bits, p <= 2h - 8; write H for the upper h bits, y for its reciprocal, |y - 2^(2h)/H| <= 2.

        e = 2^(p+h) - D y      |e| <= 2^(p-h) y + 2^(p-h) 2 H <= 2^(p+2) (1 + 2^-h)
        2^(2p) / D = 2^(p-h) y / (1 - epsilon),  epsilon = e / 2^(p+h)
                   = 2^(p-h) y + y e / 2^(2h) + 2^(p-h) y epsilon^2 / (1 - epsilon)

    The last term is at most 2^(p+5-2h) (1 + 2^(3-h)) < 1/4. Where e is replaced by 2^t floor(e / 2^t), t = h - 4,
    the second changes by less than y 2^t / 2^(2h) < 1/4, and `Ring.upper` errs by less than 3/2: 2 altogether.
    """
    n = d.bit_length()
    D = d >> (n - p) if p <= n else d << (p - n)
    if p <= BASE_BITS:
        return (mpz(1) << (2 * p)) // D
    h = (p + _STEP + 1) // 2
    y = reciprocal(d, h, threads)
    # |e| < 2^(p + 3); its upper part, below 2^(p - h + 7), times y, below 2^(h + 2)
    ring = Ring(p + 9, threads)
    t = h - _CORRECTION
    with ring.factor(y) as factor:
        e = ring.difference_from_power(p + h, factor, D)
        return (y << (p - h)) + ring.upper(factor, e >> t, 2 * h - t)


__all__ = ["Divisor", "Factor", "divide", "reciprocal"]
