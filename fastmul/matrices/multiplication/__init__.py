"""matmul: integer matrix products, bit for bit NumPy's, at the speed of float hardware."""

from __future__ import annotations

import random
from collections.abc import Callable
from functools import lru_cache, partial
from typing import Any

import numpy as np

from fastmul.matrices.bit_matrix import BitMatrix
from fastmul.matrices.bit_multiplication.product import BITS
from fastmul.matrices.multiplication import bits, freivalds, packed, table, wide
from fastmul.matrices.multiplication import overflow as overflowing
from fastmul.matrices.multiplication.operands import Operands, analyse
from fastmul.matrices.multiplication.problem import MatmulProblem
from fastmul.matrices.multiplication.sparse import is_sparse, matmul_sparse
from fastmul.matrices.multiplication.table import MATMUL, TABLE, choose
from fastmul.planning import cost, memory
from fastmul.planning import verify as verification
from fastmul.planning.algorithm import Operation
from fastmul.runtime import arrays

__all__ = ["MATMUL", "TABLE", "MatmulProblem", "choose", "matmul"]


def matmul(
    a: Any,
    b: Any,
    /,
    *,
    out: Any = None,
    dtype: Any = None,
    mod: Any = None,
    semiring: Any = None,
    overflow: str = "wrap",
    accuracy: str | None = None,
    algorithm: str = "auto",
    threads: int | None = None,
    verify: bool | int = False,
) -> Any:
    """The matrix product a @ b: c[i, j] = sum over l of a[i, l] * b[l, j].

    NumPy's matmul: stacks of matrices broadcast, 1-D operands are a row and a column, integers wrap.

    Parameters
    ----------
    a, b : array-likes of shapes (..., m, k) or (k,), and (..., k, n) or (k,); any strides. Integers, booleans
        (under or/and), float32 and float64, Python ints in object arrays; other dtypes go to NumPy.
        Or two `fastmul.matrices.BitMatrix`, multiplied modulo 2. One, or both, may be scipy.sparse matrices, one a
        `fastmul.matrices.BlockSparse`: what these do not store is not looked at, not even beside NaN. A
        `fastmul.matrices.TwoFour` is the dense matrix that it stands for.
    out : ndarray, optional
        Where the product goes; may overlap the operands.
    dtype : dtype, optional
        The dtype in which the product is formed and returned. Default: NumPy's promotion of the operands' dtypes.
    mod : int, optional
        Multiply modulo this integer, 2 to 2**63 or 2**64: entries of any sign in, int64 in [0, mod) out (uint64
        modulo 2**64).
    semiring : fastmul.Semiring, optional
        Multiply over this semiring (`fastmul.min_plus`, ...) instead of under ``+`` and ``*``.
    overflow : {"wrap", "raise", "promote"}
        Integers that do not fit the result's dtype wrap modulo 2^bits, raise, or make the result wider: the
        smallest integer dtype from the promotion on that holds every entry, or Python ints in an object array.
    accuracy : {None, "fast", "reproducible", "correctly_rounded"}
        For floats: "fast" allows algorithms without the classical componentwise error bound; "reproducible" gives the
        same bits whatever the threads, blocking, order of the terms and CPU; "correctly_rounded" the float nearest
        to the true entry, ties to even. Both are of the operands in the result's dtype, float32 or float64.
    algorithm : str
        A row of ``fastmul.matmul.operation.table``; "auto" takes the one predicted fastest.
    threads : int, optional
        Threads of this call, BLAS's included. Default: `fastmul.set_threads`, and BLAS is left alone.
    verify : bool or int
        Check an exact product, True once or as often as given; see Exactness.

    Returns
    -------
    (..., m, n) array, without the axes that 1-D operands lack; a scalar for two of them; `out` if given;
    a BitMatrix of two; of two scipy.sparse matrices one of the type of ``a.tocsr()``.

    Raises
    ------
    ValueError : shapes that do not multiply, 0-d operands, keywords that exclude each other.
    TypeError : int64 with uint64 and no `dtype`; masked arrays and other subclasses; other libraries' arrays.
    AlgorithmError : the named algorithm refuses.
    ResultOverflowError : overflow="raise", and an entry of the true product does not fit.
    DeviceError : operands of different libraries.
    VerificationError : two algorithms failed verification.
    MemoryError : the product would not fit into memory.

    Exactness
    ---------
    Integer products are exact modulo 2^bits of the result's dtype, whatever the algorithm: each runs modulo 2^bits
    or inside a window proved in `fastmul.bounds`. "raise" and "promote" decide by the true product.
    Floats: the classical bound |C - AB| <= k u |A| |B| + O(u^2), entry by entry, unless accuracy="fast".
    "reproducible": |C - AB| <= u |AB| + k u max|a[i, :]| max|b[:, j]| (underflow apart), u = 2^-53 or 2^-24: the exact
    product of rows and columns cut two bits below the precision of their largest entries, rounded once.
    "correctly_rounded": for all finite operands, subnormals included, beyond the largest float an infinity; exact zeros
    are +0 unless every product is -0. With either, NaN and infinities make what they make in IEEE's sum. Proofs:
    `fastmul.bounds.ozaki`.
    Modulo p: exact for every p, k and entry; windows in `fastmul.bounds.modular`.
    scipy.sparse: integers the same; a float entry is the sum of its products in ascending order of l, from +0 on, each
    product and each sum rounded.
    One check of `verify` passes a wrong integer product with probability at most 2^-40 (Freivalds, 40 vectors
    modulo 2^bits; modulo p as many as its least prime factor asks for), at most 2^-50 for Python ints below 2^1000
    (modulo a random 61-bit prime); of a boolean product it computes 40 random rows again. A product that fails is
    computed by another algorithm, with a warning.

    Complexity
    ----------
    O(m k n) time, O((7/8)^levels m k n) by Strassen; memory for the result and scratch of at most that size.
    "reproducible" takes about three times as long as float GEMM whatever the values. "correctly_rounded" takes about
    four times as long, and longer where many entries are too close to call: at worst, where rows range over hundreds of
    binades or everything cancels, about ten nanoseconds for each product.

    Source
    ------
    Goto, van de Geijn, ACM TOMS 34:3 (2008); the other algorithms name theirs in the table.

    Examples
    --------
    >>> import numpy as np
    >>> matmul(np.array([[1, 2], [3, 4]]), np.array([[5, 6], [7, 8]]))
    array([[19, 22],
           [43, 50]])
    >>> x = np.full((2, 2), 2**62)
    >>> matmul(x, x, overflow="promote")[0, 0] == 2**125
    True
    """
    if (
        type(a) is np.ndarray
        and type(b) is np.ndarray
        and out is dtype is mod is semiring is accuracy is threads is None
        and overflow == "wrap"
        and algorithm == "auto"
        and verify is False
    ):
        small = _small_product(a.shape, b.shape, a.dtype.str, b.dtype.str)
        if small is not None:
            return small(a, b)
    if isinstance(a, BitMatrix) or isinstance(b, BitMatrix):
        return bits.matmul_packed(
            a, b, mod=mod, algorithm=algorithm, threads=threads, verify=verify, out=(out, None),
            dtype=(dtype, None), semiring=(semiring, None), overflow=(overflow, "wrap"), accuracy=(accuracy, None),
        )  # fmt: skip
    if is_sparse(a) or is_sparse(b):
        return matmul_sparse(
            a, b, out=out, dtype=dtype, mod=mod, semiring=semiring, overflow=overflow, accuracy=accuracy,
            algorithm=algorithm, threads=threads, verify=verify,
        )  # fmt: skip
    call = analyse(
        a,
        b,
        dtype=dtype,
        mod=mod,
        semiring=semiring,
        overflow=overflow,
        accuracy=accuracy,
        algorithm=algorithm,
        threads=threads,
    )
    target = None if out is None else _usable_out(call, arrays.as_out("matmul", out))
    product = _compute(call, algorithm, verification.checks(verify), target)
    if out is not None:
        if product is not out:
            np.copyto(out, product.squeeze(call.drop), casting="same_kind")
        return out
    return product.squeeze(call.drop)[()] if call.drop else product


