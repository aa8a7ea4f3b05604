"""The automatic choice among algorithms, made in well under a microsecond: costs are compared once per rounded size."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

from fastmul.integers.multiplication.problem import MulProblem
from fastmul.planning import cost
from fastmul.planning.algorithm import Algorithm, Operation
from fastmul.planning.pick import able_rows, pick

#: Sizes are rounded down to so many significant bits, so that few distinct problems need a comparison of costs.
SIGNIFICANT_BITS = 5


def chooser(operation: Operation) -> Callable[[MulProblem], Algorithm]:
    """The function that finds the cheapest able row of `operation`.

    Costs go by rounded sizes, and are remembered; a refusal always by the true ones, so that rounding can make
    the choice slower but never wrong.
    """

    @lru_cache(maxsize=4096)
    def cheapest(problem: MulProblem) -> Algorithm | None:
        return min(able_rows(operation, problem), key=lambda row: row.cost(problem), default=None)

    @lru_cache(maxsize=4096)
    def choose(problem: MulProblem) -> Algorithm:
        a_limbs, b_limbs, square, threads, kind = problem
        row = cheapest(MulProblem(_rounded(a_limbs), _rounded(b_limbs), square, threads, kind))
        if row is None or row.refuses(problem) is not None:
            return pick(operation, problem)
        return row

    cost.clear_with_curves(cheapest.cache_clear)
    cost.clear_with_curves(choose.cache_clear)
    return choose


def _rounded(n_limbs: int) -> int:
    excess = n_limbs.bit_length() - SIGNIFICANT_BITS
    return n_limbs >> excess << excess if excess > 0 else n_limbs
