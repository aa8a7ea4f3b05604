"""Elementwise work on a stretch of a row, `count` float32 at an address, sixteen lanes at a time and in place."""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from fastmul.kernels.cpu.float_lanes import (
    LANES,
    VECTOR_BYTES,
    f32x16,
    fma,
    load,
    load_first,
    splat,
    store,
    store_first,
)
from fastmul.kernels.cpu.gemm import emit
from fastmul.runtime.jit import inline

_F32 = ir.VectorType(ir.FloatType(), LANES)
_I32 = ir.VectorType(emit.I32, LANES)


@inline
def take(at, count):
    """The next lanes of a stretch of which `count` elements are left; zeros beyond its end."""
    return load(at) if count >= LANES else load_first(at, count)


@inline
def put(at, x, count):
    """Store the next lanes of a stretch of which `count` elements are left."""
    if count >= LANES:
        store(at, x)
    else:
        store_first(at, x, count)


@inline
def add_to(at, other, count):
    """x += y."""
    while count > 0:
        put(at, take(at, count) + take(other, count), count)
        at, other, count = at + VECTOR_BYTES, other + VECTOR_BYTES, count - LANES


@inline
def scale_by(at, scale, weight, count):
    """x = (x * scale) * weight; the address 0 is a weight of 1."""
    factor, w = splat(scale), splat(np.float32(1.0))
    while count > 0:
        if weight:
            w = take(weight, count)
            weight += VECTOR_BYTES
        put(at, take(at, count) * factor * w, count)
        at, count = at + VECTOR_BYTES, count - LANES


@inline
def standardize(at, mean, scale, weight, shift, count):
    """x = fma((x - mean) * scale, weight, shift), the mean as two float32.

    The address 0 is a weight of 1, or a shift of 0.
    """
    high = np.float32(mean)
    mean_high, mean_low = splat(high), splat(np.float32(mean - np.float64(high)))
    factor, w, b = splat(scale), splat(np.float32(1.0)), splat(np.float32(0.0))
    while count > 0:
        if weight:
            w = take(weight, count)
            weight += VECTOR_BYTES
        if shift:
            b = take(shift, count)
            shift += VECTOR_BYTES
        put(at, fma((take(at, count) - mean_high - mean_low) * factor, w, b), count)
        at, count = at + VECTOR_BYTES, count - LANES


@intrinsic
def keep(typing_context: Any, x: Any, words: Any, threshold: Any) -> Any:
    """x where the lane's word is at least the threshold, else 0; sixteen uint32 words stand at an address."""

    def lower(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        x, words, threshold = args
        words = emit.load(builder, emit.at(builder, words), _I32, 4)
        kept = builder.icmp_unsigned(">=", words, emit.splat(builder, threshold, LANES))
        return builder.select(kept, x, ir.Constant(_F32, None))

    return f32x16(f32x16, types.int64, types.uint32), lower


@inline
def drop(at, words, scale, threshold, count):
    """x = x * scale where the word is at least the threshold, else 0; words are readable to a whole vector."""
    factor = splat(scale)
    while count > 0:
        put(at, keep(take(at, count) * factor, words, threshold), count)
        at, words, count = at + VECTOR_BYTES, words + VECTOR_BYTES, count - LANES
