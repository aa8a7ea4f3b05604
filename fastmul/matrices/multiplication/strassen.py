"""Strassen's algorithm in Winograd's form: seven half-size products and fifteen additions a level.

    [C11 C12]   [A11 A12] [B11 B12]       S1 = A21 + A22   T1 = B12 - B11   P1 = A11 B11   U2 = P1 + P6
    [C21 C22] = [A21 A22] [B21 B22]       S2 = S1 - A11    T2 = B22 - T1    P2 = A12 B21   U3 = U2 + P7
                                          S3 = A11 - A21   T3 = B22 - B12   P3 = S4 B22    U4 = U2 + P5
    C11 = P1 + P2    C12 = U4 + P3        S4 = A12 - S2    T4 = T2 - B21    P4 = A22 T4    P5 = S1 T1
    C21 = U3 - P4    C22 = U3 + P5                                          P6 = S2 T2     P7 = S3 T3

The scheme is data (matrices/schemes/data/winograd.json), its order of sums and products is compiled
(matrices/schemes/schedule.py) and run (matrices/schemes/executor.py) like any other's: products go into the quarters of
C and two temporaries. This file is the row of matmul: whether, how deep, and over which product.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from fastmul.bounds import strassen as bounds
from fastmul.matrices.multiplication import gemm, packed, stacks
from fastmul.matrices.multiplication.problem import MatmulProblem
from fastmul.matrices.schemes import arithmetic, executor
from fastmul.matrices.schemes.arithmetic import Multiply
from fastmul.matrices.schemes.loading import named
from fastmul.planning import cost as costs
from fastmul.planning import memory
from fastmul.runtime import blas, threads

MAX_LEVELS = 3
#: Leaves smaller than this lose more by additions than they save (EPYC Zen 4, int64 and float64 alike).
SMALLEST_LEAF = 1024


def matmul(a: Any, b: Any) -> Any:
    """a @ b by Strassen-Winograd; for floats without the classical componentwise bound."""
    from fastmul.matrices.multiplication import matmul

    return matmul(a, b, algorithm="strassen")


def levels_for(m: int, k: int, n: int) -> int:
    """Levels worth taking; at least one, so that the named algorithm is what it says."""
    smallest, levels = min(m, k, n), 1
    while levels < MAX_LEVELS and smallest >> (levels + 1) >= SMALLEST_LEAF:
        levels += 1
    return levels


def refuses(problem: MatmulProblem) -> str | None:
    if problem.beyond_machine:
        return problem.beyond_machine
    if problem.kind == "bool":
        return "or/and has no subtraction"
    if problem.kind == "float" and not problem.may_reassociate:
        return "it has no componentwise error bound for floats and spreads NaN; accuracy='fast' allows it"
    if min(problem.m, problem.k, problem.n) < 2:
        return "a single row or column has no halves"
    return packed.refuses(problem)  # its base case


def cost(problem: MatmulProblem) -> float:
    kind = problem.dtype.name.removeprefix("u")
    return problem.batch * costs.seconds(f"matmul.strassen.{kind}", problem.size)


def run(
    problem: MatmulProblem, a: np.ndarray, b: np.ndarray, out: np.ndarray | None = None
) -> np.ndarray:
    levels = levels_for(problem.m, problem.k, problem.n)
    dtype = operand_dtype(problem, levels)
    count = threads.get_threads(problem.threads)
    memory.require(workspace_bytes(problem, levels), problem)
    base = _base(problem, levels)

    def product(x: np.ndarray, y: np.ndarray, to: np.ndarray) -> None:
        x, y = (v.astype(dtype, copy=False) for v in (x, y))
        multiply(x, y, to, levels, base, count)

    with blas.limit(problem.threads):
        return stacks.run_each(problem, a, b, out, product)


def multiply(
    a: np.ndarray, b: np.ndarray, out: np.ndarray, levels: int, base: Multiply, n_threads: int = 1
) -> None:
    """out = a @ b by `levels` levels over `base`; machine integers or floats, any sizes, out overlaps neither."""
    ring = arithmetic.machine(base, out.dtype, n_threads)
    executor.multiply(a, b, out, [named("winograd")] * levels, ring)


def operand_dtype(problem: MatmulProblem, levels: int) -> np.dtype:
    """The dtype in which operands are added: the result's; or their own, narrower one, which has faster products, if
    no sum that the levels form can leave it."""
    a, b = problem.a_dtype, problem.b_dtype
    if (
        a == b
        and a.kind == "i"
        and problem.dtype.kind == "i"
        and a.itemsize < problem.dtype.itemsize
    ):
        growth = bounds.growth([named("winograd")] * levels)
        if bounds.fits(a.name, problem.value_bounds, (growth.a, growth.b)):
            return a
    return problem.dtype


def workspace_bytes(problem: MatmulProblem, levels: int) -> int:
    """Bytes of the temporaries of all levels."""
    sizes = executor.whole((problem.m, problem.k, problem.n), [named("winograd")] * levels)
    item = problem.dtype.itemsize
    return executor.workspace_bytes(sizes, [named("winograd")] * levels, dict.fromkeys("ABC", item))


def _base(problem: MatmulProblem, levels: int) -> Multiply:
    """The product of the leaves: packed, or BLAS's where it is predicted faster."""
    if problem.kind == "float":
        leaf = problem.size / 2**levels
        rows = {
            row: costs.seconds(f"matmul.{row}.{problem.dtype.name}", leaf)
            for row in ("packed", "gemm")
        }
        if rows["gemm"] < rows["packed"]:
            return _float_base

    def base(a: np.ndarray, b: np.ndarray, out: np.ndarray) -> None:
        packed.matmul_2d(a, b, out, problem.threads)

    return base


def _float_base(a: np.ndarray, b: np.ndarray, out: np.ndarray) -> None:
    np.matmul(gemm.as_blas_operand(a, out.dtype), gemm.as_blas_operand(b, out.dtype), out=out)
