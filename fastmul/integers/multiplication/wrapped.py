"""Products modulo 2^n - 1 and 2^n + 1: what runs over the top comes back at the bottom.

    a * b = high * 2^n + low      cyclic:      low + high   modulo 2^n - 1
                                  negacyclic:  low - high   modulo 2^n + 1

A full product and its fold is one way, for every n. Where n is 64 times a power of two a transform of half the length
wraps by itself.
"""

from __future__ import annotations

import operator
from typing import Any

import gmpy2

from fastmul.integers.arguments import as_kind, as_mpz
from fastmul.integers.multiplication import mul


def cyclic_mul(a: Any, b: Any, n: int) -> Any:
    """The product a * b modulo 2**n - 1.

    Parameters
    ----------
    a, b : int, gmpy2.mpz, or anything that operator.index accepts; any sign and size.
    n : int, at least 1

    Returns
    -------
    gmpy2.mpz if a or b is one, else int; in [0, 2**n - 2].

    Raises
    ------
    TypeError : an argument is not an integer.
    ValueError : n < 1.
    MemoryError : the product would not fit.

    Exactness
    ---------
    Always exact.

    Complexity
    ----------
    That of a full product of two numbers of n bits.

    Source
    ------
    Schoenhage and Strassen, Computing 7 (1971) 281-292.

    Examples
    --------
    >>> cyclic_mul(2**60, 2**61, 64)  # 2**121 = 2**64 * 2**57
    144115188075855872
    >>> cyclic_mul(-1, 1, 5)
    30
    """
    n = _width("cyclic_mul", n)
    kind, x, y = as_mpz("cyclic_mul(a, b, n)", a, b)
    x = fold_minus(x, n)
    y = x if b is a else fold_minus(y, n)
    return as_kind(kind, fold_minus(mul(x, y), n))


def negacyclic_mul(a: Any, b: Any, n: int) -> Any:
    """The product a * b modulo 2**n + 1.

    Parameters
    ----------
    a, b : int, gmpy2.mpz, or anything that operator.index accepts; any sign and size.
    n : int, at least 1

    Returns
    -------
    gmpy2.mpz if a or b is one, else int; in [0, 2**n].

    Raises
    ------
    TypeError : an argument is not an integer.
    ValueError : n < 1.
    MemoryError : the product would not fit.

    Exactness
    ---------
    Always exact.

    Complexity
    ----------
    That of a full product of two numbers of n bits.

    Source
    ------
    Schoenhage and Strassen, Computing 7 (1971) 281-292.

    Examples
    --------
    >>> negacyclic_mul(2**60, 2**61, 64)  # 2**121 = -(2**57)
    18302628885633695745
    >>> negacyclic_mul(-1, 1, 5)
    32
    """
    n = _width("negacyclic_mul", n)
    kind, x, y = as_mpz("negacyclic_mul(a, b, n)", a, b)
    x = fold_plus(x, n)
    y = x if b is a else fold_plus(y, n)
    return as_kind(kind, fold_plus(mul(x, y), n))


def _width(name: str, n: Any) -> int:
    width = operator.index(n)
    if width < 1:
        raise ValueError(f"{name}(a, b, n={n}) needs n >= 1")
    return width


def fold_minus(x: Any, n: int) -> Any:
    """The mpz x modulo 2**n - 1, in [0, 2**n - 2], by shifts and sums.

    >>> fold_minus(gmpy2.mpz(-2**64), 8), fold_minus(gmpy2.mpz(255), 8)
    (mpz(254), mpz(0))
    """
    modulus = gmpy2.bit_mask(n)
    negative = x < 0
    rest = abs(x) if negative else x
    while (bits := rest.bit_length()) > n:
        if bits > 4 * n:  # halve the length rather than peel off n bits at a time
            half = (bits // (2 * n)) * n
            rest = gmpy2.f_mod_2exp(rest, half) + (rest >> half)
        else:
            rest = gmpy2.f_mod_2exp(rest, n) + (rest >> n)
    if rest == modulus:
        rest = gmpy2.mpz(0)
    return modulus - rest if negative and rest else rest


def fold_plus(x: Any, n: int) -> Any:
    """The mpz x modulo 2**n + 1, in [0, 2**n], by shifts and sums.

    >>> fold_plus(gmpy2.mpz(2**64 + 5), 8), fold_plus(gmpy2.mpz(-1), 8)
    (mpz(6), mpz(256))
    """
    modulus = (gmpy2.mpz(1) << n) + 1
    if x.bit_length() > 4 * n:
        x = fold_minus(x, 2 * n)  # 2**n + 1 divides 2**(2 n) - 1
    while x < 0 or x >= modulus:
        # floors: x = high * 2**n + low with 0 <= low < 2**n, whatever the sign
        x = gmpy2.f_mod_2exp(x, n) - (x >> n)
    return x
