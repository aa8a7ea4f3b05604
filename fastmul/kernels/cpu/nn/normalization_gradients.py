"""Gradients of the normalisations: by the rows one row at a time, by weight and bias one column at a time.

    xhat = (x - mean) scale,  g = grad * weight
    dx      = scale (g - mean(g) - xhat mean(g xhat))      (RMSNorm: mean = 0 and no mean(g))
    dweight = sum over rows of grad xhat                   dbias = sum over rows of grad

All means and sums run in float64 and in one order, whatever the threads: rows as in `normalization`, columns from the
first row to the last. The first kernel leaves each row's mean and scale for the second.
"""

from __future__ import annotations

import numpy as np
from numba import boolean, float32, float64, int64, void

from fastmul.kernels.cpu.float_lanes import (
    LANE_BYTES,
    LANES,
    VECTOR_BYTES,
    high_half,
    low_half,
    splat,
    sum_lanes,
)
from fastmul.kernels.cpu.nn.normalization import (
    deviations,
    inverse_root,
    sum_of,
    sum_of_squares,
)
from fastmul.kernels.cpu.nn.rows import put, take
from fastmul.kernels.cpu.vectors import fma
from fastmul.kernels.cpu.vectors import splat as splat64
from fastmul.runtime.jit import const, inline, kernel

#: Columns whose sums are made at a time: float64, in the first-level cache.
STRETCH = 512


@inline
def _next_gradient(grad, weight, count):
    """grad * weight, sixteen lanes; the address 0 is a weight of 1."""
    g = take(grad, count)
    return g * take(weight, count) if weight else g


@inline
def _row_sums(x, grad, weight, mean, count):
    """The sums of g and of g (x - mean) over a row."""
    low = high = cross_low = cross_high = splat64(0.0)
    while count > 0:
        a, b = deviations(take(x, count), mean, count)
        g = _next_gradient(grad, weight, count)
        g_low, g_high = low_half(g), high_half(g)
        low, high = low + g_low, high + g_high
        cross_low, cross_high = fma(g_low, a, cross_low), fma(g_high, b, cross_high)
        if weight:
            weight += VECTOR_BYTES
        x, grad, count = x + VECTOR_BYTES, grad + VECTOR_BYTES, count - LANES
    return sum_lanes(low + high), sum_lanes(cross_low + cross_high)


@inline
def _row_gradient(x, grad, weight, out, mean, scale, mean_g, mean_g_xhat, count):
    high = np.float32(mean)
    mean_high, mean_low = splat(high), splat(np.float32(mean - np.float64(high)))
    factor, first, second = splat(scale), splat(np.float32(mean_g)), splat(np.float32(mean_g_xhat))
    while count > 0:
        xhat = (take(x, count) - mean_high - mean_low) * factor
        put(out, (_next_gradient(grad, weight, count) - first - xhat * second) * factor, count)
        if weight:
            weight += VECTOR_BYTES
        x, grad, out = x + VECTOR_BYTES, grad + VECTOR_BYTES, out + VECTOR_BYTES
        count -= LANES


@kernel(void(int64, int64, int64, int64, int64, boolean, float64,
             float64[::1], float32[::1], int64, int64))  # fmt: skip
def by_rows(x, grad, weight, out, n, is_centered, eps, means, scales, first, last):
    """out = dx, of rows first to last - 1 of n float32 at these addresses; and the rows' means and scales."""
    offset = LANE_BYTES * n * first
    x, grad, out = x + offset, grad + offset, out + offset
    for i in range(first, last):
        mean = sum_of(x, n) / n if is_centered else 0.0
        scale = inverse_root(sum_of_squares(x, mean, n), n, eps)
        total, cross = _row_sums(x, grad, weight, mean, n)
        mean_g = total / n if is_centered else 0.0
        _row_gradient(x, grad, weight, out, mean, scale, mean_g, cross * scale / n, n)
        means[i], scales[i] = mean, scale
        x, grad, out = x + LANE_BYTES * n, grad + LANE_BYTES * n, out + LANE_BYTES * n


@kernel(void(const(float32[:, ::1]), const(float32[:, ::1]), const(float64[::1]), const(float32[::1]),
             float32[::1], float32[::1], int64, int64))  # fmt: skip
def by_columns(x, grad, means, scales, of_weight, of_bias, first, last):
    """dweight and dbias of columns first to last - 1, at most `STRETCH`."""
    count = last - first
    weights, biases = np.zeros(count), np.zeros(count)
    for i in range(x.shape[0]):
        source, g = x[i, first:last], grad[i, first:last]
        mean, scale = means[i], np.float64(scales[i])
        for j in range(count):
            weights[j] += np.float64(g[j]) * ((np.float64(source[j]) - mean) * scale)
        for j in range(count):
            biases[j] += np.float64(g[j])
    for j in range(count):
        of_weight[first + j], of_bias[first + j] = weights[j], biases[j]
