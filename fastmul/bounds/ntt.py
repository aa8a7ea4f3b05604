"""Lazy reduction: how large a residue may grow in a transform, and why float64 stays exact all along.

All bounds are in units of p, and hold for every prime of `bounds.primes` (p < 2^50 (1 + 2^-12)). Values are
integers; an integer is exact in float64 below 2^53, which is `LIMIT` = 7.99 p.

**A product modulo p** (`kernels.cpu.ntt_arithmetic.mulmod`): a, w integers, |a| <= A p, |w| <= p/2 + 2.

1. h = fl(a w) = a w (1 + d1), |d1| <= 2^-53, is an integer, and l = fma(a, w, -h) = a w - h exactly: the error
   of a product of two float64 is a float64, and |l| <= 2^-53 |a w| < 2^50.
2. fl(h pinv) = (a w / p)(1 + d1)(1 + d2)(1 + e), |d2| <= 2^-53, |e| <= 2^-58 (the primes were chosen for it), so
   it misses a w / p by at most (2^-52 + 2^-57) |a w| / p <= SLOPE A with SLOPE = 0.13.
3. q = rint(...) is an integer below 2^53, |q - a w / p| <= 1/2 + SLOPE A.
4. fma(-q, p, h) rounds the integer h - q p = (a w - q p) - l, of magnitude below 2^53: exact. Adding l gives
   r = a w - q p, an integer of magnitude at most (1/2 + SLOPE A) p < 2^53: exact. This is `mulmod(A)`.

**A reduction**: q = rint(fl(a pinv)) misses a / p by at most 1/2 + 2^-52 A, and fma(-q, p, a) is exact as in 4:
|r| <= p/2 + 2^-52 * 8 p < p/2 + 2.01, and as r is an integer and p odd, |r| <= p/2 + 2. This is `REDUCED`.

**Butterflies** add bounds. Each pass maps its input bound to itself or less, and nothing inside reaches LIMIT:

    FORWARD     4.0     three levels with one reduction of eight: 1/2 + mulmod(4) + mulmod(5.02) + mulmod(6.18)
    PRODUCT     1.03    of a reduced value and one of FORWARD
    INVERSE     1.47    three levels with four reductions of eight: 2 mulmod(2 mulmod(2.94)); a sum of four, 5.9,
                        is reduced
    RESIDUE     1.45    the last three levels, which reach 7.2 and leave the reduction to a last product; on its
                        bound the Chinese remainder relies (`bounds.crt`)

tests/bounds/test_ntt.py walks the butterflies' own source with these numbers in place of vectors.

Source: the quotient by a rounded reciprocal is Dekker's and Shoup's; J. van der Hoeven, G. Lecerf, G. Quintin,
"Modular SIMD arithmetic in Mathemagix", ACM TOMS 43 (2016), section 3.
"""

from __future__ import annotations

from fractions import Fraction

from fastmul.bounds.primes import PRIMES

#: The first integer after which float64 skips one.
EXACT_INTEGERS = 2**53

#: In units of the largest prime.
LIMIT = Fraction(EXACT_INTEGERS, max(PRIMES))

#: How much of |a| / p a quotient may be off, beyond the half of rounding.
SLOPE = Fraction(13, 100)

#: After a reduction.
REDUCED = Fraction(1, 2) + Fraction(2, min(PRIMES))

FORWARD = Fraction(4)
PRODUCT = Fraction(103, 100)
INVERSE = Fraction(147, 100)
RESIDUE = Fraction(145, 100)


def mulmod(a: Fraction) -> Fraction:
    """The bound of a product modulo p of a value bounded by `a` and a reduced one.

    Raises
    ------
    ValueError : a is not below LIMIT, where nothing is exact any more.
    """
    if a >= LIMIT:
        raise ValueError(
            f"a value of up to {float(a):.3f} p is not below 2^53 = {float(LIMIT):.3f} p"
        )
    return Fraction(1, 2) + SLOPE * a


def slope_needed(p: int) -> Fraction:
    """What SLOPE must be at least for the prime p: step 2, exactly."""
    rounding, reciprocal = Fraction(1, 2**53), abs(Fraction(1.0 / p) * p - 1)
    factor = (1 + rounding) ** 2 * (1 + reciprocal) - 1
    return factor * (Fraction(p, 2) + 2)
