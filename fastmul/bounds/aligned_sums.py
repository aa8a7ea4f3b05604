"""Windows of emulated accumulators: when float64 lanes hold an aligned group, and when a second rounding is harmless.

An aligned group is t = trunc(c s) + sum of g terms trunc(a b s), s = 2^(F - e), where 2^e is the largest of the powers
of c and of the products. |x| < 2 power(x) for the sum c and for elements as they are or under scales that are powers
of two, |x| < 4 power(x) under nvfp4's scales, whose significands are below 2 as well. So |c s| < 2 * 2^F,
|a b s| < 16 * 2^F, |t| < (16 g + 2) 2^F. All terms are integers: every partial sum is exact in float64 while

    (16 g + 2) 2^F <= 2^53.

Nothing is lost before, either: a b has at most 48 bits (float32 elements), a product with a power of two none more, and
no exponent comes near float64's, |e| <= 2 * (149 + 127) + 1.

Where products are summed before the scales align them (fp4), 144 = 6^2 * 2^2 takes the place of 16: elements up to 6,
whose exponents are not looked at, and scales below twice their power.

One product at a time, the sum c + a b of a c with p bits and an a b with 2 p rounds to p bits the same whether or not
it is rounded to float64 first, if p <= 11. The first rounding could matter only where the second's
midpoint lies closer to c + a b than 2^-53 of it, without being equal. If |a b| is less than a quarter of c's last
place, no midpoint is so close. Else let m be the midpoint: c - m is a multiple of u/4 (u: the last place of c, or of
the result if that is finer), and a b, of at most 22 bits, a multiple of |a b| 2^-22 or of u/4: the distance from m is a
multiple of the smaller of the two, at least u 2^-24 > |c| 2^-35, and at least |a b| 2^-22. Subnormal results are sums
of multiples of 2^-48 below 2^-14, exact in float64. An unfused product is first rounded to p bits itself.
"""

from __future__ import annotations

#: float64 is exact for integers up to 2^53.
WINDOW_BITS = 53
#: |a b s| / 2^F of one product; of one that the scales of 4-bit floats align.
PRODUCT, FP4_PRODUCT = 16, 144
#: Of c s.
SUM = 2
#: Significant bits up to which float64 may round first.
NARROW_BITS = 11


def largest_fraction_bits(group: int, inner: int = 1) -> int:
    """The largest F with (16 g + 2) 2^F <= 2^53, or with 144 for sums of `inner` products.

    >>> largest_fraction_bits(32), largest_fraction_bits(64, inner=16)
    (43, 39)
    """
    most = group * (PRODUCT if inner == 1 else FP4_PRODUCT) + SUM
    return WINDOW_BITS - (most - 1).bit_length()


def is_one_rounding(significand_bits: int) -> bool:
    """Whether sums of such values and their products may be rounded to float64 before they are rounded to float16.

    >>> is_one_rounding(11), is_one_rounding(12)
    (True, False)
    """
    return significand_bits <= NARROW_BITS
