"""What a division of integers looks like to the planner."""

from __future__ import annotations

from typing import NamedTuple


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
