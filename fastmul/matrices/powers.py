"""matrix_power: a square matrix multiplied by itself, in any of the rings of `matmul`."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from fastmul.matrices.algebra import Algebra, resolve
from fastmul.matrices.bit_matrix import BitMatrix
from fastmul.matrices.multiplication import choose, matmul
from fastmul.matrices.multiplication.operands import analyse
from fastmul.matrices.semiring_products import arithmetic
from fastmul.matrices.semirings import Semiring
from fastmul.runtime import arrays


def matrix_power(
    a: Any,
    n: int,
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
    """The power a @ a @ ... @ a of n factors, by repeated squaring.

    matrix_power(a, 0) is the identity of the ring: its one on the diagonal, its zero elsewhere.

    Parameters
    ----------
    a : (..., m, m) array-like of what `fastmul.matmul` multiplies, a stack matrix by matrix; or a BitMatrix.
    n : int
        Not negative; 10**18 takes 60 squarings. Negative powers are inverses: `fastmul.linalg.inv`.
    out : (..., m, m) ndarray, optional
        Where the power goes; may be a itself.
    dtype, mod, semiring, accuracy, algorithm, threads, verify : as in `fastmul.matmul`, for every product.
    overflow : {"wrap", "raise", "promote"}
        As in `fastmul.matmul`. "raise" looks at every power on the way: a to the floor(n / 2^i) and their squares.

    Returns
    -------
    (..., m, m) array; a BitMatrix of a BitMatrix.

    Raises
    ------
    ValueError : a is not square, n is negative; an unfit out.
    TypeError : n is not an integer; dtypes as in `fastmul.matmul`.
    AlgorithmError, ResultOverflowError, DeviceError, VerificationError, MemoryError : as `fastmul.matmul`.

    Exactness
    ---------
    That of `fastmul.matmul`: exact in every ring, whose products associate. Floats are rounded in each product.

    Complexity
    ----------
    At most 2 log2(n) products of (m, m) matrices.

    Source
    ------
    Knuth, The Art of Computer Programming 2, section 4.6.3, the left-to-right binary method.

    Examples
    --------
    >>> matrix_power([[1, 1], [1, 0]], 10**18, mod=10**9 + 7)  # Fibonacci numbers around the 10**18th
    array([[680057396, 209783453],
           [209783453, 470273943]])
    """
    n = _exponent(n)
    keywords = {
        "dtype": dtype, "mod": mod, "semiring": semiring, "overflow": overflow, "accuracy": accuracy,
        "algorithm": algorithm, "threads": threads, "verify": verify,
    }  # fmt: skip
    x = a if isinstance(a, BitMatrix) else arrays.as_operands("matrix_power", a)[0]
    if len(x.shape) < 2 or x.shape[-1] != x.shape[-2]:
        raise ValueError(f"matrix_power needs square matrices, shape (..., m, m), got {x.shape}")
    power = _short_power(x, n, keywords) if n < 2 else _binary_power(x, n, keywords)
    if out is None:
        return power
    if isinstance(power, BitMatrix):
        raise TypeError("matrix_power(out=...) takes arrays; the power is a BitMatrix")
    out = arrays.as_out("matrix_power", out)
    if out.shape != power.shape:
        raise ValueError(
            f"matrix_power(out=...): the power has shape {power.shape}, out has {out.shape}"
        )
    np.copyto(out, power, casting="same_kind")
    return out


def _binary_power(x: Any, n: int, keywords: dict[str, Any]) -> Any:
    """x^n for n >= 2, by the binary digits of n from the second on."""
    power = x
    for digit in bin(n)[3:]:
        power = matmul(power, power, **keywords)
        if digit == "1":
            power = matmul(power, x, **keywords)
    return power


def _short_power(x: Any, n: int, keywords: dict[str, Any]) -> Any:
    """x^0 or x^1 in the dtype of any other power.

    As a product by the identity, which reduces and checks entries as all products do. Only the first power of floats
    and over semirings is not: there NaN and infinity times zero are NaN.
    """
    if isinstance(x, BitMatrix):
        return matmul(
            x if n else BitMatrix.identity(x.shape[0]), BitMatrix.identity(x.shape[0]), **keywords
        )
    options = {name: value for name, value in keywords.items() if name != "verify"}
    choose(
        analyse(x, x, **options).problem, keywords["algorithm"]
    )  # refuses what any other power refuses
    mod, semiring = keywords["mod"], keywords["semiring"]
    dtype = None if keywords["dtype"] is None else np.dtype(keywords["dtype"])
    algebra = resolve("matrix_power", mod, semiring)
    if n and mod is None and algebra is not None:
        converted, _, result = algebra.prepare(x, x, dtype)
        if isinstance(semiring, Semiring):
            arithmetic(semiring, converted, converted)  # refuses entries that its products refuse
        return np.array(converted, result)
    if n and algebra is None and (dtype or x.dtype).kind in "fc":
        return x.astype(dtype or x.dtype, casting="same_kind")
    one = _identity(x, algebra, dtype)
    return matmul(x if n else one, one, **keywords)


def _exponent(n: Any) -> int:
    try:
        value = operator.index(n)
    except TypeError:
        raise TypeError(f"matrix_power(a, n) needs an integer n, got {n!r}") from None
    if value < 0:
        raise ValueError(
            f"matrix_power(a, {value}): negative powers are powers of the inverse; "
            "take fastmul.linalg.inv(a, mod=...) or numpy.linalg.inv(a) first"
        )
    return value


def _identity(x: np.ndarray, algebra: Algebra | None, dtype: np.dtype | None) -> np.ndarray:
    """Identities as many as x has matrices."""
    to, zero, one = x.dtype, 0, 1
    if algebra is not None:
        to = algebra.prepare(x, x, dtype)[2]
        if isinstance(algebra, Semiring):
            zero, one = algebra.zero_in(to), algebra.one_in(to)
    identity = np.full(x.shape, zero, to)
    diagonal = np.arange(x.shape[-1])
    identity[..., diagonal, diagonal] = one
    return identity
