"""Gaussian elimination modulo p on a narrow panel, and triangular systems of a few rows: the base cases of
`fastmul.linalg`, whose large products are matrix products.

Every step subtracts a multiple of one row from another, so the factor is fixed along a row and Shoup's quotient
serves (bounds/shoup.py): with c' = floor(c B / p), the difference c x - floor(c' x / B) p lies in [0, 2p).

Two sets of kernels come from the same templates: B = 2^32 for p <= 2^32, vectorised by the compiler, and B = 2^64 for
p <= 2^63.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import boolean, int64, uint64, void

from fastmul.bounds.shoup import largest_modulus
from fastmul.kernels.cpu.limbs_words import multiply_add
from fastmul.kernels.cpu.vectors import LANES, load, minimum, shift_right, splat, store
from fastmul.runtime.jit import KernelSet, const, inline, kernel

ZERO, ONE = uint64(0), uint64(1)
HALF = uint64(32)
LOW = uint64(0xFFFFFFFF)
ALL = uint64(0xFFFFFFFFFFFFFFFF)

#: What `eliminate` returns in place of a row when no pivot of a column is invertible.
ZERO_DIVISOR = -1

_matrix = uint64[:, ::1]


# ---------------------------------------------------------------- c x modulo p, by Shoup's quotient


@inline
def narrow_reciprocal(p):  # type: ignore[no-untyped-def]
    """floor((2^64 - 1) / p), for `narrow_quotient`."""
    return ALL // p


@inline
def narrow_quotient(c, p, reciprocal):  # type: ignore[no-untyped-def]
    """floor(c 2^32 / p) for c < p <= 2^32, without a division.

    2^64 / p - 1 <= reciprocal <= 2^64 / p, so c * reciprocal fits a word, and its high half is the quotient or one
    less: c * reciprocal / 2^32 > c 2^32 / p - 1.
    """
    q = (c * reciprocal) >> HALF
    return q + ONE if (c << HALF) - q * p >= p else q


@inline
def narrow_multiply(c, quotient, x, p):  # type: ignore[no-untyped-def]
    """c x modulo p, but for one p: below 2p."""
    x = x & LOW  # what it is anyway; said, it lets the compiler take the 32-bit multiplication
    return c * x - (((quotient * x) >> HALF) * p)


@inline
def wide_reciprocal(p):  # type: ignore[no-untyped-def]
    """None: `wide_quotient` needs no help."""
    return ZERO


@inline
def wide_quotient(c, p, reciprocal):  # type: ignore[no-untyped-def]
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


@inline
def exchange(a, i, k, start, stop):  # type: ignore[no-untyped-def]
    """Exchange a[i, start:stop] with a[k, start:stop]."""
    for j in range(start, stop):
        a[i, j], a[k, j] = a[k, j], a[i, j]


# ---------------------------------------------------------------- templates

# ruff: noqa: F821  (quotient_of and multiply are bound below)


def eliminate(a, lower, order, pivots, row, start, stop, p, divisor):  # type: ignore[no-untyped-def]
    """Template: the echelon form of a[row:, start:stop], whose columns left of it are zero.

    Whole rows are exchanged, in `a`, `lower` and `order`; multipliers go into `lower`, pivot columns into `pivots`.
    Returns the row below the last pivot, or ZERO_DIVISOR with the divisor of p that was met in `divisor`.

    Works on copies: rows of `a` are often a power of two apart, so that those of a panel evict each other.
    """
    reciprocal = reciprocal_of(p)
    n_rows, width = a.shape[0] - row, stop - start
    panel = np.zeros((n_rows, (width + LANES - 1) // LANES * LANES), np.uint64)  # whole vectors
    factors = np.zeros((n_rows, width), np.uint64)
    for i in range(n_rows):
        for j in range(width):
            panel[i, j] = a[row + i, start + j]
    rank = int64(0)
    for j in range(width):
        if rank == n_rows:
            break
        found, blocked = int64(-1), ZERO
        for i in range(rank, n_rows):
            if panel[i, j] != ZERO:
                scale, common = inverse(panel[i, j], p)
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
            exchange(panel, found, rank, 0, width)
            exchange(factors, found, rank, 0, rank)
            exchange(a, row + found, row + rank, stop, a.shape[1])
            exchange(lower, row + found, row + rank, 0, row)
            order[row + found], order[row + rank] = order[row + rank], order[row + found]
        factors[rank, rank] = ONE
        scale_quotient = quotient_of(scale, p, reciprocal)
        for i in range(rank + 1, n_rows):
            x = panel[i, j]
            if x == ZERO:
                continue
            factor = multiply(scale, scale_quotient, x, p)
            factor = min(factor, factor - p)
            factors[i, rank] = factor
            # from the vector with column j on: the pivot row is zero left of it, and the entry below it becomes zero
            subtract_vectors(
                panel, i, rank, j // LANES, factor, quotient_of(factor, p, reciprocal), p
            )
        pivots[row + rank] = start + j
        rank += 1
    for i in range(n_rows):
        for j in range(width):
            a[row + i, start + j] = panel[i, j]
        for j in range(rank):
            lower[row + i, row + j] = factors[i, j]
    return int64(row + rank)


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


@inline
def narrow_subtract_vectors(a, i, k, first, factor, quotient, p):  # type: ignore[no-untyped-def]
    """a[i] -= factor * a[k] modulo p, on whole vectors of columns from the one numbered `first` on."""
    target, source = a[i], a[k]
    c, c_quotient, modulus, low = splat(factor), splat(quotient), splat(p), splat(LOW)
    for j in range(first * LANES, a.shape[1], LANES):
        x = load(source, j) & low  # what it is anyway, as in narrow_multiply
        r = (c & low) * x - shift_right((c_quotient & low) * x, 32) * modulus
        difference = load(target, j) - minimum(r, r - modulus)
        store(target, j, minimum(difference, difference + modulus))


@inline
def wide_subtract_vectors(a, i, k, first, factor, quotient, p):  # type: ignore[no-untyped-def]
    """The same; a high half of 64-bit products is no vector operation."""
    target, source = a[i], a[k]
    for j in range(uint64(first * LANES), uint64(a.shape[1])):
        r = wide_multiply(factor, quotient, source[j], p)
        difference = target[j] - min(r, r - p)
        target[j] = min(difference, difference + p)


class Elimination(KernelSet):
    """The kernels for one size of modulus."""

    def __init__(self, name: str, reciprocal_of: Any, quotient_of: Any, multiply: Any,
                 subtract_vectors: Any) -> None:  # fmt: skip
        bound = {
            "reciprocal_of": reciprocal_of,
            "quotient_of": quotient_of,
            "multiply": multiply,
            "subtract_multiple": _make_subtract_multiple(multiply),
            "subtract_vectors": subtract_vectors,
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


narrow = Elimination(
    "narrow", narrow_reciprocal, narrow_quotient, narrow_multiply, narrow_subtract_vectors
)
wide = Elimination("wide", wide_reciprocal, wide_quotient, wide_multiply, wide_subtract_vectors)


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
