"""Gaussian elimination modulo p on a narrow panel, and triangular systems of a few rows: the base cases of
`fastmul.linalg`, whose large products are matrix products.

Every step subtracts a multiple of one row from another, so the factor is fixed along a row and Shoup's quotient
serves (bounds/shoup.py): with c' = floor(c B / p), the difference c x - floor(c' x / B) p lies in [0, 2p).

Two sets of kernels come from the same templates: B = 2^32 for p <= 2^32, vectorised by the compiler, and B = 2^64 for
p <= 2^63.
"""

from __future__ import annotations

from typing import Any

from numba import boolean, int64, uint64, void

from fastmul.bounds.shoup import largest_modulus
from fastmul.kernels.cpu.limbs_words import multiply_add
from fastmul.runtime.jit import const, inline, kernel

ZERO, ONE = uint64(0), uint64(1)
HALF = uint64(32)
LOW = uint64(0xFFFFFFFF)

#: What `eliminate` returns in place of a row when no pivot of a column is invertible.
ZERO_DIVISOR = -1

_matrix = uint64[:, ::1]


# ---------------------------------------------------------------- c x modulo p, by Shoup's quotient


@inline
def narrow_quotient(c, p):  # type: ignore[no-untyped-def]
    """floor(c 2^32 / p) for c < p <= 2^32."""
    return (c << HALF) // p


@inline
def narrow_multiply(c, quotient, x, p):  # type: ignore[no-untyped-def]
    """c x modulo p, but for one p: below 2p."""
    x = x & LOW  # what it is anyway; said, it lets the compiler take the 32-bit multiplication
    return c * x - (((quotient * x) >> HALF) * p)


@inline
def wide_quotient(c, p):  # type: ignore[no-untyped-def]
    """floor(c 2^64 / p) for c < p <= 2^63, a bit at a time."""
    q = ZERO
    for _ in range(64):
        c = c << ONE  # below 2p, at most 2^64 - 1
        q = q << ONE
        if c >= p:
            c -= p
            q |= ONE
    return q


@inline
def wide_multiply(c, quotient, x, p):  # type: ignore[no-untyped-def]
    """c x modulo p, but for one p: below 2p."""
    high = multiply_add(quotient, x, ZERO, ZERO)[1]
    return c * x - high * p


@inline
def inverse(c, p):  # type: ignore[no-untyped-def]
    """(1/c modulo p, 1), or (0, the common divisor) where there is none; by Euclid's algorithm.

    The coefficients alternate in sign and stay at most p, so their sizes suffice.
    """
    old, new = p, c
    old_size, size = ZERO, ONE
    negative = False  # the sign of `size`
    while new != ZERO:
        q = old // new
        old, new = new, old - q * new
        old_size, size = size, old_size + q * size
        negative = not negative
    if old != ONE:
        return ZERO, old
    return (old_size if negative else p - old_size), ONE


# ---------------------------------------------------------------- templates

# ruff: noqa: F821  (quotient_of and multiply are bound below)


def eliminate(a, lower, order, pivots, row, start, stop, p, divisor):  # type: ignore[no-untyped-def]
    """Template: the echelon form of a[row:, start:stop], whose columns left of it are zero.

    Whole rows are exchanged, in `a`, `lower` and `order`; multipliers go into `lower`, pivot columns into `pivots`.
    Returns the row below the last pivot, or ZERO_DIVISOR with the divisor of p that was met in `divisor`.
    """
    m, n = a.shape
    for j in range(start, stop):
        if row == m:
            break
        found, blocked = int64(-1), ZERO
        for i in range(row, m):
            if a[i, j] != ZERO:
                scale, common = inverse(a[i, j], p)
                if common == ONE:
                    found = i
                    break
                blocked = common
        if found < 0:
            if blocked != ZERO:
                divisor[0] = blocked
                return int64(ZERO_DIVISOR)
            continue
        if found != row:
            for c in range(start, n):
                a[found, c], a[row, c] = a[row, c], a[found, c]
            for c in range(row):
                lower[found, c], lower[row, c] = lower[row, c], lower[found, c]
            order[found], order[row] = order[row], order[found]
        lower[row, row] = ONE
        scale_quotient = quotient_of(scale, p)
        for i in range(row + 1, m):
            x = a[i, j]
            if x == ZERO:
                lower[i, row] = ZERO
                continue
            factor = multiply(scale, scale_quotient, x, p)
            factor = min(factor, factor - p)
            lower[i, row] = factor
            a[i, j] = ZERO
            subtract_multiple(a, i, row, j + 1, stop, factor, quotient_of(factor, p), p)
        pivots[row] = j
        row += 1
    return int64(row)


def solve_lower(lower, first, last, b, start, stop, p):  # type: ignore[no-untyped-def]
    """Template: X of L X = B in place of B = b[first:last, start:stop]; L = lower[first:last, first:last], with
    ones on its diagonal."""
    for i in range(first + 1, last):
        for k in range(first, i):
            factor = lower[i, k]
            if factor != ZERO:
                quotient = quotient_of(factor, p)
                subtract_multiple(b, i, k, start, stop, factor, quotient, p)


