"""How an algorithm's time at n x n limbs, the measured curve, tells its time at m x n, and what conversion adds.

Every function makes the `cost` of a table row: from a problem to predicted seconds.
"""

from __future__ import annotations

from collections.abc import Callable

from fastmul.integers.multiplication.problem import MulProblem
from fastmul.planning.cost import seconds

Cost = Callable[[MulProblem], float]


def quadratic(curve: str) -> Cost:
    """m * n steps, as many as a square problem of sqrt(m * n) limbs has."""
    return lambda problem: seconds(curve, (problem.a_limbs * problem.b_limbs) ** 0.5)


def sliced(curve: str) -> Cost:
    """The larger operand is cut into slices as long as the smaller."""
    return lambda problem: (
        problem.large_limbs / max(problem.small_limbs, 1) * seconds(curve, problem.small_limbs)
    )


def transformed(curve: str) -> Cost:
    """The time depends on the length of the product alone."""
    return lambda problem: seconds(curve, problem.n_limbs / 2)


def cheaper(first: Cost, second: Cost) -> Cost:
    """Whichever of two models is cheaper: for a library that chooses by itself."""
    return lambda problem: min(first(problem), second(problem))


def with_conversion(cost: Cost, native: str) -> Cost:
    """Add what it takes to bring numbers of another kind into the `native` one, and the product back.

    The curves ``convert.<from>.<to>`` hold the time of one number by its limbs; kinds are int, mpz and limbs.
    """

    def total(problem: MulProblem) -> float:
        if problem.kind == native:
            return cost(problem)
        to, back = f"convert.{problem.kind}.{native}", f"convert.{native}.{problem.kind}"
        return (
            cost(problem)
            + seconds(to, problem.a_limbs)
            + (0.0 if problem.square else seconds(to, problem.b_limbs))
            + seconds(back, problem.n_limbs)
        )

    return total
