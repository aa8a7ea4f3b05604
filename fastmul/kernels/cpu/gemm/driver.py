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
stays near it for the whole depth.
"""

from __future__ import annotations

import numpy as np

from fastmul.kernels.cpu.gemm.kernels import Kernels, kernels
from fastmul.runtime.scratch import lease
from fastmul.runtime.threads import get_threads, run

#: Most bytes of B that are packed at a time.
SLAB_BYTES = 32 << 20
#: Multiply-adds of a product that one kernel call does alone, with scratch of its own.
SMALL_WORK = 1 << 22
#: Multiply-adds of one chunk: about 10 ms.
CHUNK_WORK = 1 << 28


def multiply(
    a: np.ndarray, b: np.ndarray, c: np.ndarray, ring: str, threads: int | None = None
) -> None:
    """C = A B over a ring; c overlaps neither a nor b."""
    (m, k), n = a.shape, b.shape[1]
    if k == 0 or m == 0 or n == 0:
        c[...] = 0
        return
    found = kernels(ring)
    if m * n * k <= SMALL_WORK:
        found.multiply_small(a, b.T, c)
        return
    _multiply_in_chunks(found, a, b.T, c, get_threads(threads))


def _multiply_in_chunks(
    found: Kernels, a: np.ndarray, bt: np.ndarray, c: np.ndarray, threads: int
) -> None:
    ring, tile = found.ring, found.ring.tile
    (m, k), n = a.shape, bt.shape[0]
    n_panels = -(-n // ring.nr)
    row_bytes = n_panels * ring.nr * ring.side_b.word_bytes // ring.k_group  # of B, packed
    blocks = max(1, SLAB_BYTES // (row_bytes * tile.kc))
    depth = min(blocks * tile.kc, -(-k // tile.kc) * tile.kc)
    rows = max(1, CHUNK_WORK // (depth * n * tile.mc)) * tile.mc
    rows = min(rows, max(tile.mr, -(-m // (threads * tile.mr)) * tile.mr))
    columns = max(1, -(-n_panels // max(threads, row_bytes * depth >> 24))) * ring.nr
    with lease(row_bytes * depth) as slab:
        slab_address = slab.ctypes.data

        def pack_columns(start: int, k_start: int, k_stop: int) -> None:
            stop = min(n, start + columns)
            for first in range(k_start, k_stop, tile.kc):
                deep = min(tile.kc, k_stop - first)
                to = slab_address + (first - k_start) * row_bytes
                to += start * -(-deep // ring.k_group) * ring.side_b.word_bytes
                found.pack_b(bt, start, stop - start, first, deep, to)

        def multiply_chunk(start: int, k_start: int, k_stop: int) -> None:
            with lease(found.scratch_bytes) as scratch:
                found.multiply_rows(
                    a,
                    c,
                    start,
                    min(m, start + rows),
                    k_start,
                    k_stop,
                    slab_address,
                    scratch.ctypes.data,
                )

        for k_start in range(0, k, depth):
            k_stop = min(k, k_start + depth)
            run(pack_columns, [(j, k_start, k_stop) for j in range(0, n, columns)], threads)
            run(multiply_chunk, [(i, k_start, k_stop) for i in range(0, m, rows)], threads)
