"""dot: NumPy's dot, inner products of vectors and what it makes of other shapes, by `matmul`."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from fastmul.matrices.bit_matrix import BitMatrix
from fastmul.matrices.multiplication import matmul
from fastmul.matrices.tensor_products import multiply_unfolded
from fastmul.runtime import arrays


def dot(
    a: Any,
    b: Any,
    /,
    *,
    out: np.ndarray | None = None,
    dtype: Any = None,
    mod: Any = None,
    semiring: Any = None,
    overflow: str = "wrap",
    accuracy: str | None = None,
    algorithm: str = "auto",
    threads: int | None = None,
    verify: bool | int = False,
) -> Any:
    """The dot product as `numpy.dot` has it: over the last axis of a and the last but one of b.

    c[i..., j..., n] = sum over l of a[i..., l] * b[j..., l, n]; the inner product of two vectors; with a scalar, every
    product by it.

    Parameters
    ----------
    a, b : array-likes of what `fastmul.matmul` multiplies; scalars too.
    out : ndarray, optional
        Where the result goes; may overlap the operands.
    dtype, mod, semiring, overflow, accuracy, algorithm, threads, verify : as in `fastmul.matmul`.

    Returns
    -------
    Array of shape a.shape[:-1] + b.shape[:-2] + b.shape[-1:]; a scalar for two vectors or two scalars; `out` if given.

    Raises
    ------
    ValueError : shapes that do not multiply; an unfit out.
    TypeError, AlgorithmError, ResultOverflowError, DeviceError, VerificationError, MemoryError : as `fastmul.matmul`.

    Exactness
    ---------
    That of `fastmul.matmul`: integers exact modulo 2^bits, or not at all with overflow="raise"; floats as `accuracy`
    says.

    Complexity
    ----------
    One matrix product, and a copy of an operand of three or more axes.

    Source
    ------
    The definition; NumPy.

    Examples
    --------
    >>> dot([1, 2, 3], [4, 5, 6])
    np.int64(32)
    >>> dot([1e200, 1.0, -1e200], [1e200, 1.0, 1e200], accuracy="correctly_rounded")
    np.float64(1.0)
    """
    keywords = {
        "dtype": dtype, "mod": mod, "semiring": semiring, "overflow": overflow, "accuracy": accuracy,
        "algorithm": algorithm, "threads": threads, "verify": verify,
    }  # fmt: skip
    if isinstance(a, BitMatrix) or isinstance(b, BitMatrix):
        return matmul(a, b, out=out, **keywords)
    x, y = arrays.as_operands("dot", a, b)
    if x.ndim == 0 or y.ndim == 0:
        product = multiply_unfolded(
            "dot", x.reshape(-1, 1), y.reshape(1, -1), x.shape + y.shape, out, **keywords
        )
        return product if product.ndim or out is not None else product[()]
    contracted = max(0, y.ndim - 2)
    if x.shape[-1] != y.shape[contracted]:
        raise ValueError(
            f"dot of shapes {x.shape} and {y.shape}: the last axis of the first, of length {x.shape[-1]}, meets "
            f"axis {contracted} of the second, of length {y.shape[contracted]}"
        )
    if y.ndim <= 2:
        return matmul(x, y, out=out, **keywords)
    terms = x.shape[-1]
    shape = x.shape[:-1] + y.shape[:-2] + y.shape[-1:]
    rows = x.reshape(math.prod(x.shape[:-1]), terms)
    columns = np.moveaxis(y, -2, 0).reshape(terms, math.prod(y.shape[:-2]) * y.shape[-1])
    return multiply_unfolded("dot", rows, columns, shape, out, **keywords)
