"""A matrix times a few vectors, modulo 2^64 or p: plain loops, sharing nothing with the products they check."""

from __future__ import annotations

import numpy as np
from numba import int64, types, uint64, void

from fastmul.kernels.cpu.limbs_words import multiply_add
from fastmul.kernels.cpu.modular import add, below, reduce
from fastmul.runtime.jit import const, kernel

ZERO = np.uint64(0)
#: Pieces of the entries of a vector, and how many products of a piece by a 32-bit residue a word takes.
PIECE_BITS, PIECE_DEPTH = np.uint64(16), 1 << 15
PIECE_MASK, PIECE = np.uint64((1 << 16) - 1), np.uint64(1 << 16)
_MATRIX = const(types.Array(types.uint64, 2, "A"))
_VECTORS = const(uint64[:, ::1])


@kernel(void(const(uint64[:, :]), const(uint64[:, ::1]), uint64[:, ::1], int64, int64))
def multiply_by_vectors(matrix, vectors, out, start, stop):
    """out[start:stop] = matrix[start:stop] @ vectors, modulo 2^64."""
    for i in range(start, stop):
        row = out[i]
        for j in range(row.size):
            row[j] = uint64(0)
        for l in range(matrix.shape[1]):
            scale = matrix[i, l]
            for j in range(row.size):
                row[j] += scale * vectors[l, j]


@kernel(void(_MATRIX, _VECTORS, uint64, uint64, uint64, uint64, uint64[:, ::1], int64, int64))
def multiply_by_vectors_narrow(matrix, vectors, flip, offset, reciprocal, p, out, start, stop):
    """out[start:stop] = matrix[start:stop] @ vectors modulo p <= 2^32; the first numbers as in modular.reduce_rows.

    Residues below 2^32 times pieces below 2^16 are below 2^48, and PIECE_DEPTH = 2^15 of them below 2^63.
    """
    count, depth = vectors.shape[1], matrix.shape[1]
    low, high = np.empty(count, np.uint64), np.empty(count, np.uint64)
    for i in range(start, stop):
        out[i] = ZERO
        for first in range(0, depth, PIECE_DEPTH):
            low[:] = ZERO
            high[:] = ZERO
            for l in range(first, min(depth, first + PIECE_DEPTH)):
                scale = add(reduce(matrix[i, l] ^ flip, reciprocal, p), offset, p)
                for j in range(count):
                    low[j] += scale * (vectors[l, j] & PIECE_MASK)
                    high[j] += scale * (vectors[l, j] >> PIECE_BITS)
            for j in range(count):
                upper = reduce(reduce(high[j], reciprocal, p) * PIECE, reciprocal, p)
                out[i, j] = add(out[i, j], add(upper, reduce(low[j], reciprocal, p), p), p)


@kernel(
    void(_MATRIX, _VECTORS, _VECTORS, const(uint64[::1]), uint64, uint64, uint64[:, ::1], int64, int64)
)  # fmt: skip
def multiply_by_vectors_wide(matrix, vectors, shoups, excess, flip, p, out, start, stop):
    """out[start:stop] = excess + (matrix[start:stop] ^ flip) @ vectors modulo p <= 2^63; shoups = vectors 2^64 / p."""
    for i in range(start, stop):
        row = out[i]
        row[:] = excess
        for l in range(matrix.shape[1]):
            word = matrix[i, l] ^ flip
            for j in range(row.size):
                _, q = multiply_add(word, shoups[l, j], ZERO, ZERO)
                r = word * vectors[l, j] - q * p
                row[j] = add(row[j], below(r, p), p)
