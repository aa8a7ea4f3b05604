"""Rows and columns with NaN or an infinity: entries that no integer stands for.

An infinity in row i of A, or a NaN, reaches every entry of row i of the product: inf * b is an infinity, or NaN for
b = 0. The finite entries beside it count by their signs only, so they are replaced by -1, 0 and 1: then no finite sum
overflows into an infinity that exact arithmetic would not have, and float GEMM gives what IEEE's sum of the exact
products is.
"""

from __future__ import annotations

import numpy as np

from fastmul.matrices.multiplication import packed


def lines(x: np.ndarray, axis: int) -> np.ndarray:
    """The indices of rows (axis=1) or columns (axis=0) of x that hold NaN or an infinity."""
    return np.flatnonzero(~np.isfinite(x).all(axis))


def fill(
    a: np.ndarray, b: np.ndarray, rows: np.ndarray, columns: np.ndarray, out: np.ndarray
) -> None:
    """Write the rows and columns of out = a @ b that are not finite."""
    if rows.size:
        out[rows] = _product(a[rows], b)
    if columns.size:
        out[:, columns] = _product(a, b[:, columns])


def _product(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    c = np.empty((a.shape[0], b.shape[1]))
    packed.matmul_2d(_signs(a), _signs(b), c)
    c[np.isnan(c)] = np.nan  # one NaN: its sign and payload would depend on the order of the sum
    return c


def _signs(x: np.ndarray) -> np.ndarray:
    return np.where(np.isfinite(x), np.sign(x), x).astype(np.float64)
