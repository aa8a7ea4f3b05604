"""The algorithms of integer division: one row each."""

from __future__ import annotations

from types import ModuleType
from typing import Any

from fastmul.integers.division import burnikel_ziegler, gmp, newton
from fastmul.integers.division.costs import balanced
from fastmul.integers.division.problem import DivisionProblem
from fastmul.planning.algorithm import Algorithm, never


def _row(module: ModuleType, summary: str, complexity: str, source: str) -> Algorithm:
    """A row from an algorithm's file, by its name: its `divide` for a >= 0, b > 0."""
    name = module.__name__.rpartition(".")[2]

    def run(problem: DivisionProblem, a: Any, b: Any) -> tuple[Any, Any]:
        return module.divide(a, b, problem.threads)

    return Algorithm(name, run, never, balanced(f"divmod.{name}"), summary, complexity, source)


TABLE = (
    _row(
        gmp,
        "GMP's, through gmpy2: schoolbook, divide and conquer, Newton by size",
        "O(M(n)) for large n, O(m n) for small",
        "Granlund et al., GMP 6.3; Moeller and Granlund, IEEE Trans. Comp. 60 (2011) 165-175",
    ),
    _row(
        burnikel_ziegler,
        "halves of the quotient by halves of the divisor, over fastmul.mul",
        "O(M(n) log n)",
        "Burnikel and Ziegler, MPI-I-98-1-022 (1998)",
    ),
    _row(
        newton,
        "a reciprocal by Newton's iteration, kept for blocks of the quotient, over wrapped products",
        "O(M(n))",
        "Karp and Markstein, ACM TOMS 23 (1997) 561-589; Brent and Zimmermann, Modern Computer Arithmetic, 1.4.3",
    ),
)
