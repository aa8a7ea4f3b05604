"""Packed rows of bits to 8 x 8 blocks, and back: operands and results of the ring `gemm.fields.blocks`.

    words: 8 rows of bytes                       blocks: 1 row of uint64
    +--------+--------+-----+                    +--------------------+--------------------+-----+
    |  r0 b0 |  r0 b1 | ... |                    | r0 b0 r1 b0 ...    | r0 b1 r1 b1 ...    | ... |
    |  r1 b0 |  r1 b1 | ... |        ->          |       ... r7 b0    |       ... r7 b1    |     |
    |   ...  |   ...  |     |                    +--------------------+--------------------+-----+
    +--------+--------+-----+                     8 bits of 8 rows

For each word of the row it is a transposition of 8 x 8 bytes, either way.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba import types, void
from numba.extending import intrinsic

from fastmul.kernels.cpu.gemm import emit
from fastmul.kernels.cpu.gemm.emit import address
from fastmul.runtime.jit import const, kernel

SIDE = 8  # rows and columns of a block; also the bytes of a word

_WORDS = types.uint64[:, :]
_BYTES = ir.VectorType(emit.I8, SIDE * SIDE)
_LINES = ir.VectorType(emit.I64, SIDE)
_TRANSPOSED = [column + SIDE * row for column in range(SIDE) for row in range(SIDE)]


def _transpose_bytes(builder: Any, lines: Any) -> Any:
    as_bytes = builder.bitcast(lines, _BYTES)
    return builder.bitcast(emit.shuffle(builder, as_bytes, as_bytes, _TRANSPOSED), _LINES)


@intrinsic
def _gather_blocks(typing_context: Any, source: Any, row_bytes: Any, to: Any) -> Any:
    """A word of 8 rows, `row_bytes` apart, to 8 blocks."""

    def lower(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        source, row_bytes, to = args
        lines = ir.Constant(_LINES, ir.Undefined)
        for row in range(SIDE):
            word = emit.load(builder, emit.at(builder, source), emit.I64)
            lines = builder.insert_element(lines, word, emit.I32(row))
            source = builder.add(source, row_bytes)
        emit.store(builder, _transpose_bytes(builder, lines), emit.at(builder, to))
        return context.get_dummy_value()

    return types.void(*[types.int64] * 3), lower


def _make_scatter(add: bool) -> Any:
    """``scatter(source, to, row_bytes)``: 8 blocks to a word of 8 rows; added to what is there, or not."""

    @intrinsic
    def scatter(typing_context: Any, source: Any, to: Any, row_bytes: Any) -> Any:
        def lower(context: Any, builder: Any, sig: Any, args: Any) -> Any:
            source, to, row_bytes = args
            blocks = emit.load(builder, emit.at(builder, source), _LINES)
            lines = _transpose_bytes(builder, blocks)
            for row in range(SIDE):
                word = builder.extract_element(lines, emit.I32(row))
                pointer = emit.at(builder, to)
                if add:
                    word = builder.xor(word, emit.load(builder, pointer, emit.I64))
                emit.store(builder, word, pointer)
                to = builder.add(to, row_bytes)
            return context.get_dummy_value()

        return types.void(*[types.int64] * 3), lower

    return scatter


_write_blocks, _add_blocks = _make_scatter(add=False), _make_scatter(add=True)


@kernel(void(const(_WORDS), types.int64, types.int64, _WORDS))
def to_blocks(words, start, stop, blocks):  # type: ignore[no-untyped-def]
    """Rows `start` to `stop` of the blocks of words; rows of a last block that words lack are zeros."""
    m, width = words.shape
    padded = np.zeros((SIDE, width), np.uint64)
    for i in range(start, stop):
        source, row_bytes = address(words) + SIDE * i * words.strides[0], words.strides[0]
        rows = m - SIDE * i
        if rows < SIDE:
            padded[:rows] = words[SIDE * i :]
            source, row_bytes = address(padded), SIDE * width
        to = address(blocks) + i * blocks.strides[0]
        for w in range(width):
            _gather_blocks(source + SIDE * w, row_bytes, to + SIDE * SIDE * w)


@kernel(void(const(_WORDS), types.int64, types.int64, types.boolean, _WORDS))
def from_blocks(blocks, start, stop, add, words):  # type: ignore[no-untyped-def]
    """Rows `start` to `stop` of blocks, to words: replaced by them, or added to them."""
    m, width = words.shape
    last = np.empty((SIDE, width), np.uint64)
    for i in range(start, stop):
        to, row_bytes = address(words) + SIDE * i * words.strides[0], words.strides[0]
        rows = m - SIDE * i
        source = address(blocks) + i * blocks.strides[0]
        if rows < SIDE:
            for w in range(width):
                _write_blocks(source + SIDE * SIDE * w, address(last) + SIDE * w, SIDE * width)
            if add:
                last[:rows] ^= words[SIDE * i :]
            words[SIDE * i :] = last[:rows]
        elif add:
            for w in range(width):
                _add_blocks(source + SIDE * SIDE * w, to + SIDE * w, row_bytes)
        else:
            for w in range(width):
                _write_blocks(source + SIDE * SIDE * w, to + SIDE * w, row_bytes)
