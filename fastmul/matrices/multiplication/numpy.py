"""np.matmul as it is: the meaning of every other row, and the fastest way for tiny matrices."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastmul.matrices.multiplication.problem import MatmulProblem
from fastmul.planning import cost as costs
from fastmul.runtime import blas

#: One multiplication and addition of Python ints of a few limbs (AMD Zen 4, 2026-11-24).
OBJECT_SECONDS = 1e-7


def matmul(a: Any, b: Any) -> Any:
    """np.matmul(a, b), through fastmul's checks."""
    from fastmul.matrices.multiplication import matmul

    return matmul(a, b, algorithm="numpy")


def refuses(problem: MatmulProblem) -> str | None:
    return problem.beyond_machine


def cost(problem: MatmulProblem) -> float:
    if problem.kind == "float":  # BLAS
        return problem.batch * costs.seconds(f"matmul.gemm.{problem.dtype.name}", problem.size)
    if problem.dtype.kind == "O":
        return problem.batch * problem.m * problem.k * problem.n * OBJECT_SECONDS
    # or/and stops at the first one it meets: the curve is of sparse operands, where that is late
    curve = "bool" if problem.kind == "bool" else "int64"
    return problem.batch * costs.seconds(f"matmul.numpy.{curve}", problem.size)


def run(
    problem: MatmulProblem, a: np.ndarray, b: np.ndarray, out: np.ndarray | None = None
) -> np.ndarray:
    x, y = (v.astype(problem.dtype, copy=False) for v in (a, b))
    with blas.limit(problem.threads):
        return np.matmul(x, y, out=out)
