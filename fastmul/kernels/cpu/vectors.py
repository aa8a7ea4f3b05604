"""Eight-lane vectors inside Numba kernels: `f64x8` and `u64x8`, their operators and intrinsics.

They are plain LLVM vectors. On AVX-512 each is one zmm register; on any other target LLVM splits it (two
ymm, four NEON registers), so one kernel serves all. What needs a particular instruction has a portable
twin here, and the choice follows the code-generation target (`runtime.target`), never the CPU at hand.

Loads and stores are not bounds-checked by NUMBA_BOUNDSCHECK: tests run them against a protected page.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.core.typing.templates import AbstractTemplate, infer_global, signature
from numba.extending import intrinsic, lower_builtin, models, register_model

LANES = 8

_I1, _I8, _I32, _I64 = (ir.IntType(bits) for bits in (1, 8, 32, 64))
_F64X8 = ir.VectorType(ir.DoubleType(), LANES)
_U64X8 = ir.VectorType(_I64, LANES)
_I1X8 = ir.VectorType(_I1, LANES)


class F64x8(types.Type):
    """Eight doubles."""

    def __init__(self) -> None:
        super().__init__("f64x8")


class U64x8(types.Type):
    """Eight 64-bit integers; operations that care are unsigned unless named otherwise."""

    def __init__(self) -> None:
        super().__init__("u64x8")


f64x8, u64x8 = F64x8(), U64x8()


@register_model(F64x8)
class _F64x8Model(models.PrimitiveModel):
    def __init__(self, manager: Any, fe_type: Any) -> None:
        super().__init__(manager, fe_type, _F64X8)


@register_model(U64x8)
class _U64x8Model(models.PrimitiveModel):
    def __init__(self, manager: Any, fe_type: Any) -> None:
        super().__init__(manager, fe_type, _U64X8)


# ---------------------------------------------------------------- operators


def _operator(op: Callable[..., Any], on_f64: str | None, on_u64: str | None) -> None:
    accepted = [t for t, name in ((f64x8, on_f64), (u64x8, on_u64)) if name]

    @infer_global(op)
    class Template(AbstractTemplate):  # type: ignore[misc]
        def generic(self, args: Any, kws: Any) -> Any:
            if len(args) == 2 and args[0] == args[1] and args[0] in accepted:
                return signature(args[0], *args)
            return None

    for kind, name in ((F64x8, on_f64), (U64x8, on_u64)):
        if name:

            @lower_builtin(op, kind, kind)
            def lower(context: Any, builder: Any, sig: Any, args: Any, name: str = name) -> Any:
                return getattr(builder, name)(*args)


_operator(operator.add, "fadd", "add")
_operator(operator.sub, "fsub", "sub")
_operator(operator.mul, "fmul", "mul")  # u64x8: the low 64 bits
_operator(operator.and_, None, "and_")
_operator(operator.or_, None, "or_")
_operator(operator.xor, None, "xor")


# ---------------------------------------------------------------- building blocks of the intrinsics


def _call(builder: Any, name: str, result: Any, args: list[Any]) -> Any:
    kind = ir.FunctionType(result, [a.type for a in args])
    return builder.call(cgutils.get_or_insert_function(builder.module, kind, name), args)


def _splat(builder: Any, scalar: Any, vector: Any) -> Any:
    undefined = ir.Constant(vector, ir.Undefined)
    first = builder.insert_element(undefined, scalar, _I32(0))
    return builder.shuffle_vector(
        first, undefined, ir.Constant(ir.VectorType(_I32, LANES), [0] * LANES)
    )


def _shuffle(builder: Any, a: Any, b: Any, picks: list[int]) -> Any:
    return builder.shuffle_vector(a, b, ir.Constant(ir.VectorType(_I32, len(picks)), picks))


def _unary(result: Any, operand: Any, emit: Callable[[Any, Any], Any], doc: str) -> Any:
    @intrinsic
    def function(typing_context: Any, a: Any) -> Any:
        return result(operand), lambda context, builder, sig, args: emit(builder, args[0])

    function.__doc__ = doc
    return function


# ---------------------------------------------------------------- memory


def _vector_of(array: Any) -> tuple[Any, Any]:
    if array.dtype == types.float64:
        return f64x8, _F64X8
    if array.dtype in (types.uint64, types.int64):
        return u64x8, _U64X8
    raise TypeError(f"no vector of {array.dtype}")


def _pointer(
    context: Any, builder: Any, array_type: Any, array: Any, index: Any, vector: Any
) -> Any:
    data = context.make_array(array_type)(context, builder, array).data
    return builder.bitcast(builder.gep(data, [index]), vector.as_pointer())


@intrinsic
def load(typing_context: Any, array: Any, index: Any) -> Any:
    """array[index : index + 8] of a contiguous 1-D float64, uint64 or int64 array."""
    numba_type, llvm_type = _vector_of(array)

    def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return builder.load(_pointer(context, builder, sig.args[0], *args, llvm_type), align=8)

    return numba_type(array, types.int64), emit


@intrinsic
def store(typing_context: Any, array: Any, index: Any, value: Any) -> Any:
    """array[index : index + 8] = value."""
    numba_type, llvm_type = _vector_of(array)

    def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        builder.store(
            args[2], _pointer(context, builder, sig.args[0], *args[:2], llvm_type), align=8
        )
        return context.get_dummy_value()

    return types.void(array, types.int64, numba_type), emit


@intrinsic
def splat(typing_context: Any, scalar: Any) -> Any:
    """All lanes = scalar (float64 -> f64x8, int64 or uint64 -> u64x8)."""
    vector, kind, scalar_type = (
        (f64x8, _F64X8, types.float64)
        if isinstance(scalar, types.Float)
        else (u64x8, _U64X8, types.int64)
    )
    return vector(scalar_type), lambda context, builder, sig, args: _splat(builder, args[0], kind)


# ---------------------------------------------------------------- float64 arithmetic


@intrinsic
def fma(typing_context: Any, a: Any, b: Any, c: Any) -> Any:
    """a*b + c with one rounding."""
    return f64x8(f64x8, f64x8, f64x8), lambda context, builder, sig, args: _call(
        builder, "llvm.fma.v8f64", _F64X8, list(args)
    )


@intrinsic
def fms(typing_context: Any, a: Any, b: Any, c: Any) -> Any:
    """a*b - c with one rounding."""
    return f64x8(f64x8, f64x8, f64x8), lambda context, builder, sig, args: _call(
        builder, "llvm.fma.v8f64", _F64X8, [args[0], args[1], builder.fneg(args[2])]
    )


@intrinsic
def fnma(typing_context: Any, a: Any, b: Any, c: Any) -> Any:
    """c - a*b with one rounding."""
    return f64x8(f64x8, f64x8, f64x8), lambda context, builder, sig, args: _call(
        builder, "llvm.fma.v8f64", _F64X8, [builder.fneg(args[0]), args[1], args[2]]
    )


def _llvm(name: str) -> Callable[[Any, Any], Any]:
    return lambda builder, a: _call(builder, f"llvm.{name}.v8f64", _F64X8, [a])


rint = _unary(f64x8, f64x8, _llvm("rint"), "The nearest integer, ties to even.")
floor = _unary(f64x8, f64x8, _llvm("floor"), "The largest integer not above.")
negate = _unary(f64x8, f64x8, lambda builder, a: builder.fneg(a), "-a.")
absolute = _unary(f64x8, f64x8, _llvm("fabs"), "|a|.")

# ---------------------------------------------------------------- conversions and integers

to_float = _unary(f64x8, u64x8, lambda b, a: b.uitofp(a, _F64X8), "Unsigned integers to float64.")
to_float_signed = _unary(
    f64x8, u64x8, lambda b, a: b.sitofp(a, _F64X8), "Signed integers to float64."
)
to_uint = _unary(
    u64x8, f64x8, lambda b, a: b.fptoui(a, _U64X8), "Non-negative integral float64 to integers."
)
to_int = _unary(
    u64x8, f64x8, lambda b, a: b.fptosi(a, _U64X8), "Integral float64 to signed integers."
)


def _shift(name: str, doc: str) -> Any:
    @intrinsic
    def function(typing_context: Any, a: Any, count: Any) -> Any:
        return u64x8(u64x8, types.int64), lambda context, builder, sig, args: getattr(
            builder, name
        )(args[0], _splat(builder, args[1], _U64X8))

    function.__doc__ = doc
    return function


shift_left = _shift("shl", "a << count.")
shift_right = _shift("lshr", "a >> count, zeros shifted in.")
shift_right_signed = _shift("ashr", "a >> count, the sign shifted in.")


def _compare(op: str, doc: str) -> Any:
    @intrinsic
    def function(typing_context: Any, a: Any, b: Any) -> Any:
        def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
            return builder.zext(builder.bitcast(builder.icmp_unsigned(op, *args), _I8), _I64)

        return types.int64(u64x8, u64x8), emit

    function.__doc__ = doc
    return function


mask_less = _compare("<", "Bit i of the result is a[i] < b[i], unsigned.")
mask_equal = _compare("==", "Bit i of the result is a[i] == b[i].")


@intrinsic
def minimum(typing_context: Any, a: Any, b: Any) -> Any:
    """The smaller of a[i] and b[i], unsigned."""
    if a != u64x8 or b != u64x8:
        return None

    def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return builder.select(builder.icmp_unsigned("<", *args), *args)

    return u64x8(u64x8, u64x8), emit


@intrinsic
def add_mask(typing_context: Any, a: Any, mask: Any) -> Any:
    """a[i] + bit i of mask."""

    def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        bits = builder.bitcast(builder.trunc(args[1], _I8), _I1X8)
        return builder.add(args[0], builder.zext(bits, _U64X8))

    return u64x8(u64x8, types.int64), emit


# ---------------------------------------------------------------- moving lanes


def _move(picks: list[int], doc: str) -> Any:
    @intrinsic
    def function(typing_context: Any, a: Any, b: Any) -> Any:
        return a(a, a), lambda context, builder, sig, args: _shuffle(builder, *args, picks)

    function.__doc__ = doc
    return function


shift_in_1 = _move(
    list(range(7, 15)), "[a7, b0, ..., b6]: b moved up one lane, a's last lane shifted in."
)
shift_in_2 = _move(list(range(6, 14)), "[a6, a7, b0, ..., b5].")

_ROWS = types.UniTuple(f64x8, 8)


@intrinsic
def transpose8(
    typing_context: Any, a: Any, b: Any, c: Any, d: Any, e: Any, f: Any, g: Any, h: Any
) -> Any:
    """The 8x8 transpose of eight vectors, as a tuple of eight."""

    def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        rows = list(args)
        # swap 1x1, then 2x2, then 4x4 blocks across the diagonal; picks of `low` index a, those of `high` b
        for block in (1, 2, 4):
            low = [i if not i & block else i - block + LANES for i in range(LANES)]
            high = [i + block if not i & block else i + LANES for i in range(LANES)]
            for i in range(LANES):
                if not i & block:
                    x, y = rows[i], rows[i + block]
                    rows[i] = _shuffle(builder, x, y, low)
                    rows[i + block] = _shuffle(builder, x, y, high)
        return context.make_tuple(builder, sig.return_type, rows)

    return _ROWS(*[f64x8] * 8), emit
