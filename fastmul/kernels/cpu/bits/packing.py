"""Arrays of integers to packed bits, and back; transposition of packed bits."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from llvmlite import ir
from numba import types, void
from numba.core.types import Array
from numba.extending import intrinsic

from fastmul.kernels.cpu.gemm import emit
from fastmul.kernels.cpu.gemm.emit import address
from fastmul.runtime.jit import Kernel, const, inline, kernel

WORD_BITS = 64

_WORDS = types.uint64[:, :]
_ONE, _SHIFT_MASK = np.uint64(1), np.int64(63)


# ---------------------------------------------------------------- 64 entries and a word


def _make_gather(dtype: str) -> Any:
    """``gather(source)``: the low bits of the 64 entries there, as a word."""
    entries = ir.VectorType(emit.element(dtype), WORD_BITS)
    bits = ir.VectorType(ir.IntType(1), WORD_BITS)

    @intrinsic
    def gather(typing_context: Any, source: Any) -> Any:
        def lower(context: Any, builder: Any, sig: Any, args: Any) -> Any:
            loaded = emit.load(builder, emit.at(builder, args[0]), entries)
            return builder.bitcast(builder.trunc(loaded, bits), emit.I64)

        return types.uint64(types.int64), lower

    return gather


def _make_union(dtype: str) -> Any:
    """``union(source)``: all 64 entries there, or-ed."""
    element = emit.element(dtype)
    entries = ir.VectorType(element, WORD_BITS)

    @intrinsic
    def union(typing_context: Any, source: Any) -> Any:
        def lower(context: Any, builder: Any, sig: Any, args: Any) -> Any:
            loaded = emit.load(builder, emit.at(builder, args[0]), entries)
            name = f"llvm.vector.reduce.or.v{WORD_BITS}i{element.width}"
            return emit.resize(
                builder, emit.call(builder, name, element, loaded), emit.I64, signed=False
            )

        return types.uint64(types.int64), lower

    return union


def _make_spread(dtype: str) -> Any:
    """``spread(to, word)``: the bits of a word, as 64 entries there."""
    entries = ir.VectorType(emit.element(dtype), WORD_BITS)
    bits = ir.VectorType(ir.IntType(1), WORD_BITS)

    @intrinsic
    def spread(typing_context: Any, to: Any, word: Any) -> Any:
        def lower(context: Any, builder: Any, sig: Any, args: Any) -> Any:
            wide = builder.zext(builder.bitcast(args[1], bits), entries)
            emit.store(builder, wide, emit.at(builder, args[0]))
            return context.get_dummy_value()

        return types.void(types.int64, types.uint64), lower

    return spread


# ---------------------------------------------------------------- whole matrices


def _pack(x, words):  # type: ignore[no-untyped-def]
    """Template: the low bits of x, whose rows are contiguous, into words; returns all entries or-ed."""
    m, n = x.shape
    whole = n // 64
    seen = np.uint64(0)
    for i in range(m):
        row = address(x) + i * x.strides[0]
        for w in range(whole):
            words[i, w] = gather(row + w * 64 * ITEM_BYTES)  # noqa: F821
            seen |= union(row + w * 64 * ITEM_BYTES)  # noqa: F821
        if whole * 64 < n:
            word = np.uint64(0)
            for j in range(whole * 64, n):
                entry = np.uint64(x[i, j])
                seen |= entry
                word |= (entry & _ONE) << np.uint64(j & _SHIFT_MASK)
            words[i, whole] = word
    return seen


def _unpack(words, x):  # type: ignore[no-untyped-def]
    """Template: the bits of words into x, whose rows are contiguous."""
    m, n = x.shape
    whole = n // 64
    for i in range(m):
        row = address(x) + i * x.strides[0]
        for w in range(whole):
            spread(row + w * 64 * ITEM_BYTES, words[i, w])  # noqa: F821
        for j in range(whole * 64, n):
            x[i, j] = (words[i, whole] >> np.uint64(j & _SHIFT_MASK)) & _ONE


@cache
def pack_kernel(dtype: str) -> Kernel:
    """``pack(x, words)``: words = the low bits of an array of this unsigned dtype; returns all its entries or-ed."""
    operand = const(Array(getattr(types, dtype), 2, "A"))
    return kernel(
        types.uint64(operand, _WORDS), name=f"bits_pack_{dtype}",
        gather=_make_gather(dtype), union=_make_union(dtype), ITEM_BYTES=np.dtype(dtype).itemsize,
    )(_pack)  # fmt: skip


@cache
def unpack_kernel(dtype: str) -> Kernel:
    """``unpack(words, x)``: the bits as zeros and ones of an array of this unsigned dtype."""
    return kernel(
        void(const(_WORDS), Array(getattr(types, dtype), 2, "A")), name=f"bits_unpack_{dtype}",
        spread=_make_spread(dtype), ITEM_BYTES=np.dtype(dtype).itemsize,
    )(_unpack)  # fmt: skip


# ---------------------------------------------------------------- transposition


@inline
def _transpose_block(block):  # type: ignore[no-untyped-def]
    """Transpose 64 words as a 64 x 64 matrix: exchange its off-diagonal halves, then theirs."""
    half, mask = 32, np.uint64(0x00000000FFFFFFFF)
    while half > 0:
        shift = np.uint64(half)
        for start in range(0, 64, 2 * half):
            for i in range(start, start + half):
                moved = ((block[i] >> shift) ^ block[i + half]) & mask
                block[i] ^= moved << shift
                block[i + half] ^= moved
        half //= 2
        mask ^= mask << np.uint64(half)


@kernel(void(const(_WORDS), types.int64, types.int64, types.int64, _WORDS))
def transpose(words, n, start, stop, transposed):  # type: ignore[no-untyped-def]
    """transposed = the transpose of words, which have n columns; words `start` to `stop` of its rows."""
    m = words.shape[0]
    block = np.empty(64, np.uint64)
    for w in range(start, stop):
        i = 64 * w
        rows = min(64, m - i)
        for v in range(words.shape[1]):
            for r in range(rows):
                block[r] = words[i + r, v]
            block[rows:] = np.uint64(0)
            _transpose_block(block)
            for r in range(min(64, n - 64 * v)):
                transposed[64 * v + r, w] = block[r]
