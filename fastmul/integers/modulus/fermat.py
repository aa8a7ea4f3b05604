"""Arithmetic modulo m = 2**n + 1: what lies above bit n is subtracted at the bottom."""

from __future__ import annotations

from typing import Any

from fastmul.integers.modulus.form import Form
from fastmul.integers.modulus.problem import FERMAT, ModulusProblem
from fastmul.integers.multiplication.wrapped import fold_plus, negacyclic_mul


class Fermat(Form):
    """Products modulo 2**n + 1 are negacyclic ones."""

    name = "fermat"

    def reduce(self, x: Any) -> Any:
        return fold_plus(x, self.n_bits - 1)

    def mul(self, x: Any, y: Any) -> Any:
        return negacyclic_mul(x, y, self.n_bits - 1)


def refuses(problem: ModulusProblem) -> str | None:
    """Why the form does not apply."""
    return None if problem.shape == FERMAT else "m is not 2**n + 1"


def make(problem: ModulusProblem, m: Any) -> Form:
    return Fermat(m)
