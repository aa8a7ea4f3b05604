"""Fibonacci's and Lucas's numbers, by doubling: two squarings a step, one product at the last.

With F = F(k) and G = F(k-1), and s = 2 * (-1)**k,

    F(2k+1) = 4 F**2 - G**2 + s,    F(2k-1) = F**2 + G**2,    F(2k) = F(2k+1) - F(2k-1),

so two squares carry a pair from k to 2k or 2k+1. The last step wants one number only, and has it from a product,

    F(2k) = F * (F + 2 G),    F(2k+1) = (2 F + G) * (2 F - G) + s,    L(2k+1) = 5 G * (2 F + G) - 2 s,

and Lucas's numbers of even index have it from one square, step after step: L(2k) = L(k)**2 - s.
"""

from __future__ import annotations

from typing import Any

import gmpy2

from fastmul.integers.arguments import as_kind
from fastmul.integers.limbs import require_numbers
from fastmul.integers.multiplication import mul, square
from fastmul.integers.sequences.primes import natural

#: Up to here GMP's are faster (AMD Zen 4, 2026-11-24, benchmarks/integer_operations.py).
GMP_INDEX = (1 << 16) - 1
#: The last product, its operands and the transforms' scratch, in results.
_RESULTS_HELD = 4


def fibonacci(n: Any) -> Any:
    """The n-th Fibonacci number.

    F(0) = 0, F(1) = 1, F(n) = F(n-1) + F(n-2).

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
    MemoryError : the number or its scratch would not fit.

    Exactness
    ---------
    Always exact: every product is one of `fastmul.mul`.

    Complexity
    ----------
    Time O(M(n)): one product of n / 1.44 bits, and squarings of half, a quarter, ... of them; memory O(n) bits.

    Source
    ------
    Takahashi, Information Processing Letters 75 (2000) 243-246.

    Examples
    --------
    >>> fibonacci(100)
    354224848179261915075
    """
    kind, n = natural("fibonacci", n)
    if n <= GMP_INDEX:
        return as_kind(kind, gmpy2.fib(n))
    _require(n, "fibonacci")
    f, g, s = _pair(n // 2)
    double = 2 * f
    return as_kind(kind, mul(double + g, double - g) + s if n % 2 else mul(f, f + 2 * g))


def lucas(n: Any) -> Any:
    """The n-th Lucas number.

    L(0) = 2, L(1) = 1, L(n) = L(n-1) + L(n-2).

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
    MemoryError : the number or its scratch would not fit.

    Exactness
    ---------
    Always exact: every product is one of `fastmul.mul`.

    Complexity
    ----------
    Time O(M(n)), as `fibonacci`; memory O(n) bits.

    Source
    ------
    Takahashi, Information Processing Letters 75 (2000) 243-246.

    Examples
    --------
    >>> lucas(100)
    792070839848372253127
    """
    kind, n = natural("lucas", n)
    if n <= GMP_INDEX:
        return as_kind(kind, gmpy2.lucas(n))
    _require(n, "lucas")
    twos = (n & -n).bit_length() - 1  # n = odd * 2**twos
    while twos and n >> (twos - 1) <= GMP_INDEX:
        twos -= 1
    k = n >> twos
    number = gmpy2.lucas(k) if k <= GMP_INDEX else _odd_lucas(k)
    for _ in range(twos):
        number = square(number) - (-2 if k % 2 else 2)
        k *= 2
    return as_kind(kind, number)


def _odd_lucas(n: int) -> Any:
    f, g, s = _pair(n // 2)
    return 5 * mul(g, 2 * f + g) - 2 * s


def _pair(k: int) -> tuple[Any, Any, int]:
    """F(k), F(k-1) and 2 * (-1)**k, for k >= 1."""
    halvings = max(0, k.bit_length() - GMP_INDEX.bit_length())
    f, g = gmpy2.fib2(k >> halvings)
    for shift in reversed(range(halvings)):
        sign = -2 if (k >> shift + 1) % 2 else 2
        f2, g2 = square(f), square(g)
        above, below = 4 * f2 - g2 + sign, f2 + g2
        f, g = (above, above - below) if (k >> shift) % 2 else (above - below, below)
    return f, g, -2 if k % 2 else 2


def _require(n: int, name: str) -> None:
    """Raise MemoryError unless the number fits: F(n) < L(n) < 2**n, and really 0.695 n bits."""
    require_numbers(_RESULTS_HELD * (7 * n // 640 + 1), f"{name}({n})")
