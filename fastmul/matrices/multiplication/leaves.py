"""The products at the bottom of recursive rows: made by whichever other row is predicted fastest."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np

from fastmul.matrices.multiplication.problem import MatmulProblem
from fastmul.planning.algorithm import Algorithm

#: The rows that are asked: fast on blocks, and cheap to ask.
ROWS = ("packed", "gemm", "split_float")
#: multiply(a, b, out): out = a b.
Multiply = Callable[[np.ndarray, np.ndarray, np.ndarray], Any]


def leaf(problem: MatmulProblem, m: int, k: int, n: int) -> MatmulProblem:
    """A product of parts of the problem's operands, or of sums of them, in the dtype of the result."""
    dtype = problem.dtype
    return replace(problem, m=m, k=k, n=n, batch=1, a_dtype=dtype, b_dtype=dtype, operands=None)


def fastest_row(problem: MatmulProblem, names: tuple[str, ...] = ROWS) -> Algorithm | None:
    """The row of these that is predicted fastest of those that do not refuse; None if all do."""
    able = [row for row in _rows(names) if row.refuses(problem) is None]
    return min(able, key=lambda row: row.cost(problem), default=None)


@cache
def _rows(names: tuple[str, ...]) -> tuple[Algorithm, ...]:
    from fastmul.matrices.multiplication.table import MATMUL

    return tuple(MATMUL[name] for name in names)


def seconds(problem: MatmulProblem, names: tuple[str, ...] = ROWS) -> float:
    """What that row is predicted to take."""
    row = fastest_row(problem, names)
    return float("inf") if row is None else row.cost(problem)


def product(problem: MatmulProblem, names: tuple[str, ...] = ROWS) -> Multiply:
    """Products by the row that suits `problem`, of any sizes."""
    row = fastest_row(problem, names)
    if row is None:
        raise ValueError(f"none of {', '.join(names)} can do {problem}")

    def multiply(a: np.ndarray, b: np.ndarray, out: np.ndarray) -> None:
        part = replace(
            problem, m=a.shape[0], k=a.shape[1], n=b.shape[1], a_dtype=a.dtype, b_dtype=b.dtype
        )
        # a peeled row is as deep as the whole product, and may be beyond a window that the leaf is inside of
        able = row if row.refuses(part) is None else fastest_row(part, names)
        if able is None:
            raise ValueError(f"none of {', '.join(names)} can do {part}")
        able.run(part, a, b, out)

    return multiply
