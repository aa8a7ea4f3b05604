"""Vector operations that only the number-theoretic product needs: 52-bit products, bits of a double, short ends."""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from fastmul.kernels.cpu.vectors import _call, _pointer, _splat, f64x8, u64x8
from fastmul.runtime.target import target

_I64X8 = ir.VectorType(ir.IntType(64), 8)


@intrinsic
def bits(typing_context: Any, a: Any) -> Any:
    """The bits of eight doubles, as integers."""
    return u64x8(f64x8), lambda context, builder, sig, args: builder.bitcast(args[0], _I64X8)


def _all(value: int) -> Any:
    return ir.Constant(_I64X8, [value] * 8)


def _ifma(half: str) -> Any:
    """AVX-512 IFMA: one instruction."""

    def emit(builder: Any, acc: Any, a: Any, b: Any) -> Any:
        kind = ir.FunctionType(_I64X8, [_I64X8] * 3)
        name = f"llvm.x86.avx512.vpmadd52{half}.uq.512"
        function = builder.module.globals.get(name) or ir.Function(builder.module, kind, name)
        return builder.call(function, [acc, a, b])

    return emit


def _portable(half: str) -> Any:
    """Any target: the 104-bit product from four products of 26-bit halves.

    a b = hh 2^52 + mid 2^26 + ll, mid = a1 b0 + a0 b1 < 2^53. LLVM sees 32-bit factors in 64-bit lanes, for
    which every target has an instruction; what `low` and `high` of one product share, it computes once.
    """

    def emit(builder: Any, acc: Any, a: Any, b: Any) -> Any:
        half_mask, shift = _all((1 << 26) - 1), _all(26)
        word_mask = _all((1 << 52) - 1)

        def halves(v: Any) -> tuple[Any, Any]:
            v = builder.and_(v, word_mask)
            return builder.and_(v, half_mask), builder.lshr(v, shift)

        (a0, a1), (b0, b1) = halves(a), halves(b)
        ll = builder.mul(a0, b0)
        mid = builder.add(builder.mul(a1, b0), builder.mul(a0, b1))
        low = builder.add(ll, builder.shl(builder.and_(mid, half_mask), shift))  # < 2^53
        if half == "l":
            return builder.add(acc, builder.and_(low, word_mask))
        high = builder.add(builder.mul(a1, b1), builder.lshr(mid, shift))
        return builder.add(acc, builder.add(high, builder.lshr(low, _all(52))))

    return emit


def _multiply_add(half: str, doc: str) -> Any:
    emit = _ifma(half) if target().ifma else _portable(half)

    @intrinsic
    def function(typing_context: Any, acc: Any, a: Any, b: Any) -> Any:
        return u64x8(u64x8, u64x8, u64x8), lambda context, builder, sig, args: emit(builder, *args)

    function.__doc__ = doc
    return function


multiply_add_low = _multiply_add(
    "l", "acc + the low 52 bits of the product of the low 52 bits of a and b."
)
multiply_add_high = _multiply_add(
    "h", "acc + the high 52 bits of the product of the low 52 bits of a and b."
)


def _first_lanes(context: Any, builder: Any, sig: Any, args: Any) -> tuple[Any, Any]:
    """A pointer to array[index : index + 8], and the mask of lanes whose element is below `end`.

    Where none is, the pointer is to array[0]: a masked access to a page that is not there is suppressed, but
    takes hundreds of cycles.
    """
    array, index, end = args[:3]
    inside = builder.icmp_signed("<", index, end)
    index_inside = builder.select(inside, index, ir.Constant(ir.IntType(64), 0))
    pointer = _pointer(context, builder, sig.args[0], array, index_inside, _I64X8)
    left = _splat(builder, builder.sub(end, index), _I64X8)
    return pointer, builder.icmp_signed("<", ir.Constant(_I64X8, list(range(8))), left)


@intrinsic
def load_until(typing_context: Any, array: Any, index: Any, end: Any) -> Any:
    """array[index : index + 8], with zeros from array[end] on, which is not touched."""

    def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        pointer, mask = _first_lanes(context, builder, sig, args)
        return _call(
            builder, "llvm.masked.load.v8i64.p0v8i64", _I64X8,
            [pointer, ir.Constant(ir.IntType(32), 8), mask, ir.Constant(_I64X8, [0] * 8)],
        )  # fmt: skip

    return u64x8(array, types.int64, types.int64), emit


@intrinsic
def store_until(typing_context: Any, array: Any, index: Any, end: Any, value: Any) -> Any:
    """array[index : index + 8] = value, but nothing from array[end] on."""

    def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        pointer, mask = _first_lanes(context, builder, sig, args)
        _call(
            builder, "llvm.masked.store.v8i64.p0v8i64", ir.VoidType(),
            [args[3], pointer, ir.Constant(ir.IntType(32), 8), mask],
        )  # fmt: skip
        return context.get_dummy_value()

    return types.void(array, types.int64, types.int64, u64x8), emit


@intrinsic
def prefetch_write(typing_context: Any, array: Any, index: Any) -> Any:
    """Ask for the cache line of array[index], which will be written; any index will do."""

    def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        byte = ir.IntType(8).as_pointer()
        data = context.make_array(sig.args[0])(context, builder, args[0]).data
        pointer = builder.bitcast(builder.gep(data, [args[1]]), byte)
        one, three = ir.Constant(ir.IntType(32), 1), ir.Constant(ir.IntType(32), 3)
        _call(builder, "llvm.prefetch.p0i8", ir.VoidType(), [pointer, one, three, one])
        return context.get_dummy_value()

    return types.void(array, types.int64), emit
