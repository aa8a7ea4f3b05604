"""Single entries of a float product, rounded once: by a compensated dot product, or in the long accumulator."""

from __future__ import annotations

import numpy as np
from numba import float64, int64, void

from fastmul.bounds.ozaki import ACCUMULATOR_WORDS, ADDITIONS_BETWEEN_CARRIES
from fastmul.kernels.cpu.accumulator import LAST, add_product, carry, clear, rounded
from fastmul.kernels.cpu.compensated import SCRATCH, rounded_dot
from fastmul.kernels.cpu.float_bits import SIGN, as_bits
from fastmul.runtime.jit import const, inline, kernel

#: The precision of float32, by which a format is told.
FLOAT32_BITS = 24


@inline
def all_products_are_negative_zeros(a, b_transposed, i, j):
    """Whether every a[i, l] * b[l, j] is -0: then IEEE's sum is -0, and not +0."""
    for l in range(a.shape[1]):
        x, y = as_bits(a[i, l]), as_bits(b_transposed[j, l])
        is_zero = (x & ~SIGN) == 0 or (y & ~SIGN) == 0
        if not is_zero or ((x ^ y) & SIGN) == 0:
            return False
    return True


@inline
def accumulated_dot(words, a, b, precision, lowest):
    """The sum of a * b, rounded once; zeros without their sign."""
    clear(words)
    for first in range(0, a.size, ADDITIONS_BETWEEN_CARRIES):
        for l in range(first, min(a.size, first + ADDITIONS_BETWEEN_CARRIES)):
            add_product(words, a[l], b[l])
        carry(words, 0, LAST)
    return rounded(words, precision, lowest)


@kernel(
    void(
        const(float64[:, ::1]), const(float64[:, ::1]), const(int64[::1]), const(int64[::1]), const(int64[::1]),
        float64[:, :], int64, int64, int64, int64,
    )
)  # fmt: skip
def compute_entries(a, b_lines, rows, lines, columns, out, precision, lowest, start, stop):
    """out[rows[x], columns[x]] = a[rows[x]] . b_lines[lines[x]], rounded once, for x in start to stop; finite."""
    words = np.empty(ACCUMULATOR_WORDS, np.int64)
    scratch = np.empty(SCRATCH)
    for index in range(start, stop):
        i, j = rows[index], lines[index]
        decided, value = rounded_dot(a[i], b_lines[j], scratch, precision == FLOAT32_BITS)
        if not decided:
            value = accumulated_dot(words, a[i], b_lines[j], precision, lowest)
            if value == 0.0 and all_products_are_negative_zeros(a, b_lines, i, j):
                value = -0.0
        out[i, columns[index]] = value
