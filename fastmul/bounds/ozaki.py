"""Floats made exact: the grid of Ozaki's scheme, the radius of what it discards, and the filter for float32.

**The grid.** Row i of A and column j of B have exponents e, f: the least with |a| < 2^e, |b| < 2^f for all their
entries. Entries are cut, towards zero, to multiples of 2^(e - beta), 2^(f - beta):

    a = (A + x) 2^(e - beta),   b = (B + y) 2^(f - beta),   A, B integers,   |A|, |B| < 2^beta,   |x|, |y| < 1,

and V = sum A B is an integer, |V| < k 2^(2 beta): whatever computes it exactly, in whatever order, gives the same.

**The radius.** In units of 2^(e + f - 2 beta) the true entry is sum (A + x)(B + y), and |B + y| < 2^beta, so

    |sum (A + x)(B + y) - V| <= sum |x| |B + y| + sum |A| |y| <= (sum |x| + sum |y|) 2^beta.

Each |x| is rounded up to a multiple of 1 / PARTS, so that the sums X, Y of a row and a column are integers in parts and
R = (X + Y) 2^beta / PARTS. R is 0 if and only if nothing was discarded.

**correctly_rounded.** beta = 63: A and B fit int64, and of a row of 53-bit floats only what is below 2^-10 of its
largest loses anything. V rounds as the true entry does unless [V - R, V + R] holds a point midway between two floats.
Spacings of floats are equal beside V except at a power of two, below which they halve. Hence with a step 2^s, V's last
bit, and d the distance of V mod 2^s from 2^(s-1): R < d and R < 2^(s-2) suffice. (If V - R crosses the power of two
below V, the next midpoint is 2^(s-2) below it. If V keeps no bit at all, R < |V| makes its sign certain.) Otherwise
the entry is computed from the floats: in three times the precision (bounds/compensated.py) and, where even that does
not decide, without any rounding, in an accumulator as wide as the exponents.

**reproducible.** beta = two bits more than the format, V rounded once. With u = 2^-p of the p-bit format,
|a - A 2^(e - beta)| < 2^(e - p - 2) <= (u / 2) max|a| since max|a| >= 2^(e-1), and so for b:

    |AB - V 2^(e + f - 2 beta)| <= k (u / 2 + u / 2) max|a_i| max|b_j| = k u max|a_i| max|b_j|

(the cut entries are no larger than the entries: no term of u^2).
"""

from __future__ import annotations

from fastmul.bounds.float_gemm import SIGNIFICANT_BITS

#: The last bit of each format: 2 to this power.
LOWEST_EXPONENT = {"float32": -149, "float64": -1074}
#: beta of "correctly_rounded": the largest for which |A| < 2^beta fits int64.
WIDEST_GRID = 63
#: What an entry discards is counted in so many parts of the grid's unit.
PARTS = 16


def grid_bits(dtype: str, accuracy: str) -> int:
    """beta, by dtype and accuracy alone.

    >>> grid_bits("float64", "reproducible"), grid_bits("float64", "correctly_rounded")
    (55, 63)
    """
    return WIDEST_GRID if accuracy == "correctly_rounded" else SIGNIFICANT_BITS[dtype] + 2


def radius(row_parts: int, column_parts: int, beta: int) -> int:
    """R: how far V can be from the true entry, in units of 2^(e + f - 2 beta)."""
    return ((row_parts + column_parts) << beta) // PARTS


def reproducible_error(k: int, dtype: str) -> float:
    """E with |C - V| <= E * max|a_i| * max|b_j|, before V is rounded; the result adds u |C|.

    >>> reproducible_error(1024, "float64") == 2.0**-43
    True
    """
    return k * 2.0 ** -SIGNIFICANT_BITS[dtype]


def depth_in_int64(beta: int) -> int:
    """The largest k for which every V fits int64: k (2^beta - 1)^2 < 2^63.

    >>> depth_in_int64(26), depth_in_int64(55)
    (2048, 0)
    """
    return ((1 << 63) - 1) // ((1 << beta) - 1) ** 2


# ---------------------------------------------------------------- float32 through float64
#
# Products of float32 are exact in float64: 24 + 24 bits, exponents from -298 to 256. So a float64 GEMM errs in its
# k - 1 additions alone, in any order, fused or not (Higham, Accuracy and Stability of Numerical Algorithms, 2nd ed.,
# section 3.1; an exact first addition to zero is not counted):
#
#     |computed - true| <= gamma sum |a| |b| <= gamma |a_i|_2 |b_j|_2,     gamma = (k-1) u / (1 - (k-1) u), u = 2^-53
#
# by Cauchy and Schwarz; nothing overflows, and sums of multiples of 2^-298 do not underflow. The radius is computed
# in float64 itself: each norm is the root of a sum of k squares, each off by a factor within (1 - u)^(k+1), the
# product of three factors adds two roundings. All together the radius is at least true * (1 - u)^(2k + 8), and
# FILTER_SLACK makes up for it while (2 k + 8) u <= 2^-20.

#: Factor above 1 that covers the rounding of the radius itself.
FILTER_SLACK = 1 + 2.0**-19
#: k up to which the filter's radius is proved.
FILTER_DEPTH = (1 << 32) - 4


def filter_factor(k: int) -> float:
    """F with |computed - true| <= F |a_i|_2 |b_j|_2 where norms and product are computed in float64.

    gamma <= (k - 1) u (1 + 2^-20) for k up to FILTER_DEPTH; the terms k and 2^-53 are exact.

    >>> 2047 * 2.0**-53 < filter_factor(2048) < 2048 * 2.0**-53
    True
    """
    return (k - 1) * 2.0**-53 * FILTER_SLACK * FILTER_SLACK


# ---------------------------------------------------------------- the long accumulator
#
# Fixed point in words of 32 bits, each in an int64, from 2^ACCUMULATOR_BASE up:
#
#   lowest bit:   products of float64 are multiples of 2^(2 * -1074) = 2^-2148, and so are the floats themselves.
#   highest bit:  |products| < 2^2048, and of fewer than 2^63 of them the sum stays below 2^2111; the last word takes
#                 the sign. A product is added as two words of 64 bits, each in three pieces: up to 160 bits from its
#                 lowest, which is at most 2^(2 * 971), on.
#   carries:      an addition changes each of its words by less than 2^33 (two halves of a product may meet in one),
#                 so int64 words hold ADDITIONS_BETWEEN_CARRIES of them on top of a carried value.

WORD_BITS = 32
ACCUMULATOR_BASE = -2176
ACCUMULATOR_WORDS = (2112 - ACCUMULATOR_BASE) // WORD_BITS + 1
ADDITIONS_BETWEEN_CARRIES = 1 << 28
