"""The forms of arithmetic modulo m: one row each, with what its products cost."""

from __future__ import annotations

from functools import lru_cache
from types import ModuleType
from typing import Any

from fastmul.integers.arguments import as_mpz
from fastmul.integers.modulus import barrett, fermat, gmp, mersenne, montgomery, weighted
from fastmul.integers.modulus.problem import ModulusProblem, problem_of
from fastmul.integers.multiplication import MUL
from fastmul.integers.multiplication.choice import similar
from fastmul.integers.multiplication.problem import MulProblem
from fastmul.planning import cost
from fastmul.planning.algorithm import Algorithm, Operation
from fastmul.planning.cost import seconds
from fastmul.planning.pick import pick

# What a modular product costs, in products of numbers as long as m, and what making the form costs (AMD Zen 4,
# 2026-11-24, benchmarks/integer_operations.py): squarings are most of them.
#: GMP's product and remainder, by GMP's product: 2.8 to 3.1 from 2**12 to 2**20 bits.
GMP_STEP = 2.9
#: A product and its fold; a square is cheaper.
FOLDED_STEP = 0.9
#: A square in digits; a product alone enters twice and leaves once, digit by digit.
WEIGHTED_STEP, WEIGHTED_ALONE = 0.3, 2.3
#: A square and two products, and passes over memory; Montgomery's needs no corrections, Barrett's may wrap.
BARRETT_STEP, BARRETT_WRAPPED_STEP, MONTGOMERY_STEP = 3.0, 2.5, 2.93
#: Division of 2n by n bits, once: for GMP by its own product, beyond by ours.
GMP_DIVISION, DIVISION = 3.0, 5.0
#: Newton's iteration modulo powers of two, beside a division for R**2 modulo m.
MONTGOMERY_SETUP = 3.0
#: What gmpy2's objects and ours cost at each step, in seconds.
STEP_SECONDS = 4e-6


@lru_cache(maxsize=1024)
def product_seconds(n_limbs: int) -> float:
    """A product of two mpz of n_limbs limbs by the best row."""
    problem = similar(MulProblem(n_limbs, n_limbs, False, 1, "mpz"))
    return min(row.cost(problem) for row in MUL.table if row.refuses(problem) is None)


cost.clear_with_curves(product_seconds.cache_clear)


def _gmp_seconds(problem: ModulusProblem) -> float:
    return GMP_STEP * problem.products * seconds("mul.gmp", problem.n_limbs)


def _folded_seconds(problem: ModulusProblem) -> float:
    return problem.products * (FOLDED_STEP * product_seconds(problem.n_limbs) + STEP_SECONDS)


def _weighted_seconds(problem: ModulusProblem) -> float:
    step = WEIGHTED_STEP if problem.chain else WEIGHTED_ALONE
    return problem.products * (step * product_seconds(problem.n_limbs) + STEP_SECONDS)


def _division_seconds(problem: ModulusProblem) -> float:
    ours = DIVISION * product_seconds(problem.n_limbs)
    return min(GMP_DIVISION * seconds("mul.gmp", problem.n_limbs), ours)


def _reduced_seconds(problem: ModulusProblem, step: float) -> float:
    return problem.products * (step * product_seconds(problem.n_limbs) + STEP_SECONDS)


def _barrett_seconds(problem: ModulusProblem) -> float:
    step = BARRETT_WRAPPED_STEP if barrett.ring_for(problem.n_bits) else BARRETT_STEP
    return _division_seconds(problem) + _reduced_seconds(problem, step)


def _montgomery_seconds(problem: ModulusProblem) -> float:
    setup = _division_seconds(problem) + MONTGOMERY_SETUP * product_seconds(problem.n_limbs)
    entering = 1 if problem.chain else 2  # a product alone enters and leaves
    return setup + entering * _reduced_seconds(problem, MONTGOMERY_STEP)


def _row(module: ModuleType, cost: Any, summary: str, complexity: str, source: str) -> Algorithm:
    name = module.__name__.rpartition(".")[2]
    return Algorithm(name, module.make, module.refuses, cost, summary, complexity, source)


TABLE = (
    _row(gmp, _gmp_seconds, "GMP's product and remainder, through gmpy2", "O(M(n)) with GMP's M",
         "Granlund et al., GMP 6.3"),
    _row(mersenne, _folded_seconds, "a product modulo 2^n - 1, folded or cyclic", "O(M(n))",
         "Knuth, TAOCP 2, section 4.3.2"),
    _row(weighted, _weighted_seconds, "squares modulo 2^n - 1 in digits of irrational bases", "O(M(n))",
         "Crandall and Fagin, Math. Comp. 62 (1994) 305-324"),
    _row(fermat, _folded_seconds, "a product modulo 2^n + 1, folded or negacyclic", "O(M(n))",
         "Schoenhage and Strassen, Computing 7 (1971) 281-292"),
    _row(barrett, _barrett_seconds, "the quotient by a kept approximation of 1/m", "O(M(n))",
         "Barrett, CRYPTO '86, LNCS 263, 311-323"),
    _row(montgomery, _montgomery_seconds, "residues times 2^n; the low half is cleared", "O(M(n))",
         "Montgomery, Math. Comp. 44 (1985) 519-521"),
)  # fmt: skip


def _problem(m: Any, **options: Any) -> ModulusProblem:
    _, m = as_mpz("Modulus(m)", m)
    if not m:
        raise ZeroDivisionError("Modulus(m) needs m != 0; got m = 0")
    return problem_of(abs(m))


MODULUS = Operation("Modulus", TABLE, _problem)


@lru_cache(maxsize=1024)
def choose(problem: ModulusProblem) -> Algorithm:
    """The cheapest form for this problem."""
    return pick(MODULUS, problem)


cost.clear_with_curves(choose.cache_clear)
