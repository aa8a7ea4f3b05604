"""What a product of packed bits looks like to the planner."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class BitProblem:
    """One product (m, k) @ (k, n) over GF(2)."""

    m: int
    k: int
    n: int
    threads: int | None = None

    @property
    def size(self) -> float:
        """The cube root of the number of multiplications: n of an n x n product as expensive."""
        return float(self.m * self.k * self.n) ** (1 / 3)

    def __str__(self) -> str:
        return f"({self.m}, {self.k}) @ ({self.k}, {self.n}) over GF(2)"
