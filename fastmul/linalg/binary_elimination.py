"""Elimination over GF(2) on packed words, in blocks: panels by the Four Russians, everything else by products.

    A[order] = L E, for a matrix of rank r                         one panel of 512 columns
                                                                  +----+-----------------+
      A (m x n)         L (m x r)      E (r x n)                  | E  |  U = L_top^-1 . |  the rows of its pivots
      +--------+        +---+          +--------+                 +----+-----------------+
      |        |   =    |1  |          |1xxxxxxx|                 | L  |                 |
      |        |        |x1 |    *     |  1xxxxx|                 | be |   A + L_below U  |  a product
      |        |        |xx1|          |    1xxx|                 | low|                 |
      +--------+        +---+          +--------+                 +----+-----------------+

Panels of 8 words go through a compiled kernel; the triangular system of the pivot rows, and the update of the rows
below, which is nearly all of the work, through the product of packed bits.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fastmul.matrices.bit_multiplication.product import WORD_BITS, multiply

#: Words of a panel: the depth of the products. Twice as many make the panels as dear as the products.
PANEL_WORDS = 8
#: Triangular systems of at most so many unknowns are solved row by row.
SMALLEST = 2 * WORD_BITS


@dataclass(frozen=True)
class Elimination:
    """A[order] = L E: L has ones on the diagonal, E is in row echelon form, its rows beginning at `pivots`."""

    order: np.ndarray  # (m,) int64
    pivots: np.ndarray  # (r,) int64
    lower: np.ndarray  # (m, ceil(r / 64)) uint64 words of L
    echelon: np.ndarray  # (r, ceil(n / 64)) uint64 words of E

    @property
    def rank(self) -> int:
        return self.pivots.size


def eliminate(words: np.ndarray, n_columns: int, threads: int | None = None) -> Elimination:
    """The factors of the matrix that the packed words hold."""
    from fastmul.kernels.cpu.bits import elimination as kernels

    rest = words.copy()  # becomes E
    m, width = rest.shape
    most = min(m, n_columns)
    order, pivots = np.arange(m), np.empty(most, np.int64)
    lower = np.zeros((m, -(-most // WORD_BITS)), np.uint64)
    rank = 0
    for start in range(0, width, PANEL_WORDS):
        if rank == m:
            break
        stop = min(width, start + PANEL_WORDS)
        rows = m - rank
        panel = np.empty((stop - start, rows), np.uint64)
        multipliers = np.zeros_like(panel)
        swaps, columns = np.empty((2, min(rows, WORD_BITS * PANEL_WORDS)), np.int64)
        kernels.take_panel(rest[rank:, start:stop], panel)
        found = kernels.eliminate_panel(
            panel, n_columns - WORD_BITS * start, multipliers, swaps, columns
        )
        rest[rank:, start:stop] = 0
        if found == 0:
            continue
        kernels.put_panel(panel, 0, rest[rank:, start:stop])
        after = rank + found
        for moved in (
            order[:, np.newaxis].view(np.uint64),
            lower[:, : -(-rank // WORD_BITS)],
            rest[:, stop:],
        ):
            kernels.swap_rows(moved[rank:], swaps[:found])
        pivots[rank:after] = columns[:found] + WORD_BITS * start
        kernels.put_panel(multipliers, rank % WORD_BITS, lower[rank:, rank // WORD_BITS :])
        if stop < width:
            factors = np.ascontiguousarray(multipliers[: -(-found // WORD_BITS)].T)
            solve_lower(factors[:found], rest[rank:after, stop:], threads)
            multiply(
                factors[found:],
                rest[rank:after, stop:],
                rest[after:, stop:],
                add=True,
                threads=threads,
            )
        rank = after
    used = -(-rank // WORD_BITS)
    return Elimination(
        order, pivots[:rank], np.ascontiguousarray(lower[:, :used]), rest[:rank].copy()
    )


def solve_lower(lower: np.ndarray, x: np.ndarray, threads: int | None = None) -> None:
    """x = L^-1 x in place; L is lower triangular with ones on the diagonal, nothing else of `lower` is used."""
    from fastmul.kernels.cpu.bits.elimination import solve_lower as solve_small

    if x.shape[0] <= SMALLEST:
        solve_small(lower, x)
        return
    half, words = _half(x.shape[0])
    solve_lower(lower[:half, :words], x[:half], threads)
    multiply(lower[half:, :words], x[:half], x[half:], add=True, threads=threads)
    solve_lower(lower[half:, words:], x[half:], threads)


def solve_upper(upper: np.ndarray, x: np.ndarray, threads: int | None = None) -> None:
    """x = U^-1 x in place; U is upper triangular with ones on the diagonal, and zeros beyond its last column."""
    from fastmul.kernels.cpu.bits.elimination import solve_upper as solve_small

    if x.shape[0] <= SMALLEST:
        solve_small(upper, x)
        return
    half, words = _half(x.shape[0])
    solve_upper(upper[half:, words:], x[half:], threads)
    multiply(upper[:half, words:], x[half:], x[:half], add=True, threads=threads)
    solve_upper(upper[:half, :words], x[:half], threads)


def _half(n: int) -> tuple[int, int]:
    """About half of n rows, whole words of columns; and these words."""
    words = -(-n // (2 * WORD_BITS))
    return WORD_BITS * words, words
