"""The whole integer product, however wide: as limbs, so that it can be compared and converted."""

from __future__ import annotations

import random
from dataclasses import dataclass

import numpy as np

from fastmul.matrices.multiplication import on_limbs, python_integers
from fastmul.matrices.multiplication.freivalds import is_right_modulo_prime
from fastmul.matrices.multiplication.numbers import Numbers, NumbersProblem, limbs_for
from fastmul.matrices.multiplication.problem import MatmulProblem, max_abs
from fastmul.planning.pick import pick
from fastmul.planning.verify import verified


@dataclass(frozen=True, slots=True)
class WideProduct:
    """An integer matrix as (m, n, n_limbs) uint64 limbs in two's complement."""

    limbs: np.ndarray

    def fits(self, dtype: np.dtype) -> bool:
        """Whether every entry is a value of the 64-bit `dtype`: its higher limbs only repeat the sign."""
        lowest = self.limbs[..., :1]
        sign = (lowest.view(np.int64) >> 63).view(np.uint64) if dtype.kind == "i" else np.uint64(0)
        return bool((self.limbs[..., 1:] == sign).all()) and not self._has_sign_in(dtype)

    def _has_sign_in(self, dtype: np.dtype) -> bool:
        """Whether a single limb is negative where the dtype has no sign."""
        return (
            dtype.kind == "u"
            and self.limbs.shape[-1] == 1
            and bool((self.limbs.view(np.int64) < 0).any())
        )

    def wrap(self) -> np.ndarray:
        """The matrix modulo 2^64, as int64."""
        return np.ascontiguousarray(self.limbs[..., 0]).view(np.int64)

    def to_objects(self) -> np.ndarray:
        """The matrix as Python ints."""
        return python_integers.from_limbs(self.limbs)


def seconds(problem: MatmulProblem) -> float:
    """The predicted time of one product of a stack of 64-bit integers."""
    made = _problem(problem.m, problem.k, problem.n, *problem.value_bounds, problem.threads)
    return pick(on_limbs.OPERATION, made).cost(made)


def _problem(m: int, k: int, n: int, a_max: int, b_max: int, threads: int | None) -> NumbersProblem:
    highest = k * a_max * b_max
    bits = a_max.bit_length(), b_max.bit_length()
    return NumbersProblem(m, k, n, *bits, highest, limbs_for(highest), threads)


def product(
    a: np.ndarray,
    b: np.ndarray,
    n_checks: int = 0,
    threads: int | None = None,
    bounds: tuple[int, int] | None = None,
) -> WideProduct:
    """a @ b of 2-D int64 or uint64 arrays (true values) exactly, checked `n_checks` times.

    bounds: the largest magnitudes of a and b, if they are known.
    """
    (m, k), n = a.shape, b.shape[1]
    a_max, b_max = bounds or (max_abs(a), max_abs(b))
    problem = _problem(m, k, n, a_max, b_max, threads)
    row = pick(on_limbs.OPERATION, problem)
    out = np.empty((m, n, problem.n_limbs), np.uint64)
    operands = (Numbers.of(a), Numbers.of(b), out)
    if not n_checks:
        return WideProduct(row.run(problem, *operands))

    def is_right(limbs: np.ndarray, rng: random.Random) -> bool:
        return is_right_modulo_prime(a, b, python_integers.from_limbs(limbs), rng)

    return WideProduct(verified(on_limbs.OPERATION, problem, row, operands, is_right, n_checks))
