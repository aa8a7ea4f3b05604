"""Sixteen float32 lanes inside Numba kernels: `f32x16`, its operators, and loads and stores at addresses.

As in `vectors`, they are a plain LLVM vector: one zmm register on AVX-512, two ymm on AVX2. A row's last lanes are
loaded and stored under a mask, so that no element outside it is touched.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba import types
from numba.core.typing.templates import AbstractTemplate, infer_global, signature
from numba.extending import intrinsic, lower_builtin, models, register_model

from fastmul.kernels.cpu.gemm import emit
from fastmul.kernels.cpu.vectors import f64x8

LANES = 16
LANE_BYTES = 4
VECTOR_BYTES = LANES * LANE_BYTES

_F32 = ir.VectorType(ir.FloatType(), LANES)
_I32 = ir.VectorType(emit.I32, LANES)
_F64_HALF = ir.VectorType(ir.DoubleType(), LANES // 2)


class F32x16(types.Type):
    """Sixteen floats."""

    def __init__(self) -> None:
        super().__init__("f32x16")


f32x16 = F32x16()


@register_model(F32x16)
class _F32x16Model(models.PrimitiveModel):
    def __init__(self, manager: Any, fe_type: Any) -> None:
        super().__init__(manager, fe_type, _F32)


def _operator(op: Callable[..., Any], name: str) -> None:
    @infer_global(op)
    class Template(AbstractTemplate):  # type: ignore[misc]
        def generic(self, args: Any, kws: Any) -> Any:
            return signature(f32x16, *args) if tuple(args) == (f32x16, f32x16) else None

    @lower_builtin(op, F32x16, F32x16)
    def lower(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return getattr(builder, name)(*args)


_operator(operator.add, "fadd")
_operator(operator.sub, "fsub")
_operator(operator.mul, "fmul")
_operator(operator.truediv, "fdiv")


@intrinsic
def load(typing_context: Any, address: Any) -> Any:
    """The sixteen float32 at an address."""

    def lower(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return emit.load(builder, emit.at(builder, args[0]), _F32, LANE_BYTES)

    return f32x16(types.int64), lower


@intrinsic
def store(typing_context: Any, address: Any, value: Any) -> Any:
    """Store the lanes at an address."""

    def lower(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        emit.store(builder, args[1], emit.at(builder, args[0]), LANE_BYTES)
        return context.get_dummy_value()

    return types.void(types.int64, f32x16), lower


def _first(builder: Any, count: Any) -> Any:
    """The mask of the first `count` lanes."""
    lanes = ir.Constant(_I32, list(range(LANES)))
    count = emit.splat(builder, builder.trunc(count, emit.I32), LANES)
    return builder.icmp_signed("<", lanes, count)


@intrinsic
def load_first(typing_context: Any, address: Any, count: Any) -> Any:
    """The first `count` lanes from an address, zeros after them; nothing else is read."""

    def lower(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        mask = _first(builder, args[1])
        return emit.masked_load(builder, emit.at(builder, args[0]), _F32, mask)

    return f32x16(types.int64, types.int64), lower


@intrinsic
def store_first(typing_context: Any, address: Any, value: Any, count: Any) -> Any:
    """Store the first `count` lanes at an address; nothing else is written."""

    def lower(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        mask = _first(builder, args[2])
        emit.masked_store(builder, args[1], emit.at(builder, args[0]), mask)
        return context.get_dummy_value()

    return types.void(types.int64, f32x16, types.int64), lower


@intrinsic
def splat(typing_context: Any, scalar: Any) -> Any:
    """All lanes = scalar."""
    return f32x16(types.float32), lambda context, builder, sig, args: emit.splat(
        builder, args[0], LANES
    )


@intrinsic
def fma(typing_context: Any, a: Any, b: Any, c: Any) -> Any:
    """a*b + c with one rounding."""
    return f32x16(f32x16, f32x16, f32x16), lambda context, builder, sig, args: emit.call(
        builder, f"llvm.fma.v{LANES}f32", _F32, *args
    )


def _half(first: int, doc: str) -> Any:
    @intrinsic
    def function(typing_context: Any, value: Any) -> Any:
        def lower(context: Any, builder: Any, sig: Any, args: Any) -> Any:
            picks = list(range(first, first + LANES // 2))
            return builder.fpext(emit.shuffle(builder, args[0], args[0], picks), _F64_HALF)

        return f64x8(f32x16), lower

    function.__doc__ = doc
    return function


low_half = _half(0, "Lanes 0 to 7 as float64.")
high_half = _half(LANES // 2, "Lanes 8 to 15 as float64.")


@intrinsic
def sum_lanes(typing_context: Any, value: Any) -> Any:
    """The sum of an f64x8's lanes, as ((0+4) + (2+6)) + ((1+5) + (3+7))."""

    def lower(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        (value,) = args
        for half in (4, 2, 1):
            low, high = (
                emit.shuffle(builder, value, value, list(range(start, start + half)))
                for start in (0, half)
            )
            value = builder.fadd(low, high)
        return builder.extract_element(value, emit.I32(0))

    return types.float64(f64x8), lower
