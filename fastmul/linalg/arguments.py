"""What a caller of `fastmul.linalg` wrote, checked: the matrix, and over which integers or modulus."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from fastmul.matrices.modular import LARGEST, modulo
from fastmul.matrices.multiplication.modulo import words
from fastmul.runtime import arrays
from fastmul.runtime.threads import get_threads


def matrix(function: str, a: Any, *, square: bool = False) -> np.ndarray:
    """`a` as an (m, n) array of integers.

    Raises
    ------
    ValueError : not two axes, or not as many rows as columns where that is needed.
    TypeError : entries that are no integers.
    """
    (x,) = arrays.as_operands(function, a)
    if x.ndim != 2:
        raise ValueError(f"{function} takes a matrix, got an array of shape {x.shape}")
    if square and x.shape[0] != x.shape[1]:
        raise ValueError(f"{function} takes a square matrix, got shape {x.shape}")
    return integers(function, x)


def integers(function: str, x: np.ndarray) -> np.ndarray:
    """x if its entries are integers: of a dtype of integers, or Python's in an object array."""
    if x.dtype.kind in "biu":
        return x
    if x.dtype.kind != "O":
        raise TypeError(
            f"{function} is exact and takes integers, got {x.dtype}; over floats there is numpy.linalg"
        )
    exact = np.empty(x.shape, object)
    try:
        exact.ravel()[:] = [operator.index(entry) for entry in x.ravel()]
    except TypeError:
        kinds = sorted({type(entry).__name__ for entry in x.ravel()})
        raise TypeError(
            f"{function} takes integers, got an object array of {', '.join(kinds)}"
        ) from None
    return exact


def modulus(function: str, mod: Any) -> int:
    """The modulus as an int in [2, 2^63]."""
    if mod is None:
        raise TypeError(
            f"{function} works modulo p: give mod=, or a BitMatrix; over the integers there are det, rank, solve, "
            "inv and charpoly"
        )
    p = modulo(function, mod).p
    if p > LARGEST:
        raise ValueError(
            f"{function}(mod=2**64): elimination divides, and half of these residues have no inverse; "
            "the modulus is at most 2**63, best a prime"
        )
    return p


def residues(a: np.ndarray, p: int, threads: int | None = None) -> np.ndarray:
    """A new C-contiguous uint64 array of a's entries modulo p."""
    get_threads(threads)  # refuses what is no number of threads, also where one is enough
    if a.dtype.kind == "O":
        return np.ascontiguousarray((a % p).astype(np.uint64)).reshape(a.shape)
    if a.size and a.dtype.itemsize == 8 and a.view(np.uint64).max() < p:  # so are most that come
        return a.view(np.uint64).copy()
    return words.reduce(a, p, threads).view(np.uint64)


def put_residues(to: np.ndarray, a: np.ndarray, p: int, threads: int | None = None) -> None:
    """Set the uint64 array `to` to a's entries modulo p."""
    get_threads(threads)
    to[...] = (a % p) if a.dtype.kind == "O" else words.reduced(a, p, threads).view(np.uint64)


def right_hand_side(function: str, b: Any, a: Any) -> np.ndarray:
    """`b` as an (n,) or (n, q) array of integers that fits the square matrix `a`."""
    (y,) = arrays.as_operands(function, b)
    if y.ndim not in (1, 2) or len(y) != len(a):
        raise ValueError(
            f"{function}: a matrix of shape {a.shape} takes a right-hand side of shape ({len(a)},) or "
            f"({len(a)}, q), got {y.shape}"
        )
    return integers(function, y)
