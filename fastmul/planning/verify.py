"""Checking a result by other means, and what to do when it is wrong.

A window that is proved needs no check; memory that flips bits does. The check of an exact integer result runs
modulo a random prime of 61 bits that is none of the transform primes: an error that comes from a violated CRT
bound is a multiple of their product, so no check modulo one of them could see it.

A failed check computes again by another algorithm and warns; a second failure raises.
"""

from __future__ import annotations

import random
import secrets
import warnings
from collections.abc import Callable
from typing import Any

import gmpy2

from fastmul.exceptions import VerificationError
from fastmul.planning.algorithm import Algorithm, Operation
from fastmul.planning.pick import able_rows

PRIME_BITS = 61

#: At least so many primes have exactly 61 bits (Rosser and Schoenfeld 1962, bounds (3.1) and (3.2) on pi(x)).
N_PRIMES = 2**54


def checks(verify: bool | int) -> int:
    """How many independent checks `verify=` asks for: none, one for True, or its value."""
    if isinstance(verify, bool):
        return int(verify)
    if isinstance(verify, int) and verify >= 0:
        return verify
    raise ValueError(f"verify is False, True or how many independent checks, got {verify!r}")


def random_prime(rng: random.Random) -> int:
    """A prime, uniform among those of exactly 61 bits.

    Transform primes have at most 51 bits, so it is none of them. gmpy2.is_prime runs the Baillie-PSW test,
    which errs on no number below 2**64 (Feitsma and Galway enumerated them).
    """
    while True:
        candidate = rng.getrandbits(PRIME_BITS) | 1 << (PRIME_BITS - 1) | 1
        if gmpy2.is_prime(candidate):
            return candidate


def miss_probability(error_bits: int, n_checks: int) -> float:
    """How likely a wrong result passes: an error below 2**error_bits in size, `n_checks` primes.

    A nonzero error is divisible by at most error_bits / 60 primes above 2**60, of N_PRIMES that may be drawn.
    """
    return float(min(1.0, error_bits / (PRIME_BITS - 1) / N_PRIMES) ** n_checks)


def verified(
    operation: Operation,
    problem: Any,
    row: Algorithm,
    operands: tuple[Any, ...],
    is_right: Callable[[Any, random.Random], bool],
    n_checks: int,
) -> Any:
    """row's result if `n_checks` of `is_right(result, rng)` hold, else another row's.

    Raises
    ------
    VerificationError : the other algorithm's result fails too; says the seed and the sizes.
    """
    seed = secrets.randbits(64)
    rng = random.Random(seed)

    def holds(result: Any) -> bool:
        return all(is_right(result, rng) for _ in range(n_checks))

    result = row.run(problem, *operands)
    if holds(result):
        return result
    others = [other for other in able_rows(operation, problem) if other.name != row.name]
    if others:
        other = min(others, key=lambda candidate: candidate.cost(problem))
        warnings.warn(
            f"{operation.name} by {row.name} failed verification for {problem} (seed {seed}); "
            f"computing again by {other.name}. Suspect this machine's memory, and please report it",
            RuntimeWarning,
            stacklevel=4,
        )
        result = other.run(problem, *operands)
        if holds(result):
            return result
        tried = f"{row.name} and {other.name}"
    else:
        tried = row.name
    raise VerificationError(
        f"{operation.name} by {tried} failed verification for {problem}; seed {seed}"
    )
