"""Arithmetic modulo m = 2**n - 1: what lies above bit n is added at the bottom."""

from __future__ import annotations

from typing import Any

from fastmul.integers.modulus.form import Form
from fastmul.integers.modulus.problem import MERSENNE, ModulusProblem
from fastmul.integers.multiplication.wrapped import cyclic_mul, fold_minus


class Mersenne(Form):
    """Products modulo 2**n - 1 are cyclic ones."""

    name = "mersenne"

    def reduce(self, x: Any) -> Any:
        return fold_minus(x, self.n_bits)

    def mul(self, x: Any, y: Any) -> Any:
        return cyclic_mul(x, y, self.n_bits)


def refuses(problem: ModulusProblem) -> str | None:
    """Why the form does not apply."""
    return None if problem.shape == MERSENNE else "m is not 2**n - 1"


def make(problem: ModulusProblem, m: Any) -> Form:
    return Mersenne(m)
