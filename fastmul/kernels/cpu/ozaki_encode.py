"""Floats on a grid: rows or columns of a matrix as integers of beta bits under one exponent each.

    a[i, l] = (q[i, l] + x) * 2^(exponents[i] - beta),   |q| < 2^beta,   x of the sign of q, |x| < 1  (bounds/ozaki.py)

What a line discards, sum |x|, is kept in integers: each |x| rounded up to a multiple of 1 / PARTS.
"""

from __future__ import annotations

import numpy as np
from numba import float64, int64, uint64, void

from fastmul.bounds.ozaki import PARTS
from fastmul.kernels.cpu.float_bits import INFINITY_BITS, SIGN, exponent_above, power_of_two
from fastmul.runtime.jit import const, inline, kernel

#: The exponent of a line that holds an infinity or NaN.
SPECIAL = np.int64(1 << 20)
ZERO = np.uint64(0)
MAGNITUDE = ~SIGN


@inline
def grid_exponent(top):
    """The exponent of a line whose largest magnitude has the bits `top`."""
    return SPECIAL if top >= INFINITY_BITS else exponent_above(top)


@kernel(void(const(uint64[:, ::1]), int64[::1], int64, int64))
def row_exponents(bits, exponents, start, stop):
    """The exponents of rows start to stop of a matrix of float64s, given by its bits."""
    for i in range(start, stop):
        top = ZERO
        for l in range(bits.shape[1]):
            top = max(top, bits[i, l] & MAGNITUDE)
        exponents[i] = grid_exponent(top)


@kernel(void(const(uint64[:, ::1]), int64[::1], int64, int64))
def column_exponents(bits, exponents, start, stop):
    """The exponents of columns start to stop."""
    top = np.zeros(stop - start, np.uint64)
    for l in range(bits.shape[0]):
        for j in range(top.size):
            top[j] = max(top[j], bits[l, start + j] & MAGNITUDE)
    for j in range(top.size):
        exponents[start + j] = grid_exponent(top[j])


@inline
def scales(exponent, beta):
    """Two factors that take an entry to the grid: one power of two, beta - exponent in [-1024, 1136], may be none.

    Going up is exact, subnormal numbers included; on the way down only what is far below 1 is rounded, and that is
    discarded anyway.
    """
    shift = beta - exponent
    half = shift >> 1
    return power_of_two(half), power_of_two(shift - half)


@inline
def parts_of(x, scaled):
    """What an entry x discards that lies at `scaled` on the grid, in parts, rounded up."""
    vanished = (scaled == 0.0) & (x != 0.0)  # it underflowed
    return np.int64(np.ceil(np.abs(scaled - np.trunc(scaled)) * PARTS)) + np.int64(vanished)


@kernel(
    void(const(float64[:, ::1]), const(int64[::1]), int64[:, ::1], int64[::1], int64, int64, int64)
)
def cut_rows(x, exponents, q, discarded, beta, start, stop):
    """q and `discarded` (in parts) of rows start to stop of x, which are finite."""
    for i in range(start, stop):
        up, more = scales(exponents[i], beta)
        parts = np.int64(0)
        for l in range(x.shape[1]):
            scaled = x[i, l] * up * more
            q[i, l] = np.int64(scaled)  # towards zero
            parts += parts_of(x[i, l], scaled)
        discarded[i] = parts


@kernel(
    void(const(float64[:, ::1]), const(int64[::1]), int64[:, ::1], int64[::1], int64, int64, int64)
)
def cut_columns(x, exponents, q, discarded, beta, start, stop):
    """q and `discarded` (in parts) of columns start to stop of x, which are finite."""
    n = stop - start
    up, more, parts = np.empty(n), np.empty(n), np.zeros(n, np.int64)
    for j in range(n):
        up[j], more[j] = scales(exponents[start + j], beta)
    for l in range(x.shape[0]):
        # two loops, for the compiler: three arrays each are few enough to tell apart, and become vectors
        for j in range(n):
            q[l, start + j] = np.int64(x[l, start + j] * up[j] * more[j])
        for j in range(n):
            parts[j] += parts_of(x[l, start + j], x[l, start + j] * up[j] * more[j])
    for j in range(n):
        discarded[start + j] = parts[j]
