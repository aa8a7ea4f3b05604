"""Packed products modulo p.

Modulo 2^k the machine's own rings do: the narrowest word of at least k bits wraps modulo a multiple of 2^k.
"""

from __future__ import annotations

import numpy as np

from fastmul.matrices.multiplication import packed
from fastmul.matrices.multiplication.problem import MatmulProblem
from fastmul.matrices.multiplication.stacks import run_each
from fastmul.planning import cost as costs


def refuses(problem: MatmulProblem) -> str | None:
    if word(problem.algebra.p) is None:
        return f"there is no packed kernel modulo {problem.algebra.p}"
    return None


def cost(problem: MatmulProblem) -> float:
    found = word(problem.algebra.p)
    return problem.batch * costs.seconds(f"matmul.packed.{found}", problem.size)


def word(p: int) -> np.dtype | None:
    """The narrowest machine integers that wrap modulo a multiple of p; None if p is no power of two.

    >>> word(16), word(2**33), word(12)
    (dtype('int8'), dtype('int64'), None)
    """
    bits = p.bit_length() - 1
    if p != 1 << bits:
        return None
    return next(np.dtype(f"i{size}") for size in (1, 2, 4, 8) if bits <= 8 * size)


def run(
    problem: MatmulProblem, a: np.ndarray, b: np.ndarray, out: np.ndarray | None = None
) -> np.ndarray:
    p = problem.algebra.p
    machine = word(p)
    x, y = (v.astype(machine, copy=False) for v in (a, b))
    mask = np.uint64(p - 1)

    def product(x: np.ndarray, y: np.ndarray, to: np.ndarray) -> None:
        wrapped = np.empty(to.shape, machine)
        packed.matmul_2d(x, y, wrapped, problem.threads)
        np.bitwise_and(
            wrapped.astype(np.int64, copy=False).view(np.uint64), mask, out=to.view(np.uint64)
        )

    return run_each(problem, x, y, out, product)
