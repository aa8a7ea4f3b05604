"""From exact sums to floats: each sum times its row's and its column's scale, rounded once, or to odd.

    value[i, j] = sum[i, j] * rows[i] * columns[j]

Scales are floats of at most 24 significant bits, so rows[i] * columns[j] is exact in float64, and the sum times it is
a float64 p and an error e, both exact (a fused multiply-add). With e the value lies between p and a neighbour: of the
two the one with the odd significand is value rounded to odd, and rounding that to a narrower format rounds the value
once (bounds/low_precision.py).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba import float32, float64, int32, int64, types, uint64, void
from numba.extending import intrinsic

from fastmul.bounds.float_gemm import window as window_of
from fastmul.kernels.cpu.float_bits import as_bits, from_bits, significand_and_exponent
from fastmul.kernels.cpu.gemm import emit
from fastmul.kernels.cpu.limbs_words import multiply_add
from fastmul.kernels.cpu.ozaki_round import read_magnitude, window
from fastmul.kernels.cpu.rounding import ONE, compose, round_to_even
from fastmul.runtime.jit import Kernel, const, inline, kernel

ZERO = np.uint64(0)
#: Of float64: significant bits, and the exponent of the lowest.
PRECISION, LOWEST = np.int64(53), np.int64(-1074)
#: Integers up to it are float64s.
WINDOW = float(window_of("float64"))
#: Cover the rounding of a radius, and of a middle and its ends.
RADIUS_SLACK = 1 + 2.0**-40
ENDS = 2.0**-51
#: Bits of a word below a significand's.
SPARE_BITS = np.uint64(64 - 53)
SPARE = np.uint64((1 << 11) - 1)


@intrinsic
def fma(typing_context, a, b, c):
    """a * b + c with one rounding."""
    return types.float64(*[types.float64] * 3), lambda context, builder, sig, args: emit.call(
        builder, "llvm.fma.f64", ir.DoubleType(), *args
    )


@inline
def scaled(total, scale, to_odd):
    """total * scale, rounded to nearest, or to odd; zeros are +0."""
    nearest = total * scale + 0.0
    error = fma(total, scale, -nearest)
    bits = as_bits(nearest)
    is_even = (bits & ONE) == ZERO
    away = (error > 0.0) == (nearest > 0.0)
    step = ONE if away else ~ZERO
    inexact = (error > 0.0) | (error < 0.0)  # neither for NaN
    return from_bits(bits + step) if to_odd & inexact & is_even else nearest


def _scale_rows(sums, rows, columns, out, to_odd, start, stop):  # type: ignore[no-untyped-def]
    """Template: out = sums * rows * columns for rows start to stop; out may be the memory of sums."""
    line = np.empty(sums.shape[1], np.float64)
    for i in range(start, stop):
        for j in range(sums.shape[1]):
            line[j] = np.float64(sums[i, j])
        for j in range(sums.shape[1]):
            out[i, j] = TO(scaled(line[j], rows[i] * columns[j], to_odd))  # noqa: F821


def _scaler(sums: Any, to: Any) -> Kernel:
    signature = void(
        const(sums[:, ::1]), const(float64[::1]), const(float64[::1]), to[:, ::1],
        types.boolean, int64, int64,
    )  # fmt: skip
    return kernel(signature, f"scale_{sums}_to_{to}", TO=to)(_scale_rows)


#: By the dtypes of the sums and of the result.
scale_rows = {
    (str(sums), str(to)): _scaler(sums, to)
    for sums in (int32, float32, float64)
    for to in (float32, float64)
}


@kernel(
    void(
        const(float64[:, ::1]), const(float64[::1]), const(float64[::1]), float64,
        const(float64[::1]), const(float64[::1]), float64[:, ::1], float64[:, ::1], types.boolean, int64, int64,
    )
)  # fmt: skip
def bracket_rows(
    sums, row_norms, column_norms, factor, rows, columns, low, high, to_odd, start, stop
):
    """Rows 0 on of [low, high]: they hold the values of which rows start to stop of `sums` are within the radius.

    Where |a_i| |b_j| is in the window of float64 the sum is exact, and both ends are its scaled value. Elsewhere the
    radius is factor |a_i| |b_j|, scaled. With u = 2^-53 its own five roundings take less than a part 6 u of it,
    that of an end u (|middle| + radius), that of the middle u |middle|: together less than what the slacks add.
    """
    for i in range(start, stop):
        for j in range(sums.shape[1]):
            scale = rows[i] * columns[j]
            reach = row_norms[i] * column_norms[j]
            middle = sums[i, j] * scale
            radius = factor * reach * abs(scale) * RADIUS_SLACK + abs(middle) * ENDS
            exact = scaled(sums[i, j], scale, to_odd)
            is_exact = reach <= WINDOW
            low[i - start, j] = exact if is_exact else middle - radius
            high[i - start, j] = exact if is_exact else middle + radius


@inline
def rounded_window(high, low, sticky, exponent, negative, to_odd):
    """A value of 128 bits and more (kernels/cpu/rounding.py) as a float64."""
    if to_odd:
        rest = (high & SPARE) | low
        significand = (high >> SPARE_BITS) | (ONE if (rest != ZERO) | sticky else ZERO)
        return compose(negative, significand, exponent + 64 + np.int64(SPARE_BITS))
    significand, step = round_to_even(high, low, sticky, exponent, PRECISION, LOWEST)
    return compose(negative, significand, step)


@inline
def multiply_by(magnitude, count, word):
    """magnitude *= word; its highest limb is zero."""
    carried = ZERO
    for w in range(count):
        magnitude[w], carried = multiply_add(magnitude[w], word, carried, ZERO)


@inline
def scaled_limbs(limbs, i, j, scale, magnitude, to_odd):
    """limbs[i, j], in two's complement, times a scale, as a float64; magnitude is room for one limb more."""
    count = limbs.shape[2]
    negative, top = read_magnitude(limbs, i, j, magnitude)
    if not abs(scale) < np.inf:
        zero = scale * 0.0  # NaN
        return zero if top < 0 else -scale if negative else scale
    if top < 0 or scale == 0.0:
        return 0.0
    magnitude[count] = ZERO
    significand, exponent = significand_and_exponent(as_bits(abs(scale)))
    multiply_by(magnitude, count + 1, significand)
    top = count
    while magnitude[top] == ZERO:
        top -= 1
    high, low, sticky, low_exponent = window(magnitude, top, exponent)
    return rounded_window(high, low, sticky, low_exponent, negative != (scale < 0.0), to_odd)


@kernel(
    void(
        const(uint64[:, :, ::1]), const(float64[::1]), const(float64[::1]), float64[:, ::1],
        types.boolean, int64, int64,
    )
)  # fmt: skip
def scale_limbs(limbs, rows, columns, out, to_odd, start, stop):
    """out = limbs * rows * columns for rows start to stop, of sums in two's complement."""
    magnitude = np.empty(limbs.shape[2] + 1, np.uint64)
    for i in range(start, stop):
        for j in range(out.shape[1]):
            out[i, j] = scaled_limbs(limbs, i, j, rows[i] * columns[j], magnitude, to_odd)
