"""GMP's own arithmetic: product, remainder and power. The fastest for small moduli."""

from __future__ import annotations

from typing import Any

import gmpy2

from fastmul.integers.modulus.form import Form
from fastmul.integers.modulus.problem import ModulusProblem
from fastmul.planning.algorithm import never as refuses


class Gmp(Form):
    """A product and a division at each step."""

    name = "gmp"

    def mul(self, x: Any, y: Any) -> Any:
        return x * y % self.m

    def power(self, a: Any, e: int) -> Any:
        return gmpy2.powmod(a, e, self.m)


def make(problem: ModulusProblem, m: Any) -> Form:
    return Gmp(m)


__all__ = ["Gmp", "make", "refuses"]
