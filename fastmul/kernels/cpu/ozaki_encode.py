"""Floats on a grid: rows or columns of a matrix as integers of beta bits under one exponent each.

    a[i, l] = (q[i, l] + x) * 2^(exponents[i] - beta),   |q| < 2^beta,   x of the sign of q, |x| < 1  (bounds/ozaki.py)

Where x is not zero the entry is inexact. Which ones are is kept bit by bit, 64 values of l to a word:

    inexact[i, l // 64]  bit l % 64        of a row i of A
    inexact[l // 64, j]  bit l % 64        of a column j of B

and how much they discard together, sum |x|, is kept in integers: each |x| rounded up to a multiple of 1 / PARTS.
Rows and columns that hold an infinity or NaN become zeros, and their exponent is SPECIAL.
"""

from __future__ import annotations

import numpy as np
from numba import float64, int64, uint64, void

from fastmul.bounds.ozaki import PARTS
from fastmul.kernels.cpu.float_bits import INFINITY_BITS, SIGN, exponent_above, power_of_two
from fastmul.runtime.jit import const, inline, kernel

#: The exponent of a row or column that is not finite.
SPECIAL = np.int64(1 << 20)
ZERO = np.uint64(0)
#: Values of l to a word of `inexact`.
BLOCK = 64
MAGNITUDE = ~SIGN


@inline
def grid_exponent(top):
    """The exponent of entries whose largest magnitude has the bits `top`."""
    return SPECIAL if top >= INFINITY_BITS else exponent_above(top)


@inline
def scales(exponent, beta):
    """Two factors that take an entry to the grid, and two that take it back: one power of two may be out of range.

    beta - exponent is in [-1024, 1136]. Going up is exact; what is not on the way down is below 1 and discarded. The
    way back ends at a multiple of 2^-1074 with at most 53 bits, so it is exact.
    """
    if exponent == SPECIAL:
        return 0.0, 0.0, 0.0, 0.0
    shift = beta - exponent
    half = shift >> 1
    rest = shift - half
    return power_of_two(half), power_of_two(rest), power_of_two(-half), power_of_two(-rest)


@inline
def parts_of(differs, distance):
    """|x| in parts, rounded up: 0 of an entry that does not differ, at least 1 of one that does.

    Without branches: on a coarse grid every other entry differs.
    """
    return np.int64(differs) * max(np.int64(1), np.int64(np.ceil(np.abs(distance) * PARTS)))


@kernel(void(const(uint64[:, ::1]), const(float64[:, ::1]), int64[:, ::1], int64[::1], uint64[:, ::1],
             int64[::1], int64, int64, int64))  # fmt: skip
def encode_rows(bits, x, q, exponents, inexact, discarded, beta, start, stop):
    """Encode rows start to stop of x, whose bits are `bits`; `discarded` is in parts."""
    k = x.shape[1]
    for i in range(start, stop):
        top = ZERO
        for l in range(k):
            top = max(top, bits[i, l] & MAGNITUDE)
        exponents[i] = grid_exponent(top)
        parts = discarded[i] = 0
        up, up_more, down, down_more = scales(exponents[i], beta)
        if exponents[i] == SPECIAL:
            q[i] = 0
            inexact[i] = 0
            continue
        for block in range(inexact.shape[1]):
            word = ZERO
            for l in range(BLOCK * block, min(k, BLOCK * (block + 1))):
                scaled = x[i, l] * up * up_more
                whole = np.trunc(scaled)
                q[i, l] = np.int64(whole)
                differs = whole * down * down_more != x[i, l]
                word |= np.uint64(differs) << np.uint64(l % BLOCK)
                parts += parts_of(differs, scaled - whole)
            inexact[i, block] = word
        discarded[i] = parts


@kernel(void(const(uint64[:, ::1]), const(float64[:, ::1]), int64[:, ::1], int64[::1], uint64[:, ::1],
             int64[::1], int64, int64, int64))  # fmt: skip
def encode_columns(bits, x, q, exponents, inexact, discarded, beta, start, stop):
    """Encode columns start to stop of x, whose bits are `bits`; `discarded` is in parts."""
    k, n = x.shape[0], stop - start
    top = np.zeros(n, np.uint64)
    for l in range(k):
        for j in range(n):
            top[j] = max(top[j], bits[l, start + j] & MAGNITUDE)
    up, up_more, down, down_more = np.empty(n), np.empty(n), np.empty(n), np.empty(n)
    for j in range(n):
        exponents[start + j] = grid_exponent(top[j])
        discarded[start + j] = 0
        up[j], up_more[j], down[j], down_more[j] = scales(exponents[start + j], beta)
    for block in range(inexact.shape[0]):
        for j in range(start, stop):
            inexact[block, j] = ZERO
        for l in range(BLOCK * block, min(k, BLOCK * (block + 1))):
            bit = np.uint64(l % BLOCK)
            for j in range(n):
                value = x[l, start + j]
                if exponents[start + j] == SPECIAL:
                    value = 0.0
                scaled = value * up[j] * up_more[j]
                whole = np.trunc(scaled)
                q[l, start + j] = np.int64(whole)
                differs = whole * down[j] * down_more[j] != value
                inexact[block, start + j] |= np.uint64(differs) << bit
                discarded[start + j] += parts_of(differs, scaled - whole)
