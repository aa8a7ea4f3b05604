"""Correctly rounded float32 products from one float64 product.

Products of float32 are exact in float64, so float64 sums err by little (bounds/ozaki.py): nearly always by less than
decides how the entry rounds to float32. The few entries left are added up without any rounding.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from fastmul.bounds import ozaki as bounds
from fastmul.matrices.multiplication import long_accumulator, packed, special_values, stacks
from fastmul.matrices.multiplication.problem import MatmulProblem
from fastmul.planning import cost as costs
from fastmul.planning import memory
from fastmul.runtime import threads

#: Entries that one chunk rounds: about 5 ms.
CHUNK_ENTRIES = 1 << 20


def matmul(a: Any, b: Any) -> Any:
    """a @ b of float32, correctly rounded."""
    from fastmul.matrices.multiplication import matmul

    return matmul(a, b, accuracy="correctly_rounded", algorithm="filtered")


def refuses(problem: MatmulProblem) -> str | None:
    if problem.kind != "float" or problem.dtype != np.float32:
        return f"it rounds to float32, and the result is {problem.dtype}"
    if problem.accuracy != "correctly_rounded":
        return "it takes accuracy='correctly_rounded'"
    if problem.k > bounds.FILTER_DEPTH:
        return f"k = {problem.k} is beyond what its radius is proved for"
    return None


def cost(problem: MatmulProblem) -> float:
    return problem.batch * costs.seconds("matmul.filtered.float32", problem.size)


def run(
    problem: MatmulProblem, a: np.ndarray, b: np.ndarray, out: np.ndarray | None = None
) -> np.ndarray:
    memory.require(8 * (a.size + b.size + 2 * problem.m * problem.n), problem)

    def product(x: np.ndarray, y: np.ndarray, z: np.ndarray) -> None:
        _product(x, y, z, threads.get_threads(problem.threads))

    return stacks.run_each(problem, a, b, out, product)


def _product(a: np.ndarray, b: np.ndarray, out: np.ndarray, n_threads: int) -> None:
    from fastmul.kernels.cpu import ozaki_filter

    x, y = (np.ascontiguousarray(v, np.float64) for v in (a, b))
    (m, k), n = x.shape, y.shape[1]
    c = np.empty((m, n))
    packed.matmul_2d(x, y, c, n_threads)
    row_norms = np.sqrt(np.einsum("ij,ij->i", x, x))
    column_norms = np.sqrt(np.einsum("ij,ij->j", y, y))
    factor = bounds.filter_factor(k)
    undecided = np.empty((m, n), np.uint8)

    def filter_chunk(start: int, stop: int) -> None:
        ozaki_filter.filter_rows(c, row_norms, column_norms, factor, x, y.T, undecided, start, stop)

    threads.run(filter_chunk, threads.chunks(m, n, CHUNK_ENTRIES), n_threads)
    long_accumulator.compute(x, y, undecided, c, out.dtype, n_threads)
    special_rows, special_columns = (
        np.flatnonzero(~np.isfinite(norms)) for norms in (row_norms, column_norms)
    )
    special_values.fill(x, y, special_rows, special_columns, c)
    long_accumulator.store(c, out)
