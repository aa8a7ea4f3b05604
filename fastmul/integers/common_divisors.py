"""Greatest common divisors and inverses: GMP's, whose half-gcd nobody has beaten, behind fastmul's door."""

from __future__ import annotations

from typing import Any

import gmpy2

from fastmul.exceptions import ZeroDivisorError
from fastmul.integers.arguments import as_kind, as_mpz

#: What an error says of an operand: itself if it has at most so many bits, else its length.
_SHOWN_BITS = 128


def gcd(*integers: Any) -> Any:
    """The greatest common divisor.

    The largest integer that divides all; 0 if there are none but zeros.

    Parameters
    ----------
    *integers : int, gmpy2.mpz, or anything that operator.index accepts; any number of any sign.

    Returns
    -------
    int, or gmpy2.mpz if any operand is one; not negative.

    Raises
    ------
    TypeError : an operand is not an integer.
    MemoryError : an operand cannot be converted for want of memory.

    Exactness
    ---------
    Always exact: integer arithmetic only.

    Complexity
    ----------
    Time O(M(n) log n) for n-bit operands, M(n) being GMP's product; memory O(n).

    Source
    ------
    Möller, Math. Comp. 77 (2008) 589-607: GMP's half-gcd.

    Examples
    --------
    >>> gcd(2**100 - 1, 2**60 - 1)
    1048575
    >>> gcd(-12, 18, 27), gcd(0, 0), gcd()
    (3, 0, 0)
    """
    kind, *numbers = as_mpz("gcd(*integers)", *integers)
    return as_kind(kind, gmpy2.gcd(*numbers))


def gcdext(a: Any, b: Any) -> tuple[Any, Any, Any]:
    """The greatest common divisor and its cofactors.

    (g, s, t) with g = gcd(a, b) = a*s + b*t.

    Parameters
    ----------
    a, b : int, gmpy2.mpz, or anything that operator.index accepts; any sign.

    Returns
    -------
    (g, s, t) : int, or gmpy2.mpz if a or b is one; |s| <= |b| / (2 g) and |t| <= |a| / (2 g) but for the smallest.

    Raises
    ------
    TypeError : a or b is not an integer.
    MemoryError : an operand cannot be converted for want of memory.

    Exactness
    ---------
    Always exact: integer arithmetic only.

    Complexity
    ----------
    Time O(M(n) log n) for n-bit operands, M(n) being GMP's product; memory O(n).

    Source
    ------
    Möller, Math. Comp. 77 (2008) 589-607: GMP's half-gcd.

    Examples
    --------
    >>> gcdext(240, 46)
    (2, -9, 47)
    """
    kind, x, y = as_mpz("gcdext(a, b)", a, b)
    g, s, t = gmpy2.gcdext(x, y)
    return as_kind(kind, g), as_kind(kind, s), as_kind(kind, t)


def invert(x: Any, m: Any) -> Any:
    """The inverse of x modulo m.

    y with x*y = 1 modulo m and 0 <= y < |m|.

    Parameters
    ----------
    x : int, gmpy2.mpz, or anything that operator.index accepts.
    m : the same, not 0.

    Returns
    -------
    int, or gmpy2.mpz if x or m is one.

    Raises
    ------
    ZeroDivisionError : m is 0.
    ZeroDivisorError : x and m share a factor, which the message names; it is a ZeroDivisionError and a ValueError.
    TypeError : x or m is not an integer.
    MemoryError : an operand cannot be converted for want of memory.

    Exactness
    ---------
    Always exact: integer arithmetic only.

    Complexity
    ----------
    Time O(M(n) log n) for n-bit operands, M(n) being GMP's product; memory O(n).

    Source
    ------
    Möller, Math. Comp. 77 (2008) 589-607: GMP's half-gcd.

    Examples
    --------
    >>> invert(3, 10)
    7
    >>> invert(4, 10)
    Traceback (most recent call last):
    ...
    fastmul.exceptions.ZeroDivisorError: invert(4, 10): no inverse, both are multiples of 2
    """
    kind, value, modulus = as_mpz("invert(x, m)", x, m)
    call = f"invert({shown(value)}, {shown(modulus)})"
    if not modulus:
        raise ZeroDivisionError(f"{call}: there are no residues modulo 0")
    try:
        inverse = gmpy2.invert(value, modulus)
    except ZeroDivisionError:
        g = gmpy2.gcd(value, modulus)
        raise ZeroDivisorError(f"{call}: no inverse, both are multiples of {shown(g)}") from None
    return as_kind(kind, inverse)


def shown(x: Any) -> str:
    """A number as an error shows it: never more than a line, never against Python's limit of digits.

    >>> shown(-5), shown(1 << 200)
    ('-5', '<201 bits>')
    """
    bits = x.bit_length()
    return str(x) if bits <= _SHOWN_BITS else f"<{bits} bits>"