def _operation_of(a: Any = None, b: Any = None, /, **keywords: Any) -> Operation:
    """The operation whose table these arguments choose from."""
    return BITS if isinstance(a, BitMatrix) and isinstance(b, BitMatrix) else MATMUL


matmul.operation = MATMUL  # type: ignore[attr-defined]
matmul.operation_of = _operation_of  # type: ignore[attr-defined]


#: Multiplications of a product that is over before its call could be analysed.
_SMALL_WORK = 96**3


@lru_cache(maxsize=4096)
def _small_product(
    a_shape: tuple[int, ...], b_shape: tuple[int, ...], a_dtype: str, b_dtype: str
) -> Callable[[np.ndarray, np.ndarray], Any] | None:
    """The way of two small matrices of one dtype, decided once for their shapes; None: the long way."""
    if not (a_dtype == b_dtype and len(a_shape) == len(b_shape) == 2 and a_shape[1] == b_shape[0]):
        return None
    if a_shape[0] * a_shape[1] * b_shape[1] > _SMALL_WORK:
        return None
    dtype = np.dtype(a_dtype)
    if dtype.char in "fd" and dtype.isnative:
        return np.matmul
    if dtype.kind not in "iu" or not dtype.isnative:
        return None
    problem = MatmulProblem(*a_shape, b_shape[1], 1, dtype, dtype, dtype)
    row = next(row for row in table.by_cost(*problem.key) if row.refuses(problem) is None)
    if row.name == "numpy":
        return np.matmul
    sizes = (problem.m, problem.k, problem.n)
    kernel = packed.small_product(*sizes, dtype, dtype, dtype) if row.name == "packed" else None
    if kernel is None:
        return partial(row.run, problem)

    def product(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        if a.flags.aligned and b.flags.aligned:
            return kernel(a, b)
        return row.run(problem, a.copy(), b.copy())

    return product


cost.clear_with_curves(_small_product.cache_clear)


def _usable_out(call: Operands, out: np.ndarray) -> np.ndarray | None:
    """`out` if the product may be written straight into it; None if it must be copied there afterwards."""
    shape = tuple(s for i, s in enumerate(call.shape, -len(call.shape)) if i not in call.drop)
    core = shape[len(call.shape) - 2 :]
    try:
        fits = np.broadcast_shapes(shape, out.shape) == out.shape
    except ValueError:
        fits = False
    if not fits or out.shape[out.ndim - len(core) :] != core:
        raise ValueError(f"matmul(out=...): the product has shape {shape}, out has {out.shape}")
    dtype = np.dtype(object) if call.to_objects else call.problem.dtype
    if call.overflow == "promote" and not call.to_objects:
        raise ValueError(
            "matmul(overflow='promote', out=...): 'promote' chooses the result's dtype itself"
        )
    if not np.can_cast(dtype, out.dtype, "same_kind"):
        raise TypeError(f"matmul(out=...): {dtype} does not cast to {out.dtype} under 'same_kind'")
    same = (
        (out.dtype, out.shape) == (dtype, call.shape) and out.dtype.isnative and out.flags.aligned
    )
    written_once = call.overflow == "wrap" and not call.to_objects
    if same and written_once and not arrays.may_overlap(out, call.a, call.b):
        return out
    return None


def _compute(call: Operands, algorithm: str, n_checks: int, out: np.ndarray | None) -> np.ndarray:
    """The stacked product of a checked call."""
    problem = call.problem
    if out is None:
        memory.require(problem.result_bytes, problem)
    if call.overflow == "wrap":
        return _wrapping_product(problem, algorithm, n_checks, out)

    def modulo(dtype: np.dtype) -> np.ndarray:
        return _wrapping_product(problem.with_dtype(dtype), algorithm, n_checks)

    def whole(a: np.ndarray, b: np.ndarray) -> wide.WideProduct:
        return wide.product(a, b, n_checks, problem.threads, problem.value_bounds)

    if call.overflow == "raise":

        def other(like: MatmulProblem) -> np.ndarray:
            return _wrapping_product(like, "auto", n_checks)

        def seconds(like: MatmulProblem) -> float:
            return choose(like).cost(like)

        return overflowing.product_or_raise(problem, modulo, whole, other, seconds)
    product = overflowing.promoted_product(problem, modulo, whole)
    return product.astype(object) if call.to_objects else product


def _wrapping_product(
    problem: MatmulProblem, algorithm: str, n_checks: int, out: np.ndarray | None = None
) -> np.ndarray:
    """The stacked product in problem.dtype, checked `n_checks` times."""
    row = choose(problem, algorithm)
    a, b = problem.pair
    if not n_checks:
        return row.run(problem, a, b, out)
    if problem.algebra is None and problem.dtype.kind not in "biuO":
        raise ValueError(
            f"matmul(verify=...) checks exact products; the result here is {problem.dtype}"
        )

    def is_right(c: np.ndarray, rng: random.Random) -> bool:
        return freivalds.is_right(problem, a, b, c, rng)

    return verification.verified(table.MATMUL, problem, row, (a, b), is_right, n_checks)
