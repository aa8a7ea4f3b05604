"""What follows a product, in one pass over rows that are still in cache.

    row  ->  + bias  ->  activation  ->  normalisation  ->  dropout  ->  + residual

A stretch of a row (all of it where it is normalised, for that needs its sums) goes through all stages before the
next is touched, so a stage reads from the first-level cache what the one before has written. Each stage rounds to
float32, as it would alone: fusing changes no bit. Stages are switched by arguments, and the activation is another
kernel's address, so one kernel serves every combination.
"""

from __future__ import annotations

import numpy as np
from numba import float32, float64, int64, uint32, uint64, void

from fastmul.kernels.cpu.elementary_arrays import apply_at
from fastmul.kernels.cpu.float_lanes import LANE_BYTES
from fastmul.kernels.cpu.gemm.emit import address
from fastmul.kernels.cpu.nn.normalization import layer_norm, rms_norm
from fastmul.kernels.cpu.nn.rows import add_to, drop
from fastmul.kernels.cpu.philox import fill_words
from fastmul.runtime.jit import kernel

#: Elements of a row that go through all stages at a time: 8 KiB, with bias, residual and words a first-level cache.
STRETCH = 2048
#: Which normalisation.
NONE, RMS, LAYER = range(3)


@kernel(
    void(
        int64, int64, int64, int64, int64, int64,
        int64, int64, int64, float64,
        uint32, float32, uint64, uint64, uint64, int64, int64,
    )
)  # fmt: skip
def finish(rows, n, first, last, bias, activation,
           normalization, weight, shift, eps,
           threshold, scale, site, key0, key1, rows_of_plane, residual):  # fmt: skip
    """The stages over rows of n float32 one after another at the address `rows`, in place: rows first to last - 1.

    These numbers are the rows' coordinates; `residual` is the address of row `first` of what is added at the end.
    A zero address, NONE or a zero threshold switches a stage off.
    """
    step = n if normalization != NONE else min(n, STRETCH)
    words = np.empty(STRETCH, np.uint32)
    for place in range(first, last):
        for start in range(0, n, step):
            count, x = min(step, n - start), rows + LANE_BYTES * start
            if bias:
                add_to(x, bias + LANE_BYTES * start, count)
            if activation:
                apply_at(activation, x, x, count)
            if normalization == RMS:
                rms_norm(x, weight, eps, count)
            elif normalization == LAYER:
                layer_norm(x, weight, shift, eps, count)
            if threshold:
                for part in range(0, count, STRETCH):
                    size = min(STRETCH, count - part)
                    fill_words(words, size, start + part, place % rows_of_plane,
                               place // rows_of_plane, site, key0, key1)  # fmt: skip
                    drop(x + LANE_BYTES * part, address(words), scale, threshold, size)
            if residual:
                add_to(x, residual + LANE_BYTES * start, count)
        rows += LANE_BYTES * n
        if residual:
            residual += LANE_BYTES * n
