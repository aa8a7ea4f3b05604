"""The product of packed ternary weights and 8-bit activations, exact in int32.

    for each block of tokens whose activations stay in the second-level cache:
        for each ROWS rows of weights (which stay in the first level):
            for each few tokens:                             a tile of sums (ternary_dots.py)

One token reads the weights once from memory, at the speed of memory; many multiply at the speed of the multiplier.
"""

from __future__ import annotations

import numpy as np
from llvmlite import ir
from numba import int8, int32, int64, void
from numba.core import types
from numba.extending import intrinsic

from fastmul.kernels.cpu.gemm import emit
from fastmul.kernels.cpu.gemm.emit import address
from fastmul.kernels.cpu.lowprecision.ternary_dots import (
    BLOCK_ACTIVATIONS,
    BLOCK_BYTES,
    PLANES,
    ROWS,
    make_dots,
    tokens,
)
from fastmul.runtime.jit import const, kernel
from fastmul.runtime.scratch import lease
from fastmul.runtime.target import target
from fastmul.runtime.threads import get_threads, run

#: Bytes of activations that a pass over the weights multiplies them by: half a second-level cache.
ACTIVATION_BYTES = 1 << 19
#: Multiply-adds of one chunk: about 10 ms.
CHUNK_WORK = 1 << 30

_TOKENS = tokens(target())
_tile, _single = make_dots(_TOKENS), make_dots(1)


@intrinsic
def _put_planes(typing_context, source, to):
    """The bytes 4j + q of BLOCK_ACTIVATIONS bytes, as byte j of plane q, for every q."""

    def lower(context, builder, sig, args):
        words = ir.VectorType(emit.I32, BLOCK_BYTES)
        block = emit.load(builder, emit.at(builder, args[0]), words)
        for q in range(PLANES):
            shifted = builder.lshr(block, emit.constant(words, 8 * q))
            plane = builder.trunc(shifted, ir.VectorType(emit.I8, BLOCK_BYTES))
            emit.store(builder, plane, emit.at(builder, args[1], q * BLOCK_BYTES))
        return context.get_dummy_value()

    return types.void(types.int64, types.int64), lower


@kernel(void(const(types.Array(int8, 2, "A")), int64, int64, int64, int8[:, ::1], int32[::1]))
def _stage(x, row_bytes, start, stop, staged, sums):
    """The activations of the tokens from start to stop, laid out as ternary_dots.py draws them, and their sums."""
    k = x.shape[1]
    block = np.zeros(BLOCK_ACTIVATIONS, np.int8)
    blocks = staged.shape[1] // BLOCK_ACTIVATIONS
    for t in range(start, stop):
        total = np.int32(0)
        for i in range(k):
            total += np.int32(x[t, i])
        sums[t] = total
        for b in range(blocks):
            first = PLANES * min(b * BLOCK_BYTES, row_bytes - BLOCK_BYTES)
            for i in range(BLOCK_ACTIVATIONS):
                at = first + i
                inside = PLANES * BLOCK_BYTES * b <= at and at < k
                block[i] = x[t, at] if inside else np.int8(0)
            _put_planes(
                address(block), address(staged) + t * staged.shape[1] + b * BLOCK_ACTIVATIONS
            )


@kernel(void(*[int64] * 5, const(int8[:, ::1]), const(int32[::1]), int32[:, ::1], int64))
def _multiply_rows(weights, row_bytes, start, stop, n_tokens, staged, sums, out, tokens_at_once):
    """out[:, start:stop], from the rows start to stop of the weights at this address."""
    token_bytes = staged.shape[1]
    blocks = token_bytes // BLOCK_ACTIVATIONS
    tile = np.empty((_TOKENS, ROWS), np.int32)
    for first in range(0, n_tokens, tokens_at_once):
        last = min(n_tokens, first + tokens_at_once)
        for row in range(start, stop, ROWS):
            rows = min(ROWS, stop - row)
            source = weights + row * row_bytes
            t = first
            while t < last:
                x, total = address(staged) + t * token_bytes, address(sums) + 4 * t
                count = _TOKENS if last - t >= _TOKENS else 1
                to, to_bytes = address(tile), 4 * ROWS
                if rows == ROWS:
                    to, to_bytes = address(out) + 4 * (t * out.shape[1] + row), 4 * out.shape[1]
                if count == _TOKENS:
                    _tile(source, row_bytes, rows, blocks, x, token_bytes, total, to, to_bytes)
                else:
                    _single(source, row_bytes, rows, blocks, x, token_bytes, total, to, to_bytes)
                if rows < ROWS:
                    for i in range(count):
                        for r in range(rows):
                            out[t + i, row + r] = tile[i, r]
                t += count


def multiply(x: np.ndarray, codes: np.ndarray, out: np.ndarray, threads: int | None = None) -> None:
    """out[t, r] = sum over i of x[t, i] * (code i of row r - 1), modulo 2^32.

    x : (tokens, k) int8 of any strides. codes : (n, ceil(k / 4)) uint8 of any strides, read in place if C-contiguous;
    what a last byte holds beyond the k codes is not looked at. out : (tokens, n) int32, C-contiguous.
    """
    (n_tokens, k), n = x.shape, codes.shape[0]
    if 0 in (n_tokens, k, n):
        out[...] = 0
        return
    codes = _readable(codes)
    row_bytes = codes.shape[1]
    blocks = -(-row_bytes // BLOCK_BYTES)
    token_bytes = blocks * BLOCK_ACTIVATIONS
    at_once = max(1, ACTIVATION_BYTES // token_bytes // _TOKENS) * _TOKENS
    count = get_threads(threads)
    with lease(n_tokens * (token_bytes + 4)) as scratch:
        split = n_tokens * token_bytes
        staged = scratch[:split].view(np.int8).reshape(n_tokens, token_bytes)
        sums = scratch[split : split + 4 * n_tokens].view(np.int32)
        each = max(1, CHUNK_WORK // 64 // token_bytes)
        run(
            lambda start, stop: _stage(x, row_bytes, start, stop, staged, sums),
            [(t, min(n_tokens, t + each)) for t in range(0, n_tokens, each)],
            count,
        )
        rows = max(1, CHUNK_WORK // (k * n_tokens) // ROWS)
        rows = min(rows, -(-n // (ROWS * count))) * ROWS
        where = codes.ctypes.data
        run(
            lambda start, stop: _multiply_rows(
                where, row_bytes, start, stop, n_tokens, staged, sums, out, at_once
            ),
            [(i, min(n, i + rows)) for i in range(0, n, rows)],
            count,
        )


def _readable(codes: np.ndarray) -> np.ndarray:
    """The codes in rows that follow each other, a block at least."""
    short = BLOCK_BYTES - codes.shape[1]
    if short > 0:
        codes = np.pad(codes, ((0, 0), (0, short)))  # which keeps the order of a transposed array
    return np.ascontiguousarray(codes)
