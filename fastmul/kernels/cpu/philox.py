"""Philox4x32-10 inside kernels: one word, four words, or 32 words at once. Its meaning: `fastmul.runtime.philox`.

The vector form keeps each 32-bit word of eight counters in the low halves of eight 64-bit lanes. A product of low
halves is one instruction on every target (vpmuludq) and gives both halves of the result in place; whatever has
gathered in the high halves is ignored by the next product, so no round masks anything.

    one round, per lane:      p0 = m0 * low(c0)      p1 = m1 * low(c2)
                              c0 = high(p1) ^ c1 ^ k0       c1 = p1
                              c2 = high(p0) ^ c3 ^ k1       c3 = p0

Eight counters (column blocks b .. b + 7) are the words of columns 4 b .. 4 b + 31, in this order.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from fastmul.kernels.cpu.vectors import (
    _U64X8,
    _pointer,
    _shuffle,
    load,
    shift_left,
    shift_right,
    splat,
    u64x8,
)
from fastmul.runtime.jit import inline
from fastmul.runtime.philox import MULTIPLIERS, ROUNDS, WEYL

M0, M1 = (np.uint64(m) for m in MULTIPLIERS)
W0, W1 = (np.uint64(w) for w in WEYL)
LOW, HALF, ONE = np.uint64((1 << 32) - 1), np.uint64(32), np.uint64(1)
LANE_NUMBERS = np.arange(8, dtype=np.uint64)
#: Words that one step of the vector form makes.
WORDS = 32


@inline
def permute(c0, c1, c2, c3, key0, key1, rounds):
    """The four words of a counter, as uint64 below 2^32; all arguments but the last are uint64 below 2^32."""
    for _ in range(rounds):
        p0, p1 = M0 * c0, M1 * c2
        c0, c1, c2, c3 = (p1 >> HALF) ^ c1 ^ key0, p1 & LOW, (p0 >> HALF) ^ c3 ^ key1, p0 & LOW
        key0, key1 = (key0 + W0) & LOW, (key1 + W1) & LOW
    return c0, c1, c2, c3


@inline
def word_at(column, row, plane, site, key0, key1):
    """The word of one element, as uint32; coordinates and key are integers of any type."""
    block = np.uint64(column) >> np.uint64(2)
    w0, w1, w2, w3 = permute(
        block, np.uint64(row), np.uint64(plane), np.uint64(site), np.uint64(key0), np.uint64(key1), ROUNDS
    )  # fmt: skip
    lane = column & 3
    return np.uint32((w0, w1, w2, w3)[lane])


@intrinsic
def _multiply_low_halves(typing_context: Any, a: Any, b: Any) -> Any:
    """The 64-bit products of the low halves of the lanes."""

    def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        low = ir.Constant(_U64X8, [(1 << 32) - 1] * 8)
        return builder.mul(builder.and_(args[0], low), builder.and_(args[1], low))

    return u64x8(u64x8, u64x8), emit


def _interleave(first: int, doc: str) -> Any:
    picks = [i for lane in range(first, first + 4) for i in (lane, lane + 8)]

    @intrinsic
    def function(typing_context: Any, a: Any, b: Any) -> Any:
        return u64x8(u64x8, u64x8), lambda context, builder, sig, args: _shuffle(
            builder, *args, picks
        )

    function.__doc__ = doc
    return function


_interleave_first = _interleave(0, "[a0, b0, a1, b1, a2, b2, a3, b3].")
_interleave_last = _interleave(4, "[a4, b4, a5, b5, a6, b6, a7, b7].")


@inline
def permute8(c0, c1, c2, c3, key0, key1, rounds):
    """`permute` of eight counters; words stand in the low halves of the lanes, the high halves are anything."""
    m0, m1 = splat(M0), splat(M1)
    for _ in range(rounds):
        p0, p1 = _multiply_low_halves(m0, c0), _multiply_low_halves(m1, c2)
        c0 = shift_right(p1, 32) ^ (c1 ^ splat(key0))
        c2 = shift_right(p0, 32) ^ (c3 ^ splat(key1))
        c1, c3 = p1, p0
        key0, key1 = key0 + W0, key1 + W1  # past 2^32: only the low halves count
    return c0, c1, c2, c3


@inline
def words_at(column, row, plane, site, key0, key1):
    """The words of elements `column` (a multiple of 4) .. `column` + 31, as two vectors of 16 words each.

    Lane i of the first is word 2 i in its low and word 2 i + 1 in its high half: stored, they lie in order.
    """
    block = np.uint64(column) >> np.uint64(2)
    w0, w1, w2, w3 = permute8(
        splat(block) + load(LANE_NUMBERS, 0), splat(np.uint64(row)), splat(np.uint64(plane)),
        splat(np.uint64(site)), np.uint64(key0), np.uint64(key1), ROUNDS,
    )  # fmt: skip
    low = splat(LOW)
    pairs01 = (w0 & low) | shift_left(w1, 32)
    pairs23 = (w2 & low) | shift_left(w3, 32)
    return _interleave_first(pairs01, pairs23), _interleave_last(pairs01, pairs23)


@intrinsic
def _store_words(typing_context: Any, array: Any, index: Any, value: Any) -> Any:
    """array[index : index + 16] = the sixteen words of value, for a contiguous 1-D uint32 array."""

    def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        builder.store(args[2], _pointer(context, builder, sig.args[0], *args[:2], _U64X8), align=4)
        return context.get_dummy_value()

    return types.void(array, types.int64, u64x8), emit


@inline
def fill_words(words, count, column, row, plane, site, key0, key1):
    """words[:count] = the words of elements `column` (a multiple of 4) .. `column` + count - 1.

    `words` is a contiguous 1-D uint32 array of at least `count` elements rounded up to a multiple of 32: a whole
    vector is always written, and reading from it lets LLVM vectorise the caller's loop as any other.
    """
    for start in range(0, count, WORDS):
        first, second = words_at(column + start, row, plane, site, key0, key1)
        _store_words(words, start, first)
        _store_words(words, start + 16, second)
