"""Big-integer multiplication: `mul` and `square`, and the choice among the algorithms of the table."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from functools import cache
from typing import Any

from fastmul.integers.limbs import exact_integer, limb_count, mpz, require_numbers
from fastmul.integers.multiplication.choice import chooser, similar
from fastmul.integers.multiplication.problem import MulProblem, threads_for
from fastmul.integers.multiplication.table import TABLE
from fastmul.planning import cost, memory
from fastmul.planning.algorithm import Algorithm, Operation
from fastmul.planning.pick import able_rows, pick
from fastmul.planning.verify import checks, random_prime, verified

#: What the choice of an algorithm costs, in seconds: a gain below it is left alone (AMD Zen 4, 2026-11-24, timeit).
CHOICE_SECONDS = 2e-6

#: The shortest way reaches at most so far, in limbs of both operands.
MAX_SHORT_LIMBS = 1 << 12

#: GMP aborts the process where memory ends, so longer products of mpz are asked for, however short one operand is.
UNASKED_BITS = 8 * memory.SMALL_BYTES

#: Ints that go through GMP without further thought have together at most so many bits, and each at least so many,
#: else their conversion costs more than it saves (AMD Zen 4, 2026-11-24, timeit).
MAX_LENT_BITS, MIN_LENT_BITS = 1 << 16, 256

# Up to this product of both bit lengths, `mul` takes the type's own `*` at once, and for ints, beyond, GMP's. These
# are safe on every machine measured; the first longer call puts the limits of this machine's curves in their place.
_SAFE_INT_WORK = _short_int_work = 768**2
_SAFE_LENT_WORK = _lent_int_work = 4096**2
_SAFE_MPZ_WORK = _short_mpz_work = 8192**2


def mul(
    a: Any,
    b: Any,
    *,
    algorithm: str = "auto",
    threads: int | None = None,
    verify: bool | int = False,
) -> Any:
    """The exact product a * b.

    Parameters
    ----------
    a, b : int, gmpy2.mpz, or anything that operator.index accepts; any sign and size.
    algorithm : str
        "auto" takes the fastest able one; else a name in the table (``fastmul.explain(fastmul.mul, a, b)``).
    threads : int, optional
        How many threads; default: fastmul's setting (`fastmul.set_threads`).
    verify : bool or int
        How many times to check the product modulo a random 61-bit prime; True means once. A wrong product of
        n bits passes one check with probability below n / 2**59.

    Returns
    -------
    gmpy2.mpz if a or b is one (or a gmpy2.xmpz), else int.

    Raises
    ------
    TypeError : a or b is not an integer; for arrays see `fastmul.matmul`.
    AlgorithmError : the named algorithm does not exist or refuses; says why, and which would do.
    MemoryError : the product or its scratch would not fit, said before anything is allocated.
    VerificationError : verify found two algorithms wrong.

    Exactness
    ---------
    Always exact: an algorithm whose proved window does not hold the operands refuses.

    Complexity
    ----------
    Time O(n log n) for the transforms that carry large operands, memory O(n); see the table.

    Source
    ------
    Each algorithm names its own in the table.

    Examples
    --------
    >>> mul(-3, 2**100)
    -3802951800684688204490109616128
    >>> mul(123456789, 987654321, algorithm="python")
    121932631112635269
    """
    # The shortest way first: small operands of one type must cost next to nothing over a * b.
    if algorithm == "auto" and verify is False and threads is None:
        kind = type(a)
        if kind is int:
            if type(b) is int:
                if (work := (m := a.bit_length()) * (n := b.bit_length())) <= _short_int_work:
                    return a * b
                if work <= _lent_int_work and m + n <= MAX_LENT_BITS:
                    if m < MIN_LENT_BITS or n < MIN_LENT_BITS:
                        return a * b
                    return int(mpz(a) * mpz(b))
        elif kind is mpz:  # noqa: SIM102  # one shape for both types
            if (
                type(b) is mpz
                and (m := a.bit_length()) * (n := b.bit_length()) <= _short_mpz_work
                and m + n <= UNASKED_BITS
            ):
                return a * b
    same = a is b
    a = exact_integer(a, "mul(a, b)")
    b = a if same else exact_integer(b, "mul(a, b)")
    if type(a) is not type(b):
        require_numbers(limb_count(a) + limb_count(b), "mul(a, b)")
        a, b = mpz(a), mpz(b)
    return _multiply(MUL, a, b, algorithm, threads, verify)


def square(
    a: Any, *, algorithm: str = "auto", threads: int | None = None, verify: bool | int = False
) -> Any:
    """The exact square a * a, in about two thirds of a product's time.

    Parameters
    ----------
    a : int, gmpy2.mpz, or anything that operator.index accepts; any sign and size.
    algorithm, threads, verify : as in `mul`.

    Returns
    -------
    gmpy2.mpz if a is one (or a gmpy2.xmpz), else int.

    Raises
    ------
    TypeError, AlgorithmError, MemoryError, VerificationError : as in `mul`.

    Exactness
    ---------
    Always exact, as `mul`.

    Complexity
    ----------
    As `mul`; a transform is made once instead of twice.

    Source
    ------
    Each algorithm names its own in the table.

    Examples
    --------
    >>> square(-12)
    144
    """
    a = exact_integer(a, "square(a)")
    return _multiply(SQUARE, a, a, algorithm, threads, verify)


@cache
def _fit_shortest_way() -> None:
    """Let the shortest way reach as far as the type's own `*` is the fastest, by the curves in use."""
    global _short_int_work, _lent_int_work, _short_mpz_work
    own, gmp = MUL["python"], MUL["gmp"]
    _short_int_work = _work_up_to(lambda p: own.cost(p) <= gmp.cost(p), "int", _SAFE_INT_WORK)
    _lent_int_work = _work_up_to(lambda p: _is_native(gmp, p), "int", _SAFE_LENT_WORK)
    _short_mpz_work = _work_up_to(lambda p: _is_native(gmp, p), "mpz", _SAFE_MPZ_WORK)


