"""The few LLVM phrases that the micro-kernels and the packing are written in.

Everything here runs while a kernel is compiled and leaves vector IR behind; nothing runs afterwards.
Addresses are int64 byte addresses: one spelling for operands, scratch and results of every dtype.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

I1, I8, I32, I64 = (ir.IntType(bits) for bits in (1, 8, 32, 64))
VOID = ir.VoidType()
_ALIGN_1 = I32(1)


def element(dtype: Any) -> Any:
    """The LLVM type of one element of a NumPy dtype."""
    dtype = np.dtype(dtype)
    if dtype.kind == "f":
        return ir.DoubleType() if dtype.itemsize == 8 else ir.FloatType()
    return ir.IntType(8 * dtype.itemsize)


def size(kind: Any) -> int:
    """Bytes of an LLVM element or vector type."""
    if isinstance(kind, ir.VectorType):
        return kind.count * size(kind.element)
    if isinstance(kind, ir.IntType):
        return kind.width // 8
    return 8 if isinstance(kind, ir.DoubleType) else 4


def call(builder: Any, name: str, result: Any, *args: Any) -> Any:
    """Call an LLVM intrinsic by its name."""
    kind = ir.FunctionType(result, [a.type for a in args])
    return builder.call(cgutils.get_or_insert_function(builder.module, kind, name), args)


def constant(vector: Any, value: float) -> Any:
    """A vector with `value` in every lane."""
    return ir.Constant(vector, [vector.element(value)] * vector.count)


def shuffle(builder: Any, a: Any, b: Any, picks: list[int]) -> Any:
    """The lanes `picks` of a followed by b."""
    return builder.shuffle_vector(a, b, ir.Constant(ir.VectorType(I32, len(picks)), picks))


def splat(builder: Any, scalar: Any, lanes: int) -> Any:
    """A vector with the scalar in every lane."""
    undefined = ir.Constant(ir.VectorType(scalar.type, lanes), ir.Undefined)
    first = builder.insert_element(undefined, scalar, I32(0))
    return shuffle(builder, first, undefined, [0] * lanes)


def at(builder: Any, address: Any, offset: int = 0) -> Any:
    """The byte pointer at an int64 address plus a constant."""
    pointer = address
    if address.type == I64:
        pointer = builder.inttoptr(address, I8.as_pointer())
    return builder.gep(pointer, [I64(offset)]) if offset else pointer


def load(builder: Any, pointer: Any, kind: Any, align: int = 1) -> Any:
    return builder.load(builder.bitcast(pointer, kind.as_pointer()), align=align)


def store(builder: Any, value: Any, pointer: Any, align: int = 1) -> None:
    builder.store(value, builder.bitcast(pointer, value.type.as_pointer()), align=align)


def words(builder: Any, address: Any, dtypes: tuple[str, ...]) -> list[Any]:
    """The scalars of these dtypes in the 8-byte words at an address."""
    return [load(builder, at(builder, address, 8 * i), element(d)) for i, d in enumerate(dtypes)]


def resize(builder: Any, value: Any, kind: Any, signed: bool) -> Any:
    """Integers (or vectors of them) widened or truncated to `kind`."""
    have, want = size(value.type), size(kind)
    if have == want:
        return value
    if have > want:
        return builder.trunc(value, kind)
    return builder.sext(value, kind) if signed else builder.zext(value, kind)


@intrinsic
def address(typing_context: Any, array: Any) -> Any:
    """The int64 address of an array's first element."""

    def lower(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        data = context.make_array(sig.args[0])(context, builder, args[0]).data
        return builder.ptrtoint(data, I64)

    return types.int64(array), lower


def interleave(builder: Any, vectors: list[Any]) -> Any:
    """[x0, y0, z0, ..., x1, y1, z1, ...]: the transpose of 1, 2, 4, ... equal vectors, as one vector."""
    if len(vectors) == 1:
        return vectors[0]
    even, odd = interleave(builder, vectors[0::2]), interleave(builder, vectors[1::2])
    count = even.type.count
    return shuffle(builder, even, odd, [i // 2 + (i % 2) * count for i in range(2 * count)])


def _masked(vector: Any) -> str:
    kind = {ir.DoubleType: "f64", ir.FloatType: "f32"}.get(type(vector.element))
    return f"v{vector.count}{kind or vector.element}.p0"


def masked_load(builder: Any, pointer: Any, vector: Any, mask: Any) -> Any:
    """The elements where mask is set, zeros elsewhere; memory there is not touched."""
    pointer = builder.bitcast(pointer, vector.as_pointer())
    return call(builder, f"llvm.masked.load.{_masked(vector)}", vector, pointer, _ALIGN_1, mask,
                ir.Constant(vector, None))  # fmt: skip


def masked_store(builder: Any, value: Any, pointer: Any, mask: Any) -> None:
    """Store the elements where mask is set; memory elsewhere is not touched."""
    pointer = builder.bitcast(pointer, value.type.as_pointer())
    call(builder, f"llvm.masked.store.{_masked(value.type)}", VOID, value, pointer, _ALIGN_1, mask)
