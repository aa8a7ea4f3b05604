"""The windows of matrix products modulo p: reductions that end in [0, p), and how long sums stay exact.

**Words by a reciprocal.** For 2 <= p <= 2^63, m = floor((2^64 - 1) / p) and a word 0 <= x < 2^64 let
q = floor(x m / 2^64). Then m = 2^64/p - e with 0 < e <= 1 (if p divides 2^64, e = 1; otherwise 2^64 - 1 and 2^64 have
the same quotient), so x/p - x m / 2^64 = x e / 2^64 lies in [0, 1), and

    x/p - 2 < q <= x/p,    hence    0 <= x - q p < 2p <= 2^64:

one conditional subtraction of p makes it canonical.

**Words times a constant** (Shoup). For 0 <= c < p let s = floor(c 2^64 / p) and q = floor(x s / 2^64). As above c x /
p - x s / 2^64 = x f / 2^64 with 0 <= f < 1, so x c - q p lies in [0, 2p), computed modulo 2^64, for every word x.

**Words by float64**, in vectors. u = 2^-53. For an int64 x and p <= 2^52 let q = rint(fl(fl(x) fl(1/p))): three
roundings, so the argument of rint is within 3.01 u |x| / p of x/p, and r = x - q p, computed modulo 2^64, has

    |r| <= p/2 + 3.01 u |x|.                                                                                      (1)

|x| <= 2^63 gives |r| <= p/2 + 3083. The same step again, from |x| <= 2^51 + 3083, errs by less than 0.76: in integers
|r| <= p/2 + 1/2 < p, and p is added to a negative r: canonical. For p <= 2^15 that second error is below
3.01 u (2^14 + 3083) < 1/(2p), the distance of any x/p for odd p from a tie: then |r| <= p/2, centred, and for even p
|r| = p/2 may have either sign: 128 modulo 256 may become the int8 -128, its equal.

**int32 by float32**, u = 2^-24. As (1): |r| <= p/2 + 3.01 u 2^31 < p/2 + INT32_SLACK; q p is below 2^31 + 2^31, so
the difference is right modulo 2^32 and therefore right.

The rings of kernels/cpu/gemm/modular.py, with residues in [0, p) or centred, |r| <= p/2:

- modulo_2_8: 2048 products of [0, 255] by [-128, 127] stay below 2^26 in an int32 (`accumulators.exact_depth`).
- modulo_2_13, modulo_2_14: |c| <= p/2 + INT32_SLACK after a reduction; `period_of_halves` steps of two products,
  each at most (p/2)^2, follow before the next: below 2^31.
- modulo_2_30: c < 2^63 + p after less a multiple of p in (2^63 - p, 2^63] where it is not smaller; `period_of_words`
  products below (p - 1)^2 + 1 follow: below 2^64. Taken off once more, c < 2^63 is an int64.
- modulo_2_25, modulo_2_51: two k at a time, (a0 + b1)(a1 + b0), plus what takes off a0 a1 and b0 b1: two residues in
  (0, p] (`opposite`) to begin with. For p <= 2^51 both sums are at most 2p - 2 < 2^52, what vpmadd52 takes. For
  p <= 2^25 they are below 2^26 and the product is below 2^52: its high half is 0. A step adds less than 2^52 to the
  low and to the high half: after HALVES_DEPTH / 2 = 512 steps both are below 2^61 + 2p < 2^62, so they are int64.
- modulo_2_52: one k at a time, factors below 2^52, half as many of them: the same sums.

**Stored from two halves**, low + 2^52 high, 2^25 < p <= 2^52: by (1), from high < 2^62, |r| <= p/2 + 1542 < 2^52. With
w = 2^52 modulo p < p, q = rint(fl(r fl(w/p))) errs by at most 2.01 u |r| < 0.6 beyond rint's 1/2, so |r w - q p| < 2p,
computed modulo 2^64. Added to low it is below 2^62 + 2^53, and (1) ends below p/2 + 1546 < p: p is added to a negative
one. Smaller p could end beyond p; they have the ring of one half.
"""

from __future__ import annotations

from math import prod

WORD = 1 << 64
HALF = 1 << 63

#: The largest p that each ring of kernels/cpu/gemm/modular.py takes.
LARGEST = {
    "modulo_2_8": 1 << 8,
    "modulo_2_13": 1 << 13,
    "modulo_2_14": 1 << 14,
    "modulo_2_25": 1 << 25,
    "modulo_2_30": 1 << 30,
    "modulo_2_51": 1 << 51,
    "modulo_2_52": 1 << 52,
}
#: Bits of the factors, and of the halves of a product, of vpmadd52.
HALF_PRODUCT_BITS = 52
#: What the high halves of products count.
HIGH_WEIGHT = 1 << HALF_PRODUCT_BITS
#: The longest sums of pairs that the rings of half products store at once.
HALVES_DEPTH = 1024
#: How far beyond p/2 the reduction of an int32 by float32 may end.
INT32_SLACK = 1 << 10

#: Pairwise coprime, for products of int64s: two odd neighbours and a power of two.
THREE_MODULI = (1 << 51, (1 << 51) - 1, (1 << 51) - 3)


def longest_of_three() -> int:
    """The longest products of int64s that THREE_MODULI tell apart with a bit to spare: k 2^126 <= M1 M2 M3 / 4.

    >>> longest_of_three() > 2**24
    True
    """
    return prod(THREE_MODULI) // 4 >> 126


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


def period_of_halves(p: int) -> int:
    """Pairs of products of centred residues that an int32 takes between reductions.

    >>> period_of_halves(2**13), period_of_halves(2**14)
    (63, 15)
    """
    return ((1 << 31) - 1 - (p // 2 + INT32_SLACK)) // (2 * (p // 2) ** 2)


def period_of_words(p: int) -> int:
    """Products of residues in [0, p) that a word takes between reductions.

    >>> period_of_words(2**30), period_of_words(2**30 + 1)
    (8, 7)
    """
    return (HALF - p) // (p - 1) ** 2


def is_paired_exact(p: int, depth: int, halves: int) -> bool:
    """Whether sums of `depth` products in pairs fit: both factors vpmadd52, the product its halves, sums 2^62.

    >>> [is_paired_exact(p, HALVES_DEPTH, 1) for p in (2**25, 2**25 + 1)]
    [True, False]
    >>> [is_paired_exact(p, HALVES_DEPTH, 2) for p in (2**51, 2**51 + 1)]
    [True, False]
    """
    factor = 2 * (p - 1)
    fits = max(p, factor) < HIGH_WEIGHT and factor**2 < HIGH_WEIGHT**halves
    return fits and 2 * p + -(-depth // 2) * HIGH_WEIGHT <= 1 << 62
