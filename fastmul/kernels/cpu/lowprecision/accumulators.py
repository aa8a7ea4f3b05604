"""Dot products in the arithmetic of an accumulator: which terms are added at once, what is cut off, how it rounds.

Operands are float64s that hold the elements' values exactly, so that a product of two is exact as well. A row of A
meets eight columns of B at a time:

    a_values, a_powers   rows x depth                b_values, b_powers   panels x depth x 8

A power is the 2^e at which the hardware aligns an element (2^floor(log2|x|), or the least normal power for subnormal
elements; 0 for zeros, infinities and NaN), so that max(power_a * power_b) is the exponent of a group of products.
The depth is a multiple of the group: zeros behind the end align nothing and add nothing.

Infinities and NaN need no step of their own: aligned, they stay what they are, and float64's sum makes of them what
IEEE's makes.
"""

from __future__ import annotations

import numpy as np
from numba import boolean, float32, float64, int64, types, void

from fastmul.kernels.cpu import float_lanes as singles
from fastmul.kernels.cpu import vectors as v
from fastmul.kernels.cpu.gemm.emit import address
from fastmul.kernels.cpu.lowprecision.accumulator_rounding import (
    binade,
    larger,
    power_over,
    round_lanes,
    truncate,
    zero_like,
)
from fastmul.runtime.jit import const, inline, kernel

LANES = v.LANES
#: A format to round to: (to_even, fraction_bits, 2^-fraction_bits, least normal power, power of overflow).
ROUNDING = types.Tuple((boolean, int64, float64, float64, float64))
#: Where a group is cut: (fraction_bits, 2^-fraction_bits, the power that zeros have).
ALIGNMENT = types.Tuple((int64, float64, float64))

_ARRAY, _SINGLES = const(float64[::1]), const(float32[::1])
ZERO = np.float32(0)


@inline
def aligned_with(c, top, rounding):
    """The larger of `top` and the power of the running sum c, a value of the format."""
    return larger(top, zero_like(c, larger(binade(c), v.splat(rounding[3]))))


@inline
def add_group(c, a_values, a_powers, i, b_values, b_powers, j, group, alignment, rounding):
    """c + the products of a group, each cut to fraction_bits below the largest exponent, and rounded once.

    With 2^e the largest power, s = 2^(fraction_bits - e): (trunc(c s) + sum of trunc(a b s)) / s. Integers below 2^53
    (bounds/aligned_sums.py), hence added exactly in any order.
    """
    fraction_bits, unit, zero = alignment
    top = v.splat(zero)
    for l in range(group):
        top = larger(top, v.splat(a_powers[i + l]) * v.load(b_powers, j + l * LANES))
    top = aligned_with(c, top, rounding)
    scale = power_over(fraction_bits, top)
    total = truncate(c * scale)
    for l in range(group):
        term = v.splat(a_values[i + l]) * v.load(b_values, j + l * LANES)
        total = total + truncate(term * scale)
    return round_lanes(total * (top * v.splat(unit)), *rounding)


@inline
def add_group_of_sums(c, a_values, a_scales, a_powers, i, b_values, b_scales, b_powers, j, group, inner,
                      alignment, rounding):  # fmt: skip
    """As add_group, of exact sums of `inner` products times their block's scales, aligned by the scales alone.

    A sum that cancels keeps the exponent of its scales; one of nothing but zeros has the exponent of zeros.
    """
    fraction_bits, unit, zero = alignment
    top = v.splat(zero)
    for block in range(0, group, inner):
        any_product = v.splat(0.0)
        for l in range(block, block + inner):
            product = v.splat(a_values[i + l]) * v.load(b_values, j + l * LANES)
            any_product = larger(any_product, v.absolute(product))
        x, y = (i + block) // inner, j // inner + block // inner * LANES
        power = v.splat(a_powers[x]) * v.load(b_powers, y)
        top = larger(top, zero_like(any_product, power))
    top = aligned_with(c, top, rounding)
    scale = power_over(fraction_bits, top)
    total = truncate(c * scale)
    for block in range(0, group, inner):
        term = v.splat(0.0)
        for l in range(block, block + inner):
            term = v.fma(v.splat(a_values[i + l]), v.load(b_values, j + l * LANES), term)
        x, y = (i + block) // inner, j // inner + block // inner * LANES
        total = total + truncate(term * (v.splat(a_scales[x]) * v.load(b_scales, y)) * scale)
    return round_lanes(total * (top * v.splat(unit)), *rounding)


