"""What an integer product looks like to the planner."""

from __future__ import annotations

from typing import NamedTuple

from fastmul.runtime.threads import get_threads

#: Products of fewer limbs than this run on one thread: a fork-join costs more than it saves, and even looking up
#: how many threads there are would be felt.
SERIAL_LIMBS = 1 << 14


class MulProblem(NamedTuple):
    """Sizes in 64-bit limbs; `square` when both operands are one object; `kind` what holds the numbers."""

    a_limbs: int
    b_limbs: int
    square: bool = False
    threads: int = 1
    kind: str = "limbs"  # "limbs" (uint64 arrays), "int" or "mpz"

    @property
    def n_limbs(self) -> int:
        """Limbs of the product."""
        return self.a_limbs + self.b_limbs

    @property
    def small_limbs(self) -> int:
        return min(self.a_limbs, self.b_limbs)

    @property
    def large_limbs(self) -> int:
        return max(self.a_limbs, self.b_limbs)

    def __str__(self) -> str:
        shape = (
            f"{self.a_limbs} limbs squared"
            if self.square
            else f"{self.a_limbs} x {self.b_limbs} limbs"
        )
        holder = "" if self.kind == "limbs" else f" ({self.kind})"
        return f"{shape}{holder} on {self.threads} thread{'s' if self.threads > 1 else ''}"


def threads_for(n_limbs: int, requested: int | None) -> int:
    """How many threads a product of n_limbs limbs may use, given the caller's `threads=`."""
    if requested is None and n_limbs < SERIAL_LIMBS:
        return 1  # the setting is not even looked up
    return get_threads(requested)
