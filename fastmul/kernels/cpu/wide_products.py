"""Exact products of int64 matrices one entry at a time, each summed in three words: for few entries or few terms."""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import int64, types, uint64, void
from numba.extending import intrinsic

from fastmul.runtime.jit import const, kernel

#: Words of a sum: 126 bits of a product of two 64-bit integers, and 64 more for carries and the sign.
WORDS = 3

_I64, _I192 = ir.IntType(64), ir.IntType(64 * WORDS)
_TRIPLE = types.UniTuple(types.uint64, WORDS)


@intrinsic
def add_product(typing_context: Any, total: Any, x: Any, y: Any) -> Any:
    """total + x * y, of a sum in three words, least first, and two signed words."""

    def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        words = [builder.zext(builder.extract_value(args[0], i), _I192) for i in range(WORDS)]
        value = words[0]
        for i in range(1, WORDS):
            value = builder.or_(value, builder.shl(words[i], _I192(64 * i)))
        wide = ir.IntType(128)
        product = builder.mul(*(builder.sext(word, wide) for word in args[1:]))
        value = builder.add(value, builder.sext(product, _I192))
        made = [builder.trunc(builder.lshr(value, _I192(64 * i)), _I64) for i in range(WORDS)]
        return context.make_tuple(builder, _TRIPLE, made)

    return _TRIPLE(_TRIPLE, types.int64, types.int64), emit


@kernel(void(const(int64[:, :]), const(int64[:, :]), uint64[:, :, ::1], int64, int64))
def multiply_entries(a, b_transposed, out, start, stop):
    """out[i, j] = a[i] . b[:, j] in two's complement, for the entries i * n + j from start to stop."""
    for entry in range(start, stop):
        i, j = entry // out.shape[1], entry % out.shape[1]
        total = (uint64(0), uint64(0), uint64(0))
        for l in range(a.shape[1]):
            total = add_product(total, a[i, l], b_transposed[j, l])
        out[i, j, 0], out[i, j, 1], out[i, j, 2] = total
