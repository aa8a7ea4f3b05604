"""Gaussian elimination modulo p on a panel of a few dozen columns, eight at a time.

    panel[v, i, :] holds columns 8v to 8v + 7 of row i.

                       eight columns v                  each eight columns to their right
    row first       +-------------------------------+  +----------------------------------+
                    | pivot rows, at most eight     |  | less x_i times those above       |
    row rank        +-------------------------------+  +----------------------------------+
                    | less x_i times one pivot row, |  | less x_i times all of them,      |
                    | a pass over the rows for each |  | in one pass                      |
    row n_rows      +-------------------------------+  +----------------------------------+

A pass subtracts x_i times the pivot row, scaled to begin with 1, from every row i below, where x_i is what stood in the
pivot's column. So Shoup's quotients (kernels/cpu/shoup.py) are those of the pivot row: eight for a whole pass.
"""

from __future__ import annotations

import numpy as np
from numba import int64

from fastmul.kernels.cpu.shoup import ONE, ZERO, inverse
from fastmul.kernels.cpu.vectors import LANES
from fastmul.runtime.jit import inline

#: What `eliminate` returns in place of a row when no pivot of a column is invertible.
ZERO_DIVISOR = -1

# ruff: noqa: F821  (quotient_of, multiply, subtract_lanes and subtract_sum are bound in elimination.py)


@inline
def exchange(a, i, k, start, stop):  # type: ignore[no-untyped-def]
    """Exchange a[i, start:stop] with a[k, start:stop]."""
    for j in range(start, stop):
        a[i, j], a[k, j] = a[k, j], a[i, j]


def eliminate(a, order, pivots, row, start, stop, p, divisor):  # type: ignore[no-untyped-def]
    """Template: the echelon form of a[row:, start:stop], where the rows above have their `row` pivots.

    Whole rows are exchanged, in `a` and `order`; multipliers go into a[:, row:], one column for each pivot, pivot
    columns into `pivots`. Returns the row below the last pivot, or ZERO_DIVISOR with the divisor of p that was met in
    `divisor`.

    Works on a copy: rows of `a` are often a power of two apart, so that those of a panel evict each other.
    """
    reciprocal = reciprocal_of(p)
    n_rows, width = a.shape[0] - row, stop - start
    n_blocks = (width + LANES - 1) // LANES
    panel = np.zeros((n_blocks, n_rows, LANES), np.uint64)
    for i in range(n_rows):
        for v in range(n_blocks):
            for lane in range(min(LANES, width - v * LANES)):
                panel[v, i, lane] = a[row + i, start + v * LANES + lane]
    factors = np.empty((n_rows, width), np.uint64)  # x_i of each pivot
    scales, scale_quotients = np.empty((2, width), np.uint64)
    unit_rows, unit_quotients = np.empty((2, LANES, LANES), np.uint64)  # pivot rows, scaled
    rank = int64(0)
    for v in range(n_blocks):
        columns, first = panel[v], rank
        for lane in range(min(LANES, width - v * LANES)):
            if rank == n_rows:
                break
            found, blocked, scale = int64(-1), ZERO, ZERO
            for i in range(rank, n_rows):
                if columns[i, lane] != ZERO:
                    scale, common = inverse(columns[i, lane], p)
                    if common == ONE:
                        found = i
                        break
                    blocked = common
            if found < 0:
                if blocked != ZERO:
                    divisor[0] = blocked
                    return int64(ZERO_DIVISOR)
                continue
            if found != rank:
                for w in range(n_blocks):
                    exchange(panel[w], found, rank, 0, LANES)
                exchange(factors, found, rank, 0, rank)
                exchange(a, row + found, row + rank, 0, row)
                exchange(a, row + found, row + rank, stop, a.shape[1])
                order[row + found], order[row + rank] = order[row + rank], order[row + found]
            scales[rank], scale_quotients[rank] = scale, quotient_of(scale, p, reciprocal)
            k = rank - first
            scale_lanes(
                unit_rows,
                unit_quotients,
                k,
                columns,
                rank,
                scale,
                scale_quotients[rank],
                p,
                reciprocal,
            )
            for i in range(rank + 1, n_rows):
                factors[i, rank] = columns[i, lane]
                subtract_lanes(columns, i, factors[i, rank], unit_rows[k], unit_quotients[k], p)
            pivots[row + rank] = start + v * LANES + lane
            rank += 1
        for w in range(v + 1, n_blocks):
            columns = panel[w]
            for i in range(first, rank):
                k = i - first
                subtract_sum(columns, i, factors, first, k, unit_rows, unit_quotients, p)
                scale_lanes(
                    unit_rows,
                    unit_quotients,
                    k,
                    columns,
                    i,
                    scales[i],
                    scale_quotients[i],
                    p,
                    reciprocal,
                )
            for i in range(rank, n_rows):
                subtract_sum(columns, i, factors, first, rank - first, unit_rows, unit_quotients, p)
    for i in range(n_rows):
        for v in range(n_blocks):
            for lane in range(min(LANES, width - v * LANES)):
                a[row + i, start + v * LANES + lane] = panel[v, i, lane]
        for k in range(min(i, rank)):
            x = multiply(scales[k], scale_quotients[k], factors[i, k], p)
            a[row + i, row + k] = min(x, x - p)
    return int64(row + rank)
