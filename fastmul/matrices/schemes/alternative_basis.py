"""Schemes in other bases: fewer additions a level, for a change of basis before and after.

Winograd's seven products are of these sums of blocks (their names as in matrices/multiplication/strassen.py):

    A11  A12  A22 = S2 + S3  S1 = S2 + A11  S2  S3  S4 = A12 - S2          three additions from A11, A12, S2, S3;
    B11  B21  B22 = T1 + T2  T1  T2  T3 = T2 - B11  T4 = T2 - B21          three from B11, B21, T1, T2;
    C11 = P1 + P2  C22 - C12 = P7 - P3  C22 - C21 = P5 + P4  C22 = P1 + P6 + P7 + P5      six.

So operands that are *kept* in these bases, on all levels, take twelve additions a level instead of fifteen. Changing
bases takes eight more on each level, but of n^2 entries in all, where the additions of products grow by 7/4 from level
to level. The price is memory: operands are copied.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache

import numpy as np

from fastmul.matrices.schemes import executor
from fastmul.matrices.schemes.arithmetic import Arithmetic
from fastmul.matrices.schemes.loading import named
from fastmul.matrices.schemes.schedule import linear_map
from fastmul.matrices.schemes.scheme import Row, Scheme

Matrix = tuple[Row, ...]


@dataclass(frozen=True)
class AlternativeBasis:
    """A scheme on blocks in other bases.

    Parameters
    ----------
    name : str
    scheme : its rows are coefficients of the *new* blocks: it does not multiply matrices by itself.
    a, b : the new blocks of A and of B, each a row of coefficients of the old ones.
    c : the old blocks of C, each a row of coefficients of the new ones.
    """

    name: str
    scheme: Scheme
    a: Matrix
    b: Matrix
    c: Matrix

    @property
    def shape(self) -> tuple[int, int, int]:
        return self.scheme.shape

    def plain(self) -> Scheme:
        """The scheme on the blocks themselves, one that multiplies matrices."""
        u, v = _times(self.scheme.u, self.a), _times(self.scheme.v, self.b)
        w = _times(self.scheme.w, tuple(zip(*self.c, strict=True)))
        return Scheme.of(self.name, self.shape, u, v, w, self.scheme.source)


@cache
def karstadt_schwartz() -> AlternativeBasis:
    """Winograd's scheme in bases in which it takes twelve additions.

    Source: Karstadt, Schwartz, J. ACM 67 (2020) 1-31, for the idea and the count.
    """
    a = _rows("1000 0100 m011 10m0")  # A11, A12, S2, S3
    b = _rows("1000 0010 m100 1m01")  # B11, B21, T1, T2
    c = _rows("1000 0m01 00m1 0001")  # of C11, C22 - C12, C22 - C21, C22
    winograd = named("winograd")
    sparse = Scheme.of(
        "winograd in other bases", winograd.shape,
        _times(winograd.u, _inverse(a)), _times(winograd.v, _inverse(b)),
        _times(winograd.w, tuple(zip(*_inverse(c), strict=True))),
        winograd.source,
    )  # fmt: skip
    return AlternativeBasis("karstadt_schwartz", sparse, a, b, c)


def multiply(
    a: np.ndarray,
    b: np.ndarray,
    out: np.ndarray,
    basis: AlternativeBasis,
    n_levels: int,
    arithmetic: Arithmetic,
) -> None:
    """out = a b by so many levels, between changes of basis; see `executor.multiply`.

    Takes copies of a and b besides the temporaries of the levels.
    """
    levels = [basis.scheme] * n_levels
    executor.check([basis.plain(), basis.scheme], arithmetic)

    def product(x: np.ndarray, y: np.ndarray, to: np.ndarray) -> None:
        x, y = np.array(x, order="C"), np.array(y, order="C")
        m, k, n = basis.shape
        _change(x, basis.a, (m, k), n_levels, arithmetic)
        _change(y, basis.b, (k, n), n_levels, arithmetic)
        executor.run(x, y, to, levels, arithmetic)
        _change_back(to, basis.c, (m, n), n_levels, arithmetic)

    executor.multiply_whole(a, b, out, levels, arithmetic, product)


def _change(
    x: np.ndarray, rows: Matrix, grid: tuple[int, int], n_levels: int, arithmetic: Arithmetic
) -> None:
    """Every level's blocks of x, the largest first, into the new basis."""
    if n_levels:
        blocks = executor.split(x, *grid)
        _map(blocks, rows, arithmetic)
        for block in blocks:
            _change(block, rows, grid, n_levels - 1, arithmetic)


def _change_back(
    x: np.ndarray, rows: Matrix, grid: tuple[int, int], n_levels: int, arithmetic: Arithmetic
) -> None:
    """Every level's blocks of x, the smallest first, into the old basis."""
    if n_levels:
        blocks = executor.split(x, *grid)
        for block in blocks:
            _change_back(block, rows, grid, n_levels - 1, arithmetic)
        _map(blocks, rows, arithmetic)


def _map(blocks: list[np.ndarray], rows: Matrix, arithmetic: Arithmetic) -> None:
    """blocks[i] = sum over j of rows[i][j] blocks[j]."""
    if not executor.rows_are_contiguous(blocks[0]):
        blocks = [x.T for x in blocks]
    step = linear_map(rows)
    if step is not None:
        reads = [blocks[number] for _, number in step.reads]
        arithmetic.sums(step, reads, [blocks[number] for _, (_, number) in step.writes])


def _rows(text: str) -> Matrix:
    """Rows of 0, 1 and m for -1."""
    digits = {"0": Fraction(0), "1": Fraction(1), "m": Fraction(-1)}
    return tuple(tuple(digits[c] for c in row) for row in text.split())


def _times(x: Sequence[Row], y: Sequence[Row]) -> Matrix:
    """The matrix product of fractions."""
    columns = list(zip(*y, strict=True))
    return tuple(
        tuple(
            sum((p * q for p, q in zip(row, column, strict=True)), Fraction()) for column in columns
        )
        for row in x
    )


def _inverse(x: Matrix) -> Matrix:
    """By elimination."""
    n = len(x)
    rows = [[*row, *(Fraction(int(i == j)) for j in range(n))] for i, row in enumerate(x)]
    for j in range(n):
        pivot = next(i for i in range(j, n) if rows[i][j])
        rows[j], rows[pivot] = rows[pivot], rows[j]
        rows[j] = [c / rows[j][j] for c in rows[j]]
        for i in range(n):
            if i != j and rows[i][j]:
                factor = rows[i][j]
                rows[i] = [c - factor * d for c, d in zip(rows[i], rows[j], strict=True)]
    return tuple(tuple(row[n:]) for row in rows)
