"""Rows brought to a common scale: RMSNorm and LayerNorm of one row, in place.

The sums run in float64, in one order whatever the threads: 32 lanes, in four vectors, take elements i, i + 32,
i + 64, ... (two vectors suffice for the last 31); then the lanes are added, as `sum_lanes` says. Squares of float32
are exact in float64. So what a norm divides by is right to n 2^-53, and rounded to float32 once.

    xxxxxxxx xxxxxxxx xxxxxxxx xxxxxxxx      low, high, low2, high2
    xxxxxxxx xxxxxxxx xxxxxxxx xxxxxxxx      + the next 32, ...
    xxxxxxxx xxxxxxxx                        + the last two pieces of 16,
    xxxxx... ........                        zeros beyond the row's end
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from fastmul.kernels.cpu.float_lanes import (
    LANES,
    VECTOR_BYTES,
    f32x16,
    high_half,
    load,
    low_half,
    sum_lanes,
)
from fastmul.kernels.cpu.gemm import emit
from fastmul.kernels.cpu.nn.rows import scale_by, standardize, take
from fastmul.kernels.cpu.vectors import f64x8, fma
from fastmul.kernels.cpu.vectors import splat as splat64
from fastmul.runtime.jit import inline


@intrinsic
def deviations(typing_context: Any, x: Any, center: Any, count: Any) -> Any:
    """x - center in float64, as two vectors; zeros in lanes from `count` on."""

    def lower(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        x, center, count = args
        wide = builder.fpext(x, ir.VectorType(ir.DoubleType(), LANES))
        wide = builder.fsub(wide, emit.splat(builder, center, LANES))
        lanes = ir.Constant(ir.VectorType(emit.I64, LANES), list(range(LANES)))
        inside = builder.icmp_signed("<", lanes, emit.splat(builder, count, LANES))
        wide = builder.select(inside, wide, ir.Constant(wide.type, None))
        halves = [
            emit.shuffle(builder, wide, wide, list(range(start, start + LANES // 2)))
            for start in (0, LANES // 2)
        ]
        return context.make_tuple(builder, sig.return_type, halves)

    return types.UniTuple(f64x8, 2)(f32x16, types.float64, types.int64), lower


@inline
def sum_of(at, count):
    """The sum of a row's elements, in float64."""
    low = high = low2 = high2 = splat64(0.0)
    while count >= 2 * LANES:
        x, y = load(at), load(at + VECTOR_BYTES)
        low, high = low + low_half(x), high + high_half(x)
        low2, high2 = low2 + low_half(y), high2 + high_half(y)
        at, count = at + 2 * VECTOR_BYTES, count - 2 * LANES
    while count > 0:
        x = take(at, count)
        low, high = low + low_half(x), high + high_half(x)
        at, count = at + VECTOR_BYTES, count - LANES
    return sum_lanes((low + high) + (low2 + high2))


@inline
def sum_of_squares(at, center, count):
    """The sum of (x - center)^2 over a row, in float64."""
    low = high = low2 = high2 = splat64(0.0)
    middle = splat64(center)
    while count >= 2 * LANES:
        x, y = load(at), load(at + VECTOR_BYTES)
        a, b, c, d = low_half(x), high_half(x), low_half(y), high_half(y)
        a, b, c, d = a - middle, b - middle, c - middle, d - middle
        low, high = fma(a, a, low), fma(b, b, high)
        low2, high2 = fma(c, c, low2), fma(d, d, high2)
        at, count = at + 2 * VECTOR_BYTES, count - 2 * LANES
    while count > 0:
        a, b = deviations(take(at, count), center, count)
        low, high = fma(a, a, low), fma(b, b, high)
        at, count = at + VECTOR_BYTES, count - LANES
    return sum_lanes((low + high) + (low2 + high2))


@inline
def inverse_root(total, count, eps):
    """1 / sqrt(total / count + eps), rounded to float32 at the end."""
    return np.float32(1.0 / math.sqrt(total / count + eps))


@inline
def rms_norm(at, weight, eps, count):
    """x = x / sqrt(mean(x^2) + eps) * weight."""
    scale_by(at, inverse_root(sum_of_squares(at, 0.0, count), count, eps), weight, count)


@inline
def layer_norm(at, weight, shift, eps, count):
    """x = (x - mean(x)) / sqrt(variance(x) + eps) * weight + shift."""
    mean = sum_of(at, count) / count
    scale = inverse_root(sum_of_squares(at, mean, count), count, eps)
    standardize(at, mean, scale, weight, shift, count)
