"""Gaussian elimination modulo p, made of matrix products.

    eliminate(columns [start, stop)):                A = P L E, E in echelon form
        few columns: the kernel
        left half, of which r rows with pivots come
        right half, those rows:   solve with their triangle of L
        right half, rows below:   minus the product of L below and those rows        <- all the work
        right half, rows below: eliminate

Both factors in place of the matrix: row i of E begins at column pivots[i] >= i, so L fits below the diagonal.

    u u u u u u        rank 3, pivots 0, 2, 3
    l . u u u u        l: L, whose ones on the diagonal go unsaid
    l l . u u u        u: E
    l l l . . .        .: zeros

Half the columns at a time, so that all but O(n^2) operations are in products whose sides shrink no faster than the
matrix does. Rows are exchanged where they stand and their order is kept; the rank profile is that of the columns
from left to right.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from fastmul.exceptions import ZeroDivisorError
from fastmul.matrices.multiplication import matmul
from fastmul.matrices.multiplication.modulo import packed
from fastmul.runtime.scratch import lease

#: Columns that the kernel eliminates by itself, and rows of a triangle that it solves.
BASE = 24
#: Right-hand sides for which reading the triangle once is faster than products of so few columns.
FEW = 4
#: Sides of a product that is subtracted while it is stored; for longer ones `matmul` knows faster ways.
ONE_PASS = 2048


@dataclass(frozen=True, slots=True)
class Elimination:
    """a[order] = lower @ echelon modulo p."""

    order: np.ndarray  # (m,) rows of a, in their new order
    factors: np.ndarray  # (m, n) uint64, in place of a: both, as drawn above
    pivots: np.ndarray  # (rank,) columns, increasing

    @property
    def rank(self) -> int:
        return len(self.pivots)

    @property
    def lower(self) -> np.ndarray:
        """(m, rank) uint64, new: ones on the diagonal, zeros above."""
        lower = np.tril(self.factors[:, : self.rank], -1)
        np.fill_diagonal(lower, 1)
        return lower

    @property
    def echelon(self) -> np.ndarray:
        """(rank, n) uint64, new: row i begins at column pivots[i]."""
        is_right = self.pivots[:, np.newaxis] <= np.arange(self.factors.shape[1])
        return np.where(is_right, self.factors[: self.rank], np.uint64(0))


def eliminate(
    a: np.ndarray, p: int, function: str, threads: int | None = None, columns: int | None = None
) -> Elimination:
    """The echelon form of `a`, (m, n) residues in uint64, which is overwritten.

    Pivots are sought in the first `columns` columns only, all if None; those behind take part in the operations.

    Raises
    ------
    ZeroDivisorError : a column holds no invertible pivot but a divisor of p, which the message names.
    """
    m, n = a.shape
    order, pivots = np.arange(m), np.zeros(min(m, n), np.int64)
    state = _State(a, order, pivots, p, function, threads, n if columns is None else columns)
    rank = state.eliminate(0, 0, n)
    return Elimination(order, a, pivots[:rank])


@dataclass(slots=True)
class _State:
    a: np.ndarray
    order: np.ndarray
    pivots: np.ndarray
    p: int
    function: str
    threads: int | None
    columns: int

    def eliminate(self, row: int, start: int, stop: int) -> int:
        """Eliminate a[row:, start:stop]; returns the row below the last pivot."""
        if row == self.a.shape[0] or start >= self.columns:
            return row
        is_narrow = stop - start <= BASE
        if is_narrow and stop <= self.columns:
            return self._panel(row, start, stop)
        middle = self.columns if is_narrow else _middle(start, stop)
        last = self.eliminate(row, start, middle)
        if last > row:
            solve_lower(self.a, self.a, self.p, row, last, middle, stop, threads=self.threads)
            x, y = self.a[last:, row:last], self.a[row:last, middle:stop]
            subtract_product(self.a, last, middle, x, y, self.p, self.threads)
        return self.eliminate(last, middle, stop)

    def _panel(self, row: int, start: int, stop: int) -> int:
        divisor = np.zeros(1, np.uint64)
        last = _kernels(self.p).eliminate(
            self.a, self.order, self.pivots, row, start, stop, self.p, divisor
        )
        if last < 0:
            raise zero_divisor(self.function, self.p, int(divisor[0]))
        return int(last)


def _middle(first: int, last: int) -> int:
    """Where to cut a range of more than BASE: near the middle, a multiple of BASE from its begin."""
    return first + max(1, (last - first) // 2 // BASE) * BASE


def zero_divisor(function: str, p: int, divisor: int) -> ZeroDivisorError:
    return ZeroDivisorError(
        f"{function}(mod={p}): the modulus is composite, {p} = {divisor} * {p // divisor}, and a pivot that is a "
        f"multiple of {divisor} has no inverse; compute modulo the factors"
    )


def _kernels(p: int) -> Any:
    from fastmul.kernels.cpu.elimination import elimination

    return elimination(p)


def product(a: np.ndarray, b: np.ndarray, p: int, threads: int | None = None) -> np.ndarray:
    """a @ b modulo p, as residues in uint64."""
    return matmul(a.view(np.int64), b.view(np.int64), mod=p, threads=threads).view(np.uint64)


def subtract_product(
    a: np.ndarray,
    row: int,
    column: int,
    x: np.ndarray,
    y: np.ndarray,
    p: int,
    threads: int | None,
) -> None:
    """a[row:, column:] -= x @ y modulo p, on as many rows and columns as the product has."""
    if not (x.size and y.size):
        return
    shape = (x.shape[0], y.shape[1])
    operands, block = (
        (x.view(np.int64), y.view(np.int64)),
        a[row : row + shape[0], column : column + shape[1]],
    )
    if min(*shape, x.shape[1]) <= ONE_PASS and packed.subtract_product(
        *operands, block.view(np.int64), p, threads
    ):
        return
    from fastmul.kernels.cpu.elimination import subtract_block

    n_bytes = 8 * shape[0] * shape[1]
    with lease(n_bytes) as scratch:  # fresh pages would cost as much as the subtraction
        block = scratch[:n_bytes].view(np.int64).reshape(shape)
        matmul(*operands, mod=p, threads=threads, out=block)
        subtract_block(a, row, column, block.view(np.uint64), p)


def solve_lower(
    lower: np.ndarray,
    b: np.ndarray,
    p: int,
    first: int,
    last: int,
    start: int,
    stop: int,
    threads: int | None = None,
) -> None:
    """b[first:last, start:stop] = L^-1 of itself; L = lower[first:last, first:last], ones on its diagonal."""
    if last - first <= BASE:
        _kernels(p).solve_lower(lower, first, last, b, start, stop, p)
        return
    middle = _middle(first, last)
    solve_lower(lower, b, p, first, middle, start, stop, threads)
    x, y = lower[middle:last, first:middle], b[first:middle, start:stop]
    subtract_product(b, middle, start, x, y, p, threads)
    solve_lower(lower, b, p, middle, last, start, stop, threads)


def solve_upper(
    upper: np.ndarray,
    b: np.ndarray,
    p: int,
    first: int,
    last: int,
    threads: int | None = None,
) -> None:
    """b[first:last] = U^-1 of itself; U = upper[first:last, first:last], ones on its diagonal."""
    if last - first <= BASE:
        _kernels(p).solve_upper(upper, first, last, b, 0, b.shape[1], p)
        return
    middle = _middle(first, last)
    solve_upper(upper, b, p, middle, last, threads)
    subtract_product(b, first, 0, upper[first:middle, middle:last], b[middle:last], p, threads)
    solve_upper(upper, b, p, first, middle, threads)


def solve_echelon(found: Elimination, b: np.ndarray, p: int, threads: int | None = None) -> None:
    """b = U^-1 of itself, for the echelon form U of an invertible matrix; `found` is used up."""
    if b.shape[1] <= FEW:
        _kernels(p).solve_few(found.factors, b, p)
        return
    scale_rows(b, scale_pivots_to_one(found, p), p)
    solve_upper(found.factors, b, p, 0, len(b), threads)


def inverse_of_lower(lower: np.ndarray, p: int, threads: int | None = None) -> np.ndarray:
    """L^-1, with ones on the diagonal of L: half the work of solving, since its upper triangle is zero.

    Of `lower` only what is below the diagonal is used.

    [A  ]^-1   [   A^-1           ]
    [B C]    = [-C^-1 B A^-1  C^-1]
    """
    n = lower.shape[0]
    inverse = np.eye(n, dtype=np.uint64)
    _invert(lower, inverse, p, 0, n, threads)
    return inverse


def _invert(
    lower: np.ndarray, inverse: np.ndarray, p: int, first: int, last: int, threads: int | None
) -> None:
    if last - first <= BASE:
        _kernels(p).solve_lower(lower, first, last, inverse, first, last, p)
        return
    middle = _middle(first, last)
    _invert(lower, inverse, p, first, middle, threads)
    # with C^-1 still to come: rows below are -B A^-1, then solved with C
    x, y = lower[middle:last, first:middle], inverse[first:middle, first:middle]
    subtract_product(inverse, middle, first, x, y, p, threads)
    solve_lower(lower, inverse, p, middle, last, first, middle, threads)
    _invert(lower, inverse, p, middle, last, threads)


def scale_pivots_to_one(found: Elimination, p: int) -> np.ndarray:
    """Scale the rows of the echelon form, in place, so that each begins with 1; returns the factors. L is lost."""
    pivots = found.factors[np.arange(found.rank), found.pivots]
    factors = np.array([pow(int(pivot), -1, p) for pivot in pivots], np.uint64)
    scale_rows(found.factors[: found.rank], factors, p)
    return factors


def scale_rows(a: np.ndarray, factors: np.ndarray, p: int) -> None:
    """a[i] *= factors[i] modulo p, in place."""
    _kernels(p).scale_rows(a, factors, p)
