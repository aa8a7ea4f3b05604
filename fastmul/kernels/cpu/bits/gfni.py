"""The product of packed bits in 8 x 8 blocks, which one instruction multiplies eight at a time."""

from __future__ import annotations

import numpy as np

from fastmul.kernels.cpu.bits.blocks import SIDE, from_blocks, to_blocks
from fastmul.kernels.cpu.gemm import driver, fields
from fastmul.runtime.scratch import lease
from fastmul.runtime.threads import get_threads, run

#: Bytes that one chunk converts: well under a millisecond, and worth a thread.
CHUNK_BYTES = 1 << 19


def available() -> bool:
    """Whether the code-generation target has the instruction."""
    return fields.blocks() is not None


def multiply(
    a: np.ndarray, b: np.ndarray, c: np.ndarray, add: bool = False, threads: int | None = None
) -> None:
    """c = a b, or c += a b, of packed words: a has as many columns as b has rows, up to the filling of a word.

    c overlaps neither a nor b.
    """
    ring = fields.blocks()
    assert ring is not None, "the code-generation target has no GFNI"
    depth, columns = _block_rows(b), SIDE * b.shape[1]
    shapes = (_block_rows(a), SIDE * a.shape[1]), (depth, columns), (_block_rows(a), columns)
    sizes = [8 * rows * width for rows, width in shapes]
    with lease(sum(sizes)) as scratch:
        ends = np.cumsum(sizes)
        x, y, z = (
            scratch[end - size : end].view(np.uint64).reshape(shape)
            for end, size, shape in zip(ends, sizes, shapes, strict=True)
        )
        count = get_threads(threads)
        run(to_blocks, [*_chunks(a, x), *_chunks(b, y)], count)
        driver.multiply(x[:, :depth], y, z, ring, count)
        run(from_blocks, [(z, start, stop, add, c) for _, start, stop, _ in _chunks(c, z)], count)


def _block_rows(words: np.ndarray) -> int:
    return -(-words.shape[0] // SIDE)


def _chunks(words: np.ndarray, blocks: np.ndarray) -> list[tuple[np.ndarray, int, int, np.ndarray]]:
    rows = max(1, CHUNK_BYTES // (8 * blocks.shape[1]))
    count = blocks.shape[0]
    return [(words, i, min(count, i + rows), blocks) for i in range(0, count, rows)]
