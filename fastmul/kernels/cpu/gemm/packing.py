"""Packing: operands copied into the panels that the micro-kernel reads front to back.

A panel holds R rows of x (R = MR rows of A, or NR columns of B, which are rows of its transpose), a k-group of
g elements of every row side by side:

    x (rows x depth)                      panel 0                           panel 1
    +---------------------+    group 0:   x[0, 0:g]  ... x[R-1, 0:g]        x[R, 0:g] ...
    | R rows: panel 0     |    group 1:   x[0, g:2g] ... x[R-1, g:2g]       ...
    | R rows: panel 1     |      ...
    | rest, zero padded   |
    +---------------------+

Where the other operand is shifted (int8 as uint8), a panel begins with one word per row: what the shift adds to
each sum, to be taken off again. So it does where k is taken in pairs (rings.py): minus the sum of x[r, 2i] x[r, 2i+1].

Rows beyond the operand and the elements that fill the last group are zeros: they add nothing to any product.
Memory outside the operand is never read.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from llvmlite import ir
from numba import types, void
from numba.core import cgutils
from numba.extending import intrinsic

from fastmul.kernels.cpu.gemm import emit, loops
from fastmul.kernels.cpu.gemm.rings import SHIFT, Side, dot4
from fastmul.runtime.jit import Kernel, kernel


@cache
def make_pack(side: Side) -> Kernel:
    """The packing kernel of one side, shared by all rings that have such a side."""
    item, packed = np.dtype(side.operand).itemsize, np.dtype(side.packed).itemsize
    return kernel(
        void(*[types.int64] * 7),
        name=_name(side),
        ROWS=side.rows, GROUP=side.k_group, ITEM_BYTES=item, PACKED_BYTES=packed,
        WORD_BYTES=packed * side.k_group, HEADER=side.header_words,
        get=make_get(side.operand), put=_make_put(side),
        put_block=_make_put_block(side), put_group=_make_put_group(side),
        put_zeros=_make_put_zeros(side), put_header=_make_put_header(side),
    )(loops.pack)  # fmt: skip


def _name(side: Side) -> str:
    encoding = side.encoding
    if callable(encoding):
        encoding = f"{encoding.__module__}.{encoding.__qualname__}"
    return (
        f"gemm_pack_{side.operand}_{side.packed}_{side.rows}x{side.k_group}_{encoding}"
        f"_{side.excess}_{'_'.join(side.parameters)}_{side.pairs.name if side.pairs else ''}"
    )


def operand_type(dtype: str) -> Any:
    """Numba's type of a dtype's elements."""
    return getattr(types, dtype)


def encode(side: Side, builder: Any, value: Any, kind: Any, parameters: Any) -> Any:
    """Operand elements (one, or a vector) as packed elements of type `kind`."""
    if callable(side.encoding):
        words = emit.words(builder, parameters, side.parameters)
        return side.encoding(builder, value, kind, *words)
    source = np.dtype(side.operand)
    if source.kind == "f":
        return value
    if side.encoding == "truth":
        zero = ir.Constant(value.type, None)
        return builder.zext(builder.icmp_unsigned("!=", value, zero), kind)
    if side.encoding == "shifted":  # +SHIFT or -SHIFT modulo 2^8: the sign bit flips
        bits = emit.constant(kind, SHIFT) if isinstance(kind, ir.VectorType) else kind(SHIFT)
        return builder.xor(value, bits)
    return emit.resize(builder, value, kind, source.kind == "i")


def _make_put(side: Side) -> Any:
    """``put(to, value, parameters)``: one element."""

    @intrinsic
    def put(typing_context: Any, to: Any, value: Any, parameters: Any) -> Any:
        def lower(context: Any, builder: Any, sig: Any, args: Any) -> Any:
            to, value, parameters = args
            encoded = encode(side, builder, value, emit.element(side.packed), parameters)
            emit.store(builder, encoded, emit.at(builder, to))
            return context.get_dummy_value()

        return types.void(types.int64, value, types.int64), lower

    return put


def _make_put_group(side: Side) -> Any:
    """``put_group(to, source, k_stride, parameters)``: a k-group of a whole panel, its rows neighbours in memory."""
    read = ir.VectorType(emit.element(side.operand), side.rows)
    written = ir.VectorType(emit.element(side.packed), side.rows)

    @intrinsic
    def put_group(typing_context: Any, to: Any, source: Any, k_stride: Any, parameters: Any) -> Any:
        def lower(context: Any, builder: Any, sig: Any, args: Any) -> Any:
            to, source, stride, parameters = args
            lines = []
            for _ in range(side.k_group):
                line = emit.load(builder, emit.at(builder, source), read)
                lines.append(encode(side, builder, line, written, parameters))
                source = builder.add(source, stride)
            emit.store(builder, emit.interleave(builder, lines), emit.at(builder, to))
            return context.get_dummy_value()

        return types.void(*[types.int64] * 4), lower

    return put_group


def _make_put_block(side: Side) -> Any:
    """``put_block(to, source, row_stride, parameters)``: BLOCK k-groups of a whole panel, its rows contiguous."""
    elements = loops.BLOCK * side.k_group
    read = ir.VectorType(emit.element(side.operand), elements)
    written = ir.VectorType(emit.element(side.packed), elements)
    words = ir.VectorType(side.word, loops.BLOCK)

    @intrinsic
    def put_block(
        typing_context: Any, to: Any, source: Any, row_stride: Any, parameters: Any
    ) -> Any:
        def lower(context: Any, builder: Any, sig: Any, args: Any) -> Any:
            to, source, stride, parameters = args
            lines = []
            for _ in range(side.rows):
                line = emit.load(builder, emit.at(builder, source), read)
                encoded = encode(side, builder, line, written, parameters)
                lines.append(builder.bitcast(encoded, words))
                source = builder.add(source, stride)
            base, done = emit.at(builder, to), 0
            while done < side.rows:
                count = 4 if side.rows - done >= 4 else 2 if side.rows - done >= 2 else 1
                columns = emit.interleave(builder, lines[done : done + count])
                for g in range(loops.BLOCK):
                    part = emit.shuffle(
                        builder, columns, columns, list(range(g * count, (g + 1) * count))
                    )
                    offset = (g * side.rows + done) * emit.size(side.word)
                    emit.store(builder, part, emit.at(builder, base, offset))
                done += count
            return context.get_dummy_value()

        return types.void(*[types.int64] * 4), lower

    return put_block


def _make_put_zeros(side: Side) -> Any:
    """``put_zeros(to)``: one k-group of a whole panel that adds nothing."""
    words = ir.VectorType(ir.IntType(8 * side.word_bytes), side.rows)

    @intrinsic
    def put_zeros(typing_context: Any, to: Any) -> Any:
        def lower(context: Any, builder: Any, sig: Any, args: Any) -> Any:
            emit.store(builder, ir.Constant(words, None), emit.at(builder, args[0]))
            return context.get_dummy_value()

        return types.void(types.int64), lower

    return put_zeros


def _make_put_header(side: Side) -> Any:
    """``put_header(header, groups, parameters)``: what a panel whose groups follow begins with."""
    row_bytes = side.rows * side.word_bytes

    @intrinsic
    def put_header(typing_context: Any, header: Any, groups: Any, parameters: Any) -> Any:
        def lower(context: Any, builder: Any, sig: Any, args: Any) -> Any:
            header, groups, parameters = args
            if side.excess:
                _emit_excess(side, builder, header, groups, row_bytes)
            elif side.pairs:
                words = emit.words(builder, parameters, side.parameters)
                _emit_pair_sums(side, builder, header, groups, row_bytes, words)
            return context.get_dummy_value()

        return types.void(*[types.int64] * 3), lower

    return put_header


def _summed(builder: Any, zeros: list[Any], count: Any, step: Any) -> list[Any]:
    """sums = step(i, sums) for i in range(count), from zeros."""
    slots = [cgutils.alloca_once(builder, zero.type) for zero in zeros]
    for slot, zero in zip(slots, zeros, strict=True):
        builder.store(zero, slot)
    with cgutils.for_range(builder, count, intp=emit.I64) as loop:
        for slot, value in zip(
            slots, step(loop.index, [builder.load(slot) for slot in slots]), strict=True
        ):
            builder.store(value, slot)
    return [builder.load(slot) for slot in slots]


def _emit_excess(side: Side, builder: Any, header: Any, groups: Any, row_bytes: int) -> None:
    """What the other side's shift adds to the sums: `excess` times the sum of the elements of each row.

    Panels of rows beside which there are VNNI instructions, which is where sides are shifted: the multiply-adds of
    bytes by `excess`, in as many lanes as divide the rows.
    """
    lanes = next(n for n in (16, 8, 4) if side.rows % n == 0)
    words = ir.VectorType(emit.I32, lanes)
    shifted = emit.constant(words, int.from_bytes([abs(side.excess)] * side.k_group, "little"))
    for start in range(0, side.rows, lanes):

        def step(g: Any, sums: list[Any], start: int = start) -> list[Any]:
            group = builder.add(
                header, builder.mul(builder.add(g, emit.I64(1)), emit.I64(row_bytes))
            )
            where = emit.at(builder, group, start * side.word_bytes)
            word = emit.load(builder, where, words)
            unsigned, signed = (shifted, word) if side.packed == "int8" else (word, shifted)
            return [dot4(builder, sums[0], unsigned, signed)]

        (excess,) = _summed(builder, [ir.Constant(words, None)], groups, step)
        emit.store(builder, excess, emit.at(builder, header, start * side.word_bytes))


def _emit_pair_sums(
    side: Side, builder: Any, header: Any, groups: Any, row_bytes: int, words: list[Any]
) -> None:
    """Minus the sum of x[r, 2i] x[r, 2i+1] for the rows r of the panel, a vector of them at a time."""
    ring = side.pairs
    assert ring is not None
    lanes = min(ring.lanes, side.rows)
    vector = ir.VectorType(emit.element(ring.accumulator), lanes)
    zeros = [emit.constant(vector, ring.zero)] * ring.n_accumulators
    parameters = [emit.splat(builder, word, lanes) for word in words]
    starts = [*range(0, side.rows - lanes, lanes), side.rows - lanes]
    for start in starts:  # the last one overlaps the one before, where lanes do not divide the rows

        def step(pair: Any, sums: list[Any], start: int = start) -> list[Any]:
            first = builder.add(header, builder.mul(pair, emit.I64(2 * row_bytes)))
            x, y = (
                emit.load(
                    builder,
                    emit.at(builder, first, g * row_bytes + start * side.word_bytes),
                    vector,
                )
                for g in (1, 2)
            )
            made = ring.madd(builder, sums[0] if len(sums) == 1 else tuple(sums), x, y, *parameters)
            return list(made) if isinstance(made, tuple) else [made]

        sums = _summed(builder, zeros, builder.sdiv(groups, emit.I64(2)), step)
        part = ring.stored(builder, sums[0] if len(sums) == 1 else tuple(sums), parameters)
        where = emit.at(builder, header, start * side.word_bytes)
        emit.store(builder, ring.negated(builder, part, parameters), where)


def make_get(dtype: str) -> Any:
    """``get(address)``: the element of that dtype stored there."""

    @intrinsic
    def get(typing_context: Any, source: Any) -> Any:
        def lower(context: Any, builder: Any, sig: Any, args: Any) -> Any:
            return emit.load(builder, emit.at(builder, args[0]), emit.element(dtype))

        return operand_type(dtype)(types.int64), lower

    return get


def make_put(dtype: str) -> Any:
    """``put(address, value, 0)``: store an element there."""
    return _make_put(Side(dtype, dtype, 1, 1, "plain"))
