"""scipy.sparse operands of matmul, in any of its formats, as compressed rows; scipy is never imported here.

Integers are exact modulo 2^bits by wrapping sums; a missing entry adds nothing, not even 0 * NaN.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from fastmul.exceptions import ResultOverflowError
from fastmul.matrices.modular import Modulo
from fastmul.matrices.multiplication.operands import result_dtype
from fastmul.runtime import arrays
from fastmul.runtime.threads import chunks, get_threads, run

#: Multiply-adds of one chunk: about 10 ms.
CHUNK_WORK = 1 << 24
#: Columns are uint32.
LONGEST = 1 << 32
#: Makes up for the rounding of a sum of magnitudes in float64: of 2^30 terms, three times 2^-53 each.
SLACK = 1 + 2.0**-20


@dataclass(frozen=True, slots=True)
class Rows:
    """A matrix in compressed sparse rows."""

    shape: tuple[int, int]
    starts: np.ndarray  # uint64
    columns: np.ndarray  # uint32
    values: np.ndarray

    @classmethod
    def of(cls, matrix: Any) -> Rows:
        """Of a scipy.sparse matrix; each entry once, in ascending order within its row."""
        rows = matrix.tocsr()
        if not rows.has_canonical_format:
            rows = rows.copy()
            rows.sum_duplicates()
        starts, columns = rows.indptr.astype(np.uint64), rows.indices
        # kernels follow them without looking, and whoever edits `indices` may have erred
        if columns.size and not 0 <= columns.min() <= columns.max() < rows.shape[1]:
            raise ValueError(
                f"matmul of a sparse matrix of shape {rows.shape} whose indices run from {columns.min()} to "
                f"{columns.max()}: see scipy's check_format"
            )
        columns = columns.view(np.uint32) if columns.itemsize == 4 else columns.astype(np.uint32)
        return cls(rows.shape, starts, columns, rows.data)

    def of_values(self, values: np.ndarray) -> Rows:
        """The same entries with other values."""
        return replace(self, values=np.ascontiguousarray(values))


def is_sparse(x: Any) -> bool:
    """Whether x is a scipy.sparse matrix or array, or of a subclass."""
    return hasattr(x, "tocsr") and any(
        kind.__module__.startswith("scipy.sparse") for kind in type(x).__mro__
    )


def product(
    a: Any, b: Any, dtype: Any, modulus: Modulo | None, overflow: str, threads: int | None
) -> Any:
    """a @ b where one is sparse: an array, or where both are, a sparse one of the type of a.tocsr().

    Of that one, a row's entries stand in the order in which they were met, as in scipy's own product.
    """
    for x in (a, b):
        if is_sparse(x) and x.ndim != 2:
            raise ValueError(f"matmul takes sparse matrices, not {x.ndim}-D arrays: x.reshape(1, -1)")  # fmt: skip
        if is_sparse(x) and max(x.shape) > LONGEST:
            raise ValueError(f"matmul takes sparse matrices of at most {LONGEST} columns, got {x.shape}")  # fmt: skip
    if is_sparse(a) and is_sparse(b):
        _check_shapes(a.shape, b.shape)
        rows = _multiply(Rows.of(a), Rows.of(b), dtype, modulus, overflow, threads)
        parts = rows.values, rows.columns.astype(np.int64), rows.starts.astype(np.int64)
        return type(a.tocsr())(parts, shape=rows.shape)
    (dense,) = arrays.as_operands("matmul", b if is_sparse(a) else a)
    if dense.ndim not in (1, 2):
        raise ValueError(
            f"matmul of a sparse matrix and an array of shape {dense.shape}: it takes 1-D and 2-D ones; multiply a "
            "stack one matrix at a time"
        )
    if is_sparse(a):
        _check_shapes(a.shape, dense.shape)
        right = dense if dense.ndim == 2 else dense[:, np.newaxis]
        made = _multiply(Rows.of(a), right, dtype, modulus, overflow, threads)
        return made if dense.ndim == 2 else made[:, 0]
    _check_shapes(dense.shape, b.shape)
    left = dense if dense.ndim == 2 else dense[np.newaxis]
    made = _multiply(Rows.of(b.T), left.T, dtype, modulus, overflow, threads)
    return np.ascontiguousarray(made.T) if dense.ndim == 2 else made[:, 0]


def _check_shapes(a: tuple[int, ...], b: tuple[int, ...]) -> None:
    if a[-1] != b[0]:
        raise ValueError(
            f"matmul of shapes {a} and {b}: {a[-1]} columns of the first meet {b[0]} rows of the second"
        )


def _multiply(
    a: Rows, b: Any, dtype: Any, modulus: Modulo | None, overflow: str, threads: int | None
) -> Any:
    """The product of rows by rows, or by a 2-D array, in the dtype that matmul gives it."""
    a_dtype, b_dtype = a.values.dtype, _values(b).dtype
    if modulus is not None:
        return _modulo(a, b, modulus, dtype, threads)
    result = result_dtype(a_dtype, b_dtype, dtype, overflow)
    if result.kind not in "biu" and result.char not in "fd":
        raise TypeError(
            f"matmul of sparse operands has no {result}: it multiplies integers, booleans, float32 and float64"
        )
    if overflow == "raise" and result.kind in "iu":
        _require_fit(a, b, result, threads)
    if result.kind == "b":
        counts = _in_dtype(a, b, np.dtype(np.int64), threads)
        return _with_values(counts, _values(counts) != 0)
    machine = result if result.kind == "f" else np.dtype(f"i{max(4, result.itemsize)}")
    made = _in_dtype(a, b, machine, threads)
    return _with_values(made, _values(made).astype(result, copy=False))


def _values(x: Any) -> np.ndarray:
    return x.values if isinstance(x, Rows) else x


def _with_values(x: Any, values: np.ndarray) -> Any:
    return x.of_values(values) if isinstance(x, Rows) else values


def _in_dtype(a: Rows, b: Any, dtype: np.dtype, threads: int | None) -> Any:
    """The product in the arithmetic of float32, float64, int32 or int64."""
    from fastmul.kernels.cpu import sparse

    found, count = sparse.kernels(dtype.name), get_threads(threads)
    values = np.ascontiguousarray(a.values.astype(dtype, copy=False))
    rows, n = a.shape[0], b.shape[1]
    entries = len(a.columns) // max(1, rows) + 1
    if not isinstance(b, Rows):
        right, out = np.ascontiguousarray(b, dtype), np.empty((rows, n), dtype)
        pieces = chunks(rows, entries * n, CHUNK_WORK)
        run(
            lambda first, last: found.multiply_dense(
                a.starts, a.columns, values, right, out, first, last
            ),
            pieces,
            count,
        )
        return out
    pieces = chunks(rows, entries * (len(b.columns) // max(1, b.shape[0]) + 1) + 1, CHUNK_WORK)
    counts = np.zeros(rows + 1, np.int64)
    operands = (a.starts, a.columns, b.starts, b.columns)
    run(
        lambda first, last: sparse.count_entries(*operands, counts[1:], n, first, last),
        pieces,
        count,
    )
    starts = np.cumsum(counts).astype(np.uint64)
    columns, sums = np.empty(starts[-1], np.uint32), np.empty(starts[-1], dtype)
    others = np.ascontiguousarray(b.values.astype(dtype, copy=False))
    run(
        lambda first, last: found.multiply_sparse(
            a.starts, a.columns, values, b.starts, b.columns, others, starts, columns, sums, n,
            first, last,
        ),
        pieces,
        count,
    )  # fmt: skip
    return Rows((rows, n), starts, columns, sums)


# ---------------------------------------------------------------- modulo p


def _modulo(a: Rows, b: Any, modulus: Modulo, dtype: Any, threads: int | None) -> Any:
    """The product modulo p, of digits of A so narrow that sums of int64 do not wrap.

    With t terms at most in a sum and digits below 2^w, a sum is below t 2^w p, and sum + 2^w (a residue) below
    (t + 1) 2^w p, which is kept below 2^63: w = floor(log2(2^63 / ((t + 1) p))).
    """
    p = modulus.p
    left, right, _ = modulus.prepare(
        a.values, _values(b), None if dtype is None else np.dtype(dtype)
    )
    terms = int(np.diff(a.starts.astype(np.int64)).max(initial=0))
    width = (((1 << 63) - 1) // ((terms + 1) * p)).bit_length() - 1
    if width < 1:
        raise ValueError(
            f"matmul(mod={p}) of a sparse matrix with {terms} entries in a row: products with so large a modulus "
            "are made of dense ones; pass x.toarray()"
        )
    left, other = _reduced(left, p), _with_values(b, _reduced(right, p))
    total: Any = None
    for shift in reversed(range(0, p.bit_length(), width)):
        digit = a.of_values(left >> shift & ((1 << width) - 1))
        part = _in_dtype(digit, other, np.dtype(np.int64), threads)
        sums = _values(part)
        if total is not None:
            sums += total << width
        total = sums % p
    return _with_values(part, total)


def _reduced(x: np.ndarray, p: int) -> np.ndarray:
    """Integers of any dtype modulo p, as int64."""
    if x.dtype == np.uint64:
        return (x % np.uint64(p)).astype(np.int64)
    return x.astype(np.int64) % p


# ---------------------------------------------------------------- overflow="raise"


def _require_fit(a: Rows, b: Any, dtype: np.dtype, threads: int | None) -> None:
    """Raise ResultOverflowError exactly if an entry of the true product does not fit.

    The sums of magnitudes, in float64, settle all rows whose sums stay below the limit; the others are summed in
    Python ints.
    """
    float64, limits = np.dtype(np.float64), np.iinfo(dtype)
    magnitudes = [_with_values(x, np.abs(_values(x).astype(float64))) for x in (a, b)]
    bounds = _in_dtype(magnitudes[0], magnitudes[1], float64, threads)
    doubtful = _values(bounds) * SLACK >= float(limits.max)
    if limits.min == 0:
        signed = (x for x in (a, b) if _values(x).dtype.kind == "i" and (_values(x) < 0).any())
        if next(signed, None) is not None:
            doubtful = np.ones_like(doubtful)
    if isinstance(bounds, Rows):
        owners = np.repeat(np.arange(a.shape[0]), np.diff(bounds.starts.view(np.int64)).astype(int))
        rows = np.unique(owners[doubtful])
    else:
        rows = np.nonzero(doubtful.any(axis=1))[0]
    for i in rows:
        for entry in _true_row(a, b, i):
            if not limits.min <= entry <= limits.max:
                raise ResultOverflowError(
                    f"matmul(overflow='raise') of sparse operands {a.shape} and {b.shape}: the entry {entry} does "
                    f"not fit {dtype}; give a wider dtype=, or overflow='wrap' for the product modulo 2**bits"
                )


def _true_row(a: Rows, b: Any, i: int) -> list[int]:
    """The entries of row i of the product, in Python ints."""
    part = slice(a.starts[i], a.starts[i + 1])
    if not isinstance(b, Rows):
        values = a.values[part].astype(object)
        return list(values @ b[a.columns[part]].astype(object)) if len(values) else []
    sums: dict[int, int] = {}
    for value, k in zip(a.values[part].tolist(), a.columns[part], strict=True):
        ends = slice(b.starts[k], b.starts[k + 1])
        for other, j in zip(b.values[ends].tolist(), b.columns[ends].tolist(), strict=True):
            sums[j] = sums.get(j, 0) + value * other
    return list(sums.values())
