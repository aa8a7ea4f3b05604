"""`powmod`: a power modulo m."""

from __future__ import annotations

from typing import Any

import gmpy2

from fastmul.integers.arguments import as_kind, as_mpz
from fastmul.integers.limbs import mpz
from fastmul.integers.modulus.exponentiation import expected_products
from fastmul.integers.modulus.problem import ModulusProblem, problem_of
from fastmul.integers.modulus.ring import Modulus
from fastmul.integers.modulus.table import MODULUS, choose
from fastmul.planning.algorithm import Operation

#: Below so many bits of m nobody beats GMP, and looking for somebody would be felt.
ALWAYS_GMP_BITS = 1 << 11
ZERO_MODULUS = "powmod(a, e, m): pow() 3rd argument cannot be 0; got m = 0"


def powmod(a: Any, e: Any, m: Any) -> Any:
    """a**e % m, as Python's pow(a, e, m).

    Not for secret exponents: the time depends on the bits of e.

    Parameters
    ----------
    a, e, m : int, gmpy2.mpz, or anything that operator.index accepts; m != 0.
        A negative e takes the inverse of a.

    Returns
    -------
    gmpy2.mpz if an argument is one, else int; with the sign of m, as Python's %.

    Raises
    ------
    ValueError : m is 0, or e is negative and a has no inverse modulo m.
    TypeError : an argument is not an integer.

    Exactness
    ---------
    Always exact.

    Complexity
    ----------
    About log2(e) products modulo m; `Modulus` says what one costs. GMP's own power for small m.

    Source
    ------
    Sliding windows: Knuth, TAOCP 2, section 4.6.3.

    Examples
    --------
    >>> powmod(3, 2**64, 1000)
    721
    >>> powmod(3, -1, 7)
    5
    """
    kind, a, e, m = as_mpz("powmod(a, e, m)", a, e, m)
    if not m:
        raise ValueError(ZERO_MODULUS)
    if m.bit_length() > ALWAYS_GMP_BITS and e:
        row = choose(_problem_of(e, m))
        if row is not MODULUS["gmp"]:
            return as_kind(kind, Modulus(m, algorithm=row.name).pow(a, e))
    return as_kind(kind, _gmp_power(a, e, m))


def _problem_of(e: Any, m: Any) -> ModulusProblem:
    products = expected_products(max(1, e.bit_length()))
    return problem_of(abs(m))._replace(products=products, chain=True)


def _problem(a: Any, e: Any, m: Any) -> ModulusProblem:
    _, _, e, m = as_mpz("powmod(a, e, m)", a, e, m)
    if not m:
        raise ValueError(ZERO_MODULUS)
    return _problem_of(e, m)


powmod.operation = Operation("powmod", MODULUS.table, _problem)  # type: ignore[attr-defined]  # for fastmul.explain


def _gmp_power(a: Any, e: Any, m: Any) -> Any:
    modulus = abs(m)
    if e < 0 and gmpy2.gcd(a, modulus) != 1:
        raise ValueError("powmod(a, e, m) with e < 0: base is not invertible for the given modulus")
    result = gmpy2.powmod(a, e, modulus)
    return result - modulus if m < 0 and result else mpz(result)
