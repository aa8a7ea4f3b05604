"""float32 products whose epilogue runs on rows that have just been computed."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastmul.nn.epilogues import Epilogue
from fastmul.nn.operands import floats, rows_of
from fastmul.runtime import blas
from fastmul.runtime.threads import get_threads, run

#: Entries of a block of rows of the result: a megabyte, which stays in the second-level cache...
BLOCK = 1 << 18
#: ...but of so many rows that reading the weights once for each block costs little beside multiplying by them.
FEWEST_ROWS = 96


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
    The product is BLAS's in blocks of rows that do not depend on the threads. The epilogue adds what `Epilogue` says:
    ``linear(x, w, epilogue=e)`` has the bits of ``y = linear(x, w)`` with ``e`` applied to y.

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
    out = np.empty((*x.shape[:-1], w.shape[1]), np.float32)
    results = rows_of(out, "linear")
    count, n = results.shape
    height = max(FEWEST_ROWS, BLOCK // max(1, n))
    rows_of_plane = x.shape[-2] if x.ndim > 1 else 1

    def run_block(start: int) -> None:
        block = results[start : start + height]
        np.matmul(rows[start : start + height], w, out=block)
        if epilogue is not None:
            epilogue(block, start, rows_of_plane=rows_of_plane)

    with blas.limit(1):
        run(run_block, [(start,) for start in range(0, count, height)], get_threads(threads))
    return out
