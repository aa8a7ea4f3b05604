"""The arrays that functions of this room take: float32, and nothing is converted in silence."""

from __future__ import annotations

import math
from typing import Any

import numpy as np


def floats(x: Any, call: str, name: str = "x") -> np.ndarray:
    """x as a C-contiguous float32 array, without a copy where it is one.

    Raises
    ------
    TypeError : x is of another dtype.
    """
    x = np.asarray(x)
    if x.dtype != np.float32:
        raise TypeError(
            f"{call}: {name} is {x.dtype}, must be float32: .astype(np.float32) says that it is rounded"
        )
    return np.ascontiguousarray(x) if x.ndim else x


def vector(v: Any, n: int, call: str, name: str) -> np.ndarray | None:
    """None, or v as a float32 array of shape (n,).

    Raises
    ------
    TypeError, ValueError : it is of another dtype or shape.
    """
    if v is None:
        return None
    v = floats(v, call, name)
    if v.shape != (n,):
        raise ValueError(f"{call}: {name} has shape {v.shape}, must be ({n},), one for each column")
    return v


def rows_of(x: np.ndarray, call: str) -> np.ndarray:
    """x as a matrix of its last axis' rows.

    Raises
    ------
    ValueError : x has no axis.
    """
    if x.ndim == 0:
        raise ValueError(f"{call}: x is a scalar, must have at least one axis")
    return x.reshape(math.prod(x.shape[:-1]), x.shape[-1])


def address(array: np.ndarray | None) -> int:
    """Where an array's first element is; 0 for None, which kernels take for "absent"."""
    return 0 if array is None else array.ctypes.data
