"""Over the integers and the rationals, from computations modulo primes whose results are then proved right."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

import gmpy2
import numpy as np

from fastmul.bounds.hadamard import largest_coefficient, largest_determinant
from fastmul.exceptions import SingularMatrixError
from fastmul.linalg import arguments, lifting
from fastmul.linalg.characteristic import characteristic_modulo
from fastmul.linalg.determinants import determinant_modulo
from fastmul.linalg.elimination import eliminate
from fastmul.linalg.primes import BITS, Remainders, primes
from fastmul.linalg.systems import inverse_modulo
from fastmul.matrices.multiplication import matmul
from fastmul.matrices.multiplication.problem import max_abs
from fastmul.runtime.threads import get_threads, run

#: Sides from which a system, solved by lifting, is cheaper than the determinants modulo primes that it saves.
LIFTED_SIDE = 64
#: Primes that may happen to divide a determinant before it is asked whether it is zero.
UNLUCKY = 2


def determinant(a: np.ndarray, threads: int | None = None) -> int:
    """det a: what divides it, from the denominators of a solution; the rest by remainders."""
    if not len(a):
        return 1
    bound = largest_determinant(a)
    known = gmpy2.mpz(1)
    usable = primes()
    if len(a) >= LIFTED_SIDE and lifting.stays_in_words(a, 1 << BITS):
        known = _denominator(a, usable, threads)
    rest = Remainders(1)
    while rest.modulus <= 2 * (bound // known):
        p = next(usable)
        if known % p:
            found = determinant_modulo(arguments.residues(a, p, threads), p, threads)
            rest.add(np.array([found * pow(int(known % p), -1, p) % p]), p)
    return int(known * rest.centred()[0])


def _denominator(a: np.ndarray, usable: Iterator[int], threads: int | None) -> gmpy2.mpz:
    """A divisor of det a, nearly always all of it but a few bits; 1 if det a may be zero."""
    b = np.random.default_rng(0).integers(-1, 2, (len(a), 1))
    for _ in range(UNLUCKY):
        p = next(usable)
        try:
            inverse = inverse_modulo(arguments.residues(a, p, threads), p, "det", threads)
        except SingularMatrixError:
            continue
        return gmpy2.mpz(lifting.solve(a, b, inverse, p, threads)[1])
    return gmpy2.mpz(1)


def solve_over_rationals(
    a: np.ndarray, b: np.ndarray, function: str, threads: int | None = None
) -> np.ndarray:
    """The X of a @ X = b, (n, q) Fractions.

    Raises
    ------
    SingularMatrixError : the determinant of `a` is zero.
    """
    solution = np.empty(b.shape, object)
    if not len(a):
        return solution
    for tried, p in enumerate(primes()):
        if tried == UNLUCKY and (found := rank_over_rationals(a, threads)) < len(a):
            raise SingularMatrixError(
                f"{function}: the ({len(a)}, {len(a)}) matrix is singular, its rank is {found}"
            )
        try:
            inverse = inverse_modulo(arguments.residues(a, p, threads), p, function, threads)
        except SingularMatrixError:
            continue
        numerators, denominator = lifting.solve(a, b, inverse, p, threads)
        solution.ravel()[:] = [Fraction(x, denominator) for x in numerators.ravel()]
        return solution
    raise AssertionError("primes() ends by an exception")


def rank_over_rationals(a: np.ndarray, threads: int | None = None) -> int:
    """The rank of `a`: that modulo a prime, with a proof that it is not too low."""
    if not a.any():
        return 0
    for p in primes():
        found = eliminate(arguments.residues(a, p, threads), p, "rank", threads)
        if found.rank == min(a.shape) or _depend(a, found.order, found.pivots, p, threads):
            return found.rank
    raise AssertionError("primes() ends by an exception")


def _depend(
    a: np.ndarray, order: np.ndarray, pivots: np.ndarray, p: int, threads: int | None
) -> bool:
    """Whether all columns depend on the pivot columns, over the rationals.

    On the pivot rows they do, with coefficients X that solve a system which is invertible modulo p; then it is to be
    checked on the other rows, in integers: a[:, pivots] @ (X d) = a[:, others] d.
    """
    if not len(pivots):
        return False
    rows = order[: len(pivots)]
    others = np.setdiff1d(np.arange(a.shape[1]), pivots)
    square = np.ascontiguousarray(a[np.ix_(rows, pivots)])
    inverse = inverse_modulo(arguments.residues(square, p, threads), p, "rank", threads)
    numerators, denominator = lifting.solve(
        square, np.ascontiguousarray(a[np.ix_(rows, others)]), inverse, p, threads
    )
    left = matmul(a[:, pivots].astype(object), numerators, threads=threads)
    return bool(np.array_equal(left, a[:, others].astype(object) * denominator))


def characteristic(a: np.ndarray, threads: int | None = None) -> np.ndarray:
    """The coefficients of det(x - a), highest power first, as Python ints."""
    bound = largest_coefficient(len(a), max_abs(a))
    count, usable = (
        (2 * bound).bit_length() // (BITS - 1) + 1,
        primes(),
    )  # each has more than BITS - 1 bits
    chosen = [next(usable) for _ in range(count)]
    images: dict[int, np.ndarray] = {}

    def work(p: int) -> None:
        images[p] = characteristic_modulo(arguments.residues(a, p, 1), p)

    run(work, [(p,) for p in chosen], get_threads(threads))
    found = Remainders(len(a) + 1)
    for p in chosen:
        found.add(images[p], p)
    return found.centred()
