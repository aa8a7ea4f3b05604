"""The method of the Four Russians as one would write it in Numba: the baseline of products over GF(2)."""

from __future__ import annotations

import numba
import numpy as np


@numba.njit
def multiply(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """The product of packed words (as `fastmul.matrices.BitMatrix` packs them): all 256 sums of 8 rows at a time."""
    m, width = a.shape[0], b.shape[1]
    c = np.zeros((m, width), np.uint64)
    sums = np.zeros((256, width), np.uint64)
    for t in range(b.shape[0] // 8):
        for s in range(1, 256):
            lowest = s & -s
            row = 0
            while 1 << row != lowest:
                row += 1
            for w in range(width):
                sums[s, w] = sums[s ^ lowest, w] ^ b[8 * t + row, w]
        shift = np.uint64(8 * (t % 8))
        for i in range(m):
            s = a[i, t // 8] >> shift & np.uint64(255)
            for w in range(width):
                c[i, w] ^= sums[s, w]
    return c
