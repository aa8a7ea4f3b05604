"""Rational solutions of integer systems by lifting them p-adically, a digit at a time (Dixon).

    x = x0 + x1 p + x2 p^2 + ...         x[i] = A^-1 r[i] modulo p
    r[0] = b,   r[i+1] = (r[i] - A x[i]) / p

One inverse modulo p serves all digits; a digit costs two products. From x modulo p^k > 2 N D the only fraction with
numerator up to N and denominator up to D is found by Euclid's algorithm (Wang): two of them, n/d = n'/d' modulo p^k,
have |n d' - n' d| <= 2 N D < p^k, so it is zero.
"""

from __future__ import annotations

import gmpy2
import numpy as np

from fastmul.bounds.hadamard import largest_solution
from fastmul.linalg import arguments
from fastmul.linalg.elimination import product
from fastmul.matrices.multiplication import matmul
from fastmul.matrices.multiplication.problem import max_abs


def solve(
    a: np.ndarray, b: np.ndarray, inverse: np.ndarray, p: int, threads: int | None = None
) -> tuple[np.ndarray, int]:
    """(numerators, denominator) of the X of a @ X = b: an (n, q) object array of ints, and one positive int.

    `inverse` is that of `a` modulo the prime p, as residues.
    """
    largest_numerator, largest_denominator = largest_solution(a, b)
    digits, modulus = [], 1
    rest = b
    while modulus <= 2 * largest_numerator * largest_denominator:
        digit = product(inverse, arguments.residues(rest, p, threads), p, threads).view(np.int64)
        digits.append(digit)
        modulus *= p
        rest = _rest(a, digit, rest, p, threads)
    return _fractions(_joined(digits, p), modulus, largest_numerator, largest_denominator)


def stays_in_words(a: np.ndarray, p: int) -> bool:
    """Whether the rests of a right-hand side up to max|a| n p stay in int64, so that a digit costs n^2 word operations.

    |a @ digit| <= n max|a| p, and |rest'| <= (|rest| + n max|a| p) / p; so from |rest| <= n max|a| p on, rests shrink
    below it and differences stay below twice as much.
    """
    return a.dtype.kind == "i" and 2 * a.shape[1] * max_abs(a) * p < 1 << 63


def _rest(
    a: np.ndarray, digit: np.ndarray, rest: np.ndarray, p: int, threads: int | None
) -> np.ndarray:
    """(rest - a @ digit) / p, in int64 where that provably fits, otherwise in Python ints."""
    if (
        rest.dtype.kind == "i"
        and stays_in_words(a, p)
        and max_abs(rest) <= a.shape[1] * max_abs(a) * p
    ):
        words = a.astype(np.int64, copy=False)
        return (rest.astype(np.int64) - matmul(words, digit, threads=threads)) // p
    exact = matmul(a.astype(object), digit.astype(object), threads=threads)
    return (rest.astype(object) - exact) // p


def _joined(digits: list[np.ndarray], p: int) -> np.ndarray:
    """The sum of digits[i] * p^i as Python ints: neighbours first, so that equally long numbers meet."""
    values = [digit.astype(object) for digit in digits]
    base = gmpy2.mpz(p)
    while len(values) > 1:
        joined = [values[i] + values[i + 1] * base for i in range(0, len(values) - 1, 2)]
        values = joined + values[len(joined) * 2 :]
        base *= base
    return values[0]


def _fractions(
    x: np.ndarray, modulus: int, largest_numerator: int, largest_denominator: int
) -> tuple[np.ndarray, int]:
    """Numerators over a common denominator, congruent to x.

    The entries of a solution share most of their denominators, so the one known so far is tried first: if
    y = x d modulo the modulus is at most N in size, and d at most D, then y/d is the fraction. A fraction that needs
    more is found by Euclid's algorithm, and d grows by a factor: at most log2 D times.
    """
    modulus = gmpy2.mpz(modulus)
    numerators = np.empty(x.size, object)
    denominators = np.empty(x.size, object)
    common = gmpy2.mpz(1)
    for i, value in enumerate(x.ravel()):
        y = _centred(value * common % modulus, modulus)
        if abs(y) > largest_numerator:
            y, factor = _reconstruct(y % modulus, modulus, largest_numerator)
            common *= factor
            if common > largest_denominator:
                raise ArithmeticError("a rational solution exceeds Cramer's and Hadamard's bounds")
        numerators[i], denominators[i] = y, common
    for i in range(x.size):
        numerators[i] = int(numerators[i] * (common // denominators[i]))
    return numerators.reshape(x.shape), int(common)


def _centred(value: gmpy2.mpz, modulus: gmpy2.mpz) -> gmpy2.mpz:
    return value - modulus if 2 * value > modulus else value


def _reconstruct(
    x: gmpy2.mpz, modulus: gmpy2.mpz, largest_numerator: int
) -> tuple[gmpy2.mpz, gmpy2.mpz]:
    """(n, d) with n = x d modulo the modulus, |n| <= N and the smallest such d > 0: the first small remainder."""
    old, new = modulus, x
    old_size, size = gmpy2.mpz(0), gmpy2.mpz(1)
    while new > largest_numerator:
        quotient, remainder = divmod(old, new)
        old, new = new, remainder
        old_size, size = size, old_size - quotient * size
    return (new, size) if size > 0 else (-new, -size)
