"""8 x 8 bit matrices, eight products of them at a time by one instruction (GFNI's vgf2p8affineqb).

A matrix over GF(2), cut into 8 x 8 blocks, is a matrix over the ring of the blocks: the packed product runs over that
ring (kernels/cpu/gemm/fields.py), where one instruction does 4096 multiplications and additions of bits.
"""

from __future__ import annotations

import numpy as np

from fastmul.matrices.bit_multiplication.problem import BitProblem
from fastmul.planning import cost as costs


def refuses(problem: BitProblem) -> str | None:
    from fastmul.kernels.cpu.bits import gfni

    if not gfni.available():
        return "code is generated for a CPU without GFNI"
    return None


def cost(problem: BitProblem) -> float:
    return costs.seconds("bits.gfni", problem.size)


def run(
    problem: BitProblem,
    a: np.ndarray,
    b: np.ndarray,
    out: np.ndarray | None = None,
    add: bool = False,
) -> np.ndarray:
    from fastmul.kernels.cpu.bits import gfni

    c = np.empty((a.shape[0], b.shape[1]), np.uint64) if out is None else out
    gfni.multiply(a, b, c, add, problem.threads)
    return c
