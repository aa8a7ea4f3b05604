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
from fastmul.runtime.jit import const, inline, kernel

SIDE = 8  # rows and columns of a block; also the bytes of a word

_WORDS = types.uint64[:, :]
_BYTES = ir.VectorType(emit.I8, SIDE * SIDE)
_LINES = ir.VectorType(emit.I64, SIDE)
_TRANSPOSED = [column + SIDE * row for column in range(SIDE) for row in range(SIDE)]


def _transpose_bytes(builder: Any, lines: Any) -> Any:
    """A vector of 8 words as 8 x 8 bytes, transposed."""
    as_bytes = builder.bitcast(lines, _BYTES)
    return builder.bitcast(emit.shuffle(builder, as_bytes, as_bytes, _TRANSPOSED), _LINES)


def _transpose_words(builder: Any, rows: list[Any]) -> list[Any]:
    """8 vectors of 8 words, transposed: words exchanged across the diagonal, then pairs, then fours."""
    rows = list(rows)
    for block in (1, 2, 4):
        low = [lane if not lane & block else lane - block + SIDE for lane in range(SIDE)]
        high = [lane + block if not lane & block else lane + SIDE for lane in range(SIDE)]
        for i in range(SIDE):
            if not i & block:
                x, y = rows[i], rows[i + block]
                rows[i] = emit.shuffle(builder, x, y, low)
                rows[i + block] = emit.shuffle(builder, x, y, high)
    return rows


def _gather_word(builder: Any, source: Any, row_bytes: Any, to: Any) -> None:
    """A word of 8 rows, `row_bytes` apart, to 8 blocks."""
    lines = ir.Constant(_LINES, ir.Undefined)
    for row in range(SIDE):
        word = emit.load(builder, emit.at(builder, source), emit.I64)
        lines = builder.insert_element(lines, word, emit.I32(row))
        source = builder.add(source, row_bytes)
    emit.store(builder, _transpose_bytes(builder, lines), emit.at(builder, to))


def _gather_words(builder: Any, source: Any, row_bytes: Any, to: Any) -> None:
    """8 words of 8 rows to 64 blocks."""
    rows = []
    for _ in range(SIDE):
        rows.append(emit.load(builder, emit.at(builder, source), _LINES))
        source = builder.add(source, row_bytes)
    for w, lines in enumerate(_transpose_words(builder, rows)):
        blocks = _transpose_bytes(builder, lines)
        emit.store(builder, blocks, emit.at(builder, emit.at(builder, to), SIDE * SIDE * w))


def _scatter_word(builder: Any, source: Any, to: Any, row_bytes: Any, add: bool) -> None:
    """8 blocks to a word of 8 rows; added to what is there, or not."""
    lines = _transpose_bytes(builder, emit.load(builder, emit.at(builder, source), _LINES))
    for row in range(SIDE):
        _put(builder, builder.extract_element(lines, emit.I32(row)), to, add)
        to = builder.add(to, row_bytes)


def _scatter_words(builder: Any, source: Any, to: Any, row_bytes: Any, add: bool) -> None:
    """64 blocks to 8 words of 8 rows."""
    columns = [
        _transpose_bytes(
            builder,
            emit.load(builder, emit.at(builder, emit.at(builder, source), SIDE * SIDE * w), _LINES),
        )
        for w in range(SIDE)
    ]
    for line in _transpose_words(builder, columns):
        _put(builder, line, to, add)
        to = builder.add(to, row_bytes)


def _put(builder: Any, value: Any, to: Any, add: bool) -> None:
    pointer = emit.at(builder, to)
    if add:
        value = builder.xor(value, emit.load(builder, pointer, value.type))
    emit.store(builder, value, pointer)


def _move(phrase: Any, *options: Any) -> Any:
    """A phrase on three addresses or distances as an intrinsic."""

    @intrinsic
    def move(typing_context: Any, first: Any, second: Any, third: Any) -> Any:
        def lower(context: Any, builder: Any, sig: Any, args: Any) -> Any:
            phrase(builder, *args, *options)
            return context.get_dummy_value()

        return types.void(*[types.int64] * 3), lower

    return move


gather_word, gather_words = _move(_gather_word), _move(_gather_words)
write_word, write_words = _move(_scatter_word, False), _move(_scatter_words, False)
add_word, add_words = _move(_scatter_word, True), _move(_scatter_words, True)


@inline
def _gather_row(source, row_bytes, width, to):  # type: ignore[no-untyped-def]
    """`width` words of 8 rows to blocks."""
    whole = width // SIDE * SIDE
    for w in range(0, whole, SIDE):
        gather_words(source + SIDE * w, row_bytes, to + SIDE * SIDE * w)
    for w in range(whole, width):
        gather_word(source + SIDE * w, row_bytes, to + SIDE * SIDE * w)


@inline
def _scatter_row(source, to, row_bytes, width, add):  # type: ignore[no-untyped-def]
    """Blocks to `width` words of 8 rows."""
    whole = width // SIDE * SIDE
    for w in range(0, whole, SIDE):
        if add:
            add_words(source + SIDE * SIDE * w, to + SIDE * w, row_bytes)
        else:
            write_words(source + SIDE * SIDE * w, to + SIDE * w, row_bytes)
    for w in range(whole, width):
        if add:
            add_word(source + SIDE * SIDE * w, to + SIDE * w, row_bytes)
        else:
            write_word(source + SIDE * SIDE * w, to + SIDE * w, row_bytes)


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
        _gather_row(source, row_bytes, width, address(blocks) + i * blocks.strides[0])


@kernel(void(const(_WORDS), types.int64, types.int64, types.boolean, _WORDS))
def from_blocks(blocks, start, stop, add, words):  # type: ignore[no-untyped-def]
    """Rows `start` to `stop` of blocks, to words: replaced by them, or added to them."""
    m, width = words.shape
    last = np.empty((SIDE, width), np.uint64)
    for i in range(start, stop):
        to, row_bytes = address(words) + SIDE * i * words.strides[0], words.strides[0]
        rows = m - SIDE * i
        source = address(blocks) + i * blocks.strides[0]
        if rows >= SIDE:
            _scatter_row(source, to, row_bytes, width, add)
        else:
            _scatter_row(source, address(last), SIDE * width, width, False)
            for r in range(rows):
                for w in range(width):
                    before = words[SIDE * i + r, w] if add else np.uint64(0)
                    words[SIDE * i + r, w] = before ^ last[r, w]
