"""The windows inside which a sum of narrow products is exact in an int32 accumulator.

With k products of a in [a_low, a_high] and b in [b_low, b_high], an entry of the product lies between k times the
least and k times the greatest a*b, which are attained at corners of the rectangle; both ends are attained by constant
operands. The true entry fits an int32 for every such operand if and only if both ends do.

Nothing else needs a window: the accumulators add modulo 2^32, a ring, so partial sums may wrap in any order, and the
shift by 128 that turns int8 into uint8 for vpdpbusd (sum (a + 128) b = sum a b + 128 sum b) is taken off modulo 2^32.
An entry that fits is exact whatever happened on the way. One product or one instruction never loses bits before the
addition: four uint8 * int8 products sum to at most 4 * 255 * 128 < 2^31 in vpdpbusd, which does not saturate, and the
two int16 products of vpdpwssd and vpmaddwd sum to at most 2 * 2^30 = 2^31, reached only by (-2^15)^2 + (-2^15)^2, which
wraps to -2^31: right modulo 2^32.
"""

from __future__ import annotations

from functools import cache

#: What each accumulator and each narrow dtype holds: (lowest, highest).
RANGES = {
    "bool": (0, 1),
    "ternary": (-1, 1),
    "int8": (-(1 << 7), (1 << 7) - 1),
    "uint8": (0, (1 << 8) - 1),
    "int16": (-(1 << 15), (1 << 15) - 1),
    "uint16": (0, (1 << 16) - 1),
    "int32": (-(1 << 31), (1 << 31) - 1),
}


def product_range(a: str, b: str) -> tuple[int, int]:
    """The least and the greatest x * y of x in dtype `a`, y in dtype `b`.

    >>> product_range("int8", "int8")
    (-16256, 16384)
    """
    corners = [x * y for x in RANGES[a] for y in RANGES[b]]
    return min(corners), max(corners)


@cache
def exact_depth(a: str, b: str, accumulator: str = "int32") -> int:
    """The largest k such that every sum of k products of dtypes `a`, `b` fits the accumulator.

    >>> exact_depth("int8", "int8"), exact_depth("uint8", "int8"), exact_depth("uint8", "uint8")
    (131071, 65793, 33025)
    >>> exact_depth("int8", "ternary")  # -1 times -128, 2^24 times, would be 2^31
    16777215
    >>> exact_depth("int16", "int16")  # two products (-2^15)^2 already make 2^31
    1
    """
    lowest, highest = RANGES[accumulator]
    least, greatest = product_range(a, b)
    depth = highest // greatest
    return min(depth, lowest // least) if least < 0 else depth
