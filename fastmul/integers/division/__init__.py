"""Integer division: `divmod`, `floordiv`, `mod` and `divexact`, and the choice among the algorithms of the table."""

from __future__ import annotations

import builtins
import random
from functools import lru_cache
from typing import Any

import gmpy2

from fastmul.integers.arguments import as_kind, as_mpz
from fastmul.integers.division.exact import divexact
from fastmul.integers.division.problem import (
    SCRATCH_NUMBERS,
    DivisionProblem,
    division_problem,
)
from fastmul.integers.division.table import TABLE
from fastmul.integers.limbs import mpz, numbers_bytes
from fastmul.planning import cost, memory
from fastmul.planning.algorithm import Algorithm, Operation
from fastmul.planning.pick import pick
from fastmul.planning.verify import checks, random_prime, verified

#: Quotients or divisors of at most so many bits are GMP's at once (AMD Zen 4, 2026-11-24, benchmarks).
SHORT_BITS = 1 << 15
#: Python's own division is the fastest up to this product of the quotient's and the divisor's bits.
PYTHON_WORK = 256**2
#: GMP aborts the process where memory ends, so longer dividends are asked for, however short the divisor is.
UNASKED_BITS = 8 * memory.SMALL_BYTES

#: Short ways to divide: by the operators of the operands' own type, or of ints by GMP's.
OWN, BY_GMP = "own", "by GMP"


def divmod(
    a: Any,
    b: Any,
    *,
    algorithm: str = "auto",
    threads: int | None = None,
    verify: bool | int = False,
) -> tuple[Any, Any]:
    """The quotient a // b and the remainder a % b, as Python defines them.

    a = q * b + r, with 0 <= r < b or b < r <= 0: the quotient is rounded towards minus infinity.

    Parameters
    ----------
    a, b : int, gmpy2.mpz, or anything that operator.index accepts; any sign and size, b not 0.
    algorithm : str
        "auto" takes the fastest; else a name in the table (``fastmul.explain(integers.divmod, a, b)``).
    threads : int, optional
        How many threads the products inside may use; default: fastmul's setting (`fastmul.set_threads`).
    verify : bool or int
        How many times to check q * b + r = a modulo a random 61-bit prime; True means once. A wrong result passes
        one check with probability below (bits of a) / 2**59.

    Returns
    -------
    (q, r) : gmpy2.mpz if a or b is one, else int.

    Raises
    ------
    TypeError : a or b is not an integer.
    ZeroDivisionError : b is 0.
    AlgorithmError : the named algorithm does not exist.
    MemoryError : the result or its scratch would not fit, said before anything is allocated.
    VerificationError : verify found two algorithms wrong.

    Exactness
    ---------
    Always exact: each truncated step has a proved error, which one or two corrections undo.

    Complexity
    ----------
    Time O(M(n)), about 2.5 products for a quotient as long as the divisor; memory O(n).

    Source
    ------
    Each algorithm names its own in the table.

    Examples
    --------
    >>> divmod(10**30, -(10**15 + 1))
    (-1000000000000000, -1000000000000000)
    >>> divmod(-7, 2)
    (-4, 1)
    """
    # The shortest way first: small operands must cost next to nothing over GMP's or Python's own.
    if algorithm == "auto" and verify is False and threads is None:
        way = _short_way(a, b)
        if way is OWN:
            return builtins.divmod(a, b)
        if way is BY_GMP:
            q, r = gmpy2.f_divmod(a, b)
            return int(q), int(r)
    kind, x, y = as_mpz("divmod(a, b)", a, b)
    q, r = _divide("divmod(a, b)", x, y, algorithm, threads, verify)
    return as_kind(kind, q), as_kind(kind, r)


