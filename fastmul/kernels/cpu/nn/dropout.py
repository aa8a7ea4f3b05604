"""Elementwise dropout: the words of a stretch of a line, then one vectorised pass over it.

An array (planes, rows, columns) comes as its lines, (planes rows, columns); line l is row l mod rows of plane
l // rows. An element is kept iff its word >= threshold.
"""

from __future__ import annotations

import numpy as np
from numba import boolean, float32, float64, int64, uint32, uint64, void

from fastmul.kernels.cpu.philox import fill_words
from fastmul.runtime.jit import const, kernel

#: Words that are made at a time: they stay in the first-level cache, beside as much of x and the result.
STRETCH = 1024


def drop(x, out, scale, threshold, rows, site, key0, key1, line, last_line, first, last):  # type: ignore[no-untyped-def]
    """Template: out = x * scale where kept, 0 elsewhere, in the given lines and columns; `first` is a multiple of 4."""
    words = np.empty(STRETCH, np.uint32)
    zero = scale - scale
    for l in range(line, last_line):
        for start in range(first, last, STRETCH):
            count = min(STRETCH, last - start)
            fill_words(words, count, start, l % rows, l // rows, site, key0, key1)
            source, target = x[l, start : start + count], out[l, start : start + count]
            for i in range(count):
                scaled = source[i] * scale
                target[i] = scaled if words[i] >= threshold else zero


_WHERE = (uint32, int64, uint64, uint64, uint64, int64, int64, int64, int64)

drop_float32 = kernel(
    void(const(float32[:, ::1]), float32[:, ::1], float32, *_WHERE), name="drop_float32"
)(drop)
drop_float64 = kernel(
    void(const(float64[:, ::1]), float64[:, ::1], float64, *_WHERE), name="drop_float64"
)(drop)


@kernel(void(boolean[:, ::1], *_WHERE))
def keep(out, threshold, rows, site, key0, key1, line, last_line, first, last):
    """out = whether the element is kept."""
    words = np.empty(STRETCH, np.uint32)
    for l in range(line, last_line):
        for start in range(first, last, STRETCH):
            count = min(STRETCH, last - start)
            fill_words(words, count, start, l % rows, l // rows, site, key0, key1)
            target = out[l, start : start + count]
            for i in range(count):
                target[i] = words[i] >= threshold
