"""What a product of quantised operands looks like to the planner."""

from __future__ import annotations

from dataclasses import dataclass

from fastmul.bounds import low_precision as bounds
from fastmul.lowprecision.multiplication.operand import Operand


@dataclass(frozen=True)
class ProductProblem:
    """(m, k) @ (k, n), to be rounded once to the format `rounded_to`; the operands know their bounds."""

    a: Operand
    b: Operand
    rounded_to: str
    threads: int

    @property
    def m(self) -> int:
        return self.a.n_lines

    @property
    def k(self) -> int:
        return self.a.depth

    @property
    def n(self) -> int:
        return self.b.n_lines

    @property
    def size(self) -> float:
        """The side of a cube of as many multiplications: what curves of matmul go by."""
        return (max(1, self.m) * max(1, self.k) * max(1, self.n)) ** (1 / 3)

    def piece(self, engine: str) -> int:
        """The longest piece of k that an engine multiplies exactly; 0 where its elements or sums are too small."""
        if not (self.a.holds(engine) and self.b.holds(engine)):
            return 0
        if self.k == 0:
            return 1
        return bounds.piece(self.a.bounds, self.b.bounds, engine)

    def __str__(self) -> str:
        a, b = (x.quantized for x in (self.a, self.b))
        return f"{a.format.name} {a.shape} @ {b.format.name} {b.shape} to {self.rounded_to}"

    __repr__ = __str__
