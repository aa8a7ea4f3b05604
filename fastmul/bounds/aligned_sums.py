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

One product at a time: s = c + a b rounds to float16 the same whether or not it is rounded to float64 first, for c, a, b
with the values of float16. Let m be a midpoint between two float16, s != m; it is a multiple of 2^-25, as is c.
|s| >= 2^16 overflows either way. Otherwise float64 moves s by at most 2^-53 |s| < 2^-37, and s may not be that close:
- If a b is a multiple of 2^-37, so is s - m, which is not 0.
- Else |a b| < 2^22 * 2^-37 = 2^-15, for it has at most 22 bits. s is a multiple of 2^-48: below 2^5 it is exact in
  float64. From 2^5 on |c| > 2^4 is a multiple of 2^-6, and m, the nearest midpoint, above 2^4 too, one of 2^-7. It is
  no float16, so not c: |s - m| >= |c - m| - |a b| > 2^-7 - 2^-15.
A product alone is exact in float64. And two float32 add in float64 without harm, for 53 >= 2 * 24 + 2 (Figueroa,
When is double rounding innocuous?, ACM SIGNUM Newsletter 30:3 (1995) 21-26).
"""

from __future__ import annotations

#: float64 is exact for integers up to 2^53.
WINDOW_BITS = 53
#: |a b s| / 2^F of one product; of one that the scales of 4-bit floats align.
PRODUCT, FP4_PRODUCT = 16, 144
#: Of c s.
SUM = 2
#: Of float16: significant bits, the exponent of the smallest number, and that of the first power beyond the largest.
HALF_BITS, HALF_LOWEST, HALF_LIMIT = 11, -24, 16


def largest_fraction_bits(group: int, inner: int = 1) -> int:
    """The largest F with (16 g + 2) 2^F <= 2^53, or with 144 for sums of `inner` products.

    >>> largest_fraction_bits(32), largest_fraction_bits(64, inner=16)
    (43, 39)
    """
    most = group * (PRODUCT if inner == 1 else FP4_PRODUCT) + SUM
    return WINDOW_BITS - (most - 1).bit_length()


def are_float16(significand_bits: int, lsb_exponent: int, largest: float) -> bool:
    """Whether integers times 2^lsb_exponent, of so many bits, up to `largest`, are float16, as the last proof asks.

    >>> are_float16(11, -24, 65504.0), are_float16(12, -24, 65504.0)
    (True, False)
    >>> are_float16(3, -25, 1.0), are_float16(8, 0, 2.0**16)
    (False, False)
    """
    return (
        significand_bits <= HALF_BITS and lsb_exponent >= HALF_LOWEST and largest < 2.0**HALF_LIMIT
    )