def floordiv(
    a: Any,
    b: Any,
    *,
    algorithm: str = "auto",
    threads: int | None = None,
    verify: bool | int = False,
) -> Any:
    """The quotient a // b, rounded towards minus infinity as Python's.

    Parameters
    ----------
    a, b, algorithm, threads, verify : as in `divmod`.

    Returns
    -------
    gmpy2.mpz if a or b is one, else int.

    Raises
    ------
    TypeError, ZeroDivisionError, AlgorithmError, MemoryError, VerificationError : as in `divmod`.

    Exactness
    ---------
    Always exact, as `divmod`.

    Complexity
    ----------
    That of `divmod`.

    Source
    ------
    Each algorithm names its own in the table.

    Examples
    --------
    >>> floordiv(-(10**20), 3)
    -33333333333333333334
    """
    if algorithm == "auto" and verify is False and threads is None:
        way = _short_way(a, b)
        if way is OWN:
            return a // b
        if way is BY_GMP:
            return int(mpz(a) // b)
    kind, x, y = as_mpz("floordiv(a, b)", a, b)
    return as_kind(kind, _divide("floordiv(a, b)", x, y, algorithm, threads, verify)[0])


def mod(
    a: Any,
    b: Any,
    *,
    algorithm: str = "auto",
    threads: int | None = None,
    verify: bool | int = False,
) -> Any:
    """The remainder a % b, of the sign of b as Python's.

    Parameters
    ----------
    a, b, algorithm, threads, verify : as in `divmod`.

    Returns
    -------
    gmpy2.mpz if a or b is one, else int.

    Raises
    ------
    TypeError, ZeroDivisionError, AlgorithmError, MemoryError, VerificationError : as in `divmod`.

    Exactness
    ---------
    Always exact, as `divmod`.

    Complexity
    ----------
    That of `divmod`.

    Source
    ------
    Each algorithm names its own in the table.

    Examples
    --------
    >>> mod(-(10**20), 7), mod(10**20, -7)
    (5, -5)
    """
    if algorithm == "auto" and verify is False and threads is None:
        way = _short_way(a, b)
        if way is OWN:
            return a % b
        if way is BY_GMP:
            return int(mpz(a) % b)
    kind, x, y = as_mpz("mod(a, b)", a, b)
    return as_kind(kind, _divide("mod(a, b)", x, y, algorithm, threads, verify)[1])


def divide(a: Any, b: Any, threads: int | None = None) -> tuple[Any, Any]:
    """The quotient and the remainder of mpz a >= 0 by b > 0, by the fastest algorithm: for other functions here."""
    problem = division_problem(a, b, threads)
    return _choose(problem).run(problem, a, b)


def _short_way(a: Any, b: Any) -> str | None:
    """OWN or BY_GMP where a choice and conversions would cost more than they save; None: all others, and b = 0."""
    kind = type(a)
    if kind is not type(b) or (kind is not mpz and kind is not int):
        return None
    m, n = a.bit_length(), b.bit_length()
    if kind is int and (m - n) * n <= PYTHON_WORK:
        return OWN if n else None
    if m <= UNASKED_BITS and n > 0 and (n <= SHORT_BITS or m - n <= SHORT_BITS):
        return OWN if kind is mpz else BY_GMP
    return None


def _divide(
    call: str, a: Any, b: Any, algorithm: str, threads: int | None, verify: bool | int
) -> tuple[Any, Any]:
    """The floor quotient and remainder of two mpz."""
    n_checks = checks(verify)
    problem = division_problem(a, b, threads)
    if not b:
        raise ZeroDivisionError(f"{call} with b = 0 and a of {a.bit_length()} bits")
    memory.require(SCRATCH_NUMBERS * numbers_bytes(problem.dividend_limbs), f"{call}, {problem}")
    row = _choose(problem) if algorithm == "auto" else pick(DIVMOD, problem, algorithm)
    x, y = abs(a), abs(b)
    if n_checks:
        q, r = verified(
            DIVMOD,
            problem,
            row,
            (x, y),
            lambda result, rng: _is_division(x, y, result, rng),
            n_checks,
        )
    else:
        q, r = row.run(problem, x, y)
    return _floored(q, r, a < 0, b)


def _floored(q: Any, r: Any, negative: bool, b: Any) -> tuple[Any, Any]:
    """From |a| = q |b| + r to the quotient and remainder of a, whose sign is given, by b."""
    if negative:
        r = -r
    if negative != (b < 0):
        q = -q
        if r:  # a = q b + r with r of the wrong sign
            return q - 1, r + b
    return q, r


def _is_division(a: Any, b: Any, result: tuple[Any, Any], rng: random.Random) -> bool:
    q, r = result
    if not 0 <= r < b:
        return False
    p = random_prime(rng)
    w, x, y, z = (int(value % p) for value in (a, b, q, r))
    return (x * y + z - w) % p == 0


def _divmod_problem(
    a: Any, b: Any, *, threads: int | None = None, **options: Any
) -> DivisionProblem:
    _, x, y = as_mpz("divmod(a, b)", a, b)
    if not y:
        raise ZeroDivisionError(f"divmod(a, b) with b = 0 and a of {x.bit_length()} bits")
    return division_problem(x, y, threads)


DIVMOD = Operation("divmod", TABLE, _divmod_problem)
for _function in (divmod, floordiv, mod):
    _function.operation = DIVMOD  # type: ignore[attr-defined, union-attr]  # what fastmul.explain looks for


@lru_cache(maxsize=4096)
def _choose(problem: DivisionProblem) -> Algorithm:
    return pick(DIVMOD, problem)


cost.clear_with_curves(_choose.cache_clear)

__all__ = ["divexact", "divide", "divmod", "floordiv", "mod"]
