"""Integers of any spread by residues: exact products modulo many small numbers, and the Chinese remainder.

What `matmul` of matrices does with long integers (matrices/multiplication/residues.py), given the integers of the
lines; the time does not depend on the values.
"""

from __future__ import annotations

import math

import numpy as np

from fastmul.bounds.low_precision import DEEPEST, ENERGY_SLACK, INT64_MAX
from fastmul.lowprecision.multiplication.problem import ProductProblem
from fastmul.lowprecision.multiplication.result import Result
from fastmul.matrices.multiplication import residues
from fastmul.matrices.multiplication.numbers import Numbers, NumbersProblem, limbs_for

#: Nanoseconds for each element to encode, and for each entry to round (AMD Zen 4, 2026-11-24).
ENCODE_NS, ROUND_NS = 3.0, 15.0


def numbers_problem(problem: ProductProblem) -> NumbersProblem:
    """The product of the lines' integers."""
    a, b = problem.a.bounds, problem.b.bounds
    highest = int(a.top) * int(b.top) * problem.k
    if problem.k <= DEEPEST:
        highest = min(
            highest, math.ceil(math.sqrt(a.energy * b.energy * ENERGY_SLACK) * ENERGY_SLACK)
        )
    a_bits, b_bits = (int(x.top).bit_length() for x in (a, b))
    return NumbersProblem(
        problem.m,
        problem.k,
        problem.n,
        a_bits,
        b_bits,
        highest,
        limbs_for(highest),
        problem.threads,
    )


def refuses(problem: ProductProblem) -> str | None:
    for name, x in (("A", problem.a), ("B", problem.b)):
        if x.bounds.top > INT64_MAX:
            bits = int(x.bounds.top).bit_length()
            return f"a line of {name} spreads over {bits} bits, more than the 63 of an int64"
    return (
        residues.refuses(numbers_problem(problem))
        if problem.rounded_to != "int32"
        else "int32 is not rounded"
    )


def cost(problem: ProductProblem) -> float:
    m, k, n = problem.m, problem.k, problem.n
    passes = ENCODE_NS * (m * k + k * n) + ROUND_NS * m * n
    return residues.cost(numbers_problem(problem)) + 1e-9 * passes


def run(problem: ProductProblem, result: Result) -> None:
    a, b = problem.a.integers("int64"), problem.b.integers("int64")
    numbers = numbers_problem(problem)
    limbs = np.empty((problem.m, problem.n, numbers.n_limbs), np.uint64)
    residues.run(numbers, Numbers.of(a), Numbers.of(b), limbs)
    result.take(limbs)
