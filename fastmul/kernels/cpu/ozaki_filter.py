"""float32 products from float64 ones: round where the error of the float64 product does not matter."""

from __future__ import annotations

import numpy as np
from numba import float64, int64, uint8, void

from fastmul.kernels.cpu.exact_entries import all_products_are_negative_zeros
from fastmul.runtime.jit import const, kernel

#: More than the rounding of c itself and of the ends of its interval: twice the unit roundoff of float64.
ENDS = 2.0**-52


@kernel(
    void(
        float64[:, ::1], const(float64[::1]), const(float64[::1]), float64,
        const(float64[:, :]), const(float64[:, :]), uint8[:, ::1], int64, int64,
    )
)  # fmt: skip
def filter_rows(c, row_norms, column_norms, factor, a, b_transposed, undecided, start, stop):
    """Round rows start to stop of c to float32, in place, where the ends of [c - r, c + r] round alike.

    r = factor |a_i| |b_j| (bounds/ozaki.py). Elsewhere the entry is `undecided`, but for zeros of known sign, and
    entries whose norms are not finite, which are left as they are.
    """
    for i in range(start, stop):
        for j in range(c.shape[1]):
            undecided[i, j] = 0
            value = c[i, j]
            radius = factor * row_norms[i] * column_norms[j]
            if not np.isfinite(radius):
                continue
            if value == 0.0 and radius == 0.0:
                negative = all_products_are_negative_zeros(a, b_transposed, i, j)
                c[i, j] = -0.0 if negative else 0.0
                continue
            radius += np.abs(value) * ENDS
            low, high = value - radius, value + radius
            if (low > 0.0 or high < 0.0) and np.float32(low) == np.float32(high):
                c[i, j] = np.float64(np.float32(value))
            else:
                undecided[i, j] = 1
