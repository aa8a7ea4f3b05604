"""Products modulo 2^n - 1 and 2^n + 1: what runs over the top comes back at the bottom.

    a * b = high * 2^n + low      cyclic:      low + high   modulo 2^n - 1
                                  negacyclic:  low - high   modulo 2^n + 1

A full product and its fold is one way, for every n. Where n is 64 times a power of two, number-theoretic transforms
of half a product's length wrap by themselves (`ntt.wrapped`); they are taken where they are predicted to be faster.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import gmpy2

from fastmul.integers.arguments import as_count, as_kind, as_mpz, residue_bits
from fastmul.integers.limbs import limb_count, magnitude
from fastmul.integers.multiplication import choose, mul
from fastmul.integers.multiplication.fresh import Fresh
from fastmul.integers.multiplication.ntt import wrapped as transforms
from fastmul.integers.multiplication.problem import MulProblem, threads_for
from fastmul.planning.cost import seconds

LIMB_BITS = 64
#: Below, GMP's products are the fastest, and there is nothing to halve.
MIN_BITS = 1 << 17


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
    Half of a full product's for n = 2**21, 2**22, ..., 2**28; for n = 2**17, ..., 2**20, where full products are
    made by faster floating-point transforms, from nine tenths down to two thirds. Otherwise a full product and a fold.

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
    n = as_count("cyclic_mul(a, b, n)", "n", n, least=1)
    kind, x, y = as_mpz("cyclic_mul(a, b, n)", a, b)
    n = residue_bits("cyclic_mul(a, b, n)", n, x, y)
    x = fold_minus(x, n)
    y = x if b is a else fold_minus(y, n)
    terms = min(limb_count(x), limb_count(y))
    if _pays(n, x, y, transforms.cyclic_refuses, terms):
        return as_kind(kind, fold_minus(_transformed(transforms.cyclic, x, y, n), n))
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
    Half of a full product's for n = 2**21, 2**22, ..., 2**27; for n = 2**17, ..., 2**20, where full products are
    made by faster floating-point transforms, from nine tenths down to two thirds. Otherwise a full product and a fold.

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
    n = as_count("negacyclic_mul(a, b, n)", "n", n, least=1)
    kind, x, y = as_mpz("negacyclic_mul(a, b, n)", a, b)
    n = residue_bits("negacyclic_mul(a, b, n)", n, x, y)
    x = fold_plus(x, n)
    y = x if b is a else fold_plus(y, n)
    terms = min(limb_count(x), limb_count(y))
    if _pays(n, x, y, transforms.negacyclic_refuses, terms):
        return as_kind(kind, _transformed(transforms.negacyclic, x, y, n))
    return as_kind(kind, fold_plus(mul(x, y), n))


def wrapped_length(n_bits: int) -> int:
    """The least n >= n_bits at which `cyclic_mul` takes half the time of a full one; n_bits if there is none.

    >>> wrapped_length(3_000_000), wrapped_length(100)
    (4194304, 100)
    """
    n_limbs = 1 << (-(-n_bits // LIMB_BITS) - 1).bit_length()
    if n_bits < MIN_BITS or transforms.cyclic_refuses(n_limbs, n_limbs):
        return n_bits
    return LIMB_BITS * n_limbs


def _pays(n: int, x: Any, y: Any, refuses: Callable[[int, int], str | None], terms: int) -> bool:
    """Whether a transform that wraps is possible, and predicted to be faster than the full product."""
    if n < MIN_BITS or n % LIMB_BITS or refuses(n_limbs := n // LIMB_BITS, terms) or not terms:
        return False
    a_limbs, b_limbs = limb_count(x), limb_count(y)
    if max(a_limbs, b_limbs) > n_limbs:  # 2**n itself, modulo 2**n + 1
        return False
    problem = MulProblem(a_limbs, b_limbs, x is y, 1, "mpz")
    return seconds("mul.ntt", n_limbs / 2) < choose(problem).cost(problem)


def _transformed(multiply: Callable[..., None], x: Any, y: Any, n: int) -> Any:
    """The product of mpz by a limb function of `ntt.wrapped`."""
    n_limbs = n // LIMB_BITS + transforms.OVERFLOW_LIMBS
    result = Fresh(n_limbs, f"a product modulo 2**{n} - 1 or + 1")
    a = magnitude(x)
    multiply(a, a if y is x else magnitude(y), result.limbs, threads_for(n_limbs, None))
    return result.number()


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
