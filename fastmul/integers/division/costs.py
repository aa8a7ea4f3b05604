"""How an algorithm's time for 2n by n limbs, the measured curve, tells its time for other shapes."""

from __future__ import annotations

import math
from collections.abc import Callable

from fastmul.integers.division.problem import DivisionProblem
from fastmul.planning.cost import seconds

#: Below so many limbs a curve shows what a call costs more than what its divisor does: there the quotient's and the
#: divisor's limbs count alike, as for whatever is quadratic.
SHORT_LIMBS = 64
#: What q times the rest of a longer divisor takes, per divisor's length, in divisions 2q by q (GMP's and ours).
PRODUCT_SHARE = 0.4


def balanced(curve: str) -> Callable[[DivisionProblem], float]:
    """Long quotients come divisor by divisor; short ones from the divisor's upper part, then a product."""

    def cost(problem: DivisionProblem) -> float:
        m, n = max(problem.quotient_limbs, 1), max(problem.divisor_limbs, 1)
        if m > n and n < SHORT_LIMBS:
            side = math.sqrt(m * n)
            return max(1.0, side / SHORT_LIMBS) ** 2 * seconds(curve, min(side, SHORT_LIMBS))
        if m >= n:
            return m / n * seconds(curve, n)
        return seconds(curve, m) * (1 + PRODUCT_SHARE * (n / m - 1))

    return cost
