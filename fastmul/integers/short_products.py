"""The lower and the upper part of a product.

What a part does not need of the operands is left out: the bits above n do not reach a product modulo 2^n, and the
lowest bits reach the upper part by a carry only. Where nothing can be left out it is a full product: a transform
computes all of it at once, and the known tricks for half of it (Mulders) save nothing over transforms.
"""

from __future__ import annotations

from typing import Any

import gmpy2

from fastmul.integers.arguments import as_count, as_kind, as_mpz, residue_bits
from fastmul.integers.limbs import mpz
from fastmul.integers.multiplication import mul

#: Bits beyond the result that are computed of an upper part: a carry from below is undecided once in 2**62.
GUARD_BITS = 64


def mullow(a: Any, b: Any, n: int, *, threads: int | None = None) -> Any:
    """The product a * b modulo 2**n.

    Parameters
    ----------
    a, b : int, gmpy2.mpz, or anything that operator.index accepts; any sign and size.
    n : int, not negative
    threads : int, optional
        How many threads; default: fastmul's setting (`fastmul.set_threads`).

    Returns
    -------
    gmpy2.mpz if a or b is one, else int; in [0, 2**n), as Python's ``a * b % 2**n``.

    Raises
    ------
    TypeError : an argument is not an integer.
    ValueError : n < 0.
    MemoryError : the product would not fit.

    Exactness
    ---------
    Always exact.

    Complexity
    ----------
    That of a full product of the operands modulo 2**n.

    Source
    ------
    Mulders, AAECC 11 (2000) 69-88, on what short products save below transforms.

    Examples
    --------
    >>> mullow(2**100 + 3, 5, 64)
    15
    >>> mullow(-1, 1, 8)
    255
    """
    n = as_count("mullow(a, b, n)", "n", n)
    kind, x, y = as_mpz("mullow(a, b, n)", a, b)
    n = residue_bits("mullow(a, b, n)", n, x, y)
    x = gmpy2.f_mod_2exp(x, n)
    y = x if b is a else gmpy2.f_mod_2exp(y, n)
    return as_kind(kind, gmpy2.f_mod_2exp(mul(x, y, threads=threads), n))


def mulhigh(a: Any, b: Any, n: int, *, threads: int | None = None) -> Any:
    """The product a * b without its n lowest bits: (a * b) >> n, rounded towards minus infinity.

    Parameters
    ----------
    a, b : int, gmpy2.mpz, or anything that operator.index accepts; any sign and size.
    n : int, not negative
    threads : int, optional
        How many threads; default: fastmul's setting (`fastmul.set_threads`).

    Returns
    -------
    gmpy2.mpz if a or b is one, else int.

    Raises
    ------
    TypeError : an argument is not an integer.
    ValueError : n < 0.
    MemoryError : the product would not fit.

    Exactness
    ---------
    Always exact: where the bits left out might carry into the result, the full product decides.

    Complexity
    ----------
    Of k bits of result: that of a product of two numbers of k + 65 bits, where the operands are longer.

    Source
    ------
    Krandick and Johnson, ARITH 11 (1993), on upper parts that are right.

    Examples
    --------
    >>> mulhigh(3 * 2**100, 5, 100)
    15
    >>> mulhigh(-1, 1, 8)
    -1
    """
    n = as_count("mulhigh(a, b, n)", "n", n)
    kind, x, y = as_mpz("mulhigh(a, b, n)", a, b)
    y = x if b is a else y
    return as_kind(kind, _upper(x, y, n, threads))


def _upper(x: Any, y: Any, n: int, threads: int | None) -> Any:
    """(x * y) >> n.

    x = 2^s (X + alpha), y = 2^t (Y + beta), 0 <= alpha, beta < 1, with |x| < 2^m1, |y| < 2^m2. In units of 2^(s+t)
    the product is X Y + alpha Y + beta X + alpha beta, so X Y errs by at most `error`. Of it the lowest
    n - s - t bits are rounded off: where these are further than the error from both ends, nothing carries.
    s and t leave the error below 2^(n - 62), so that random operands are undecided once in 2^61.
    """
    m1, m2 = x.bit_length(), y.bit_length()
    if n > m1 + m2:
        return mpz(-1 if (x < 0) != (y < 0) and x and y else 0)
    s, t = max(0, n - m2 - GUARD_BITS), max(0, n - m1 - GUARD_BITS)
    if s or t:
        upper = x >> s
        product = mul(upper, upper if y is x else y >> t, threads=threads)
        below = n - s - t  # at least min(n, GUARD_BITS), since n <= m1 + m2
        error = ((mpz(1) << (m2 - t)) if s else 0) + ((mpz(1) << (m1 - s)) if t else 0) + 1
        rest = gmpy2.f_mod_2exp(product, below)
        if error <= rest < (mpz(1) << below) - error:
            return product >> below
    return mul(x, y, threads=threads) >> n
