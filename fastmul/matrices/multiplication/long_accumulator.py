"""Correctly rounded float products, entry by entry in a fixed point over all exponents (Kulisch's accumulator).

Slow for large products and the fastest for dot products and tiny ones; also the last resort of the other exact rows.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from fastmul.bounds import ozaki as bounds
from fastmul.bounds.float_gemm import SIGNIFICANT_BITS
from fastmul.matrices.multiplication import special_values, stacks
from fastmul.matrices.multiplication.problem import MatmulProblem
from fastmul.planning import cost as costs
from fastmul.planning import memory
from fastmul.runtime import threads

#: Products that one chunk adds up: about 20 ms.
CHUNK_PRODUCTS = 1 << 21


def matmul(a: Any, b: Any) -> Any:
    """a @ b of floats, correctly rounded, in long accumulators."""
    from fastmul.matrices.multiplication import matmul

    return matmul(a, b, accuracy="correctly_rounded", algorithm="long_accumulator")


def refuses(problem: MatmulProblem) -> str | None:
    if problem.kind != "float":
        return f"it rounds floats, and the result is {problem.dtype}"
    if problem.accuracy != "correctly_rounded":
        return "it takes accuracy='correctly_rounded'"
    return None


def cost(problem: MatmulProblem) -> float:
    return problem.batch * costs.seconds("matmul.long_accumulator.float64", problem.size)


def run(
    problem: MatmulProblem, a: np.ndarray, b: np.ndarray, out: np.ndarray | None = None
) -> np.ndarray:
    memory.require(8 * (a.size + b.size + 2 * problem.m * problem.n), problem)

    def product(x: np.ndarray, y: np.ndarray, z: np.ndarray) -> None:
        x, y = (np.ascontiguousarray(v, np.float64) for v in (x, y))
        rows, columns = special_values.lines(x, 1), special_values.lines(y, 0)
        finite = np.ones(z.shape, bool)
        finite[rows], finite[:, columns] = False, False
        c = np.empty(z.shape)
        compute(x, y, finite, c, z.dtype, threads.get_threads(problem.threads))
        special_values.fill(x, y, rows, columns, c)
        store(c, z)

    return stacks.run_each(problem, a, b, out, product)


def compute(
    a: np.ndarray, b: np.ndarray, wanted: np.ndarray, out: np.ndarray, dtype: np.dtype, n_threads: int
) -> None:  # fmt: skip
    """The wanted entries of out = a @ b, float64s rounded once to `dtype`; their rows and columns are finite."""
    from fastmul.kernels.cpu import exact_entries

    rows, columns = np.divmod(np.flatnonzero(wanted), b.shape[1])
    if not rows.size:
        return
    used, lines = np.unique(columns, return_inverse=True)
    b_lines = np.ascontiguousarray(b.T if used.size == b.shape[1] else b.T[used])
    form = float_format(dtype)

    def compute_chunk(start: int, stop: int) -> None:
        exact_entries.compute_entries(a, b_lines, rows, lines, columns, out, *form, start, stop)

    threads.run(compute_chunk, threads.chunks(rows.size, a.shape[1], CHUNK_PRODUCTS), n_threads)


def float_format(dtype: np.dtype) -> tuple[int, int]:
    """(bits, exponent of the lowest bit), as kernels/cpu/rounding.py takes a format."""
    return SIGNIFICANT_BITS[dtype.name], bounds.LOWEST_EXPONENT[dtype.name]


def store(c: np.ndarray, out: np.ndarray) -> None:
    """out = c, float64s that are values of out's dtype, or overflow from it to infinities."""
    if c is not out:
        with np.errstate(over="ignore"):
            np.copyto(out, c, casting="same_kind")
