"""One float GEMM: floats as they are, integers inside the window where floats are exact.

Integers are encoded as floats of the narrowest type whose window (bounds/float_gemm.py) holds the whole product,
multiplied by BLAS, and decoded; every float on the way is an integer. Booleans always fit: sums of zeros and ones
are zero only if every term is, however they are rounded.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from fastmul.bounds import float_gemm
from fastmul.matrices.multiplication.problem import MatmulProblem
from fastmul.planning import cost as costs
from fastmul.planning import memory
from fastmul.runtime import blas
from fastmul.runtime.arrays import is_blasable

#: Integers whose values must be scanned to know the window: the scan is lost if they do not fit.
SCAN_MUST_SAVE = 1.25


def matmul(a: Any, b: Any) -> Any:
    """a @ b by one float GEMM; raises AlgorithmError where that would be inexact."""
    from fastmul.matrices.multiplication import matmul

    return matmul(a, b, algorithm="gemm")


def float_type(problem: MatmulProblem) -> str | None:
    """The float type whose GEMM gives the exact product, or None."""
    if problem.kind == "float":
        return problem.dtype.name
    if problem.kind == "bool":
        return "float32"
    by_dtype = float_gemm.narrowest(problem.k, *problem.dtype_bounds)
    if by_dtype == "float32" or problem.operands is None:
        return by_dtype
    return float_gemm.narrowest(problem.k, *problem.value_bounds)


def refuses(problem: MatmulProblem) -> str | None:
    if problem.beyond_machine:
        return problem.beyond_machine
    if problem.kind == "other":
        return f"{problem.dtype} has no BLAS product here"
    if float_type(problem) is None:
        a_max, b_max = problem.value_bounds
        return f"k * max|a| * max|b| = {problem.k} * {a_max} * {b_max} exceeds 2**53, the window of float64"
    return None


def cost(problem: MatmulProblem) -> float:
    if problem.kind == "float":
        return problem.batch * costs.seconds(f"matmul.gemm.{problem.dtype.name}", problem.size)
    # By the dtypes' bounds only: a cost must not look at values, which takes a scan by itself.
    known = (
        "float32"
        if problem.kind == "bool"
        else float_gemm.narrowest(problem.k, *problem.dtype_bounds)
    )
    predicted = costs.seconds(f"matmul.gemm.int_{known or 'float64'}", problem.size)
    return problem.batch * predicted * (1 if known else SCAN_MUST_SAVE)


def run(
    problem: MatmulProblem, a: np.ndarray, b: np.ndarray, out: np.ndarray | None = None
) -> np.ndarray:
    name = float_type(problem)
    if name is None:
        raise ValueError(f"{problem} is outside the window of every float")
    chosen = np.dtype(name)
    if problem.kind != "float":
        n_floats = a.size + b.size + problem.batch * problem.m * problem.n
        memory.require(n_floats * chosen.itemsize, problem)
    with blas.limit(problem.threads):
        x, y = as_blas_operand(a, chosen), as_blas_operand(b, chosen)
        if problem.kind == "float":
            return np.matmul(x, y, out=out)
        product = np.matmul(x, y)
    if problem.kind == "bool":
        return np.not_equal(product, 0, out=out)
    # to the signed integers of the same size first: |product| <= 2^24 or 2^53 fits them, and they wrap as NumPy's
    exact = product.astype(f"i{chosen.itemsize}")
    if out is None:
        return exact.astype(problem.dtype, copy=False)
    np.copyto(out, exact, casting="unsafe")
    return out


def as_blas_operand(x: np.ndarray, dtype: np.dtype) -> np.ndarray:
    """x in `dtype`, laid out so that NumPy hands it to BLAS instead of its own slow loop."""
    if x.dtype != dtype:
        return x.astype(dtype, order="C")
    return x if is_blasable(x) else np.ascontiguousarray(x)
