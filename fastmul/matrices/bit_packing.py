"""Matrices of integers to packed bits, and back, in chunks and on threads."""

from __future__ import annotations

import functools
import operator

import numpy as np

from fastmul.runtime.threads import get_threads, run

WORD_BITS = 64

#: Bytes of integers that one chunk packs or unpacks: milliseconds.
CHUNK_BYTES = 1 << 24


def words_for(n_bits: int) -> int:
    """Words that hold a row of n_bits."""
    return -(-n_bits // WORD_BITS)


def pack(x: np.ndarray, threads: int | None = None) -> tuple[np.ndarray, int]:
    """The low bits of a matrix of integers, as words, and all its entries or-ed (as unsigned integers)."""
    from fastmul.kernels.cpu.bits.packing import pack_kernel

    if not x.dtype.isnative or not x.flags.aligned:
        x = x.astype(x.dtype.newbyteorder("="))
    if x.strides[1] != x.itemsize:
        x = np.ascontiguousarray(x)
    words = np.empty((x.shape[0], words_for(x.shape[1])), np.uint64)
    unsigned = f"uint{8 * x.itemsize}"
    entries, kernel = x.view(unsigned), pack_kernel(unsigned)
    unions = [0]

    def pack_rows(start: int, stop: int) -> None:
        unions.append(int(kernel(entries[start:stop], words[start:stop])))

    run(pack_rows, _row_chunks(x), get_threads(threads))
    return words, functools.reduce(operator.or_, unions)


def unpack(words: np.ndarray, out: np.ndarray, threads: int | None = None) -> None:
    """The bits as zeros and ones of a matrix of integers or booleans, whose rows are contiguous."""
    from fastmul.kernels.cpu.bits.packing import unpack_kernel

    unsigned = f"uint{8 * out.itemsize}"
    entries, kernel = out.view(unsigned), unpack_kernel(unsigned)

    def unpack_rows(start: int, stop: int) -> None:
        kernel(words[start:stop], entries[start:stop])

    run(unpack_rows, _row_chunks(out), get_threads(threads))


def _row_chunks(x: np.ndarray) -> list[tuple[int, int]]:
    """Rows of x in chunks of a few milliseconds."""
    rows = max(1, CHUNK_BYTES // max(1, x.shape[1] * x.itemsize))
    return [(i, min(x.shape[0], i + rows)) for i in range(0, x.shape[0], rows)]
