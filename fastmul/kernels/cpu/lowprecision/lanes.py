"""Lanes of bits: sixteen of 32 bits (`u32x16`) or eight of 64 (`vectors.u64x8`), under one set of names.

What is written with these names compiles for both, so that an algorithm on the bits of floats stands in one place.
Values are compared as signed numbers. A count of a shift has to be below the width of a lane.
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
from fastmul.kernels.cpu.vectors import f64x8, u64x8

LANES = 16
#: Bytes ahead of what is read that memory is asked for: the hardware alone asks for less than half as much.
AHEAD = 4096
_U32X16 = ir.VectorType(emit.I32, LANES)
_F32X16 = ir.VectorType(ir.FloatType(), LANES)
_U64X8 = ir.VectorType(emit.I64, LANES // 2)
_F64X8 = ir.VectorType(ir.DoubleType(), LANES // 2)


class U32x16(types.Type):
    """Sixteen 32-bit integers."""

    def __init__(self) -> None:
        super().__init__("u32x16")


u32x16 = U32x16()
_LLVM = {u32x16: _U32X16, u64x8: _U64X8}


@register_model(U32x16)
class _U32x16Model(models.PrimitiveModel):
    def __init__(self, manager: Any, fe_type: Any) -> None:
        super().__init__(manager, fe_type, _U32X16)


def _operator(op: Callable[..., Any], name: str) -> None:
    @infer_global(op)
    class Template(AbstractTemplate):  # type: ignore[misc]
        def generic(self, args: Any, kws: Any) -> Any:
            return signature(u32x16, *args) if tuple(args) == (u32x16, u32x16) else None

    @lower_builtin(op, U32x16, U32x16)
    def lower(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return getattr(builder, name)(*args)


for _op, _name in (
    (operator.add, "add"), (operator.sub, "sub"), (operator.and_, "and_"), (operator.or_, "or_"), (operator.xor, "xor"),
):  # fmt: skip
    _operator(_op, _name)


def _elementwise(count: int, emit_ir: Callable[..., Any], doc: str) -> Any:
    """An intrinsic of `count` vectors of one kind."""
    if count == 2:

        @intrinsic
        def function(typing_context: Any, a: Any, b: Any) -> Any:
            return (a(a, a), _lower) if a in _LLVM and a == b else None
    else:

        @intrinsic
        def function(typing_context: Any, a: Any, b: Any, c: Any, d: Any) -> Any:
            return (a(a, a, a, a), _lower) if a in _LLVM and a == b == c == d else None

    def _lower(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return emit_ir(builder, *args)

    function.__doc__ = doc
    return function


def _choose(op: str) -> Callable[..., Any]:
    return lambda builder, a, b, x, y: builder.select(builder.icmp_signed(op, a, b), x, y)


shift_left = _elementwise(2, lambda builder, a, n: builder.shl(a, n), "a << n, lane by lane.")
shift_right = _elementwise(2, lambda builder, a, n: builder.lshr(a, n), "a >> n, zeros shifted in.")
larger = _elementwise(2, lambda builder, a, b: _choose(">")(builder, a, b, a, b), "max(a, b).")
lesser = _elementwise(2, lambda builder, a, b: _choose("<")(builder, a, b, a, b), "min(a, b).")
if_greater = _elementwise(4, _choose(">"), "x where a > b, else y.")
if_equal = _elementwise(4, _choose("=="), "x where a == b, else y.")


@intrinsic
def like(typing_context: Any, vector: Any, scalar: Any) -> Any:
    """The integer in every lane of a vector of the first one's kind."""
    if vector not in _LLVM:
        return None
    kind = _LLVM[vector]

    def lower(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        value = emit.resize(builder, args[1], kind.element, signed=True)
        return emit.splat(builder, value, kind.count)

    return vector(vector, types.int64), lower


@intrinsic
def ones_if_negative(typing_context: Any, a: Any) -> Any:
    """All bits one where the highest is, else zero."""
    if a not in _LLVM:
        return None
    kind = _LLVM[a]

    def lower(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return builder.ashr(args[0], emit.constant(kind, kind.element.width - 1))

    return a(a), lower


@intrinsic
def largest(typing_context: Any, a: Any) -> Any:
    """The largest lane, as int64."""
    if a not in _LLVM:
        return None
    kind = _LLVM[a]

    def lower(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        top, count = args[0], kind.count
        while count > 1:  # halve: the upper lanes against the lower
            count //= 2
            low = emit.shuffle(builder, top, top, list(range(count)))
            high = emit.shuffle(builder, top, top, list(range(count, 2 * count)))
            top = builder.select(builder.icmp_signed(">", low, high), low, high)
        lane = builder.extract_element(top, emit.I32(0))
        return emit.resize(builder, lane, emit.I64, signed=True)

    return types.int64(a), lower


@intrinsic
def largest_of_blocks(typing_context: Any, address: Any) -> Any:
    """Lane i: the largest magnitude's bits of block i, of sixteen blocks of 32 float32 one after the other.

    Vectors a, b become max([a even, b even], [a odd, b odd]): half as many vectors, a block in half as many lanes.
    """

    def lower(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        def maximum(a: Any, b: Any) -> Any:
            return builder.select(builder.icmp_signed(">", a, b), a, b)

        def magnitudes(vector: int) -> Any:
            bits = emit.load(builder, emit.at(builder, args[0], vector * 4 * LANES), _U32X16)
            return builder.and_(bits, emit.constant(_U32X16, (1 << 31) - 1))

        tops = [maximum(magnitudes(2 * i), magnitudes(2 * i + 1)) for i in range(LANES)]
        while len(tops) > 1:
            pairs = zip(tops[0::2], tops[1::2], strict=True)
            tops = [
                maximum(
                    *(emit.shuffle(builder, a, b, list(range(odd, 2 * LANES, 2))) for odd in (0, 1))
                )
                for a, b in pairs
            ]
        return tops[0]

    return u32x16(types.int64), lower


# ---------------------------------------------------------------- memory, and between the two kinds


def _load(kind: Any, llvm_kind: Any, doc: str) -> Any:
    @intrinsic
    def function(typing_context: Any, address: Any) -> Any:
        def lower(context: Any, builder: Any, sig: Any, args: Any) -> Any:
            return emit.load(builder, emit.at(builder, args[0]), llvm_kind)

        return kind(types.int64), lower

    function.__doc__ = doc
    return function


load32 = _load(u32x16, _U32X16, "The sixteen 32-bit words at an address.")
load64 = _load(u64x8, _U64X8, "The eight 64-bit words at an address.")


@intrinsic
def prefetch(typing_context: Any, address: Any) -> Any:
    """Ask for the cache line of an address, which need not be one."""

    def lower(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        read, keep, data = emit.I32(0), emit.I32(3), emit.I32(1)
        emit.call(
            builder, "llvm.prefetch.p0", emit.VOID, emit.at(builder, args[0]), read, keep, data
        )
        return context.get_dummy_value()

    return types.void(types.int64), lower


@intrinsic
def store32(typing_context: Any, address: Any, value: Any) -> Any:
    """The sixteen words to an address."""

    def lower(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        emit.store(builder, args[1], emit.at(builder, args[0]))
        return context.get_dummy_value()

    return types.void(types.int64, u32x16), lower


@intrinsic
def multiply_floats(typing_context: Any, a: Any, factor: Any) -> Any:
    """The bits of float32 lanes times float32 factors, both given by their bits."""

    def lower(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        a, b = (builder.bitcast(arg, _F32X16) for arg in args)
        return builder.bitcast(builder.fmul(a, b), _U32X16)

    return u32x16(u32x16, u32x16), lower


@intrinsic
def divide_floats(typing_context: Any, a: Any, divisor: Any) -> Any:
    """The bits of float64 lanes, given by their bits, divided by float64 divisors."""

    def lower(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        quotient = builder.fdiv(builder.bitcast(args[0], _F64X8), args[1])
        return builder.bitcast(quotient, _U64X8)

    return u64x8(u64x8, f64x8), lower


@intrinsic
def bits_of(typing_context: Any, a: Any) -> Any:
    """The bits of float64 lanes."""
    return u64x8(f64x8), lambda context, builder, sig, args: builder.bitcast(args[0], _U64X8)


@intrinsic
def doubles_of(typing_context: Any, a: Any) -> Any:
    """The float64 lanes with these bits."""
    return f64x8(u64x8), lambda context, builder, sig, args: builder.bitcast(args[0], _F64X8)


def _half(first: int, widen: Callable[[Any, Any], Any], doc: str) -> Any:
    @intrinsic
    def function(typing_context: Any, a: Any) -> Any:
        def lower(context: Any, builder: Any, sig: Any, args: Any) -> Any:
            picks = list(range(first, first + LANES // 2))
            return widen(builder, emit.shuffle(builder, args[0], args[0], picks))

        return u64x8(u32x16), lower

    function.__doc__ = doc
    return function


def _to_double(builder: Any, half: Any) -> Any:
    floats = builder.bitcast(half, ir.VectorType(ir.FloatType(), LANES // 2))
    return builder.bitcast(builder.fpext(floats, _F64X8), _U64X8)


def _to_top(builder: Any, half: Any) -> Any:
    return builder.shl(builder.zext(half, _U64X8), emit.constant(_U64X8, 32))


first_as_double = _half(0, _to_double, "The bits as float64 of the first eight float32 lanes.")
last_as_double = _half(8, _to_double, "The bits as float64 of the last eight float32 lanes.")
first_at_top = _half(0, _to_top, "The first eight lanes as the high halves of 64-bit lanes.")
last_at_top = _half(8, _to_top, "The last eight lanes as the high halves of 64-bit lanes.")


@intrinsic
def join(typing_context: Any, first: Any, last: Any) -> Any:
    """The low halves of eight and eight 64-bit lanes."""

    def lower(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        half = ir.VectorType(emit.I32, LANES // 2)
        low, high = (builder.trunc(arg, half) for arg in args)
        return emit.shuffle(builder, low, high, list(range(LANES)))

    return u32x16(u64x8, u64x8), lower
