"""The 8x8 transpose of a leaf of the complex FFT, while it is loaded.

    load_halves: the 4x4 blocks of eight vectors change places        A B      A C
    transpose_within_halves: each block is transposed                 C D  ->  B D  ->  A' C' / B' D'

The first step costs no shuffles, only loads of half a vector, of which the CPU does twice as many.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from fastmul.kernels.cpu.vectors import f64x8

_I32 = ir.IntType(32)
_HALF = ir.VectorType(ir.DoubleType(), 4)
_ROWS = types.UniTuple(f64x8, 4)


def _shuffle(builder: Any, a: Any, b: Any, picks: list[int]) -> Any:
    return builder.shuffle_vector(a, b, ir.Constant(ir.VectorType(_I32, 8), picks))


@intrinsic
def transpose_within_halves(typing_context: Any, a: Any, b: Any, c: Any, d: Any) -> Any:
    """Four vectors as rows of two 4x4 blocks, each block transposed, as a tuple of four."""

    def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        rows = list(args)
        for block in (1, 2):  # swap 1x1, then 2x2 blocks across the diagonals
            low = [i if not i & block else i - block + 8 for i in range(8)]
            high = [i + block if not i & block else i + 8 for i in range(8)]
            for i in range(4):
                if not i & block:
                    x, y = rows[i], rows[i + block]
                    rows[i] = _shuffle(builder, x, y, low)
                    rows[i + block] = _shuffle(builder, x, y, high)
        return context.make_tuple(builder, sig.return_type, rows)

    return _ROWS(*[f64x8] * 4), emit


@intrinsic
def load_halves(typing_context: Any, array: Any, low: Any, high: Any) -> Any:
    """array[low : low + 4] and array[high : high + 4] as one vector."""

    def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        data = context.make_array(sig.args[0])(context, builder, args[0]).data
        halves = [
            builder.load(builder.bitcast(builder.gep(data, [i]), _HALF.as_pointer()), align=8)
            for i in args[1:]
        ]
        return _shuffle(builder, *halves, list(range(8)))

    return f64x8(array, types.int64, types.int64), emit
