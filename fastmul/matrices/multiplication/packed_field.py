"""The packed product over the field of 256 elements: one instruction multiplies 64 pairs, where there is GFNI."""

from __future__ import annotations

import numpy as np

from fastmul.matrices.multiplication.problem import MatmulProblem
from fastmul.matrices.multiplication.stacks import run_each
from fastmul.planning import cost as costs


def refuses(problem: MatmulProblem) -> str | None:
    return None


def cost(problem: MatmulProblem) -> float:
    return problem.batch * costs.seconds("matmul.packed.gf256", problem.size)


def run(
    problem: MatmulProblem, a: np.ndarray, b: np.ndarray, out: np.ndarray | None = None
) -> np.ndarray:
    from fastmul.kernels.cpu.gemm import fields, multiply

    field = problem.algebra
    parameters = fields.gf256_parameters(field.polynomial, field.maps)  # type: ignore[union-attr]

    def product(x: np.ndarray, y: np.ndarray, to: np.ndarray) -> None:
        multiply(x, y, to, fields.gf256(), problem.threads, parameters)

    return run_each(problem, a, b, out, product)
