"""From a limb function to an algorithm for numbers: conversion, sign and zero, once for all algorithms.

    a, b --magnitude--> limbs --mul_limbs(a, b, out, threads)--> limbs --sign--> a * b

A limb function gets contiguous one-dimensional uint64 arrays, lowest limb first, of at least one limb each, and
fills all len(a) + len(b) limbs of `out`, which overlaps neither; `b is a` means a square. It leases its own
scratch, and asks `planning.memory.require` before it does.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from fastmul.integers import layout
from fastmul.integers.limbs import limb_count, magnitude, mpz, number, require_numbers
from fastmul.integers.multiplication.problem import MulProblem

LimbFunction = Callable[[np.ndarray, np.ndarray, np.ndarray, int], Any]


@dataclass(frozen=True)
class Door:
    """The function `mul(a, b)` of one algorithm.

    ``run(problem, a, b)`` is what the table's row runs: a and b are exact ints or exact mpz, of one type.
    """

    name: str
    run: Callable[[MulProblem, Any, Any], Any]
    mul_limbs: LimbFunction | None = None

    def __call__(self, a: Any, b: Any, *, threads: int | None = None) -> Any:
        """a * b by this algorithm; what `fastmul.mul` accepts is accepted."""
        from fastmul.integers.multiplication import mul  # the table that this door is a row of

        return mul(a, b, algorithm=self.name, threads=threads)


def door(mul_limbs: LimbFunction, name: str) -> Door:
    """The algorithm `name` for numbers, from its function on limb arrays."""

    def run(problem: MulProblem, a: Any, b: Any) -> Any:
        return through_limbs(mul_limbs, a, b, problem)

    return Door(name, run, mul_limbs)


def through_limbs(mul_limbs: LimbFunction, a: Any, b: Any, problem: MulProblem) -> Any:
    """a * b by a limb function, for two ints or two mpz."""
    if not a or not b:
        return type(a)(0)
    n = limb_count(a) + limb_count(b)
    require_numbers(n, problem)
    negative = (a < 0) != (b < 0)
    x = magnitude(a)
    y = x if b is a else magnitude(b)
    if type(a) is mpz and layout.mpz_readable():
        fresh, out = layout.new_mpz(n)
        mul_limbs(x, y, out, problem.threads)
        return layout.finish_mpz(fresh, out, negative)
    out = np.empty(n, np.uint64)
    mul_limbs(x, y, out, problem.threads)
    return number(out, type(a), negative)
