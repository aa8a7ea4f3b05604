"""What attention does to sixteen queries at a time beside products: `attention.py` draws the layout.

A lane is a query. Loads and stores at the edge of an operand are masked: nothing outside it is touched.
"""

from __future__ import annotations

import math
from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from fastmul.kernels import softmax_weights
from fastmul.kernels.cpu.elementary import emitted
from fastmul.kernels.cpu.float_lanes import LANES, f32x16
from fastmul.kernels.cpu.gemm import emit
from fastmul.kernels.cpu.gemm.emit import I8, I32, I64
from fastmul.kernels.cpu.vectors import u64x8

_F32 = ir.VectorType(ir.FloatType(), LANES)
_I32 = ir.VectorType(I32, LANES)
_I8 = ir.VectorType(I8, LANES)
_FMA = f"llvm.fma.v{LANES}f32"
_MINUS_INFINITY = emit.constant(_F32, -math.inf)
_NUMBERS = ir.Constant(_I32, list(range(LANES)))


@intrinsic
def weight(typing_context: Any, x: Any) -> Any:
    """2^x for x <= 0, as `softmax_weights.weight` says."""
    return f32x16(f32x16), lambda context, builder, sig, args: emitted(
        builder, softmax_weights.weight, args[0]
    )


@intrinsic
def larger(typing_context: Any, a: Any, b: Any) -> Any:
    """The larger of a and b; b where either is NaN."""

    def lower(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return builder.select(builder.fcmp_ordered(">", *args), *args)

    return f32x16(f32x16, f32x16), lower


@intrinsic
def smaller(typing_context: Any, a: Any, b: Any) -> Any:
    """The smaller of a and b; a where either is NaN."""

    def lower(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return builder.select(builder.fcmp_ordered("<", args[1], args[0]), args[1], args[0])

    return f32x16(f32x16, f32x16), lower


@intrinsic
def choose_equal(typing_context: Any, a: Any, b: Any, then: Any, otherwise: Any) -> Any:
    """`then` where a equals b, else `otherwise`."""

    def lower(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return builder.select(builder.fcmp_ordered("==", *args[:2]), *args[2:])

    return f32x16(f32x16, f32x16, f32x16, f32x16), lower


@intrinsic
def mask_before(typing_context: Any, value: Any, first: Any) -> Any:
    """-inf in the lanes below `first`."""

    def lower(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        first = emit.splat(builder, builder.trunc(args[1], I32), LANES)
        below = builder.icmp_signed("<", _NUMBERS, first)
        return builder.select(below, _MINUS_INFINITY, args[0])

    return f32x16(f32x16, types.int64), lower


@intrinsic
def keep_words(typing_context: Any, value: Any, low: Any, high: Any, threshold: Any) -> Any:
    """value where the lane's word is at least the threshold, else 0; words stand in the low halves of low and high."""

    def lower(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        value, low, high, threshold = args
        limit = emit.splat(builder, threshold, LANES // 2)
        half = emit.constant(low.type, (1 << 32) - 1)
        kept = [
            builder.icmp_unsigned(">=", builder.and_(words, half), limit) for words in (low, high)
        ]
        mask = emit.shuffle(builder, *kept, list(range(LANES)))
        return builder.select(mask, value, ir.Constant(_F32, None))

    return f32x16(f32x16, u64x8, u64x8, types.uint64), lower


# ---------------------------------------------------------------- 16 x 16 blocks, transposed


@intrinsic
def transpose(
    typing_context: Any, x: Any, x_row: Any, rows: Any, columns: Any, to: Any, to_row: Any
) -> Any:
    """to[c, r] = x[r, c] for r < rows, c < columns, both at most 16 (counts may be larger: 16 are taken).

    Addresses and strides of rows in bytes; rows are contiguous.
    """

    def lower(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        x, x_row, rows, columns, to, to_row = args
        lines = _load_rows(builder, x, x_row, rows, columns, _F32)
        full = _first_lanes(builder, rows)
        for c, line in enumerate(_transposed(builder, lines)):
            where = emit.at(builder, builder.add(to, builder.mul(I64(c), to_row)))
            emit.masked_store(builder, line, where, _if_below(builder, c, columns, full))
        return context.get_dummy_value()

    return types.void(*[types.int64] * 6), lower


@intrinsic
def add_mask(typing_context: Any, x: Any, x_row: Any, rows: Any, columns: Any, to: Any, to_row: Any,
             unit: Any) -> Any:  # fmt: skip
    """to[c, r] += x[r, c] * unit for c < columns; -inf where x is -inf, whatever `to` held.

    x (rows, columns) as in `transpose`; `to` has all sixteen lanes of a row.
    """

    def lower(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        x, x_row, rows, columns, to, to_row, unit = args
        unit = emit.splat(builder, unit, LANES)
        lines = _load_rows(builder, x, x_row, rows, columns, _F32)
        every = _first_lanes(builder, I64(LANES))
        for c, line in enumerate(_transposed(builder, lines)):
            where = emit.at(builder, builder.add(to, builder.mul(I64(c), to_row)))
            mask = _if_below(builder, c, columns, every)
            held = emit.masked_load(builder, where, _F32, mask)
            added = emit.call(builder, _FMA, _F32, line, unit, held)
            forbidden = builder.fcmp_ordered("==", line, _MINUS_INFINITY)
            emit.masked_store(
                builder, builder.select(forbidden, _MINUS_INFINITY, added), where, mask
            )
        return context.get_dummy_value()

    return types.void(*[types.int64] * 6, types.float32), lower


@intrinsic
def forbid(
    typing_context: Any, x: Any, x_row: Any, rows: Any, columns: Any, to: Any, to_row: Any
) -> Any:
    """to[c, r] = -inf where the boolean x[r, c] is false, for c < columns; otherwise as `add_mask`."""

    def lower(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        x, x_row, rows, columns, to, to_row = args
        lines = [
            builder.uitofp(line, _F32) for line in _load_rows(builder, x, x_row, rows, columns, _I8)
        ]
        every = _first_lanes(builder, I64(LANES))
        for c, line in enumerate(_transposed(builder, lines)):
            where = emit.at(builder, builder.add(to, builder.mul(I64(c), to_row)))
            false = builder.fcmp_ordered("==", line, ir.Constant(_F32, None))
            mask = builder.and_(false, _if_below(builder, c, columns, every))
            emit.masked_store(builder, _MINUS_INFINITY, where, mask)
        return context.get_dummy_value()

    return types.void(*[types.int64] * 6), lower


def _first_lanes(builder: Any, count: Any) -> Any:
    count = builder.select(builder.icmp_signed("<", count, I64(LANES)), count, I64(LANES))
    return builder.icmp_signed("<", _NUMBERS, emit.splat(builder, builder.trunc(count, I32), LANES))


def _if_below(builder: Any, i: int, count: Any, mask: Any) -> Any:
    """The mask if i < count, else none of its lanes."""
    return builder.select(
        builder.icmp_signed("<", I64(i), count), mask, ir.Constant(mask.type, None)
    )


def _load_rows(builder: Any, x: Any, x_row: Any, rows: Any, columns: Any, kind: Any) -> list[Any]:
    """Sixteen rows of sixteen elements, zeros where x has none."""
    mask, lines = _first_lanes(builder, columns), []
    for r in range(LANES):
        where = emit.at(builder, builder.add(x, builder.mul(I64(r), x_row)))
        lines.append(emit.masked_load(builder, where, kind, _if_below(builder, r, rows, mask)))
    return lines


def _transposed(builder: Any, rows: list[Any]) -> list[Any]:
    """Swap 1 x 1, then 2 x 2, 4 x 4 and 8 x 8 blocks across the diagonal."""
    rows = list(rows)
    block = 1
    while block < LANES:
        low = [i if not i & block else i - block + LANES for i in range(LANES)]
        high = [i + block if not i & block else i + LANES for i in range(LANES)]
        for i in range(LANES):
            if not i & block:
                x, y = rows[i], rows[i + block]
                rows[i] = emit.shuffle(builder, x, y, low)
                rows[i + block] = emit.shuffle(builder, x, y, high)
        block *= 2
    return rows
