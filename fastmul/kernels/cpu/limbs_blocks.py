"""Products of many single words: one row of words after another becomes one number of as many limbs."""

from __future__ import annotations

import numpy as np
from numba import uint64, void

from fastmul.kernels.cpu.limbs_words import multiply_add
from fastmul.runtime.jit import const, kernel

ZERO = np.uint64(0)


@kernel(void(const(uint64[:, ::1]), uint64[:, ::1]))
def multiply_rows(words, out):
    """out[i] = the limbs of the product of words[i]: as many as there are words, so that it always fits."""
    for i in range(words.shape[0]):
        out[i, 0] = words[i, 0]
        for j in range(1, words.shape[1]):
            factor, carry = words[i, j], ZERO
            for k in range(j):
                low, carry = multiply_add(out[i, k], factor, carry, ZERO)
                out[i, k] = low
            out[i, j] = carry
