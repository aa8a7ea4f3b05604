"""Any operands by one float64 product: rounded where its error does not matter, entry by entry elsewhere.

Lines differ: a tiny element refines the grid of its own line alone. Entries of lines with |a_i| |b_j| <= 2^53 are exact
in any case. Of the others the float64 product, whose elements have at most 24 bits, errs in its additions alone, by
at most gamma |a_i| |b_j| (bounds/ozaki.py); where both ends of that interval round to the same element of the output
format, this is the result. The entries that are left open are added up exactly, or all of them by residues where so
many are open that this is faster.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from fastmul.bounds.low_precision import ENERGY_SLACK
from fastmul.bounds.ozaki import FILTER_DEPTH, filter_factor
from fastmul.lowprecision.multiplication import accumulated, crt
from fastmul.lowprecision.multiplication.problem import ProductProblem
from fastmul.lowprecision.multiplication.result import Result
from fastmul.matrices.multiplication import packed
from fastmul.planning import cost as costs
from fastmul.runtime import threads

#: Nanoseconds for each element to encode, and for each entry to bracket and compare (AMD Zen 4, 2026-11-24).
ENCODE_NS, BRACKET_NS = 1.5, 6.0
#: Formats that leave so many entries open that the product is wasted.
TOO_FINE = ("float64",)


def refuses(problem: ProductProblem) -> str | None:
    if problem.rounded_to in TOO_FINE:
        return (
            f"{problem.rounded_to} is as fine as the product itself: every entry would be left open"
        )
    if problem.rounded_to == "int32":
        return "int32 is not rounded"
    if problem.k > FILTER_DEPTH:
        return f"its error is proved up to k = {FILTER_DEPTH}"
    return None


def cost(problem: ProductProblem) -> float:
    m, k, n = problem.m, problem.k, problem.n
    passes = ENCODE_NS * (m * k + k * n) + BRACKET_NS * m * n
    return costs.seconds("matmul.packed.float64", problem.size) + 1e-9 * passes


def run(problem: ProductProblem, result: Result) -> None:
    a, b = problem.a.integers("float64"), problem.b.integers("float64")
    sums = np.empty((problem.m, problem.n))
    packed.matmul_2d(a, b, sums, problem.threads)
    i, j = _round_decided(problem, result, sums)
    if i.size:
        seconds = accumulated.seconds(problem, i.size)
        if crt.refuses(problem) is None and crt.cost(problem) < seconds:
            crt.run(problem, result)
        else:
            accumulated.compute(problem, result, a, b, i, j)


def _round_decided(
    problem: ProductProblem, result: Result, sums: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Round what the radius allows; the indices of what it leaves open."""
    from fastmul.kernels.cpu.lowprecision import finish

    norms = [np.sqrt(x.energies * ENERGY_SLACK) for x in (problem.a, problem.b)]
    factor = filter_factor(problem.k)
    rounded = result.rounded
    bits = rounded.view(f"u{rounded.itemsize}")
    left: dict[int, Any] = {}

    def round_block(start: int, stop: int) -> None:
        low, high = np.empty((2, stop - start, problem.n))
        finish.bracket_rows(
            sums, *norms, factor, result.rows, result.columns, low, high, result.to_odd, start, stop
        )
        rounded[start:stop] = result.cast(low)
        ends = np.ascontiguousarray(result.cast(high)).view(bits.dtype)
        left[start] = np.flatnonzero(bits[start:stop] != ends) + start * problem.n

    threads.run(round_block, result.blocks(), problem.threads)
    found = np.concatenate([left[start] for start in sorted(left)] or [np.empty(0, np.int64)])
    i, j = np.divmod(found, max(1, problem.n))
    return i, j
