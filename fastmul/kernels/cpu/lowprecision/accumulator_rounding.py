"""Eight float64 lanes that hold values of smaller formats: powers of two by their bits, and one rounding of each.

A format is given as float64s: the power 2^(precision - 1) as a count, its least normal power, and the power at which
it overflows. All of it also holds for infinities and NaN: they come out as they went in.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from fastmul.kernels.cpu import vectors as v
from fastmul.kernels.cpu.gemm import emit
from fastmul.kernels.cpu.vectors import LANES, f64x8
from fastmul.runtime.jit import inline

_F64 = ir.VectorType(ir.DoubleType(), LANES)
_I64 = ir.VectorType(emit.I64, LANES)
_FRACTION_BITS = 52
#: The exponent field of a float64.
_EXPONENT = 0x7FF << _FRACTION_BITS
#: Twice the bias: the fields of x and 1/x, powers of two, add up to it.
_TWICE_BIAS = 2046


@intrinsic
def truncate(typing_context: Any, x: Any) -> Any:
    """The integer next to x toward zero."""
    return f64x8(f64x8), lambda context, builder, sig, args: emit.call(
        builder, f"llvm.trunc.v{LANES}f64", _F64, *args
    )


@intrinsic
def larger(typing_context: Any, x: Any, y: Any) -> Any:
    """The larger of x and y."""

    def lower(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return builder.select(builder.fcmp_ordered(">", *args), *args)

    return f64x8(f64x8, f64x8), lower


@intrinsic
def infinite_from(typing_context: Any, x: Any, limit: Any) -> Any:
    """x, or an infinity of its sign where |x| >= limit."""

    def lower(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        x, limit = args
        magnitude = emit.call(builder, f"llvm.fabs.v{LANES}f64", _F64, x)
        infinite = builder.fmul(x, emit.constant(_F64, float("inf")))
        return builder.select(builder.fcmp_ordered(">=", magnitude, limit), infinite, x)

    return f64x8(f64x8, f64x8), lower


@intrinsic
def binade(typing_context: Any, x: Any) -> Any:
    """The largest power of two <= |x|, as a float64: x without sign and fraction. 0 for 0, Inf for Inf and NaN."""

    def lower(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        field = builder.and_(builder.bitcast(args[0], _I64), emit.constant(_I64, _EXPONENT))
        return builder.bitcast(field, _F64)

    return f64x8(f64x8), lower


@intrinsic
def zero_like(typing_context: Any, x: Any, y: Any) -> Any:
    """y, or 0 where x is 0."""

    def lower(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        zero = emit.constant(_F64, 0.0)
        return builder.select(builder.fcmp_ordered("==", args[0], zero), zero, args[1])

    return f64x8(f64x8, f64x8), lower


@intrinsic
def power_over(typing_context: Any, count: Any, power: Any) -> Any:
    """2^count / power, of powers of two; for an infinite `power` any finite one, if count > 0."""

    def lower(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        count, power = args
        top = builder.shl(builder.add(count, emit.I64(_TWICE_BIAS)), emit.I64(_FRACTION_BITS))
        field = builder.sub(emit.splat(builder, top, LANES), builder.bitcast(power, _I64))
        return builder.bitcast(field, _F64)

    return f64x8(types.int64, f64x8), lower


@inline
def round_lanes(x, to_even, fraction_bits, unit, least, limit):
    """x rounded once to `fraction_bits` bits after the leading one, unit = 2^-fraction_bits.

    least: the smallest normal power, below which the spacing stays; limit: the power at which the format overflows.
    """
    power = larger(binade(x), v.splat(least))
    x = x * power_over(fraction_bits, power)
    if to_even:
        x = v.rint(x)
    else:
        x = truncate(x)
    return infinite_from(x * (power * v.splat(unit)), v.splat(limit))
