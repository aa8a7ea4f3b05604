"""Entry by entry in a fixed point: right for all operands, and the last resort of the others.

Three words hold every sum of products of int64s; where a line spreads over more bits, the fixed point is as wide as the
exponents of float64 (kernels/cpu/accumulator.py).
"""

from __future__ import annotations

import numpy as np

from fastmul.bounds.low_precision import INT64_MAX
from fastmul.lowprecision.multiplication.problem import ProductProblem
from fastmul.lowprecision.multiplication.result import Result
from fastmul.runtime import threads

#: Nanoseconds of a product, in three words or in all, and of an entry (AMD Zen 4, 2026-11-24).
WORDS_NS, PRODUCT_NS, ENTRY_NS = 1.5, 8.0, 300.0
#: Products that one chunk adds up: about 20 ms.
CHUNK_PRODUCTS = 1 << 21


def refuses(problem: ProductProblem) -> str | None:
    return "int32 is not rounded" if problem.rounded_to == "int32" else None


def cost(problem: ProductProblem) -> float:
    return seconds(problem, problem.m * problem.n)


def seconds(problem: ProductProblem, entries: int) -> float:
    """What so many entries are predicted to take."""
    each = WORDS_NS if fits_words(problem) else PRODUCT_NS
    return 1e-9 * entries * (ENTRY_NS + each * problem.k)


def fits_words(problem: ProductProblem) -> bool:
    """Whether the integers of all lines fit int64."""
    return max(problem.a.bounds.top, problem.b.bounds.top) <= INT64_MAX


def run(problem: ProductProblem, result: Result) -> None:
    i, j = (x.ravel() for x in np.indices(result.rounded.shape))
    compute(problem, result, problem.a.integers("float64"), problem.b.integers("float64"), i, j)


def compute(
    problem: ProductProblem, result: Result, a: np.ndarray, b: np.ndarray, i: np.ndarray, j: np.ndarray
) -> None:  # fmt: skip
    """Entries (i, j) of the result, from the lines' integers as float64."""
    from fastmul.kernels.cpu.lowprecision import exact_sums

    kernel = (
        exact_sums.compute_integer_entries if fits_words(problem) else exact_sums.compute_entries
    )
    used, lines = np.unique(j, return_inverse=True)
    b_lines = np.ascontiguousarray(b.T[used] if used.size < problem.n else b.T)
    a = np.ascontiguousarray(a)
    out = np.empty(i.size)

    def compute_chunk(start: int, stop: int) -> None:
        kernel(
            a, b_lines, result.rows, result.columns, i, lines, j, out, result.to_odd, start, stop
        )

    threads.run(compute_chunk, threads.chunks(i.size, problem.k, CHUNK_PRODUCTS), problem.threads)
    result.rounded[i, j] = result.cast(out[np.newaxis])[0]
