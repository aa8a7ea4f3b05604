"""Strassen's algorithm in Winograd's form: seven half-size products and fifteen additions a level.

    [C11 C12]   [A11 A12] [B11 B12]       S1 = A21 + A22   T1 = B12 - B11   P1 = A11 B11   U2 = P1 + P6
    [C21 C22] = [A21 A22] [B21 B22]       S2 = S1 - A11    T2 = B22 - T1    P2 = A12 B21   U3 = U2 + P7
                                          S3 = A11 - A21   T3 = B22 - B12   P3 = S4 B22    U4 = U2 + P5
    C11 = P1 + P2    C12 = U4 + P3        S4 = A12 - S2    T4 = T2 - B21    P4 = A22 T4    P5 = S1 T1
    C21 = U3 - P4    C22 = U3 + P5                                          P6 = S2 T2     P7 = S3 T3

The scheme is data (matrices/schemes/data/winograd.json), its order of sums and products is compiled
(matrices/schemes/schedule.py) and run (matrices/schemes/executor.py) like any other's: products go into the quarters of
C and two temporaries. This file is the row of matmul: for whom, how deep, and over which other row.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from fastmul.bounds import strassen as bounds
from fastmul.matrices.multiplication import leaves, stacks
from fastmul.matrices.multiplication.modulo import words
from fastmul.matrices.multiplication.problem import MatmulProblem
from fastmul.matrices.schemes import arithmetic, executor
from fastmul.matrices.schemes.arithmetic import Arithmetic
from fastmul.matrices.schemes.loading import named
from fastmul.matrices.schemes.scheme import Scheme
from fastmul.planning import cost as costs
from fastmul.planning import memory
from fastmul.runtime import blas, threads

MAX_LEVELS = 4
#: Smaller leaves lose more by additions than they save (EPYC Zen 4, int64 and float64 alike).
SMALLEST_LEAF = 1024
#: Residues below it have a bit of headroom for a sum (kernels/cpu/block_sums.py).
LARGEST_MODULUS = 1 << 63
#: What leaves take more than predicted: their operands come from memory, those of a cost curve from the caches.
#: (EPYC Zen 4, modulo 998244353: 0.99 of the prediction at n = 2048, 1.04 +- 0.05 at 4096, 1.12 at 8192, where more
#: is saved.)
MARGIN = 1.06


def matmul(a: Any, b: Any) -> Any:
    """a @ b by Strassen-Winograd; for floats without the classical componentwise bound."""
    from fastmul.matrices.multiplication import matmul

    return matmul(a, b, algorithm="strassen")


def refuses(problem: MatmulProblem) -> str | None:
    if reason := refuses_ring(problem):
        return reason
    if problem.kind == "float" and not problem.may_reassociate:
        return "it has no componentwise error bound for floats and spreads NaN; accuracy='fast' allows it"
    if min(problem.m, problem.k, problem.n) < 2:
        return "a single row or column has no halves"
    return None


def refuses_ring(problem: MatmulProblem) -> str | None:
    """Why no scheme can run over the problem's arithmetic, or None."""
    if problem.kind == "modulo":
        if problem.modulus >= LARGEST_MODULUS:
            return f"sums of residues modulo {problem.modulus} leave 64 bits"
        return None
    if problem.beyond_machine:
        return problem.beyond_machine
    if problem.kind == "bool":
        return "or/and has no subtraction"
    if problem.kind == "other":
        return f"there is no other row for its leaves of {problem.dtype}"
    return None


def cost(problem: MatmulProblem) -> float:
    return problem.batch * MARGIN * min(map(lambda n: predicted(problem, n), depths(problem)))


def depths(problem: MatmulProblem) -> range:
    """How many levels there could be; at least one, so that the named algorithm is what it says."""
    halvings = (min(problem.m, problem.k, problem.n) // SMALLEST_LEAF).bit_length() - 1
    return range(1, max(1, min(MAX_LEVELS, halvings)) + 1)


def levels_for(problem: MatmulProblem) -> list[Scheme]:
    """The levels predicted fastest."""
    return scheme_levels(min(depths(problem), key=lambda n: predicted(problem, n)))


def scheme_levels(count: int) -> list[Scheme]:
    return [named("winograd")] * count


def predicted(problem: MatmulProblem, n_levels: int) -> float:
    """Seconds of so many levels: of the leaves, and of the sums above them."""
    levels = scheme_levels(n_levels)
    m, k, n = (size >> n_levels for size in (problem.m, problem.k, problem.n))
    products = leaves.seconds(leaves.leaf(problem, m, k, n))
    passes = executor.passes((problem.m, problem.k, problem.n), levels)
    item = problem.dtype.itemsize
    sums = sum(
        count * costs.seconds("matmul.strassen.sums", max(1, item * n)) for count, n in passes
    )
    return named("winograd").rank ** n_levels * products + sums


def run(
    problem: MatmulProblem, a: np.ndarray, b: np.ndarray, out: np.ndarray | None = None
) -> np.ndarray:
    levels = levels_for(problem)
    ring = ring_for(problem, levels)
    sizes = executor.whole((problem.m, problem.k, problem.n), levels)
    item_bytes = dict.fromkeys("ABC", problem.dtype.itemsize)
    memory.require(executor.workspace_bytes(sizes, levels, item_bytes), problem)
    x, y = operands(problem, a, b, levels)

    def product(x: np.ndarray, y: np.ndarray, to: np.ndarray) -> None:
        executor.multiply(x, y, to, levels, ring)

    with blas.limit(problem.threads):
        return stacks.run_each(problem, x, y, out, product)


def ring_for(problem: MatmulProblem, levels: list[Scheme]) -> Arithmetic:
    """The arithmetic of a problem, over the row that suits its leaves."""
    m, k, n = (
        max(1, size // math.prod(scheme.shape[axis] for scheme in levels))
        for axis, size in enumerate((problem.m, problem.k, problem.n))
    )
    multiply = leaves.product(leaves.leaf(problem, m, k, n))
    count = threads.get_threads(problem.threads)
    if problem.kind == "modulo":
        return arithmetic.modular(multiply, problem.modulus, count)
    return arithmetic.machine(multiply, problem.dtype, count)


def operands(
    problem: MatmulProblem, a: np.ndarray, b: np.ndarray, levels: list[Scheme]
) -> tuple[np.ndarray, np.ndarray]:
    """The operands as the arithmetic takes them: residues, or the dtype of `operand_dtype`."""
    if problem.kind == "modulo":
        p = problem.modulus
        return words.reduced(a, p, problem.threads), words.reduced(b, p, problem.threads)
    dtype = operand_dtype(problem, levels)
    return a.astype(dtype, copy=False), b.astype(dtype, copy=False)


def operand_dtype(problem: MatmulProblem, levels: list[Scheme]) -> np.dtype:
    """The dtype in which operands are added: the result's; or their own, narrower one, whose products are faster, if
    no sum that the levels form can leave it."""
    a, b = problem.a_dtype, problem.b_dtype
    signed = a == b and a.kind == problem.dtype.kind == "i"
    if signed and a.itemsize < problem.dtype.itemsize:
        growth = bounds.growth(levels)
        if bounds.fits(a.name, problem.value_bounds, (growth.a, growth.b)):
            return a
    return problem.dtype
