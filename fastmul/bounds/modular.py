"""The windows of matrix products modulo p: reduction by multiplication, and how long sums stay exact.

**Reduction of words.** For 2 <= p <= 2^63, m = floor((2^64 - 1) / p) and a word 0 <= x < 2^64 let
q = floor(x m / 2^64). Then m = 2^64/p - e with 0 < e <= 1 (if p divides 2^64, e = 1; otherwise 2^64 - 1 and 2^64 have
the same quotient), so x/p - x m / 2^64 = x e / 2^64 lies in [0, 1), and

    x/p - 2 < q <= x/p,    hence    0 <= x - q p < 2p <= 2^64:

one conditional subtraction of p makes it canonical.

**Multiplication by a constant** (Shoup). For 0 <= c < p let s = floor(c 2^64 / p) and q = floor(x s / 2^64). As above
c x / p - x s / 2^64 = x f / 2^64 with 0 <= f < 1, so x c - q p lies in [0, 2p), computed modulo 2^64, for every word x.
"""

from __future__ import annotations

WORD = 1 << 64
HALF = 1 << 63

#: What each ring of kernels/cpu/gemm/modular.py takes: the largest p.
LARGEST = {
    "modulo_2_8": 1 << 8,
    "modulo_2_13": 1 << 13,
    "modulo_2_14": 1 << 14,
    "modulo_2_25": 1 << 25,
    "modulo_2_30": 1 << 30,
    "modulo_2_51": 1 << 51,
}
#: What the high halves of 104-bit products count.
HIGH_WEIGHT = 1 << 52
#: The longest sums that the paired rings store at once.
PAIRED_DEPTH = 512
#: How far beyond p/2 the reduction of an int32 by float32 may end.
HALVES_SLACK = 1 << 10


def period_of_halves(p: int) -> int:
    """Pairs of products of centred residues that an int32 takes between reductions.

    >>> period_of_halves(2**13), period_of_halves(2**14)
    (63, 15)
    """
    return ((1 << 31) - 1 - (p // 2 + HALVES_SLACK)) // (2 * (p // 2) ** 2)


def period_of_words(p: int) -> int:
    """Products of residues in [0, p) that a word takes between reductions.

    >>> period_of_words(2**30), period_of_words(2**30 + 1)
    (8, 7)
    """
    return (HALF - p) // (p - 1) ** 2


def reciprocal(p: int) -> int:
    """floor((2^64 - 1) / p): what `x - floor(x m / 2^64) p` in [0, 2p) asks of m.

    >>> reciprocal(2) == 2**63 - 1, reciprocal(2**63), reciprocal(10)
    (True, 1, 1844674407370955161)
    """
    return (WORD - 1) // p


def shoup(c: int, p: int) -> int:
    """floor(c 2^64 / p), 0 <= c < p: the constant by which words are multiplied by c modulo p."""
    return (c << 64) // p


def fold_depth(digit_pairs: int, a_digit: int, b_digit: int) -> int:
    """The longest products whose diagonals, sums of `digit_pairs` digit products, stay below 2^62 in an int64.

    >>> fold_depth(3, 2**21, 2**21)
    349525
    """
    return (1 << 62) // (digit_pairs * max(1, a_digit) * max(1, b_digit))
