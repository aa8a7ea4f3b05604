"""Where integers with an infinite element can be added as if it were a number.

The tropical semirings of an integer dtype take the end of its range for infinity, which absorbs: oo + x = oo. With
b bits, let

    E = 2^(b-2) - 1     what stands for +oo while sums are made
    T = 2^(b-3)         the threshold: what is T or more is +oo

For finite x >= -(E - T) the sum E + x is at least T, and at most E + E = 2^(b-1) - 2 if x <= E: it does not wrap, and
is read as +oo. A sum of two finite entries is read as itself if it is below T. It does not wrap either: it is at
least -2 (E - T) > -2^(b-1). So plain addition is right where

    every finite entry >= -(E - T)     and     max a + max b < T                                (finite entries)

(max x <= E follows: max a < T + E - T.) For -oo and maxima, everything is mirrored at 0.
"""

from __future__ import annotations


def infinity(bits: int) -> int:
    """E: what stands for +oo in sums of `bits`-bit integers; the sum of two of it does not wrap.

    >>> infinity(32) + infinity(32) == 2**31 - 2
    True
    """
    return (1 << (bits - 2)) - 1


def threshold(bits: int) -> int:
    """T: a sum that reaches it holds an infinity.

    >>> threshold(32) == 2**29
    True
    """
    return 1 << (bits - 3)


def holds(low: int, high: int, bits: int) -> bool:
    """Whether plain addition is right for finite entries >= low whose sums are <= high (minima; mirrored: maxima).

    >>> holds(-(2**29 - 1), 2**29 - 1, 32), holds(-(2**29), 0, 32), holds(0, 2**29, 32)
    (True, False, False)
    """
    return low >= threshold(bits) - infinity(bits) and high < threshold(bits)