def solve_upper(upper, first, last, b, start, stop, p):  # type: ignore[no-untyped-def]
    """Template: X of U X = B in place of B = b[first:last, start:stop]; U has ones on its diagonal."""
    for i in range(last - 2, first - 1, -1):
        for k in range(last - 1, i, -1):
            factor = upper[i, k]
            if factor != ZERO:
                quotient = quotient_of(factor, p)
                subtract_multiple(b, i, k, start, stop, factor, quotient, p)


def scale_rows(a, factors, p):  # type: ignore[no-untyped-def]
    """Template: a[i] = a[i] * factors[i] modulo p."""
    for i in range(a.shape[0]):
        factor = factors[i]
        quotient = quotient_of(factor, p)
        for j in range(a.shape[1]):
            x = multiply(factor, quotient, a[i, j], p)
            a[i, j] = min(x, x - p)


def reduce_to_hessenberg(a, p, divisor):  # type: ignore[no-untyped-def]
    """Template: a similar matrix that is zero below its first subdiagonal, in place; True, or False as `eliminate`."""
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
        scale_quotient = quotient_of(scale, p)
        for i in range(pivot + 1, n):
            if a[i, j] == ZERO:
                continue
            factor = multiply(scale, scale_quotient, a[i, j], p)
            factor = min(factor, factor - p)
            quotient = quotient_of(factor, p)
            subtract_multiple(a, i, pivot, j, n, factor, quotient, p)
            for c in range(n):  # and the inverse operation on columns
                x = multiply(factor, quotient, a[c, i], p)
                x = min(x, x - p)
                total = a[c, pivot] + x
                a[c, pivot] = min(total, total - p)
    return True


def characteristic_of_hessenberg(h, rows, p):  # type: ignore[no-untyped-def]
    """Template: rows[n] = the coefficients of det(x - H), constant first; rows is (n + 1, n + 1) zeros."""
    n = h.shape[0]
    rows[0, 0] = ONE
    for m in range(1, n + 1):
        for c in range(m):
            rows[m, c + 1] = rows[m - 1, c]
        factor = h[m - 1, m - 1]
        subtract_multiple(rows, m, m - 1, 0, m, factor, quotient_of(factor, p), p)
        product = ONE
        for i in range(1, m):
            below = h[m - i, m - i - 1]
            product = multiply(below, quotient_of(below, p), product, p)
            product = min(product, product - p)
            factor = multiply(product, quotient_of(product, p), h[m - i - 1, m - 1], p)
            factor = min(factor, factor - p)
            subtract_multiple(rows, m, m - i - 1, 0, m - i, factor, quotient_of(factor, p), p)


# ---------------------------------------------------------------- the kernels


def _make_subtract_multiple(multiply: Any) -> Any:
    @inline
    def subtract_multiple(a, i, k, start, stop, factor, quotient, p):  # type: ignore[no-untyped-def]
        """a[i, start:stop] -= factor * a[k, start:stop] modulo p.

        Unsigned: of r and r - p, or of a difference and itself + p, the smaller is the one in [0, p).
        """
        for j in range(start, stop):
            r = multiply(factor, quotient, a[k, j], p)
            r = min(r, r - p)
            difference = a[i, j] - r
            a[i, j] = min(difference, difference + p)

    return subtract_multiple


class Elimination:
    """The kernels for one size of modulus."""

    def __init__(self, name: str, quotient_of: Any, multiply: Any) -> None:
        bound = {
            "quotient_of": quotient_of,
            "multiply": multiply,
            "subtract_multiple": _make_subtract_multiple(multiply),
        }

        def make(signature: Any, template: Any) -> Any:
            return kernel(signature, name=f"{template.__name__}_{name}", **bound)(template)

        self.eliminate = make(
            int64(
                _matrix, _matrix, int64[::1], int64[::1], int64, int64, int64, uint64, uint64[::1]
            ),
            eliminate,
        )
        self.solve_lower = make(
            void(const(_matrix), int64, int64, _matrix, int64, int64, uint64), solve_lower
        )
        self.solve_upper = make(
            void(const(_matrix), int64, int64, _matrix, int64, int64, uint64), solve_upper
        )
        self.scale_rows = make(void(_matrix, const(uint64[::1]), uint64), scale_rows)
        self.reduce_to_hessenberg = make(
            boolean(_matrix, uint64, uint64[::1]), reduce_to_hessenberg
        )
        self.characteristic_of_hessenberg = make(
            void(const(_matrix), _matrix, uint64), characteristic_of_hessenberg
        )


narrow = Elimination("narrow", narrow_quotient, narrow_multiply)
wide = Elimination("wide", wide_quotient, wide_multiply)


def elimination(p: int) -> Elimination:
    """The kernels for the modulus p."""
    return narrow if p <= largest_modulus(32) else wide


@kernel(void(_matrix, int64, int64, const(_matrix), uint64))
def subtract_block(a, row, column, block, p):  # type: ignore[no-untyped-def]
    """a[row:, column:] -= block modulo p, on as many rows and columns as block has."""
    for i in range(block.shape[0]):
        for j in range(block.shape[1]):
            difference = a[row + i, column + j] - block[i, j]
            a[row + i, column + j] = min(difference, difference + p)
