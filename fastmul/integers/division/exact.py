"""Division that is known to leave no remainder: `divexact`.

GMP finds such a quotient from its low end, in about two thirds of a division's time, and says nothing where there is
none: so its result is checked modulo a prime of 61 bits that this process has drawn for itself. Long quotients come
from a division, whose remainder tells.
"""

from __future__ import annotations

import random
import secrets
from collections.abc import Callable
from dataclasses import replace
from functools import cache, lru_cache
from typing import Any

import gmpy2

from fastmul.integers.arguments import as_kind, as_mpz
from fastmul.integers.division.costs import balanced
from fastmul.integers.division.problem import (
    SCRATCH_NUMBERS,
    DivisionProblem,
    division_problem,
)
from fastmul.integers.division.table import TABLE
from fastmul.integers.limbs import numbers_bytes
from fastmul.planning import cost, memory
from fastmul.planning.algorithm import Algorithm, Operation, never
from fastmul.planning.pick import pick
from fastmul.planning.verify import random_prime


def divexact(a: Any, b: Any, *, algorithm: str = "auto", threads: int | None = None) -> Any:
    """The quotient a / b where b divides a.

    Parameters
    ----------
    a, b : int, gmpy2.mpz, or anything that operator.index accepts; any sign and size, b not 0.
    algorithm : str
        "auto" takes the fastest; else a name in the table (``fastmul.explain(integers.divexact, a, b)``).
    threads : int, optional
        How many threads the products inside may use; default: fastmul's setting (`fastmul.set_threads`).

    Returns
    -------
    gmpy2.mpz if a or b is one, else int.

    Raises
    ------
    TypeError : a or b is not an integer.
    ZeroDivisionError : b is 0.
    ValueError : b does not divide a.
    AlgorithmError : the named algorithm does not exist.
    MemoryError : the scratch would not fit.

    Exactness
    ---------
    Where b divides a, always exact. Where it does not, "newton" and "burnikel_ziegler" always raise; "gmp" misses it
    with probability below (bits of a) / 2**59.

    Complexity
    ----------
    That of `divmod`, or two thirds of it where GMP divides.

    Source
    ------
    Jebelean, J. Symb. Comp. 15 (1993) 169-180; Krandick and Jebelean, J. Symb. Comp. 21 (1996) 441-455.

    Examples
    --------
    >>> divexact(-(10**30), 2**30)
    -931322574615478515625
    """
    kind, x, y = as_mpz("divexact(a, b)", a, b)
    if not y:
        raise ZeroDivisionError(f"divexact(a, b) with b = 0 and a of {x.bit_length()} bits")
    problem = division_problem(x, y, threads)
    memory.require(
        SCRATCH_NUMBERS * numbers_bytes(problem.dividend_limbs), f"divexact(a, b), {problem}"
    )
    row = _choose(problem) if algorithm == "auto" else pick(DIVEXACT, problem, algorithm)
    q = row.run(problem, abs(x), abs(y))
    if q is None:
        raise ValueError(
            f"divexact(a, b) needs b to divide a; it does not, {x.bit_length()} bits by {y.bit_length()} "
            "(divmod gives the remainder)"
        )
    return as_kind(kind, -q if (x < 0) != (y < 0) else q)


@cache
def _prime() -> int:
    """A prime that nobody knew when the operands were made."""
    return random_prime(random.Random(secrets.randbits(64)))


def _by_gmp(problem: DivisionProblem, a: Any, b: Any) -> Any:
    """The quotient of a >= 0 by b > 0; None where there is none."""
    q, p = gmpy2.divexact(a, b), _prime()
    return q if int(q % p) * int(b % p) % p == int(a % p) else None


def _by_remainder(row: Algorithm) -> Callable[[DivisionProblem, Any, Any], Any]:
    def run(problem: DivisionProblem, a: Any, b: Any) -> Any:
        q, r = row.run(problem, a, b)
        return None if r else q

    return run


def _exact_problem(
    a: Any, b: Any, *, threads: int | None = None, **options: Any
) -> DivisionProblem:
    _, x, y = as_mpz("divexact(a, b)", a, b)
    return division_problem(x, y, threads)


DIVEXACT = Operation(
    "divexact",
    (
        Algorithm(
            "gmp",
            _by_gmp,
            never,
            balanced("divexact.gmp"),
            "GMP's, from the low end, checked modulo a random prime",
            "that of GMP's division, two thirds of the time",
            "Jebelean, J. Symb. Comp. 15 (1993) 169-180",
        ),
        *(
            replace(row, run=_by_remainder(row), summary=f"{row.summary}; the remainder tells")
            for row in TABLE
            if row.name != "gmp"
        ),
    ),
    _exact_problem,
)
divexact.operation = DIVEXACT  # type: ignore[attr-defined]  # what fastmul.explain looks for


@lru_cache(maxsize=4096)
def _choose(problem: DivisionProblem) -> Algorithm:
    return pick(DIVEXACT, problem)


cost.clear_with_curves(_choose.cache_clear)
