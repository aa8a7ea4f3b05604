"""Products over semirings by scalars: the user's functions compiled by Numba, or called by Python.

Nothing here is kept on disk: Numba's cache would not see a change in what the functions refer to.
"""

from __future__ import annotations

import types as pytypes
import warnings
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np
from numba import njit, typeof, types, void
from numba.core.dispatcher import Dispatcher
from numba.core.types import Array

from fastmul.kernels import tracing
from fastmul.runtime.jit import FLAGS, const

Scalar = Callable[[Any, Any], Any]


@lru_cache(maxsize=64)
def compiled(
    add: Scalar, mul: Scalar, dtype: np.dtype, zero: Any, absorbing: Any = None
) -> Callable[[np.ndarray, np.ndarray, np.ndarray, int, int], None] | None:
    """A kernel (a, b, c, start, stop) for rows of the product; None if the functions do not compile to what they say.

    If `absorbing` is given, mul(x, y) is that element wherever x or y is.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            fast_add, fast_mul = (_as_compiled(function) for function in (add, mul))
            for fast, function in ((fast_add, add), (fast_mul, mul)):
                if not _says_the_same(fast, function, dtype):
                    return None
            if absorbing is not None:
                fast_mul = _absorbing(fast_mul, dtype, absorbing)
            kernel = njit(**FLAGS)(_loops(fast_add, fast_mul, dtype, zero))
            element = typeof(dtype.type(0))
            operand = const(Array(element, 2, "A"))
            kernel.compile(void(operand, operand, Array(element, 2, "A"), types.int64, types.int64))
            kernel.disable_compile()
            return kernel
    except Exception:  # of Numba's compiler: whatever it is, Python can still call the functions
        return None


def _as_compiled(function: Any) -> Any:
    if isinstance(function, Dispatcher):
        return function
    if not isinstance(
        function, pytypes.FunctionType
    ):  # a builtin or a ufunc: calls of it compile, itself does not
        whole = function

        def function(x, y):  # type: ignore[no-untyped-def]
            return whole(x, y)

    return njit(**FLAGS)(function)


def _says_the_same(fast: Any, function: Any, dtype: np.dtype) -> bool:
    """At all samples: Numba computes int32 + int32 in 64 bits, NumPy's scalars wrap."""
    pairs, results = tracing.at_samples(function, dtype)
    values = [np.asarray(fast(x, y)).astype(dtype)[()] for x, y in pairs]
    return np.array_equal(
        np.array(values, dtype), np.array(results, dtype), equal_nan=dtype.kind == "f"
    )


def _absorbing(mul: Any, dtype: np.dtype, zero: Any) -> Any:
    absorbing = dtype.type(zero)

    @njit(**FLAGS)
    def product(x, y):  # type: ignore[no-untyped-def]
        return absorbing if x == absorbing or y == absorbing else mul(x, y)

    return product


def _loops(add: Any, mul: Any, dtype: np.dtype, zero: Any) -> Any:
    cast, first = dtype.type, dtype.type(zero)

    def multiply(a, b, c, start, stop):  # type: ignore[no-untyped-def]
        for i in range(start, stop):
            for j in range(c.shape[1]):
                c[i, j] = first
            for l in range(a.shape[1]):
                x = a[i, l]
                for j in range(c.shape[1]):
                    c[i, j] = cast(add(c[i, j], cast(mul(x, b[l, j]))))

    return multiply


def multiply_by_python(
    add: Scalar, mul: Scalar, a: np.ndarray, b: np.ndarray, c: np.ndarray, zero: Any
) -> None:
    """C = A B, every step a call of the functions with scalars of the dtype."""
    c[...] = zero
    with np.errstate(all="ignore"):
        for i, row in enumerate(a):
            for l, x in enumerate(row):
                for j, y in enumerate(b[l]):
                    c[i, j] = add(c[i, j], c.dtype.type(mul(x, y)))
