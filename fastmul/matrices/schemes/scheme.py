"""Bilinear schemes <m, k, n; r>: an (m, k) times a (k, n) matrix of blocks by r products of blocks.

    P_t = (sum over i of u[t, i] A_i) (sum over j of v[t, j] B_j)        C_l = sum over t of w[t, l] P_t

Blocks are counted row by row. A scheme is data; that it multiplies matrices is an identity between its
coefficients, Brent's equations, which `Scheme.verify` checks in exact arithmetic.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any

#: One row of coefficients.
Row = tuple[Fraction, ...]


@dataclass(frozen=True)
class Scheme:
    """A bilinear scheme for (m, k) @ (k, n) blocks.

    Parameters
    ----------
    name : str
    shape : (m, k, n)
    u, v, w : one row for every product: m k, k n and m n coefficients, of the blocks of A, B and C.
    source : str
        Who found it, and where.

    Examples
    --------
    >>> print(classical(1, 2, 1))
    classical <1, 2, 1; 2>
    P1 = (A11) (B11)
    P2 = (A12) (B21)
    C11 = P1 + P2
    """

    name: str
    shape: tuple[int, int, int]
    u: tuple[Row, ...]
    v: tuple[Row, ...]
    w: tuple[Row, ...]
    source: str = ""

    @classmethod
    def of(
        cls, name: str, shape: Sequence[int], u: Any, v: Any, w: Any, source: str = ""
    ) -> Scheme:
        """A scheme of rows of numbers, or of strings such as "1/2"; ValueError if their sizes disagree."""
        m, k, n = (int(side) for side in shape)
        rows = [tuple(tuple(Fraction(c) for c in row) for row in side) for side in (u, v, w)]
        for label, side, width in zip("uvw", rows, (m * k, k * n, m * n), strict=True):
            if len(side) != len(rows[0]) or any(len(row) != width for row in side):
                raise ValueError(
                    f"scheme {name!r} <{m}, {k}, {n}>: {label} must have {len(rows[0])} rows of {width} coefficients"
                )
        # a product that has an empty factor, or that nothing reads, is none
        used = [all(map(any, parts)) for parts in zip(*rows, strict=True)]
        u, v, w = (
            tuple(row for row, is_used in zip(side, used, strict=True) if is_used) for side in rows
        )
        return cls(name, (m, k, n), u, v, w, source)

    @property
    def rank(self) -> int:
        """The number of products."""
        return len(self.u)

    @cached_property
    def denominator(self) -> int:
        """The least common denominator of all coefficients: rings in which it has no inverse cannot use the scheme."""
        common = 1
        for side in (self.u, self.v, self.w):
            for row in side:
                for c in row:
                    common *= c.denominator // _gcd(common, c.denominator)
        return common

    def verify(self) -> None:
        """Check Brent's equations; ValueError names the first that fails.

        sum over t of u[t, (i, l)] v[t, (l', j)] w[t, (i', j')] is 1 if i = i', l = l', j = j', and 0 otherwise.
        """
        m, k, n = self.shape
        for (a, x), (b, y), (c, z) in _triples(m, k, n):
            found = sum(
                (self.u[t][a] * self.v[t][b] * self.w[t][c] for t in range(self.rank)), Fraction()
            )
            wanted = int(x[0] == z[0] and x[1] == y[0] and y[1] == z[1])
            if found != wanted:
                place = f"A{_index(x)} B{_index(y)} in C{_index(z)}"
                raise ValueError(
                    f"scheme {self.name!r} does not multiply matrices: {place} has coefficient {found}, not {wanted}"
                )

    def __matmul__(self, other: Scheme) -> Scheme:
        """The tensor product: this scheme on blocks whose products are made by the other."""
        shape = tuple(x * y for x, y in zip(self.shape, other.shape, strict=True))
        (m, k, n), (mo, ko, no) = self.shape, other.shape
        sides = (
            _kronecker(self.u, other.u, (m, k), (mo, ko)),
            _kronecker(self.v, other.v, (k, n), (ko, no)),
            _kronecker(self.w, other.w, (m, n), (mo, no)),
        )
        return Scheme.of(f"{self.name} x {other.name}", shape, *sides, source=self.source)

    def __str__(self) -> str:
        """The scheme as formulas."""
        m, k, n = self.shape
        a, b, c = _names("A", m, k), _names("B", k, n), _names("C", m, n)
        lines = [f"{self.name} <{m}, {k}, {n}; {self.rank}>"]
        for t, (u, v) in enumerate(zip(self.u, self.v, strict=True), 1):
            lines.append(f"P{t} = ({_formula(u, a)}) ({_formula(v, b)})")
        products = [f"P{t}" for t in range(1, self.rank + 1)]
        for block, column in zip(c, zip(*self.w, strict=True), strict=True):
            lines.append(f"{block} = {_formula(column, products)}")
        return "\n".join(lines)


def classical(m: int, k: int, n: int) -> Scheme:
    """The definition of the product: m k n products."""
    cells = [(i, l, j) for i in range(m) for j in range(n) for l in range(k)]
    return Scheme.of(
        "classical", (m, k, n),
        [_unit(i * k + l, m * k) for i, l, j in cells],
        [_unit(l * n + j, k * n) for i, l, j in cells],
        [_unit(i * n + j, m * n) for i, l, j in cells],
        "the definition",
    )  # fmt: skip


def _unit(place: int, length: int) -> list[int]:
    return [int(i == place) for i in range(length)]


def _gcd(x: int, y: int) -> int:
    while y:
        x, y = y, x % y
    return x


def _triples(m: int, k: int, n: int) -> Iterable[tuple[Any, Any, Any]]:
    """Every block of A, of B and of C: its number and its (row, column)."""
    blocks = [
        [(i * columns + j, (i, j)) for i in range(rows) for j in range(columns)]
        for rows, columns in ((m, k), (k, n), (m, n))
    ]
    return ((x, y, z) for x in blocks[0] for y in blocks[1] for z in blocks[2])


def _kronecker(
    outer: tuple[Row, ...],
    inner: tuple[Row, ...],
    size: tuple[int, int],
    inner_size: tuple[int, int],
) -> list[Row]:
    """Rows over the blocks of blocks, in the row-by-row order of the whole matrix."""
    (rows, columns), (inner_rows, inner_columns) = size, inner_size
    places = [
        (i * columns + j, x * inner_columns + y)
        for i in range(rows)
        for x in range(inner_rows)
        for j in range(columns)
        for y in range(inner_columns)
    ]
    return [tuple(p[i] * q[j] for i, j in places) for p in outer for q in inner]


def _index(place: tuple[int, int]) -> str:
    return f"{place[0] + 1}{place[1] + 1}"


def _names(letter: str, rows: int, columns: int) -> list[str]:
    return [f"{letter}{_index((i, j))}" for i in range(rows) for j in range(columns)]


def _formula(row: Iterable[Fraction], names: list[str]) -> str:
    text = ""
    for c, name in zip(row, names, strict=True):
        if c:
            sign = " - " if c < 0 else " + "
            text += sign + ("" if abs(c) == 1 else f"{abs(c)} ") + name
    return text.removeprefix(" + ").replace(" - ", "-", 1) if text.startswith(" - ") else text[3:]
