"""Operands and oracles shared by the tests of matrix products."""

from __future__ import annotations

import numpy as np

INTEGERS = [np.dtype(f"{kind}{size}") for kind in "iu" for size in (1, 2, 4, 8)]
BOOL = np.dtype(bool)

#: Pairs whose promotion is an integer dtype or bool (int64 with uint64 is float64).
PAIRS = [
    (a, b)
    for a in (BOOL, *INTEGERS)
    for b in (BOOL, *INTEGERS)
    if np.result_type(a, b).kind in "biu"
]


def random_matrix(shape: tuple[int, ...], dtype: np.dtype, seed: int) -> np.ndarray:
    """Uniform over every value of the dtype."""
    rng = np.random.default_rng(seed)
    if dtype.kind == "b":
        return rng.random(shape) < 0.1
    info = np.iinfo(dtype)
    return rng.integers(info.min, info.max, shape, dtype, endpoint=True)


def extreme_matrix(shape: tuple[int, ...], dtype: np.dtype, seed: int) -> np.ndarray:
    """Only the least and the greatest value, their neighbours, -1, 0 and 1."""
    if dtype.kind == "b":
        return np.ones(shape, bool)
    info = np.iinfo(dtype)
    values = [info.min, info.min + 1, info.max - 1, info.max, 0, 1, max(-1, info.min)]
    return np.random.default_rng(seed).choice(np.array(values, dtype), shape)


def true_product(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """a @ b of 2-D integer arrays in Python ints."""
    rows, columns = a.astype(object).tolist(), b.T.astype(object).tolist()
    c = np.empty((a.shape[0], b.shape[1]), object)
    for i, row in enumerate(rows):
        for j, column in enumerate(columns):
            c[i, j] = sum(int(x) * int(y) for x, y in zip(row, column, strict=True))
    return c


def fits(c: np.ndarray, dtype: np.dtype) -> bool:
    info = np.iinfo(dtype)
    return all(info.min <= x <= info.max for x in c.ravel().tolist())


def assert_same(got: np.ndarray, expected: np.ndarray) -> None:
    """Same dtype, shape and entries."""
    assert got.dtype == expected.dtype
    assert got.shape == expected.shape
    np.testing.assert_array_equal(got, expected)
