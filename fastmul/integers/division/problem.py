"""What a division of integers looks like to the planner."""

from __future__ import annotations

from typing import Any, NamedTuple

from fastmul.integers.limbs import limb_count
from fastmul.integers.multiplication.problem import threads_for

#: Scratch of a division, in numbers of its dividend's length (measured, rounded up).
SCRATCH_NUMBERS = 6


class DivisionProblem(NamedTuple):
    """Sizes in 64-bit limbs."""

    dividend_limbs: int
    divisor_limbs: int
    threads: int = 1

    @property
    def quotient_limbs(self) -> int:
        return max(0, self.dividend_limbs - self.divisor_limbs)

    def __str__(self) -> str:
        threads = f"{self.threads} thread{'s' if self.threads > 1 else ''}"
        return f"{self.dividend_limbs} by {self.divisor_limbs} limbs on {threads}"


def division_problem(a: Any, b: Any, threads: int | None) -> DivisionProblem:
    """The problem of two mpz, given the caller's `threads=`."""
    n_limbs = limb_count(a)
    return DivisionProblem(n_limbs, limb_count(b), threads_for(n_limbs, threads))
