"""float32 products whose epilogue runs on rows that have just been computed."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastmul.nn.epilogues import Epilogue
from fastmul.nn.operands import floats, rows_of
from fastmul.runtime import blas

#: Rows of a block: BLAS packs the weights anew for each, which must cost little beside multiplying by them, and the
#: fewer rows, the nearer is the cache where the epilogue finds them (AMD Zen 4, 2026-11-24: 384 rows cost 2 % more).
ROWS = 768


def linear(
    x: Any, w: Any, *, epilogue: Epilogue | None = None, threads: int | None = None
) -> np.ndarray:
    """A layer's product and what follows it: x @ w, then the epilogue, block by block of rows.

    Parameters
    ----------
    x : (..., k) float32 array.
    w : (k, n) float32 array
        A weight stored as (n, k), as torch does, is passed as ``weight.T``, without a copy.
    epilogue : `Epilogue`, optional
    threads : int, optional
        As in `fastmul.matmul`.

    Returns
    -------
    (..., n) float32 array.

    Raises
    ------
    TypeError : an array is not float32.
    ValueError : shapes that do not fit.

    Error
    -----
    The product is np.matmul's, of blocks of 768 rows. The epilogue adds what `Epilogue` says: ``linear(x, w,
    epilogue=e)`` has the bits of ``y = linear(x, w)`` with ``e`` applied to y.

    Complexity
    ----------
    O(m k n) time, and the result's memory.

    Examples
    --------
    >>> x = np.array([[1.0, 2.0]], np.float32)
    >>> linear(x, x.T @ x, epilogue=Epilogue(residual=x, activation="relu"))
    array([[ 6., 12.]], dtype=float32)
    """
    x = floats(x, "linear")
    w = np.asarray(w)
    if w.dtype != np.float32:
        raise TypeError(f"linear: w is {w.dtype}, must be float32")
    rows = rows_of(x, "linear")
    if w.ndim != 2 or rows.shape[1] != w.shape[0]:
        raise ValueError(
            f"linear: x of shape {x.shape} and w of shape {w.shape}: w must be ({x.shape[-1]}, n); "
            "a weight stored as (n, k) is passed as weight.T"
        )
    residual = None if epilogue is None else epilogue.residual
    if residual is not None and np.size(residual) != len(rows) * w.shape[1]:
        raise ValueError(
            f"linear: x of shape {x.shape} and w of shape {w.shape} make ({len(rows)}, {w.shape[1]}), residual has "
            f"shape {np.shape(residual)}: must have as many rows and columns"
        )
    out = np.empty((*x.shape[:-1], w.shape[1]), np.float32)
    results = rows_of(out, "linear")
    rows_of_plane = x.shape[-2] if x.ndim > 1 else 1
    with blas.limit(threads):
        for start in range(0, len(rows), ROWS):
            block = results[start : start + ROWS]
            np.matmul(rows[start : start + ROWS], w, out=block)
            if epilogue is not None:
                epilogue(block, start, rows_of_plane=rows_of_plane, threads=threads)
    return out
