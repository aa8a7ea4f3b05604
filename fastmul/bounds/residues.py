"""The windows of a matrix product by residues: how long a sum of residue products may be, how many moduli it takes.

**Residues.** "bytes" are residues modulo m <= 256, one factor in [0, m), the other balanced, |r| <= m/2; "halves"
are balanced residues modulo m <= 2^14. A sum of `depth` products is exact in an int32 (`exact_depth`); longer sums are
cut, and reduced in between.

**Encoding.** A number is cut into unsigned bytes (or signed 16-bit pieces) u_j; with weights w_j = 2^(8j) (2^(16j))
modulo m, balanced, r = offset + sum of u_j w_j is congruent to it, |offset| <= m/2. At most `segment_words` 32-bit
words are summed before r is reduced (and is the next offset), so that

    bytes:   |r| <= 32 * 4 * 255 * 128 + 128 < 2^22            halves:   |r| <= words * 2 * 2^15 * m/2 + m/2 < 2^31

is exact in an int32, and in the float (float32, float64) in which it is reduced: q = rint(fl(r * fl(1/m))), and
r - q m by one fused operation, an integer that the float holds. The argument of rint errs by at most 2 u |r| / m,
u = 2^-24 (2^-53), which is less than 1/(2m); r/m for odd m is at least 1/(2m) away from a tie. So q is the nearest
integer, and |r - q m| <= (m - 1)/2. For even m a tie may go either way: |r - q m| <= m/2, and the residue 128 modulo
256 is stored as the int8 -128, its equal.

**Decoding.** X is read from y_i = X / (M/m_i) modulo m_i, |y_i| <= m_i/2, M the product of all moduli, in groups g of
moduli with product P_g (`groups`):

    Z_g = R_g P_g + sum over i in g of y_i P_g/m_i,   an exact float64 in (0, 2^52),
    X   = sum over g of Z_g M/P_g  -  q M,            q = rint(sum of Z_g / P_g).

The real sum s of Z_g / P_g is q + X/M. Its G terms, each below 2 R_g <= MAX_SHARE, are each rounded twice and added
with G - 1 roundings of sums below G MAX_SHARE: the error is at most (G + 2) G MAX_SHARE 2^-53 < 2^-23 for
G <= MAX_GROUPS. With |X| <= H and M >= 2 H (1 + 2^-20), |X/M| < 1/2 - 2^-22, so that s rounds to q.

**Accumulating.** Words of 52 bits: a column of the sums is at most 2 (G + 1) halves below 2^52 each, and a carry below
2^12 from the column before: below 2^64 while G + 2 <= 2^11.
"""

from __future__ import annotations

from functools import cache, lru_cache
from itertools import accumulate
from math import gcd, prod

from fastmul.bounds import accumulators

#: The largest modulus of each kind.
LARGEST = {"bytes": 1 << 8, "halves": 1 << 14}
#: Bits of the words in which decoding adds up.
WORD_BITS = 52
MAX_GROUPS = 2046
MAX_SHARE = 16

_INT32_MAX = (1 << 31) - 1


def exact_depth(kind: str, largest: int) -> int:
    """The longest sum of products of residues modulo m <= `largest` that fits an int32.

    >>> exact_depth("bytes", 256), exact_depth("halves", 4096)
    (65793, 511)
    """
    if kind == "bytes":
        return accumulators.exact_depth("uint8", "int8")
    return _INT32_MAX // (largest // 2) ** 2


def largest_modulus(kind: str, depth: int) -> int:
    """The largest m for which sums of `depth` products are exact; 0 if none is.

    >>> largest_modulus("halves", 511), largest_modulus("halves", 512), largest_modulus("bytes", 65794)
    (4101, 4095, 0)
    """
    if kind == "bytes":
        return LARGEST[kind] if depth <= exact_depth(kind, LARGEST[kind]) else 0
    half = 0
    for bit in reversed(range(15)):
        if depth * (half + (1 << bit)) ** 2 <= _INT32_MAX:
            half += 1 << bit
    return min(LARGEST[kind], 2 * half + 1)


@lru_cache(maxsize=64)
def coprime_below(largest: int) -> tuple[int, ...]:
    """Pairwise coprime moduli from `largest` downwards, each the greatest that is coprime to those before.

    >>> coprime_below(256)[:8]
    (256, 255, 253, 251, 247, 241, 239, 233)
    """
    chosen, product = [], 1
    for m in range(largest, 1, -1):
        if gcd(m, product) == 1:
            chosen.append(m)
            product *= m
    return tuple(chosen)


def segment_words(kind: str, largest: int) -> int:
    """32-bit words of a number between two reductions modulo m <= `largest`.

    >>> segment_words("bytes", 256), segment_words("halves", 4096), segment_words("halves", 8192)
    (32, 15, 7)
    """
    if kind == "bytes":
        return 32
    return (_INT32_MAX - largest) // (largest // 2 << 16)


def needed(highest: int) -> int:
    """What the product of the moduli must reach, to tell all X with |X| <= highest apart: 2 H (1 + 2^-20).

    >>> needed(2**20)
    2097154
    """
    return 2 * highest + -(-highest >> 19)


@lru_cache(maxsize=64)
def _capacities(largest: int) -> tuple[int, ...]:
    return tuple(accumulate(coprime_below(largest), lambda x, y: x * y))


def moduli(largest: int, highest: int) -> tuple[int, ...] | None:
    """The fewest moduli from `largest` downwards that tell all |X| <= highest apart; None if all do not.

    >>> len(moduli(256, 2**137)), moduli(256, 2**400)
    (18, None)
    """
    least = needed(highest)
    for count, capacity in enumerate(_capacities(largest), 1):
        if capacity >= least:
            return coprime_below(largest)[:count]
    return None


@cache
def groups(chosen: tuple[int, ...]) -> tuple[tuple[tuple[int, ...], int], ...]:
    """Moduli in groups, as many to a group as keep 0 < Z_g < 2^52, each with its R_g.

    >>> [(len(group), share) for group, share in groups(moduli(256, 2**137))]
    [(6, 4), (6, 4), (6, 4)]
    """
    made: list[tuple[tuple[int, ...], int]] = []
    start = 0
    while start < len(chosen):
        stop, share = start + 1, share_of(chosen[start : start + 1])
        while stop < len(chosen) and is_group(chosen[start : stop + 1]):
            stop += 1
            share = share_of(chosen[start:stop])
        made.append((chosen[start:stop], share))
        start = stop
    return tuple(made)


def spread(group: tuple[int, ...]) -> int:
    """The largest |sum of y_i P/m_i| over all |y_i| <= m_i/2, rounded up; y = -128 modulo 256 included."""
    product = prod(group)
    return sum(-(-m // 2) * (product // m) for m in group)


def share_of(group: tuple[int, ...]) -> int:
    """R: how many P make every sum positive."""
    return spread(group) // prod(group) + 1


def is_group(group: tuple[int, ...]) -> bool:
    """Whether 0 < Z < 2^52 and Z / P <= MAX_SHARE for these moduli."""
    share = share_of(group)
    top = spread(group) + share * prod(group)
    return top < 1 << WORD_BITS and 2 * share <= MAX_SHARE
