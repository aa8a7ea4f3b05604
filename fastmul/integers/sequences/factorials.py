"""Factorials and primorials: products of primes, gathered word by word.

Let m = n // 2 and let n? be the swinging factorial n! / (m!)**2. It has few factors, each known from n alone:
a prime p divides it as often as there are odd numbers among n // p, n // p**2, n // p**3, ... So

    odd(n!) = odd(m!)**2 * odd(n?)        n! = odd(n!) * 2**(n - ones(n)),    ones(n) the ones among n's bits:

each level squares (two thirds of a product's cost), and multiplies by a number of only about n bits.
"""

from __future__ import annotations

import math
from typing import Any

import gmpy2
import numpy as np

from fastmul.integers.arguments import as_kind
from fastmul.integers.limbs import require_numbers
from fastmul.integers.multiplication import mul, square
from fastmul.integers.sequences.primes import natural, primes_up_to
from fastmul.integers.trees.products import product_of_words

#: Up to here GMP's are faster (AMD Zen 4, 2026-11-24, benchmarks/integer_operations.py).
GMP_FACTORIAL = 1 << 15
GMP_PRIMORIAL = 1 << 17
#: The results, their last operands and the transforms' scratch, in results.
_RESULTS_HELD = 4


def factorial(n: Any) -> Any:
    """The factorial of n.

    n! = 1 * 2 * ... * n.

    Parameters
    ----------
    n : int, gmpy2.mpz, or anything that operator.index accepts; not negative.

    Returns
    -------
    int, or gmpy2.mpz if n is one.

    Raises
    ------
    ValueError : n is negative.
    TypeError : n is not an integer.
    MemoryError : n! or its scratch would not fit.

    Exactness
    ---------
    Always exact: every product is one of `fastmul.mul`.

    Complexity
    ----------
    Time O(M(n log n)), which the last squaring and the last product make up by half; memory O(n log n) bits.

    Source
    ------
    Luschny, Swing, divide and conquer the factorial (2008), after Schönhage.

    Examples
    --------
    >>> factorial(25)
    15511210043330985984000000
    >>> factorial(0)
    1
    """
    kind, n = natural("factorial", n)
    if n <= GMP_FACTORIAL:
        return as_kind(kind, gmpy2.fac(n))
    # log2(n!) < n * log2(n)
    require_numbers(_RESULTS_HELD * (n * n.bit_length() // 64 + 1), f"factorial({n})")
    odd = _odd_factorial(n, primes_up_to(n)[1:])
    return as_kind(kind, odd << (n - n.bit_count()))


def _odd_factorial(n: int, odd_primes: np.ndarray) -> Any:
    if n <= GMP_FACTORIAL:
        return gmpy2.fac(n) >> (n - n.bit_count())
    odd_primes = odd_primes[: np.searchsorted(odd_primes, n, "right")]
    root = square(_odd_factorial(n // 2, odd_primes))
    return mul(root, product_of_words(swing_factors(n, odd_primes)))


def swing_factors(n: int, odd_primes: np.ndarray) -> np.ndarray:
    """Words, the largest power of each odd prime up to n in n?, none above n, whose product is odd(n?).

    p**e <= n, for n // p**j is 0, and so even, once p**j > n.
    """
    words = np.where(n // odd_primes & 1, odd_primes, 1)
    below = odd_primes[: np.searchsorted(odd_primes, math.isqrt(n), "right")]
    power = below  # p**j of the primes that have one up to n
    while below.size:
        below = below[power <= n // below]
        power = power[: below.size] * below
        words[: below.size] *= np.where(n // power & 1, below, 1)
    return words[words > 1].view(np.uint64)


def primorial(n: Any) -> Any:
    """The product of all primes up to n.

    2 * 3 * 5 * ... * p, p the largest prime <= n; 1 for n < 2.

    Parameters
    ----------
    n : int, gmpy2.mpz, or anything that operator.index accepts; not negative.

    Returns
    -------
    int, or gmpy2.mpz if n is one.

    Raises
    ------
    ValueError : n is negative.
    TypeError : n is not an integer.
    MemoryError : the product or its scratch would not fit.

    Exactness
    ---------
    Always exact: every product is one of `fastmul.mul`.

    Complexity
    ----------
    Time O(M(n) log n); memory O(n) bits and the primes, O(n / log n) words.

    Source
    ------
    Bernstein, Fast multiplication and its applications (2008), section 12: product trees.

    Examples
    --------
    >>> primorial(10), primorial(11)
    (210, 2310)
    """
    kind, n = natural("primorial", n)
    if n <= GMP_PRIMORIAL:
        return as_kind(kind, gmpy2.primorial(n))
    # log2 of it is below 1.000081 * n / log(2) < 1.45 n (Schoenfeld 1976); the sieve's primes need about as much
    require_numbers(_RESULTS_HELD * (3 * n // 128 + 1), f"primorial({n})")
    return as_kind(kind, product_of_words(primes_up_to(n).view(np.uint64)))
