"""What the packed product computes, in plain Python: the meaning of `kernels/cpu/gemm`, ring by ring."""

from __future__ import annotations

from functools import reduce
from typing import Any

import numpy as np


def multiply(
    a: np.ndarray,
    b: np.ndarray,
    c: np.ndarray,
    ring: str,
    threads: int | None = None,
    parameters: np.ndarray | None = None,
) -> None:
    """C = A B over a ring: c[i, j] = sum over l of a[i, l] * b[l, j]; rings with parameters mean something elsewhere.

    Integers: the exact sum, reduced modulo 2^bits into c's dtype. bool: 1 where some term has two nonzero factors.
    Floats: every product and every sum rounded, l from left to right; the kernels fuse each multiply-add, and add
    blocks of l.
    """
    floating = c.dtype.kind == "f"
    columns = [_scalars(column, floating) for column in b.T]
    for i, row in enumerate(_scalars(row, floating) for row in a):
        for j, column in enumerate(columns):
            terms = [x * y for x, y in zip(row, column, strict=True)]
            if ring == "bool":
                c[i, j] = any(terms)
            elif floating:
                c[i, j] = reduce(lambda x, y: x + y, terms, c.dtype.type(0))
            else:
                c[i, j] = _wrapped(sum(terms), c.dtype)


def _scalars(line: np.ndarray, floating: bool) -> list[Any]:
    """Python integers, or NumPy floats that round as their dtype does."""
    return list(line) if floating else [int(x) for x in line]


def _wrapped(value: int, dtype: np.dtype) -> int:
    """The representative of value modulo 2^bits that `dtype` holds.

    >>> _wrapped(130, np.dtype("int8"))
    -126
    """
    modulus = 1 << 8 * dtype.itemsize
    value %= modulus
    return value - modulus if dtype.kind == "i" and value >= modulus // 2 else value
