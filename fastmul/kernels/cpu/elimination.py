"""Gaussian elimination modulo p on a narrow panel, and triangular systems of a few rows: the base cases of
`fastmul.linalg`, whose large products are matrix products.

Every step subtracts a multiple of one row from another, so the factor is fixed along a row and Shoup's quotient
serves (kernels/cpu/shoup.py). Two sets of kernels come from the same templates: for p < 2^32, vectorised by the
compiler, and for p <= 2^63.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import boolean, int64, uint64, void

from fastmul.bounds.shoup import largest_modulus
from fastmul.kernels.cpu import shoup
from fastmul.kernels.cpu.elimination_panel import eliminate
from fastmul.kernels.cpu.shoup import ONE, ZERO, inverse
from fastmul.kernels.cpu.vectors import LANES
from fastmul.runtime.jit import KernelSet, const, inline, kernel

_matrix = uint64[:, ::1]


# ---------------------------------------------------------------- templates

# ruff: noqa: F821  (quotient_of and multiply are bound below)


def solve_lower(lower, first, last, b, start, stop, p):  # type: ignore[no-untyped-def]
    """Template: X of L X = B in place of B = b[first:last, start:stop]; L = lower[first:last, first:last], with
    ones on its diagonal."""
    reciprocal = reciprocal_of(p)
    for i in range(first + 1, last):
        for k in range(first, i):
            factor = lower[i, k]
            if factor != ZERO:
                quotient = quotient_of(factor, p, reciprocal)
                subtract_multiple(b, i, k, start, stop, factor, quotient, p)


def solve_upper(upper, first, last, b, start, stop, p):  # type: ignore[no-untyped-def]
    """Template: X of U X = B in place of B = b[first:last, start:stop]; U has ones on its diagonal."""
    reciprocal = reciprocal_of(p)
    for i in range(last - 2, first - 1, -1):
        for k in range(last - 1, i, -1):
            factor = upper[i, k]
            if factor != ZERO:
                quotient = quotient_of(factor, p, reciprocal)
                subtract_multiple(b, i, k, start, stop, factor, quotient, p)


def solve_few(upper, b, p):  # type: ignore[no-untyped-def]
    """Template: X of U X = B in place of B, (n, q) for few q; U = upper[:, :n] is upper triangular, its diagonal
    invertible.

    From the last row on, each read once: x_i = (b_i - sum of u_ij x_j over j > i) / u_ii.
    """
    reciprocal = reciprocal_of(p)
    n, q = b.shape
    x, quotients = np.empty((2, q, n), np.uint64)
    for i in range(n - 1, -1, -1):
        scale, _ = inverse(upper[i, i], p)
        scale_quotient = quotient_of(scale, p, reciprocal)
        for c in range(q):
            difference = b[i, c] - dot(upper[i], x[c], quotients[c], i + 1, n, p)
            found = multiply(scale, scale_quotient, min(difference, difference + p), p)
            found = min(found, found - p)
            b[i, c] = x[c, i] = found
            quotients[c, i] = quotient_of(found, p, reciprocal)


def scale_rows(a, factors, p):  # type: ignore[no-untyped-def]
    """Template: a[i] = a[i] * factors[i] modulo p."""
    reciprocal = reciprocal_of(p)
    for i in range(a.shape[0]):
        factor = factors[i]
        quotient = quotient_of(factor, p, reciprocal)
        for j in range(a.shape[1]):
            x = multiply(factor, quotient, a[i, j], p)
            a[i, j] = min(x, x - p)


def reduce_to_hessenberg(a, p, divisor):  # type: ignore[no-untyped-def]
    """Template: a similar matrix that is zero below its first subdiagonal, in place; True, or False as `eliminate`."""
    reciprocal = reciprocal_of(p)
    n = a.shape[0]
    for j in range(n - 2):
        found, blocked = int64(-1), ZERO
        for i in range(j + 1, n):
            if a[i, j] != ZERO:
                scale, common = inverse(a[i, j], p)
                if common == ONE:
                    found = i
                    break
                blocked = common
        if found < 0:
            if blocked != ZERO:
                divisor[0] = blocked
                return False
            continue
        pivot = j + 1
        if found != pivot:
            for c in range(n):
                a[found, c], a[pivot, c] = a[pivot, c], a[found, c]
            for c in range(n):
                a[c, found], a[c, pivot] = a[c, pivot], a[c, found]
        scale_quotient = quotient_of(scale, p, reciprocal)
        for i in range(pivot + 1, n):
            if a[i, j] == ZERO:
                continue
            factor = multiply(scale, scale_quotient, a[i, j], p)
            factor = min(factor, factor - p)
            quotient = quotient_of(factor, p, reciprocal)
            subtract_multiple(a, i, pivot, j, n, factor, quotient, p)
            for c in range(n):  # and the inverse operation on columns
                x = multiply(factor, quotient, a[c, i], p)
                x = min(x, x - p)
                total = a[c, pivot] + x
                a[c, pivot] = min(total, total - p)
    return True


def characteristic_of_hessenberg(h, rows, p):  # type: ignore[no-untyped-def]
    """Template: rows[n] = the coefficients of det(x - H), constant first; rows is (n + 1, n + 1) zeros."""
    reciprocal = reciprocal_of(p)
    n = h.shape[0]
    rows[0, 0] = ONE
    for m in range(1, n + 1):
        for c in range(m):
            rows[m, c + 1] = rows[m - 1, c]
        factor = h[m - 1, m - 1]
        subtract_multiple(rows, m, m - 1, 0, m, factor, quotient_of(factor, p, reciprocal), p)
        product = ONE
        for i in range(1, m):
            below = h[m - i, m - i - 1]
            product = multiply(below, quotient_of(below, p, reciprocal), product, p)
            product = min(product, product - p)
            factor = multiply(product, quotient_of(product, p, reciprocal), h[m - i - 1, m - 1], p)
            factor = min(factor, factor - p)
            subtract_multiple(
                rows, m, m - i - 1, 0, m - i, factor, quotient_of(factor, p, reciprocal), p
            )


# ---------------------------------------------------------------- the kernels


def _make_subtract_multiple(multiply: Any) -> Any:
    @inline
    def subtract_multiple(a, i, k, start, stop, factor, quotient, p):  # type: ignore[no-untyped-def]
        """a[i, start:stop] -= factor * a[k, start:stop] modulo p.

        Unsigned: of r and r - p, or of a difference and itself + p, the smaller is the one in [0, p).
        """
        target, source = a[i], a[k]
        for j in range(
            uint64(start), uint64(stop)
        ):  # unsigned: no index is negative, so loads are vectors
            r = multiply(factor, quotient, source[j], p)
            r = min(r, r - p)
            difference = target[j] - r
            target[j] = min(difference, difference + p)

    return subtract_multiple


def _make_scale_lanes(quotient_of: Any, multiply: Any) -> Any:
    @inline
    def scale_lanes(scaled, quotients, k, rows, i, scale, scale_quotient, p, reciprocal):  # type: ignore[no-untyped-def]
        """scaled[k] = scale * rows[i] modulo p, and the quotients of that, for rows of eight."""
        for lane in range(LANES):
            x = multiply(scale, scale_quotient, rows[i, lane], p)
            x = min(x, x - p)
            scaled[k, lane], quotients[k, lane] = x, quotient_of(x, p, reciprocal)

    return scale_lanes


class Elimination(KernelSet):
    """The kernels for one size of modulus."""

    def __init__(self, name: str, reciprocal_of: Any, quotient_of: Any, multiply: Any, dot: Any,
                 subtract_lanes: Any, subtract_sum: Any) -> None:  # fmt: skip
        bound = {
            "reciprocal_of": reciprocal_of,
            "quotient_of": quotient_of,
            "multiply": multiply,
            "dot": dot,
            "subtract_multiple": _make_subtract_multiple(multiply),
            "scale_lanes": _make_scale_lanes(quotient_of, multiply),
            "subtract_lanes": subtract_lanes,
            "subtract_sum": subtract_sum,
        }

        def make(signature: Any, template: Any) -> Any:
            return kernel(signature, name=f"{template.__name__}_{name}", **bound)(template)

        self.eliminate = make(
            int64(_matrix, int64[::1], int64[::1], int64, int64, int64, uint64, uint64[::1]),
            eliminate,
        )
        self.solve_lower = make(
            void(const(_matrix), int64, int64, _matrix, int64, int64, uint64), solve_lower
        )
        self.solve_upper = make(
            void(const(_matrix), int64, int64, _matrix, int64, int64, uint64), solve_upper
        )
        self.solve_few = make(void(const(_matrix), _matrix, uint64), solve_few)
        self.scale_rows = make(void(_matrix, const(uint64[::1]), uint64), scale_rows)
        self.reduce_to_hessenberg = make(
            boolean(_matrix, uint64, uint64[::1]), reduce_to_hessenberg
        )
        self.characteristic_of_hessenberg = make(
            void(const(_matrix), _matrix, uint64), characteristic_of_hessenberg
        )


narrow = Elimination(
    "narrow",
    shoup.narrow_reciprocal,
    shoup.narrow_quotient,
    shoup.narrow_multiply,
    shoup.narrow_dot,
    shoup.narrow_subtract_lanes,
    shoup.narrow_subtract_sum,
)
wide = Elimination(
    "wide",
    shoup.wide_reciprocal,
    shoup.wide_quotient,
    shoup.wide_multiply,
    shoup.wide_dot,
    shoup.wide_subtract_lanes,
    shoup.wide_subtract_sum,
)


def elimination(p: int) -> Elimination:
    """The kernels for the modulus p."""
    return narrow if p < largest_modulus(32) else wide  # p is a factor of 32 bits, too


@kernel(void(_matrix, int64, int64, const(_matrix), uint64))
def subtract_block(a, row, column, block, p):  # type: ignore[no-untyped-def]
    """a[row:, column:] -= block modulo p, on as many rows and columns as block has."""
    for i in range(block.shape[0]):
        for j in range(block.shape[1]):
            difference = a[row + i, column + j] - block[i, j]
            a[row + i, column + j] = min(difference, difference + p)
