"""Softmax and cross entropy of rows in one go: the loss, and the gradient softmax - onehot.

Each row is read three times while it is in cache: its largest element m, the exponentials of x - m (kept where the
gradient will be) and their sum in float64, in the order of `normalization`; then they are scaled.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import float32, int64, types, void
from numba.extending import intrinsic

from fastmul.kernels.cpu.elementary import exp_nonpositive, log
from fastmul.kernels.cpu.float_lanes import (
    LANE_BYTES,
    LANES,
    VECTOR_BYTES,
    f32x16,
    load,
    splat,
    sum_lanes,
)
from fastmul.kernels.cpu.gemm import emit
from fastmul.kernels.cpu.gemm.emit import address
from fastmul.kernels.cpu.nn.normalization import deviations
from fastmul.kernels.cpu.nn.rows import put, scale_by, take
from fastmul.kernels.cpu.vectors import splat as splat64
from fastmul.runtime.jit import const, inline, kernel


@intrinsic
def larger(typing_context: Any, a: Any, b: Any) -> Any:
    """The larger; b where a is NaN."""

    def lower(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return builder.select(builder.fcmp_ordered(">", *args), *args)

    return f32x16(f32x16, f32x16), lower


@intrinsic
def largest_lane(typing_context: Any, x: Any) -> Any:
    """The largest lane of those that are not NaN, if there is one."""

    def lower(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        (x,) = args
        half = LANES // 2
        while half:
            low, high = (
                emit.shuffle(builder, x, x, list(range(at, at + half))) for at in (0, half)
            )
            x = builder.select(builder.fcmp_ordered(">", high, low), high, low)
            half //= 2
        return builder.extract_element(x, emit.I32(0))

    return types.float32(f32x16), lower


@inline
def _largest(row):
    """The largest element; a NaN may be passed over, its exponential is NaN all the same."""
    n, minus_infinity = row.size, np.float32(-np.inf)
    found = splat(minus_infinity)
    at = address(row)
    for _ in range(n // LANES):
        found = larger(load(at), found)
        at += VECTOR_BYTES
    result = largest_lane(found)
    for j in range(n - n % LANES, n):
        if row[j] > result:
            result = row[j]
    return result


@inline
def _exponentials(x, out, top, count):
    """out = e^(x - top), x <= top; their sum in float64."""
    low = high = splat64(0.0)
    shift = splat(top)
    while count > 0:
        e = exp_nonpositive(take(x, count) - shift)
        put(out, e, count)
        a, b = deviations(e, 0.0, count)
        low, high = low + a, high + b
        x, out, count = x + VECTOR_BYTES, out + VECTOR_BYTES, count - LANES
    return sum_lanes(low + high)


@kernel(
    void(const(float32[:, ::1]), const(int64[::1]), float32[::1], float32[:, ::1], int64, int64)
)
def cross_entropy(logits, targets, losses, gradient, first, last):
    """losses and gradient of rows first to last - 1."""
    n = logits.shape[1]
    for i in range(first, last):
        top = _largest(logits[i])
        out = address(gradient) + LANE_BYTES * n * i
        total = _exponentials(address(logits) + LANE_BYTES * n * i, out, top, n)
        scale_by(out, np.float32(1.0 / total), 0, n)
        losses[i] = log(np.float32(total)) + (top - logits[i, targets[i]])
        gradient[i, targets[i]] -= np.float32(1.0)
