"""Products that skip blocks: of a block-sparse matrix, and only into some blocks of the result.

    C += S B, kept blocks of S only                 C = A B, kept blocks of C only

        S          B                                    A        B            C
    |# . # .|    |---|   a tile of C stays in         |---|   | | | | |   |# . # .|
    |. # . #|    |---|   registers over the kept      |---|   | | | | |   |. # . #|
    |. # # .|    |---|   blocks of a pass             |---|   | | | | |   |. # # .|

Blocks are all of one size, but for the last ones, which the edge cuts off. A pass is a fixed range of the depth,
whatever is kept in it, so that an entry is summed in one order: leaving out a block of zeros changes no bit of the
result (of finite operands), not even the sign of a zero, since all sums are added to what is in C, +0 at first.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any, NamedTuple

import numpy as np
from llvmlite import ir
from numba import int64, types, void
from numba.extending import intrinsic

from fastmul.kernels.cpu.gemm import block_loops, emit
from fastmul.kernels.cpu.gemm.emit import I64
from fastmul.kernels.cpu.gemm.kernels import round_up
from fastmul.kernels.cpu.gemm.micro_kernel import Emitter, make_micro_kernel
from fastmul.kernels.cpu.gemm.packing import make_get, make_pack, make_put
from fastmul.kernels.cpu.gemm.rings import Ring, Tile, rings
from fastmul.runtime.jit import KernelSet, apart, const, kernel
from fastmul.runtime.scratch import lease
from fastmul.runtime.threads import chunks, get_threads, run

#: Most bytes of B that are packed at a time, and of B that one chunk packs.
SLAB_BYTES, PACK_BYTES = 32 << 20, 4 << 20
#: Multiply-adds of one chunk: about 10 ms.
CHUNK_WORK = 1 << 28


class Kept(NamedTuple):
    """Which blocks are kept: those of block row i are columns[starts[i] : starts[i + 1]], ascending int64."""

    starts: np.ndarray
    columns: np.ndarray

    @classmethod
    def of(cls, mask: np.ndarray) -> Kept:
        """From a boolean matrix of the blocks."""
        starts = np.zeros(len(mask) + 1, np.int64)
        np.cumsum(np.count_nonzero(mask, axis=1), out=starts[1:])
        return cls(starts, np.nonzero(mask)[1].astype(np.int64))


def multiply_block_sparse(
    a: np.ndarray, kept: Kept, block: tuple[int, int], b: np.ndarray, c: np.ndarray,
    scale: float = 1.0, threads: int | None = None,
) -> None:  # fmt: skip
    """C += S B, where S is scale A, rounded, in the kept blocks of (height, depth), and nothing elsewhere.

    float32 or float64, all three; a and b of any strides, c with contiguous rows, overlapping neither. The other
    blocks of A are not read.
    """
    found, (m, k), n = kernels(a.dtype.name), a.shape, b.shape[1]
    if min(m, k, n) == 0:
        return
    block = min(block[0], m), min(block[1], k)  # scratch is for no more than there is
    width = max(1, SLAB_BYTES // (k * a.itemsize * found.nr)) * found.nr
    threads, parameters = get_threads(threads), _as_words(scale, a.dtype)
    for j in range(0, n, width):
        part = b[:, j : j + width], c[:, j : j + width]
        _into_columns(found, a, kept, block, *part, parameters, threads)


def _into_columns(
    found: BlockKernels, a: np.ndarray, kept: Kept, block: tuple[int, int], b: np.ndarray, c: np.ndarray,
    parameters: np.ndarray, threads: int,
) -> None:  # fmt: skip
    """C += S B for so few columns that all of B fits a slab."""
    (m, k), n, (height, depth), item = a.shape, b.shape[1], block, a.itemsize
    row_bytes = round_up_to(n, found.nr) * item  # of B, packed
    strips = chunks(round_up_to(n, found.nr) // found.nr, found.nr * depth * item, PACK_BYTES)
    block_rows = len(kept.starts) - 1
    with lease(k * row_bytes) as slab:

        def pack(first: int, start: int, stop: int) -> None:
            deep = min(depth, k - first)
            left, right = start * found.nr, min(n, stop * found.nr)
            to = slab.ctypes.data + first * row_bytes + left * deep * item
            part = b[first : first + deep, left:right]
            found.pack_b(part.ctypes.data, *part.strides[::-1], right - left, deep, to, 0)

        def multiply(first: int, stop: int) -> None:
            with lease(found.scratch_bytes(height, depth)) as scratch:
                found.multiply_block_rows(
                    a.ctypes.data, *a.strides, c.ctypes.data, c.strides[0], *kept, first, stop, m, n, k, height,
                    depth, slab.ctypes.data, scratch.ctypes.data, parameters.ctypes.data,
                )  # fmt: skip

        run(pack, [(first, *strip) for first in range(0, k, depth) for strip in strips], threads)
        run(multiply, _rows_of_chunks(block_rows, height * k * n, threads), threads)


def multiply_block_samples(
    a: np.ndarray, b: np.ndarray, kept: Kept, block: tuple[int, int], c: np.ndarray,
    threads: int | None = None,
) -> None:  # fmt: skip
    """C = A B in the kept blocks of (height, width); the other blocks of C are not touched.

    float32 or float64, all three; a and b of any strides, c with contiguous rows, overlapping neither.
    """
    found, (m, k), n = kernels(a.dtype.name), a.shape, b.shape[1]
    if min(m, k, n) == 0:
        return
    width = min(block[1], n)
    block = min(block[0], m), width  # scratch is for no more than there is
    wide = max(1, SLAB_BYTES // (k * a.itemsize * round_up_to(width, found.nr)))
    n_columns = -(-n // width)
    for first in range(0, n_columns, wide):
        last = min(n_columns, first + wide)
        _samples_of_columns(found, a, b, kept, block, c, first, last, get_threads(threads))


def _samples_of_columns(
    found: BlockKernels, a: np.ndarray, b: np.ndarray, kept: Kept, block: tuple[int, int], c: np.ndarray,
    first_column: int, last_column: int, threads: int,
) -> None:  # fmt: skip
    """C = A B in the kept blocks of so few block columns that these columns of B fit a slab."""
    (m, k), n, (height, width), item = a.shape, b.shape[1], block, a.itemsize
    kc, one = found.ring.tile.kc, _as_words(1, a.dtype)
    row_bytes = round_up_to(width, found.nr) * item  # of a block of B, packed
    block_rows = len(kept.starts) - 1
    with lease(k * row_bytes * (last_column - first_column)) as slab:

        def pack(begin: int, column: int) -> None:
            deep = min(kc, k - begin)
            before = begin * (last_column - first_column) + deep * (column - first_column)
            part = b[begin : begin + deep, column * width : (column + 1) * width]
            to = slab.ctypes.data + before * row_bytes
            found.pack_b(part.ctypes.data, *part.strides[::-1], part.shape[1], deep, to, 0)

        def multiply(first: int, stop: int) -> None:
            with lease(found.scratch_bytes(height, kc)) as scratch:
                found.multiply_block_samples(
                    a.ctypes.data, *a.strides, c.ctypes.data, c.strides[0], *kept, first, stop, first_column,
                    last_column, m, n, k, height, width, slab.ctypes.data, scratch.ctypes.data,
                    one.ctypes.data,
                )  # fmt: skip

        passes = range(0, k, kc)
        run(pack, [(s, j) for s in passes for j in range(first_column, last_column)], threads)
        work = height * k * width * (last_column - first_column)
        run(multiply, _rows_of_chunks(block_rows, work, threads), threads)


def _rows_of_chunks(block_rows: int, each: int, threads: int) -> list[tuple[int, int]]:
    """Ranges of block rows: chunks of a bounded time, and enough of them for all threads."""
    return chunks(block_rows, each, min(CHUNK_WORK, block_rows * each // threads))


def _as_words(scale: float, dtype: np.dtype) -> np.ndarray:
    """The run-time parameter of the packing of A: an element in an 8-byte word."""
    words = np.zeros(8 // dtype.itemsize, dtype)
    words[0] = scale
    return words


def round_up_to(count: int, step: int) -> int:
    return -(-count // step) * step


# ---------------------------------------------------------------- the compiled kernels


class BlockKernels(KernelSet):
    """The compiled kernels of one dtype."""

    def __init__(self, ring: Ring) -> None:
        self.ring, self.nr, tile = ring, ring.nr, ring.tile
        self.item = np.dtype(ring.result).itemsize
        self.tile_bytes = round_up(tile.mr * ring.nr * self.item)
        side_a = replace(ring.side_a, encoding=_scaled, parameters=(ring.result,))
        self.pack_a, self.pack_b = make_pack(side_a), make_pack(ring.side_b)
        sizes = {
            "MR": tile.mr, "NR": ring.nr, "KC": tile.kc, "NC": tile.nc, "WORD": self.item,
            "TILE_BYTES": self.tile_bytes, "INDEX_BYTES": 8,
            "get": make_get(ring.result), "put": make_put(ring.result), "pack_a": apart(self.pack_a),
        }  # fmt: skip
        indices = [const(int64[::1])] * 2
        self.multiply_block_rows = kernel(
            void(*[int64] * 5, *indices, *[int64] * 10), f"gemm_{ring.name}_rows",
            add_blocks=make_add_blocks(ring), clear=make_clear(ring), **sizes,
        )(block_loops.multiply_block_rows)  # fmt: skip
        self.multiply_block_samples = kernel(
            void(*[int64] * 5, *indices, *[int64] * 12), f"gemm_{ring.name}_samples",
            micro_kernel=make_micro_kernel(ring), **sizes,
        )(block_loops.multiply_block_samples)  # fmt: skip

    def scratch_bytes(self, height: int, depth: int) -> int:
        """A tile of C and a pass of A, packed."""
        tile = self.ring.tile
        deep = max(tile.kc, depth)
        return self.tile_bytes + round_up_to(height, tile.mr) * deep * self.item


def _scaled(builder: Any, value: Any, kind: Any, scale: Any) -> Any:
    """An element of A, or a vector of them, times the scale."""
    if isinstance(kind, ir.VectorType):
        scale = emit.splat(builder, scale, kind.count)
    return builder.fmul(value, scale)


@cache
def kernels(dtype: str) -> BlockKernels:
    """The kernels of "float32" or "float64".

    Usual blocks are 32, 64 or 128 wide: the tile is one that divides them, 8 rows by 2 vectors.
    """
    ring = rings()[dtype]
    if ring.vector_bytes == 64:
        ring = replace(ring, tile=Tile(8, 2, 512, 192, 192))
    return BlockKernels(replace(ring, name=f"blocks_{dtype}"))


def make_add_blocks(ring: Ring) -> Any:
    """``add_blocks(a, a_step, b, b_step, which, count, depth, c, row_bytes)``: a tile C += sum of A_t B_which[t].

    An intrinsic on int64 addresses. Panels of A follow each other `a_step` bytes apart; that of B for block w is at
    b + w b_step; `which` is the address of `count` block numbers (int64); all have this depth.
    """

    @intrinsic
    def add_blocks(typing_context: Any, a: Any, a_step: Any, b: Any, b_step: Any, which: Any, count: Any,
                   depth: Any, c: Any, row_bytes: Any) -> Any:  # fmt: skip
        def lower(context: Any, builder: Any, sig: Any, args: Any) -> Any:
            _BlockEmitter(ring, builder).emit_blocks(*args)
            return context.get_dummy_value()

        return types.void(*[types.int64] * 9), lower

    return add_blocks


class _BlockEmitter(Emitter):
    """In the outer loop, `b` is the address of the next block number."""

    def emit_blocks(self, a: Any, a_step: Any, b: Any, b_step: Any, which: Any, count: Any, depth: Any,
                    c: Any, row_bytes: Any) -> None:  # fmt: skip
        builder = self.builder
        rows = self._rows(emit.at(builder, c), row_bytes)
        self._prefetch(rows)

        def block(a: Any, which: Any, tile: Any) -> tuple[Any, Any, Any]:
            number = emit.load(builder, which, I64)
            panel = builder.add(b, builder.mul(number, b_step))
            tile = self.sum(depth, a, emit.at(builder, panel), tile)
            return builder.gep(a, [a_step]), emit.at(builder, which, 8), tile

        zero = emit.constant(self.accumulator, 0)
        start = [[[zero]] * self.nv] * self.mr
        tile = self._loop(count, emit.at(builder, a), emit.at(builder, which), start, block)[2]
        self._write(tile, rows, add=True)


def make_clear(ring: Ring) -> Any:
    """``clear(c)``: a tile of zeros."""

    @intrinsic
    def clear(typing_context: Any, c: Any) -> Any:
        def lower(context: Any, builder: Any, sig: Any, args: Any) -> Any:
            vector = ir.VectorType(emit.element(ring.result), ring.lanes)
            where = emit.at(builder, args[0])
            for i in range(ring.tile.mr * ring.tile.nv):
                zeros = ir.Constant(vector, None)
                emit.store(builder, zeros, emit.at(builder, where, i * emit.size(vector)))
            return context.get_dummy_value()

        return types.void(types.int64), lower

    return clear
