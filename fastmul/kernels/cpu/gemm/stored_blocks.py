"""The packed product of a matrix that is stored as its nonzero blocks, over any ring.

    S, stored as blocks           B                                  C
    |# . # .|                   |---|  block row 0, packed once    |---|   the blocks of a row, one after another:
    |. # . #|         x         |---|  ...                     =   |---|   the first is stored, the others are added
    |. . . .|                   |---|                              |---|   no block: zeros

An entry is summed block by block in ascending columns, each block in the order of `driver.multiply`.
"""

from __future__ import annotations

import numpy as np

from fastmul.kernels.cpu.gemm.driver import CHUNK_WORK, PACK_BYTES, SLAB_BYTES
from fastmul.kernels.cpu.gemm.kernels import Kernels, kernels
from fastmul.runtime.scratch import lease
from fastmul.runtime.threads import chunks, get_threads, run


def multiply_stored_blocks(
    blocks: np.ndarray, starts: np.ndarray, columns: np.ndarray, b: np.ndarray, c: np.ndarray, ring: str,
    threads: int | None = None,
) -> None:  # fmt: skip
    """C = S B. Block row i of S: blocks[starts[i] : starts[i + 1]], in the block columns `columns` of the same range.

    blocks (count, height, width), b and c of any strides; c overlaps neither.
    """
    found, (_, _, width), n = kernels(ring), blocks.shape, b.shape[1]
    height = blocks.shape[1]
    for i in np.nonzero(np.diff(starts) == 0)[0]:
        c[i * height : (i + 1) * height] = found.ring.zero
    if len(blocks) == 0 or min(height, width, n) == 0:
        return
    used = np.unique(columns)
    step = max(1, SLAB_BYTES // (len(used) * _packed_bytes(found, width, found.nr))) * found.nr
    for j in range(0, n, step):
        part = slice(j, j + step)
        _into_columns(found, blocks, starts, columns, used, b[:, part], c[:, part], get_threads(threads))  # fmt: skip


def _into_columns(
    found: Kernels, blocks: np.ndarray, starts: np.ndarray, columns: np.ndarray, used: np.ndarray, b: np.ndarray,
    c: np.ndarray, threads: int,
) -> None:  # fmt: skip
    """C = S B for so few columns that the block rows of B that S uses fit a slab; rows of C without blocks are done."""
    (_, height, width), n, kc = blocks.shape, b.shape[1], found.ring.tile.kc
    each = _packed_bytes(found, width, n)
    place = {int(column): each * i for i, column in enumerate(used)}
    a_row, a_k = blocks.strides[1:]
    with lease(len(used) * each) as slab:

        def pack(first: int, stop: int) -> None:
            for column in used[first:stop].tolist():
                to = slab.ctypes.data + place[column]
                for begin in range(0, width, kc):
                    deep = min(kc, width - begin)
                    part = b[column * width + begin : column * width + begin + deep]
                    found.pack_b(part.ctypes.data, *part.strides[::-1], n, deep, to, 0)
                    to += _packed_bytes(found, deep, n)

        def multiply(first: int, stop: int) -> None:
            with lease(found.scratch_bytes) as scratch:
                for i in range(first, stop):
                    rows = c[i * height : (i + 1) * height]
                    for number, e in enumerate(range(starts[i], starts[i + 1])):
                        begin = kc if number else 0  # what is not at depth 0 is added to C
                        found.multiply_rows(
                            blocks[e].ctypes.data - begin * a_k, a_row, a_k, rows.ctypes.data, *rows.strides,
                            height, n, begin, begin + width, slab.ctypes.data + place[int(columns[e])],
                            scratch.ctypes.data, 0,
                        )  # fmt: skip

        run(pack, chunks(len(used), each, PACK_BYTES), threads)
        block_rows = len(starts) - 1
        work = max(1, len(blocks) // block_rows) * height * width * n
        run(multiply, chunks(block_rows, work, min(CHUNK_WORK, work * block_rows // threads)), threads)  # fmt: skip


def _packed_bytes(found: Kernels, depth: int, n: int) -> int:
    """Bytes of n columns of B of this depth, packed."""
    ring, side = found.ring, found.ring.side_b
    rows = -(-n // found.nr) * found.nr
    whole, rest = divmod(depth, ring.tile.kc)
    groups = whole * (side.header_words + ring.tile.kc // ring.k_group)
    if rest:
        groups += side.header_words - (-rest // ring.k_group)
    return rows * groups * side.word_bytes
