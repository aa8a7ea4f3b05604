"""Binomial coefficients: from the primes that divide them, or as a quotient of two products.

Kummer: the exponent of p in C(n, k) is the number of carries when k and n - k are added in base p,

    e = sum over j of  n // p**j - k // p**j - (n-k) // p**j,    each term 0 or 1,

so that p**e <= n: each prime makes one word, and nothing is ever divided. Where n is so much larger than k that its
primes cost more than the quotient does, C(n, k) = n * (n-1) * ... * (n-k+1) / k!.
"""

from __future__ import annotations

from typing import Any

import gmpy2
import numpy as np

from fastmul.integers.arguments import as_kind, as_mpz
from fastmul.integers.common_divisors import shown
from fastmul.integers.limbs import require_numbers
from fastmul.integers.sequences.factorials import factorial
from fastmul.integers.sequences.primes import primes_up_to
from fastmul.integers.trees.products import prod, product_of_words

#: GMP is faster up to this k; up to that n also where n <= FEW_PER_FACTOR * k, for it knows Kummer's theorem as well
#: (AMD Zen 4, 2026-11-24, benchmarks/integer_operations.py).
GMP_BINOMIAL = 1 << 12
GMP_KUMMER = 1 << 21
FEW_PER_FACTOR = 16
#: The primes up to n pay as long as n is at most so many times k.
PRIMES_PAY = 64
_RESULTS_HELD = 6
_WORD_BITS = 64


def binomial(n: Any, k: Any) -> Any:
    """The binomial coefficient of n and k.

    C(n, k) = n * (n-1) * ... * (n-k+1) / k!, for negative n as well: C(-n, k) = (-1)**k * C(n+k-1, k).

    Parameters
    ----------
    n, k : int, gmpy2.mpz, or anything that operator.index accepts; k not negative.

    Returns
    -------
    int, or gmpy2.mpz if n or k is one.

    Raises
    ------
    ValueError : k is negative.
    TypeError : n or k is not an integer.
    MemoryError : the coefficient or its scratch would not fit.

    Exactness
    ---------
    Always exact: products by `fastmul.mul`, and a division that leaves no remainder.

    Complexity
    ----------
    Time O(M(b) log k) for a coefficient of b bits, and O(n log log n) for the primes where they are used;
    memory O(b + n).

    Source
    ------
    Kummer, J. reine angew. Math. 44 (1852) 93-146; Goetgheluck, Amer. Math. Monthly 94 (1987) 360-365.

    Examples
    --------
    >>> binomial(50, 25), binomial(5, 7), binomial(-5, 3)
    (126410606437752, 0, -35)
    """
    kind, top, below = as_mpz("binomial(n, k)", n, k)
    n, k = int(top), int(below)
    if k < 0:
        raise ValueError(
            f"binomial({shown(top)}, {shown(below)}) is not defined here: k >= 0 is needed"
        )
    negative = n < 0 and k % 2 == 1
    if n < 0:
        n = k - n - 1
    value = _of_naturals(n, min(k, n - k)) if k <= n else gmpy2.mpz(0)
    return as_kind(kind, -value if negative else value)


def _of_naturals(n: int, k: int) -> Any:
    """C(n, k) for 2 * k <= n."""
    # C(n, k) <= (e*n/k)**k, and log2(e*n/k) <= the bits of n // k, and 2.45
    bits = k * ((n // max(k, 1)).bit_length() + 3)
    require_numbers(_RESULTS_HELD * (bits // _WORD_BITS + 1), f"binomial({shown(n)}, {shown(k)})")
    if k <= GMP_BINOMIAL or n <= min(GMP_KUMMER, FEW_PER_FACTOR * k):
        return gmpy2.bincoef(n, k)
    if n <= PRIMES_PAY * k:
        return product_of_words(prime_powers(n, k))
    from fastmul.integers.division import divexact

    return divexact(_falling(n, k), factorial(gmpy2.mpz(k)))


def prime_powers(n: int, k: int) -> np.ndarray:
    """Words, one power of each prime at most and none above n, whose product is C(n, k)."""
    primes = primes_up_to(n)
    power, words = primes, np.ones_like(primes)
    while power.size:
        carries = n // power - k // power - (n - k) // power
        words[: power.size] *= np.where(carries, primes[: power.size], 1)
        reach = np.searchsorted(power > n // primes[: power.size], True)  # p**(j+1) <= n before it
        power = power[:reach] * primes[:reach]
    return words[words > 1].view(np.uint64)


def _falling(n: int, k: int) -> Any:
    """n * (n-1) * ... * (n-k+1), as mpz."""
    if n.bit_length() <= _WORD_BITS:
        return product_of_words(np.uint64(n - k + 1) + np.arange(k, dtype=np.uint64))
    return gmpy2.mpz(prod(map(gmpy2.mpz, range(n - k + 1, n + 1))))
