"""The window beyond 64-bit coefficients: digits of 62 bits leave room for sixteen times as many terms.

A coefficient of a product of two numbers in digits of b bits is a sum of at most `terms` products of two digits, and
must stay below M (1 - 2^-38), M = p1 p2 p3 > 2^150 (`bounds.crt`). For b = 62

    terms (2^62 - 1)^2 < 2^26 2^124 = 2^150 < M (1 - 2^-38)      for terms <= 2^26,

as M / 2^150 > 1 + 2^-12. Roots of unity of order 2^27 exist modulo all primes, so a transform has at most 2^27 points
and its shorter operand at most 2^26 digits: the window holds whatever transform is possible.
"""

from __future__ import annotations

from fastmul.bounds.crt import M
from fastmul.bounds.primes import TWO_ADICITY

DIGIT_BITS = 62

#: The longest transform.
MAX_POINTS = 1 << TWO_ADICITY


def fits(terms: int) -> bool:
    """Whether a sum of `terms` products of two digits is read back exactly.

    >>> fits(2**26), fits(2**27)
    (True, False)
    """
    return terms * ((1 << DIGIT_BITS) - 1) ** 2 * 2**38 < M * (2**38 - 1)


def digit_count(n_limbs: int) -> int:
    """Digits of n_limbs limbs of 64 bits.

    >>> digit_count(31), digit_count(32)
    (32, 34)
    """
    return -(-64 * n_limbs // DIGIT_BITS)
