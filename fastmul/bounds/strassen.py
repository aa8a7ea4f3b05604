"""What Strassen-like schemes do to magnitudes and rounding errors, and the memory they take.

A scheme <m, k, n; r> forms P_t = (sum_i u_ti A_i) (sum_j v_tj B_j) and C_l = sum_t w_tl P_t on blocks. Over the
integers modulo 2^bits, or modulo p, it is exact whatever it does to magnitudes: it uses +, - and * only, and these
commute with reduction. (Fractions 1/d need an inverse of d.) Where operands are to stay in a narrower type, and for
floats, it matters how large things grow:

    operands   |sum_i u_ti A_i| <= |u_t|_1 max|A|, at most a = max_t |u_t|_1 times as large a level, and b for B;
    products   every sum on the way to C_l stays below e = max_l sum_t |w_tl| |u_t|_1 |v_t|_1 a level, times
               k0 max|A| max|B| for leaves of inner size k0.

Both are reached by operands of the right signs, unless the scheme sums in an order in which something cancels.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Protocol

ALIGNMENT = 64


class Coefficients(Protocol):
    """What a scheme is to this file: its rows of coefficients (matrices/schemes/scheme.py)."""

    @property
    def u(self) -> Sequence[Sequence[Fraction]]: ...

    @property
    def v(self) -> Sequence[Sequence[Fraction]]: ...

    @property
    def w(self) -> Sequence[Sequence[Fraction]]: ...


@dataclass(frozen=True)
class Growth:
    """Of some levels together: how much larger than max|A|, than max|B| and than the classical bound of the product
    what they form can be; and how many additions and scalings an entry passes through."""

    a: Fraction
    b: Fraction
    products: Fraction
    roundings: int


def growth(levels: Iterable[Coefficients]) -> Growth:
    """The growth of several levels: that of each multiplied, roundings added.

    A level's sum of z terms passes each term through z - 1 additions at most, in whatever order and whatever several
    sums share, and through one scaling for its coefficient and one for the sum's common factor.
    """
    a = b = products = Fraction(1)
    roundings = 0
    for scheme in levels:
        u, v = ([_norm(row) for row in side] for side in (scheme.u, scheme.v))
        columns = list(zip(*scheme.w, strict=True))
        a, b = a * max(u), b * max(v)
        products *= max(
            sum((abs(c) * x * y for c, x, y in zip(column, u, v, strict=True)), Fraction())
            for column in columns
        )
        roundings += sum(max(map(_roundings, rows)) for rows in (scheme.u, scheme.v, columns))
    return Growth(a, b, products, roundings)


def _norm(row: Sequence[Fraction]) -> Fraction:
    return sum(map(abs, row), Fraction())


def _roundings(row: Sequence[Fraction]) -> int:
    terms = sum(c != 0 for c in row)
    return max(0, terms - 1) + (0 if all(abs(c) in (0, 1) for c in row) else 2)


#: The largest magnitude of a sum in a signed type of so many bits.
_LARGEST = {f"int{bits}": (1 << (bits - 1)) - 1 for bits in (8, 16, 32, 64)}


def fits(dtype: str, largest: tuple[int, int], factors: tuple[Fraction, Fraction]) -> bool:
    """Whether operands of these magnitudes, so many times as large, stay within a signed integer type.

    Sharp, up to the asymmetry of two's complement: -128 fits int8 and 128 does not.

    >>> fits("int8", (31, 31), (Fraction(4), Fraction(4))), fits("int8", (32, 31), (Fraction(4), Fraction(4)))
    (True, False)
    """
    return all(x * factor <= _LARGEST[dtype] for x, factor in zip(largest, factors, strict=True))


def max_norm_error(k: int, levels: Sequence[Any], unit_roundoff: float) -> float:
    """E with max|C - fl(C)| <= E max|A| max|B| to first order in the unit roundoff u, for inner size k.

    An entry of C is a sum of products a b with coefficients; taken absolutely, and with everything that cancels
    exactly, these sum to at most e^L k0 max|A| max|B| (see above), e^L = growth(levels).products. Each has passed
    through at most growth(levels).roundings roundings in the sums of all levels and through k0 in its leaf, a
    classical product of inner size k0, each a factor 1 + d, |d| <= u. So E = (k0 + roundings) e^L k0 u.

    This bounds the norm of the error, not each entry's: small entries of C beside large ones lose their digits. Hence
    floats take such algorithms only when asked. (Ballard, Benson, Druinsky, Lipshitz, Schwartz, SIAM J. Matrix Anal.
    Appl. 37 (2016) 1382-1418, Theorem 3.3, is the same with other constants.)

    >>> max_norm_error(1024, [], 2.0**-53) == 1024**2 * 2.0**-53
    True
    """
    leaf = float(k)
    for scheme in levels:
        leaf /= scheme.shape[1]
    grown = growth(levels)
    return (leaf + grown.roundings) * float(grown.products) * leaf * unit_roundoff


def workspace_bytes(
    m: int,
    k: int,
    n: int,
    levels: Sequence[tuple[tuple[int, int, int], Sequence[str]]],
    item_bytes: Mapping[str, int],
) -> int:
    """Bytes of the temporaries of all levels, for sizes that the levels' shapes divide.

    `levels` says of each its shape and of each of its temporaries the sides whose blocks it holds, at different times:
    "AC" has room for a block of A's shape and for one of C's. A level runs its products one after the other, so that
    deeper levels share what lies behind its own temporaries. Each begins at a multiple of ALIGNMENT bytes.

    Winograd's two, "AC" and "B", take (m max(k, n) + k n) / 3 entries at most, however deep.

    >>> winograd = (2, 2, 2), ("AC", "B")
    >>> [workspace_bytes(64, 64, 64, [winograd] * depth, dict(A=8, B=8, C=8)) // 8 for depth in (1, 2, 3)]
    [2048, 2560, 2688]
    """
    total = 0
    for (rows, inner, columns), temporaries in levels:
        m, k, n = m // rows, k // inner, n // columns
        entries = {"A": m * k, "B": k * n, "C": m * n}
        for sides in temporaries:
            need = max(entries[side] * item_bytes[side] for side in sides)
            total += -(-need // ALIGNMENT) * ALIGNMENT
    return total