cost.clear_with_curves(_fit_shortest_way.cache_clear)


def _is_native(row: Algorithm, problem: MulProblem) -> bool:
    """Whether no other row gains more than the choice costs."""
    best = min(other.cost(problem) for other in able_rows(MUL, problem))
    return row.cost(problem) <= best + CHOICE_SECONDS


def _work_up_to(holds: Callable[[MulProblem], bool], kind: str, safe_work: int) -> int:
    """The largest product of bit lengths, from `safe_work` on, up to which a condition holds for equal lengths.

    Unequal ones of the same product favour the shortest way: it pays for limb products, the others for the sum of the
    lengths, which is larger, or for slices, as it does.
    """
    limbs = math.isqrt(safe_work) // 64
    while limbs < MAX_SHORT_LIMBS:
        larger = limbs + limbs // 8 + 1
        if not holds(MulProblem(larger, larger, False, 1, kind)):
            break
        limbs = larger
    return max(safe_work, (64 * limbs) ** 2)


def _multiply(
    operation: Operation, a: Any, b: Any, algorithm: str, threads: int | None, verify: bool | int
) -> Any:
    n_checks = checks(verify)
    problem = _problem(a, b, threads)
    if algorithm == "auto":
        _fit_shortest_way()
        row = choose(problem)
    else:
        row = pick(operation, problem, algorithm)
    if not n_checks:
        return row.run(problem, a, b)
    return verified(
        operation, problem, row, (a, b), lambda c, rng: _is_product(a, b, c, rng), n_checks
    )


def _problem(a: Any, b: Any, threads: int | None) -> MulProblem:
    """The problem of two exact integers of one type."""
    kind = "mpz" if type(a) is mpz else "int"
    m, n = limb_count(a), limb_count(b)
    return MulProblem(m, n, a is b, threads_for(m + n, threads), kind)


def _mul_problem(a: Any, b: Any, *, threads: int | None = None, **options: Any) -> MulProblem:
    x = exact_integer(a, "mul(a, b)")
    y = x if a is b else exact_integer(b, "mul(a, b)")
    if type(x) is not type(y):
        x, y = mpz(x), mpz(y)
    return _problem(x, y, threads)


def _square_problem(a: Any, *, threads: int | None = None, **options: Any) -> MulProblem:
    return _mul_problem(a, a, threads=threads)


MUL = Operation("mul", TABLE, _mul_problem, similar)
SQUARE = Operation("square", TABLE, _square_problem, similar)
mul.operation = MUL  # type: ignore[attr-defined]  # what fastmul.explain looks for
square.operation = SQUARE  # type: ignore[attr-defined]
choose = chooser(MUL)


def _is_product(a: Any, b: Any, c: Any, rng: random.Random) -> bool:
    p = random_prime(rng)
    # as mpz: GMP's remainder by one limb is the fastest
    x, y, z = (int(mpz(value) % p) for value in (a, b, c))
    return x * y % p == z