@kernel(
    void(_ARRAY, _ARRAY, _ARRAY, _ARRAY, int64, int64, int64, int64, int64, ALIGNMENT, ROUNDING,
         ROUNDING, float64[:, ::1])
)  # fmt: skip
def add_aligned(a_values, a_powers, b_values, b_powers, depth, first, last, group, slice_depth,
                alignment, rounding, promoted, c):  # fmt: skip
    """Rows first <= i < last of C: groups added in order, each slice of the depth rounded into the sum of slices.

    Two rows at a time: a group's sum waits for the one before it, and the other row's fills the wait.
    """
    for i in range(first, last, 2):
        other = min(i + 1, last - 1)
        for j in range(0, c.shape[1], LANES):
            total = total_other = v.splat(0.0)
            for start in range(0, depth, slice_depth):
                partial = partial_other = v.splat(0.0)
                for k in range(start, min(depth, start + slice_depth), group):
                    y = j * depth + k * LANES
                    partial = add_group(partial, a_values, a_powers, i * depth + k, b_values, b_powers, y,
                                        group, alignment, rounding)  # fmt: skip
                    partial_other = add_group(partial_other, a_values, a_powers, other * depth + k, b_values,
                                              b_powers, y, group, alignment, rounding)  # fmt: skip
                total = round_lanes(total + partial, *promoted)
                total_other = round_lanes(total_other + partial_other, *promoted)
            v.store(c[other], j, total_other)
            v.store(c[i], j, total)


@kernel(
    void(_ARRAY, _ARRAY, _ARRAY, _ARRAY, _ARRAY, _ARRAY, int64, int64, int64, int64, int64, int64,
         ALIGNMENT, ROUNDING, ROUNDING, float64[:, ::1])
)  # fmt: skip
def add_aligned_sums(a_values, a_scales, a_powers, b_values, b_scales, b_powers, depth, first, last, group,
                     inner, slice_depth, alignment, rounding, promoted, c):  # fmt: skip
    """As add_aligned, of exact sums of `inner` products; scales and powers are those of each `inner` elements."""
    for i in range(first, last):
        for j in range(0, c.shape[1], LANES):
            total = v.splat(0.0)
            for start in range(0, depth, slice_depth):
                partial = v.splat(0.0)
                for k in range(start, min(depth, start + slice_depth), group):
                    partial = add_group_of_sums(
                        partial, a_values, a_scales, a_powers, i * depth + k, b_values, b_scales, b_powers,
                        j * depth + k * LANES, group, inner, alignment, rounding,
                    )  # fmt: skip
                total = round_lanes(total + partial, *promoted)
            v.store(c[i], j, total)


@inline
def add_one(c, x, y, fused, rounding):
    """c + x y; `fused`: with one rounding."""
    x = v.splat(x)
    if fused:
        c = v.fma(x, y, c)
    else:
        c = c + round_lanes(x * y, *rounding)
    return round_lanes(c, *rounding)


@kernel(
    void(_ARRAY, _ARRAY, int64, int64, int64, int64, boolean, ROUNDING, ROUNDING, float64[:, ::1])
)
def add_each(a_values, b_values, depth, first, last, slice_depth, fused, rounding, promoted, c):
    """Rows first <= i < last of C: one product after the other, each sum rounded; four rows at a time.

    float64 rounds first, which changes nothing for operands and sums in float16 (bounds/aligned_sums.py).
    """
    end = last - 1
    for i in range(first, last, 4):
        i1, i2, i3 = min(i + 1, end), min(i + 2, end), min(i + 3, end)
        for j in range(0, c.shape[1], LANES):
            t0 = t1 = t2 = t3 = v.splat(0.0)
            for start in range(0, depth, slice_depth):
                p0 = p1 = p2 = p3 = v.splat(0.0)
                for k in range(start, min(depth, start + slice_depth)):
                    y = v.load(b_values, j * depth + k * LANES)
                    p0 = add_one(p0, a_values[i * depth + k], y, fused, rounding)
                    p1 = add_one(p1, a_values[i1 * depth + k], y, fused, rounding)
                    p2 = add_one(p2, a_values[i2 * depth + k], y, fused, rounding)
                    p3 = add_one(p3, a_values[i3 * depth + k], y, fused, rounding)
                t0 = round_lanes(t0 + p0, *promoted)
                t1 = round_lanes(t1 + p1, *promoted)
                t2 = round_lanes(t2 + p2, *promoted)
                t3 = round_lanes(t3 + p3, *promoted)
            v.store(c[i3], j, t3)
            v.store(c[i2], j, t2)
            v.store(c[i1], j, t1)
            v.store(c[i], j, t0)


@kernel(void(_SINGLES, _SINGLES, int64, int64, int64, int64, boolean, float32[:, ::1]))
def add_each_single(a_values, b_values, depth, first, last, slice_depth, fused, c):
    """As add_each, in the machine's float32: sixteen columns at a time, panels x depth x 16."""
    for i in range(first, last):
        for j in range(0, c.shape[1], singles.LANES):
            panel = address(b_values) + j * depth * singles.LANE_BYTES
            total = singles.splat(ZERO)
            for start in range(0, depth, slice_depth):
                partial = singles.splat(ZERO)
                for k in range(start, min(depth, start + slice_depth)):
                    x = singles.splat(a_values[i * depth + k])
                    y = singles.load(panel + k * singles.VECTOR_BYTES)
                    if fused:
                        partial = singles.fma(x, y, partial)
                    else:
                        partial = partial + x * y
                total = total + partial
            singles.store(address(c) + (i * c.shape[1] + j) * singles.LANE_BYTES, total)
