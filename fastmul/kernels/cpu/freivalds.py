"""A matrix times a few vectors modulo 2^64: plain loops, sharing nothing with the products they check."""

from __future__ import annotations

from numba import int64, uint64, void

from fastmul.runtime.jit import const, kernel


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
