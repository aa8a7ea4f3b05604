"""The automatic choice among algorithms, remembered: a product of a size seen before finds its row in 0.1 µs."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

from fastmul.integers.multiplication.problem import MulProblem
from fastmul.planning import cost
from fastmul.planning.algorithm import Algorithm, Operation
from fastmul.planning.pick import pick

#: Sizes are rounded down to so many significant bits, so that few distinct costs are ever asked for.
SIGNIFICANT_BITS = 5


def chooser(operation: Operation) -> Callable[[MulProblem], Algorithm]:
    """`pick` for `operation`, remembered until the curves change."""

    @lru_cache(maxsize=4096)
    def choose(problem: MulProblem) -> Algorithm:
        return pick(operation, problem)

    cost.clear_with_curves(choose.cache_clear)
    return choose


def similar(problem: MulProblem) -> MulProblem:
    """The problem with its sizes rounded, whose costs decide."""
    a_limbs, b_limbs = _rounded(problem.a_limbs), _rounded(problem.b_limbs)
    return problem._replace(a_limbs=a_limbs, b_limbs=b_limbs)


def _rounded(n_limbs: int) -> int:
    excess = n_limbs.bit_length() - SIGNIFICANT_BITS
    return n_limbs >> excess << excess if excess > 0 else n_limbs
