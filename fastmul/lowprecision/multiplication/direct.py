"""One product in the arithmetic of an engine that holds every element and every sum: int8, int16, float32, float64.

The integers of both operands are written in the engine's dtype and multiplied by the packed kernel: int8 and int16 by
dot-product instructions into int32, floats by fused multiply-adds, all of which are exact inside the window
(bounds/low_precision.py). Where only shorter sums are, k is cut into pieces that are added in int64.
"""

from __future__ import annotations

from functools import partial

import numpy as np

from fastmul.bounds.low_precision import ENGINES
from fastmul.lowprecision.multiplication.problem import ProductProblem
from fastmul.lowprecision.multiplication.result import Result
from fastmul.matrices.multiplication import packed
from fastmul.planning import cost as costs
from fastmul.planning.algorithm import Algorithm

#: The curve of the packed kernel, and the dtype of its sums.
KERNELS = {
    "int8": ("int8_int32", np.dtype(np.int32)),
    "int16": ("int16_int32", np.dtype(np.int32)),
    "float32": ("float32", np.dtype(np.float32)),
    "float64": ("float64", np.dtype(np.float64)),
}
#: Nanoseconds for each element to encode, for each entry to round, and to add a piece (AMD Zen 4, 2026-11-24).
ENCODE_NS, ROUND_NS, ADD_NS = 1.5, 2.0, 2.0


def refuses(engine: str, problem: ProductProblem) -> str | None:
    for name, x in (("A", problem.a), ("B", problem.b)):
        if not x.holds(engine):
            return f"a line of {name} needs integers up to {x.bounds.top:.4g}; {engine} holds {ENGINES[engine][0]}"
    if problem.piece(engine) == 0:
        return (
            f"sums of {problem.k} products may exceed {ENGINES[engine][1]:.4g}, the window of {engine}, "
            "even in pieces"
        )
    return None


def cost(engine: str, problem: ProductProblem) -> float:
    m, k, n = problem.m, problem.k, problem.n
    pieces = -(-k // problem.piece(engine))
    encode = sum(0 if x.is_encoded(engine) else x.n_lines * x.depth for x in (problem.a, problem.b))
    passes = ENCODE_NS * encode + (ROUND_NS + (pieces > 1) * pieces * ADD_NS) * m * n
    return costs.seconds(f"matmul.packed.{KERNELS[engine][0]}", problem.size) + 1e-9 * passes


def run(engine: str, problem: ProductProblem, result: Result) -> None:
    a, b = problem.a.integers(engine), problem.b.integers(engine)
    piece, dtype = problem.piece(engine), KERNELS[engine][1]
    sums = result.room(dtype)
    if piece == problem.k:
        packed.matmul_2d(a, b, sums, problem.threads)
        result.take(sums)
        return
    total = np.zeros(sums.shape, np.int64)
    for start in range(0, problem.k, piece):
        packed.matmul_2d(
            a[:, start : start + piece], b[start : start + piece], sums, problem.threads
        )
        total += sums.astype(np.int64, copy=False)
    result.take(total.view(np.uint64)[..., np.newaxis])


def row(engine: str, summary: str) -> Algorithm:
    """The engine's row of the table."""
    largest, limit = ENGINES[engine]
    return Algorithm(
        name=engine,
        run=partial(run, engine),
        refuses=partial(refuses, engine),
        cost=partial(cost, engine),
        summary=f"{summary}; integers up to {largest}, sums up to {limit}.",
        complexity=f"O(mkn) operations on {engine}; mk + kn of its elements, and wider sums than results.",
        source="Dumas, Giorgi, Pernet, ACM TOMS 35:3 (2008), section 3, for the window.",
    )
