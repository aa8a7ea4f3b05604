"""The algorithms of integer multiplication: one row each."""

from __future__ import annotations

from dataclasses import replace
from types import ModuleType

import numpy as np

from fastmul.integers.multiplication import fft, gmp, karatsuba, ntt, python, schoolbook, toom3
from fastmul.integers.multiplication.costs import (
    Cost,
    cheaper,
    quadratic,
    sliced,
    transformed,
    with_conversion,
)
from fastmul.integers.multiplication.problem import MulProblem
from fastmul.planning.algorithm import Algorithm


def _row(
    module: ModuleType, cost: Cost, native: str, summary: str, complexity: str, source: str
) -> Algorithm:
    """A row from an algorithm's file: its `mul` (a Door) and `refuses`; `native` is the kind it computes on."""
    cost = with_conversion(cost, native)
    return Algorithm(
        module.mul.name, module.mul.run, module.refuses, cost, summary, complexity, source
    )


TABLE = (
    _row(
        schoolbook,
        quadratic("mul.schoolbook"),
        "limbs",
        "every limb by every limb",
        "O(m n)",
        "Knuth, TAOCP 2, algorithm 4.3.1 M",
    ),
    _row(
        karatsuba,
        sliced("mul.karatsuba"),
        "limbs",
        "three half-size products for four",
        "O(n^1.585)",
        "Karatsuba and Ofman, Soviet Physics Doklady 7 (1963) 595-596",
    ),
    _row(
        toom3,
        sliced("mul.toom3"),
        "limbs",
        "five third-size products for nine",
        "O(n^1.465)",
        "Toom, Soviet Math. 3 (1963) 714-716; Bodrato, WAIFI 2007, LNCS 4547",
    ),
    _row(
        fft,
        transformed("mul.fft"),
        "limbs",
        "a float64 complex transform, with digits as wide as its proved rounding admits",
        "O(n log n), below the size where digits run out",
        "Brent, Percival and Zimmermann, Math. Comp. 76 (2007) 1469-1481",
    ),
    _row(
        ntt,
        transformed("mul.ntt"),
        "limbs",
        "number-theoretic transforms modulo three primes of 50 bits, in float64",
        "O(n log n)",
        "Pollard, Math. Comp. 25 (1971) 365-374",
    ),
    _row(
        gmp,
        cheaper(sliced("mul.gmp"), transformed("mul.gmp")),
        "mpz",
        "GMP's assembly, through gmpy2",
        "O(n log n log log n)",
        "Granlund et al., GMP 6.3",
    ),
    _row(
        python,
        sliced("mul.python"),
        "int",
        "Python's own int * int",
        "O(n^1.585)",
        "CPython, Objects/longobject.c",
    ),
)


def _on_limbs(module: ModuleType) -> Algorithm:
    """The row that multiplies limb arrays: ``run(problem, a, b, out)``."""

    def run(problem: MulProblem, a: np.ndarray, b: np.ndarray, out: np.ndarray) -> None:
        module.mul.mul_limbs(a, b, out, problem.threads)

    row = next(row for row in TABLE if row.name == module.mul.name)
    return replace(row, run=run)


#: The rows that also multiply limb arrays.
LIMB_TABLE = tuple(_on_limbs(module) for module in (schoolbook, karatsuba, toom3, fft, ntt, gmp))
