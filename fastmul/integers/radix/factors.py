"""Powers of the base that multiply every number of a level: their algorithms chosen and transforms made once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import gmpy2
import numpy as np

from fastmul.integers.limbs import magnitude
from fastmul.integers.multiplication.kept import Transform, transform
from fastmul.integers.multiplication.on_limbs import choose
from fastmul.integers.multiplication.problem import MulProblem
from fastmul.integers.radix.splitting import Splitting
from fastmul.runtime.scratch import table

#: Powers for so many digits stay for further numbers of that size: some megabytes.
TABLE_DIGITS = 1 << 19
#: From so many limbs of the product on, two steps with a kept transform beat one kernel that makes both (AMD Zen 4,
#: 2026-11-24).
KEPT_LIMBS = 2048


class Factor:
    """A number that multiplies many of `partner_limbs` limbs."""

    def __init__(self, number: gmpy2.mpz, partner_limbs: int) -> None:
        self.number = number  # whose limbs these are
        self.limbs = magnitude(number)
        self.problem = MulProblem(partner_limbs, self.limbs.size)
        self.row = choose(self.problem)
        how = None
        if self.problem.n_limbs >= KEPT_LIMBS:
            how = transform(self.limbs.size, partner_limbs)
        self.how: Transform | None = how
        self.values: Any = how and how.row.encode(how.plan, self.limbs)

    def multiply(self, x: np.ndarray, out: np.ndarray, threads: int) -> None:
        """out = x * number."""
        if self.how is not None:
            row, plan = self.how
            if row.multiply_kept(plan, self.values, x, out, threads):
                return  # else the digits of x exceed the window of the plan
        self.row.run(self.problem._replace(threads=threads), x, self.limbs, out)

    @property
    def nbytes(self) -> int:
        return self.limbs.nbytes + (0 if self.how is None else self.values.array.nbytes)


def prepared(purpose: str, tree: Splitting, build: Callable[[], Any]) -> Any:
    """`build()`: what the conversion `purpose` makes for a splitting; kept, with its `nbytes`, if it is small."""
    if tree.digits(tree.levels) > TABLE_DIGITS:
        return build()
    return table((f"radix.{purpose}", tree), build, lambda made: made.nbytes)
