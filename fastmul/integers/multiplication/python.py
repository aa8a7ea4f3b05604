"""Python's own `int * int`: schoolbook, and Karatsuba from 70 digits of 30 bits on."""

from __future__ import annotations

from typing import Any

from fastmul.integers.limbs import mpz, require_numbers
from fastmul.integers.multiplication.doors import Door
from fastmul.integers.multiplication.problem import MulProblem
from fastmul.planning.algorithm import never as refuses


def run(problem: MulProblem, a: Any, b: Any) -> Any:
    """a * b for two ints or two mpz."""
    require_numbers(problem.n_limbs, problem)
    if type(a) is int:
        return a * b
    x = int(a)
    return mpz(x * (x if b is a else int(b)))


mul = Door("python", run)

__all__ = ["mul", "refuses", "run"]
