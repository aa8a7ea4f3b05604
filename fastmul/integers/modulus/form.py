"""What every form of arithmetic modulo m offers.

    a --enter--> representative --mul, square, ...--> representative --leave--> result

Representatives are the form's own: residues themselves, Montgomery's multiples of them, or digits of a transform. A
chain of products enters once and leaves once.
"""

from __future__ import annotations

from typing import Any


class Form:
    """Residues as they are; a form overrides `mul` and `square`, and what else it does in its own way."""

    name: str

    def __init__(self, m: Any) -> None:
        self.m = m
        self.n_bits = m.bit_length()

    def reduce(self, x: Any) -> Any:
        """The mpz x >= 0 modulo m, in [0, m)."""
        return x % self.m

    def enter(self, a: Any) -> Any:
        """The representative of a residue in [0, m)."""
        return a

    def leave(self, x: Any) -> Any:
        """The residue in [0, m) of a representative."""
        return x

    def mul(self, x: Any, y: Any) -> Any:
        raise NotImplementedError

    def square(self, x: Any) -> Any:
        return self.mul(x, x)

    def squares(self, x: Any, times: int, plus: int = 0) -> Any:
        """x after `times` steps x -> x**2 + plus."""
        shift = self.enter(self.reduce_signed(plus)) if plus else None
        for _ in range(times):
            x = self.square(x)
            if shift is not None:
                x = self.add(x, shift)
        return x

    def add(self, x: Any, y: Any) -> Any:
        """The sum of two representatives, for those that are residues or multiples of residues."""
        total = x + y
        return total - self.m if total >= self.m else total

    def reduce_signed(self, x: Any) -> Any:
        """The mpz or int x of any sign modulo m."""
        if x >= 0:
            return self.reduce(x)
        rest = self.reduce(-x)
        return self.m - rest if rest else rest

    def power(self, a: Any, e: int) -> Any:
        """a**e modulo m for a residue a and e >= 1."""
        from fastmul.integers.modulus.exponentiation import power

        return self.leave(power(self, self.enter(a), e))
