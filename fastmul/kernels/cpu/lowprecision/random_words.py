"""The random words of stochastic roundings: `philox`, a line at a time, cut to their top bits."""

from __future__ import annotations

import numpy as np
from numba import int64, uint32, uint64, void

from fastmul.kernels.cpu.philox import WORDS, fill_words
from fastmul.runtime.jit import kernel


@kernel(void(uint32[:, ::1], int64, uint64, uint64, uint64, uint32, int64, int64))
def random_lines(out, rows, site, key0, key1, mask, first, last):
    """Lines first to last of an array whose planes have `rows` lines: the words of their elements, masked."""
    columns = out.shape[1]
    words = np.empty((columns + WORDS - 1) // WORDS * WORDS, np.uint32)
    for line in range(first, last):
        fill_words(words, columns, 0, line % rows, line // rows, site, key0, key1)
        for column in range(columns):
            out[line, column] = words[column] & mask
