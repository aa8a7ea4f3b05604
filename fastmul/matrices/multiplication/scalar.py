"""Three loops over scalars: any semiring, also one whose functions do not type over vectors.

The functions are compiled for scalars where Numba can, and where that computes what Python does; otherwise Python
calls them, m k n times.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from fastmul.matrices.multiplication.packed_semiring import run_in_carrier
from fastmul.matrices.multiplication.problem import MatmulProblem
from fastmul.matrices.semiring_products import arithmetic
from fastmul.planning import cost as costs
from fastmul.runtime import threads

#: The functions are compiled anew in every process.
COMPILING_SECONDS = 0.3
#: Multiply-adds of one chunk: about 10 ms.
_CHUNK = 1 << 23


def matmul(a: Any, b: Any, *, semiring: Any) -> Any:
    """a @ b over a semiring, by scalars."""
    from fastmul.matrices.multiplication import matmul

    return matmul(a, b, semiring=semiring, algorithm="scalar")


def refuses(problem: MatmulProblem) -> str | None:
    if problem.kind != "semiring":
        return "it is for semirings"
    return None


def cost(problem: MatmulProblem) -> float:
    return COMPILING_SECONDS + problem.batch * costs.seconds("matmul.scalar", problem.size)


def run(
    problem: MatmulProblem, a: np.ndarray, b: np.ndarray, out: np.ndarray | None = None
) -> np.ndarray:
    from fastmul.kernels.cpu import scalar_semirings

    semiring: Any = problem.algebra
    how = arithmetic(semiring, a, b)
    absorbing = how.zero if how.absorbs or how.infinity else None
    multiply = scalar_semirings.compiled(
        semiring.add, semiring.mul, how.carrier, how.zero, absorbing
    )
    count = threads.get_threads(problem.threads)

    def product(x: np.ndarray, y: np.ndarray, to: np.ndarray) -> None:
        if multiply is None:
            scalar_semirings.multiply_by_python(*how.functions(), x, y, to, how.zero)
            return
        rows = max(1, _CHUNK // (problem.k * to.shape[1]))
        chunks = [(x, y, to, i, min(i + rows, len(to))) for i in range(0, len(to), rows)]
        threads.run(multiply, chunks, count)

    return run_in_carrier(problem, how, a, b, out, product)
