"""sum: the sum of floats, correctly rounded, and so the same in whatever order they come."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from fastmul.matrices.multiplication import special_values
from fastmul.matrices.multiplication.long_accumulator import float_format
from fastmul.matrices.multiplication.problem import EXACT_ACCURACIES
from fastmul.runtime import arrays
from fastmul.runtime import threads as pool

ACCURACIES = (None, "fast", *EXACT_ACCURACIES)
#: Terms that one chunk adds up, and of a longer line the length of its pieces: about 10 ms.
CHUNK_TERMS = 1 << 22


def sum(
    x: Any,
    /,
    *,
    axis: int | tuple[int, ...] | None = None,
    keepdims: bool = False,
    accuracy: str | None = None,
    threads: int | None = None,
) -> Any:
    """The sum of an array's entries over `axis`, as `numpy.sum`, with an accuracy.

    Parameters
    ----------
    x : array-like of any shape; float32 or float64 unless `accuracy` is None or "fast".
    axis : int or tuple of int, optional
        The axes that are summed over. Default: all of them.
    keepdims : bool
        Leave the summed axes in the result, with length 1.
    accuracy : {None, "fast", "reproducible", "correctly_rounded"}
        None and "fast" are numpy.sum. The others are one and the same here: the float nearest to the true sum, ties
        to even, in whatever order the terms come.
    threads : int, optional
        Threads of this call, unless numpy.sum makes it. Default: `fastmul.set_threads`.

    Returns
    -------
    Array of x's dtype without the summed axes, or a scalar; of numpy.sum's dtype for None and "fast".

    Raises
    ------
    ValueError : an unknown accuracy.
    TypeError : an accuracy for a dtype that is not float32 or float64; arrays of other libraries, masked arrays.
    AxisError : an axis that x does not have.

    Exactness
    ---------
    Every entry is added into a fixed-point number that spans all exponents, and that is rounded once: for all finite
    entries, subnormals and sums beyond the largest float (which become infinities) included. A sum that is exactly
    zero is +0 unless every term is -0; NaN and infinities make what they make in IEEE's sum.

    Complexity
    ----------
    O(x.size) time, a few nanoseconds for each entry; memory for a copy of x unless the summed axes are its last and
    it is a contiguous float64 array.

    Source
    ------
    Kulisch, Miranker, SIAM Review 28:1 (1986); Neal, arXiv:1505.05571 (2015).

    Examples
    --------
    >>> import numpy as np
    >>> x = np.array([1e300, 1.0, -1e300])
    >>> float(np.sum(x)), float(sum(x, accuracy="correctly_rounded"))
    (0.0, 1.0)
    """
    if accuracy not in ACCURACIES:
        choices = ", ".join(map(repr, ACCURACIES))
        raise ValueError(f"sum(accuracy={accuracy!r}): accuracy is one of {choices}")
    (x,) = arrays.as_operands("sum", x)
    if accuracy not in EXACT_ACCURACIES:
        return np.sum(x, axis=axis, keepdims=keepdims)
    if x.dtype.char not in "fd":
        raise TypeError(
            f"sum(accuracy={accuracy!r}) rounds float32 and float64, got {x.dtype}; convert it with astype"
        )
    axes = _axes(axis, x.ndim)
    total = _sum_lines(_as_lines(x, axes), x.dtype.newbyteorder("="), pool.get_threads(threads))
    kept = [1 if i in axes else size for i, size in enumerate(x.shape)]
    shape = kept if keepdims else [size for i, size in enumerate(x.shape) if i not in axes]
    return total.reshape(shape)[()]


def _axes(axis: Any, ndim: int) -> tuple[int, ...]:
    """The axes to sum over, counted from the first."""
    if axis is None:
        return tuple(range(ndim))
    axes = tuple(map(operator.index, axis)) if isinstance(axis, tuple) else (operator.index(axis),)
    for i in axes:
        if not -ndim <= i < ndim:
            raise np.exceptions.AxisError(i, ndim)
    axes = tuple(i % ndim for i in axes)
    if len(set(axes)) < len(axes):
        raise ValueError(f"sum(axis={axis!r}): an axis occurs twice")
    return axes


def _as_lines(x: np.ndarray, axes: tuple[int, ...]) -> np.ndarray:
    """The entries of each sum as a row of a contiguous float64 matrix."""
    others = [i for i in range(x.ndim) if i not in axes]
    n_lines = int(np.prod([x.shape[i] for i in others], dtype=np.int64))
    length = int(np.prod([x.shape[i] for i in axes], dtype=np.int64))
    lines = x.transpose([*others, *axes]).reshape(n_lines, length)
    return np.ascontiguousarray(lines, np.float64)


def _sum_lines(lines: np.ndarray, dtype: np.dtype, n_threads: int) -> np.ndarray:
    """The sum of each row, rounded once to `dtype`."""
    from fastmul.kernels.cpu import accumulator

    count, length = lines.shape
    form = float_format(dtype)
    out = np.empty(count)
    pieces = -(-length // CHUNK_TERMS)
    if pieces > 1:
        words = np.zeros((count, pieces, accumulator.ACCUMULATOR_WORDS), np.int64)

        def add_piece(line: int, piece: int) -> None:
            first = piece * CHUNK_TERMS
            accumulator.add_floats(lines[line, first : first + CHUNK_TERMS], words[line, piece])

        pool.run(add_piece, list(np.ndindex(count, pieces)), n_threads)
        accumulator.round_sums(words, out, *form)
    else:

        def sum_chunk(start: int, stop: int) -> None:
            accumulator.sum_rows(lines, out, *form, start, stop)

        pool.run(sum_chunk, pool.chunks(count, length, CHUNK_TERMS), n_threads)
    _sign_zeros(lines, out)
    _fill_specials(lines, out)
    with np.errstate(over="ignore"):
        return out.astype(dtype)


def _sign_zeros(lines: np.ndarray, out: np.ndarray) -> None:
    """Sums of -0 alone, of at least one, are -0."""
    if lines.shape[1]:
        zeros = np.flatnonzero(out == 0)
        terms = lines[zeros]
        out[zeros[((terms == 0) & np.signbit(terms)).all(1)]] = -0.0


def _fill_specials(lines: np.ndarray, out: np.ndarray) -> None:
    """Sums with an infinity or NaN: their finite terms do not matter."""
    rows = special_values.lines(lines, 1)
    if rows.size:
        terms = lines[rows]
        with np.errstate(invalid="ignore"):
            sums = np.where(np.isfinite(terms), 0, terms).sum(1)
        out[rows] = np.where(np.isnan(sums), np.nan, sums)
