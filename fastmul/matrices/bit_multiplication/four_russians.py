"""Sums of four rows of b, tabulated, and looked up by the nibbles of a: a quarter of the additions, from cache.

The kernel, with its picture, is kernels/cpu/bits/four_russians.py.
"""

from __future__ import annotations

import numpy as np

from fastmul.matrices.bit_multiplication.problem import BitProblem
from fastmul.planning import cost as costs


def cost(problem: BitProblem) -> float:
    return costs.seconds("bits.four_russians", problem.size)


def run(
    problem: BitProblem,
    a: np.ndarray,
    b: np.ndarray,
    out: np.ndarray | None = None,
    add: bool = False,
) -> np.ndarray:
    from fastmul.kernels.cpu.bits import four_russians

    c = np.empty((a.shape[0], b.shape[1]), np.uint64) if out is None else out
    four_russians.multiply(a, b, c, add, problem.threads)
    return c
