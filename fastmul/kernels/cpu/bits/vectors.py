"""Eight words at an address, added to eight others: the rows of views, which no array type calls contiguous."""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from fastmul.kernels.cpu.gemm import emit

VECTOR_WORDS = 8
VECTOR_BYTES = 8 * VECTOR_WORDS

_VECTOR = ir.VectorType(emit.I64, VECTOR_WORDS)


@intrinsic
def add_vector(typing_context: Any, to: Any, source: Any) -> Any:
    """The words at `to` plus those at `source`."""

    def lower(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        pointer, other = (emit.at(builder, address) for address in args)
        total = builder.xor(
            emit.load(builder, pointer, _VECTOR), emit.load(builder, other, _VECTOR)
        )
        emit.store(builder, total, pointer)
        return context.get_dummy_value()

    return types.void(types.int64, types.int64), lower
