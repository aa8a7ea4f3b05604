"""The packed product: cut into cache blocks, pack, and run the micro-kernel on every register tile.

    for each slab of B (all columns, as much depth as fits SLAB_BYTES):       pack it once, for all threads
        for each chunk of rows of A, on any thread:
            for each mc rows:
                for each kc of the depth:                                      pack mc x kc of A
                    for each nc columns (kc x nc of B stays in the second-level cache):
                        for each mr rows (mr x kc of A stays in the first-level cache):
                            for each nr columns:                               micro-kernel

This is the loop order of BLIS with the roles of A and B in the caches exchanged (the narrow panel of A stays in the
first level, B streams past it), and the loop over row blocks outermost: C is written to by one thread only, and
stays near it for the whole depth. Few rows of A do not repay a slab: for them see `_multiply_strips`.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np

from fastmul.kernels.cpu.gemm.kernels import Kernels, kernels
from fastmul.kernels.cpu.gemm.rings import Ring
from fastmul.runtime.scratch import lease
from fastmul.runtime.threads import get_threads, run

#: Most bytes of B that are packed at a time.
SLAB_BYTES = 32 << 20
#: Multiply-adds of a product that one kernel call does alone, with scratch of its own.
SMALL_WORK = 1 << 22
#: Multiply-adds of one chunk, where an instruction makes 8 of them: about 10 ms.
CHUNK_WORK = 1 << 28
#: Bytes of B that one chunk packs: a few milliseconds.
PACK_BYTES = 4 << 20
#: Rows of A, in blocks of mc, that are too few to repay reading a packed slab of B back from memory.
FEW_BLOCKS = 2
#: Columns of B that are then packed and used at once, enough to repay packing A again, or as many as make so many
#: bytes, which stay in the caches.
STRIP_COLUMNS = 1024
STRIP_BYTES = 1 << 20


def multiply(
    a: np.ndarray,
    b: np.ndarray,
    c: np.ndarray,
    ring: str | Ring,
    threads: int | None = None,
    parameters: np.ndarray | None = None,
) -> None:
    """C = A B over a ring, or the one so named in rings.py; c overlaps neither a nor b.

    Matrices, or three stacks of equally many (of stride 0, if the same one is meant).
    `parameters`: the ring's run-time parameters, in 8-byte words.
    """
    multiply_with(kernels(ring), a, b, c, threads, parameters)


def multiply_add(
    a: np.ndarray,
    b: np.ndarray,
    c: np.ndarray,
    ring: str | Ring,
    threads: int | None = None,
    parameters: np.ndarray | None = None,
) -> None:
    """C += A B, as `multiply`, for matrices none of which is empty; saves a pass over C and its memory."""
    found = kernels(ring)
    where = 0 if parameters is None else parameters.ctypes.data
    _multiply_packed(found, a, b, c, get_threads(threads), where, found.ring.tile.kc)


def small_kernel(ring: str | Ring, m: int, k: int, n: int) -> Any:
    """The kernel (a, b, c, address of the parameters or 0) of a product small enough for one call, or None."""
    found = kernels(ring)
    return found.multiply_small if _is_small(found, m, k, n) else None


def _is_small(found: Kernels, m: int, k: int, n: int) -> bool:
    return max(m, found.mr) * max(n, found.nr) * k <= SMALL_WORK


def multiply_with(
    found: Kernels,
    a: np.ndarray,
    b: np.ndarray,
    c: np.ndarray,
    threads: int | None = None,
    parameters: np.ndarray | None = None,
) -> None:
    """C = A B by the given kernels."""
    (m, k), n = a.shape[-2:], b.shape[-1]
    if k == 0 or m == 0 or n == 0:
        c[...] = found.ring.zero
        return
    where = 0 if parameters is None else parameters.ctypes.data
    if a.ndim == 3:
        _multiply_stack(found, a, b, c, get_threads(threads), where)
        return
    _multiply_any(found, a, b, c, get_threads(threads), where)


def _multiply_any(
    found: Kernels, a: np.ndarray, b: np.ndarray, c: np.ndarray, threads: int, parameters: int
) -> None:
    """C = A B, neither of them empty; parameters at this address."""
    (m, k), n = a.shape, b.shape[1]
    if _is_small(found, m, k, n):
        found.multiply_small(a, b, c, parameters)
        return
    _multiply_packed(found, a, b, c, threads, parameters)


def _multiply_packed(
    found: Kernels, a: np.ndarray, b: np.ndarray, c: np.ndarray, threads: int, parameters: int, origin: int = 0
) -> None:  # fmt: skip
    """C = A B; depth is counted from `origin`, and what is not at depth 0 is added to C (`loops.multiply_rows`)."""
    (m, k), n = a.shape, b.shape[1]
    few = m <= FEW_BLOCKS * found.ring.tile.mc
    if threads == 1 and not origin and m * k * n <= _chunk_work(found.ring):
        packed_b = n * k * found.ring.side_b.word_bytes // found.ring.k_group
        if not few or packed_b <= STRIP_BYTES:
            _multiply_at_once(found, a, b, c, parameters)
            return
    if few:
        _multiply_strips(found, a, b, c, threads, parameters, origin)
        return
    nr, kc = found.nr, found.ring.tile.kc
    widest = (
        max(
            1,
            SLAB_BYTES
            // (found.ring.side_b.word_bytes * (min(k, kc) // found.ring.k_group + 2) * nr),
        )
        * nr
    )
    for j in range(0, n, widest):
        stop = min(n, j + widest)
        _multiply_columns(found, a, b[:, j:stop], c[:, j:stop], threads, parameters, origin)


def _multiply_at_once(
    found: Kernels, a: np.ndarray, b: np.ndarray, c: np.ndarray, parameters: int
) -> None:
    """C = A B on this thread, in one kernel call: at n = 512, the steps of Python between several cost 5 %."""
    (m, k), n = a.shape, b.shape[1]
    with lease(found.scratch_bytes_of(m, k, n)) as scratch:
        found.multiply_one(
            a.ctypes.data, *a.strides, b.ctypes.data, *b.strides, c.ctypes.data, *c.strides,
            m, k, n, scratch.ctypes.data, parameters,
        )  # fmt: skip


def _multiply_strips(
    found: Kernels, a: np.ndarray, b: np.ndarray, c: np.ndarray, threads: int, parameters: int, origin: int
) -> None:  # fmt: skip
    """C = A B for few rows of A: strips of columns on any thread, blocks of B used as soon as they are packed."""
    tile, side = found.ring.tile, found.ring.side_b
    (m, k), n = a.shape, b.shape[1]
    groups = side.header_words + -(-min(tile.kc, k) // found.ring.k_group)
    width = max(STRIP_COLUMNS, STRIP_BYTES // (groups * side.word_bytes))
    width = -(-min(width, -(-n // threads)) // found.nr) * found.nr
    a_row, a_k = a.strides
    a_address = a.ctypes.data - origin * a_k
    b_address, (b_row, b_column) = b.ctypes.data, b.strides
    c_address, (c_row, c_column) = c.ctypes.data, c.strides

    def strip(start: int) -> None:
        columns = min(width, n - start)
        to = c_address + start * c_column
        with lease(width * groups * side.word_bytes) as slab, lease(found.scratch_bytes) as scratch:
            block, room = slab.ctypes.data, scratch.ctypes.data
            for first in range(0, k, tile.kc):
                stop = min(k, first + tile.kc)
                source = b_address + start * b_column + first * b_row
                found.pack_b(source, b_column, b_row, columns, stop - first, block, parameters)
                found.multiply_rows(a_address, a_row, a_k, to, c_row, c_column, m, columns, first + origin,
                                    stop + origin, block, room, parameters)  # fmt: skip

    run(strip, [(start,) for start in range(0, n, width)], threads)


def _multiply_stack(
    found: Kernels, a: np.ndarray, b: np.ndarray, c: np.ndarray, threads: int, parameters: int
) -> None:
    """C[i] = A[i] B[i], small ones without a step of Python for each; parameters at this address."""
    count, m, n = c.shape
    k = a.shape[2]
    if not _is_small(found, m, k, n):
        for x, y, z in zip(a, b, c, strict=True):
            _multiply_any(found, x, y, z, threads, parameters)
        return
    # what a product costs beside its multiplications is worth a tile's
    work = (m + found.mr) * (n + found.nr) * k
    threads = min(threads, -(-work * count // SMALL_WORK))
    each = max(1, min(CHUNK_WORK // work, -(-count // threads)))
    pieces = [(i, min(count, i + each)) for i in range(0, count, each)]
    run(lambda start, stop: found.multiply_stack(a, b, c, start, stop, parameters), pieces, threads)


def _chunk_work(ring: Ring) -> int:
    """Multiply-adds of one chunk."""
    return CHUNK_WORK * ring.k_group * ring.lanes // 8


def _multiply_columns(
    found: Kernels, a: np.ndarray, b: np.ndarray, c: np.ndarray, threads: int, parameters: int, origin: int
) -> None:  # fmt: skip
    """C = A B for so few columns that a block of all of them fits a slab; parameters at this address."""
    ring, tile, side = found.ring, found.ring.tile, found.ring.side_b
    (m, k), n = a.shape, b.shape[1]
    n_panels = -(-n // ring.nr)
    kc = min(tile.kc, -(-k // ring.k_group) * ring.k_group)
    block_groups = side.header_words + kc // ring.k_group
    block_bytes = n_panels * ring.nr * block_groups * side.word_bytes
    blocks = min(max(1, SLAB_BYTES // block_bytes), -(-k // kc))
    depth = blocks * kc
    rows = max(1, _chunk_work(ring) // (depth * n * tile.mc)) * tile.mc
    # equal ones, so that no thread waits for another
    n_chunks = threads * -(-m // (threads * rows))
    a_panels = -(-m // tile.mr)
    borders = [min(m, i * a_panels // n_chunks * tile.mr) for i in range(n_chunks + 1)]
    pieces = [(i, j) for i, j in pairwise(borders) if i < j]
    columns = -(-n_panels // max(threads, blocks * block_bytes // PACK_BYTES)) * ring.nr
    with lease(blocks * block_bytes) as slab:
        slab_address = slab.ctypes.data
        a_row, a_k = a.strides
        a_address = a.ctypes.data - origin * a_k
        b_address, (b_row, b_column) = b.ctypes.data, b.strides
        c_address, (c_row, c_column) = c.ctypes.data, c.strides

        def pack_columns(start: int, k_start: int, k_stop: int) -> None:
            count = min(columns, n - start)
            for block, first in enumerate(range(k_start, k_stop, kc)):
                deep = min(kc, k_stop - first)
                groups = side.header_words + -(-deep // ring.k_group)
                to = slab_address + block * block_bytes + start * groups * side.word_bytes
                source = b_address + start * b_column + first * b_row
                found.pack_b(source, b_column, b_row, count, deep, to, parameters)

        def multiply_chunk(start: int, stop: int, k_start: int, k_stop: int) -> None:
            with lease(found.scratch_bytes) as scratch:
                found.multiply_rows(
                    a_address + start * a_row, a_row, a_k, c_address + start * c_row, c_row, c_column,
                    stop - start, n, k_start + origin, k_stop + origin, slab_address, scratch.ctypes.data,
                    parameters,
                )  # fmt: skip

        for k_start in range(0, k, depth):
            k_stop = min(k, k_start + depth)
            run(pack_columns, [(j, k_start, k_stop) for j in range(0, n, columns)], threads)
            run(multiply_chunk, [(i, j, k_start, k_stop) for i, j in pieces], threads)
