"""Products of a matrix in compressed sparse rows: by a dense matrix, and by another one of its kind.

Row i of a matrix has the entries values[e] in columns[e], starts[i] <= e < starts[i + 1]. An entry of a product is the
sum over the entries of its row, in their order, from +0 on; every product and every sum is rounded (floats) or wraps.

Indices are unsigned, or run from 0 to a length: Numba adds the length to others where they are negative, and then LLVM
makes no vectors of the loop.
"""

from __future__ import annotations

import numpy as np
from numba import from_dtype, int64, uint32, uint64, void

from fastmul.runtime.jit import KernelSet, const, kernel

#: Columns of a dense result that are summed at a time: 4 KiB of 8 bytes, a part of the first-level cache.
STRIP = 512

_STARTS, _COLUMNS = const(uint64[::1]), const(uint32[::1])


def multiply_dense(starts, columns, values, b, c, first, last):  # type: ignore[no-untyped-def]
    """Template: c[i] = sum of values[e] b[columns[e]] over row i, for the rows first to last."""
    n = b.shape[1]
    for i in range(first, last):
        if n == 1:
            total = c.dtype.type(0)
            for e in range(starts[i], starts[i + 1]):
                total += values[e] * b[columns[e], 0]
            c[i, 0] = total
            continue
        for left in range(0, n, STRIP):
            sums = c[i, left : left + STRIP]
            for j in range(sums.size):
                sums[j] = 0
            for e in range(starts[i], starts[i + 1]):
                value, row = values[e], b[columns[e], left : left + STRIP]
                for j in range(sums.size):
                    sums[j] += value * row[j]


def multiply_sparse(  # type: ignore[no-untyped-def]
    a_starts, a_columns, a_values, b_starts, b_columns, b_values, starts, columns, values, width, first, last
):  # fmt: skip
    """Template: the entries of the rows first to last of A B, whose `starts` are known; columns as they are met."""
    met = np.full(width, -1, np.int64)  # the row that met this column last
    sums = np.zeros(width, values.dtype)
    one = np.uint64(1)
    for i in range(first, last):
        at = starts[i]
        for e in range(a_starts[i], a_starts[i + 1]):
            value, k = a_values[e], np.uint64(a_columns[e])
            for f in range(b_starts[k], b_starts[k + one]):
                j = b_columns[f]
                if met[j] != i:
                    met[j], sums[j] = i, 0
                    columns[at] = j
                    at += one
                sums[j] += value * b_values[f]
        for e in range(starts[i], at):
            values[e] = sums[columns[e]]


@kernel(void(_STARTS, _COLUMNS, _STARTS, _COLUMNS, int64[::1], int64, int64, int64))
def count_entries(a_starts, a_columns, b_starts, b_columns, counts, width, first, last):
    """counts[i] = how many entries row i of A B has, for the rows first to last."""
    met = np.full(width, -1, np.int64)
    one = np.uint64(1)
    for i in range(first, last):
        count = 0
        for e in range(a_starts[i], a_starts[i + 1]):
            k = np.uint64(a_columns[e])
            for f in range(b_starts[k], b_starts[k + one]):
                if met[b_columns[f]] != i:
                    met[b_columns[f]] = i
                    count += 1
        counts[i] = count


class SparseKernels(KernelSet):
    """The compiled kernels of one dtype."""

    def __init__(self, dtype: str) -> None:
        item = from_dtype(np.dtype(dtype))
        line, matrix = item[::1], item[:, ::1]
        rows = (_STARTS, _COLUMNS, const(line))
        self.multiply_dense = kernel(
            void(*rows, const(matrix), matrix, int64, int64), f"multiply_dense_{dtype}"
        )(multiply_dense)
        self.multiply_sparse = kernel(
            void(*rows, *rows, _STARTS, uint32[::1], line, int64, int64, int64),
            f"multiply_sparse_{dtype}",
        )(multiply_sparse)


#: Narrower integers are multiplied in int32, and cut down.
DTYPES = ("float32", "float64", "int32", "int64")
_float32, _float64, _int32, _int64 = map(SparseKernels, DTYPES)


def kernels(dtype: str) -> SparseKernels:
    """The kernels of a dtype of DTYPES."""
    return dict(zip(DTYPES, (_float32, _float64, _int32, _int64), strict=True))[dtype]
