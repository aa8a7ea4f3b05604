"""Integer roots: `isqrt`, `isqrt_rem` and `iroot`.

A square root comes from the root of the number's upper half, by a division as long as half of the root (Zimmermann's
Karatsuba square root). Other roots double their precision by Newton's iteration on upper bits, and only a root next to
an integer is multiplied out.
"""

from __future__ import annotations

from typing import Any

import gmpy2

from fastmul.integers.arguments import as_count, as_kind, as_mpz
from fastmul.integers.division import divide
from fastmul.integers.limbs import limb_count, mpz, numbers_bytes
from fastmul.integers.multiplication import mul, square
from fastmul.planning import memory

#: Numbers of so many bits have their square root taken by GMP (AMD Zen 4, 2026-11-24).
SQUARE_ROOT_BITS = 1 << 17
#: And roots of so many bits, of any degree.
ROOT_BITS = 1 << 15
#: Bits after the point of a root that is found without a remainder.
FRACTION_BITS = 64
#: Scratch of a root, in numbers of its argument's length (measured, rounded up).
SCRATCH_NUMBERS = 4

#: An error is looked for in so many upper bits before numbers are multiplied.
_GLANCE_BITS = 64


def isqrt(n: Any, *, threads: int | None = None) -> Any:
    """The square root of n, rounded down: the largest s with s * s <= n.

    Parameters
    ----------
    n : int, gmpy2.mpz, or anything that operator.index accepts; not negative.
    threads : int, optional
        How many threads the products inside may use; default: fastmul's setting (`fastmul.set_threads`).

    Returns
    -------
    gmpy2.mpz if n is one, else int.

    Raises
    ------
    TypeError : n is not an integer.
    ValueError : n is negative.
    MemoryError : the scratch would not fit.

    Exactness
    ---------
    Always exact: each step errs by one at most, and its remainder tells.

    Complexity
    ----------
    Time O(M(n)), memory O(n).

    Source
    ------
    Zimmermann, Karatsuba Square Root, INRIA RR-3805 (1999).

    Examples
    --------
    >>> isqrt(10**40 - 1)
    99999999999999999999
    """
    if type(n) is mpz and n >= 0 and n.bit_length() <= SQUARE_ROOT_BITS:
        return gmpy2.isqrt(n)  # the shortest way first
    kind, x = as_mpz("isqrt(n)", n)
    _check("isqrt", x)
    return as_kind(kind, _root(x, threads))


def isqrt_rem(n: Any, *, threads: int | None = None) -> tuple[Any, Any]:
    """The square root s of n, rounded down, and the remainder n - s * s.

    Parameters
    ----------
    n, threads : as in `isqrt`.

    Returns
    -------
    (s, r) : gmpy2.mpz if n is one, else int; 0 <= r <= 2 s.

    Raises
    ------
    TypeError, ValueError, MemoryError : as in `isqrt`.

    Exactness
    ---------
    Always exact, as `isqrt`.

    Complexity
    ----------
    As `isqrt`, and a square more.

    Source
    ------
    Zimmermann, Karatsuba Square Root, INRIA RR-3805 (1999).

    Examples
    --------
    >>> isqrt_rem(10**20 + 7)
    (10000000000, 7)
    """
    kind, x = as_mpz("isqrt_rem(n)", n)
    _check("isqrt_rem", x)
    s, r = _root_and_remainder(x, threads)
    return as_kind(kind, s), as_kind(kind, r)


def iroot(n: Any, k: int, *, threads: int | None = None) -> tuple[Any, bool]:
    """The k-th root of n, rounded down, and whether it is exact.

    Parameters
    ----------
    n : int, gmpy2.mpz, or anything that operator.index accepts; not negative.
    k : int, at least 1
    threads : as in `isqrt`.

    Returns
    -------
    (s, exact) : s, the largest with s**k <= n, a gmpy2.mpz if n is one, else int; whether s**k == n.

    Raises
    ------
    TypeError : an argument is not an integer.
    ValueError : n is negative, or k < 1.
    MemoryError : the scratch would not fit.

    Exactness
    ---------
    Always exact: the root is found to 64 bits after its point with a proved error, and where an integer is that near
    its power decides.

    Complexity
    ----------
    Time O(M(n / k) log k), and O(M(n)) where the root is an integer, or within 2**-64 of one; memory O(n).

    Source
    ------
    Brent and Zimmermann, Modern Computer Arithmetic (2010), section 1.5.

    Examples
    --------
    >>> iroot(10**30, 3), iroot(10**30 - 1, 3)
    ((10000000000, True), (9999999999, False))
    """
    degree = as_count("iroot(n, k)", "k", k, least=1)
    kind, x = as_mpz("iroot(n, k)", n)
    _check("iroot", x)
    if degree == 2 and x.bit_length() > SQUARE_ROOT_BITS:
        root, remainder = _root_and_remainder(x, threads)
        return as_kind(kind, root), not remainder
    if degree == 1 or x.bit_length() <= degree * ROOT_BITS:
        root, exact = gmpy2.iroot(x, degree) if degree < x.bit_length() else _tiny_root(x)
        return as_kind(kind, root), exact
    root, exact = _root_of_degree(x, degree, threads)
    return as_kind(kind, root), exact


def _check(name: str, n: Any) -> None:
    if n < 0:
        raise ValueError(f"{name}(n) needs n >= 0, got a negative number of {n.bit_length()} bits")
    memory.require(
        SCRATCH_NUMBERS * numbers_bytes(limb_count(n)), f"{name} of {n.bit_length()} bits"
    )


# ---------------------------------------------------------------- square roots


def _root_and_remainder(n: Any, threads: int | None) -> tuple[Any, Any]:
    """s and n - s^2, 0 <= n - s^2 <= 2s.

    n = n1 2^(2l) + a1 2^l + a0 with 4 l < bits of n, s1 and r1 the root of n1 and its remainder; so s1 >= 2^l.

        (q, u) = divmod(r1 2^l + a1, 2 s1),    s = s1 2^l + q,    n - s^2 = u 2^l + a0 - q^2

    u <= 2 s1 - 1 makes n - s^2 <= 2 s. And r1 <= 2 s1 makes q <= 2^l, so that n - s^2 >= -2^(2l) > -(2 s - 1): if s
    is too large, then by one.
    """
    if n.bit_length() <= SQUARE_ROOT_BITS:
        return gmpy2.isqrt_rem(n)
    s, q, u, a0, l = _half_step(n, threads)
    r = (u << l) + a0 - square(q, threads=threads)
    if r < 0:
        return s - 1, r + 2 * s - 1
    return s, r


def _root(n: Any, threads: int | None) -> Any:
    """The root alone: of u 2^l + a0 - q^2 only the sign is wanted, and upper bits tell it nearly always."""
    if n.bit_length() <= SQUARE_ROOT_BITS:
        return gmpy2.isqrt(n)
    s, q, u, a0, l = _half_step(n, threads)
    cut = max(0, q.bit_length() - _GLANCE_BITS)
    upper, rest = (
        q >> cut,
        2 * cut - l,
    )  # q^2 / 2^l lies between upper^2 and (upper + 1)^2, times 2^rest
    if u >= _shifted((upper + 1) ** 2, rest) + 1:
        return s
    if u + 1 <= _shifted(upper**2, rest):
        return s - 1
    return s - 1 if (u << l) + a0 < square(q, threads=threads) else s


def _half_step(n: Any, threads: int | None) -> tuple[Any, ...]:
    """s, q, u, a0 and l of `_root_and_remainder`."""
    l = (n.bit_length() - 1) // 4
    s1, r1 = _root_and_remainder(n >> (2 * l), threads)
    q, u = divide((r1 << l) + gmpy2.f_mod_2exp(n >> l, l), s1 << 1, threads)
    return (s1 << l) + q, q, u, gmpy2.f_mod_2exp(n, l), l


def _shifted(x: Any, bits: int) -> Any:
    """floor(x * 2^bits)."""
    return x << bits if bits >= 0 else x >> -bits


# ---------------------------------------------------------------- roots of any degree


def _tiny_root(n: Any) -> tuple[Any, bool]:
    """The root of a degree of at least the bits of n."""
    return mpz(min(n, 1)), n < 2


def _root_of_degree(n: Any, k: int, threads: int | None) -> tuple[Any, bool]:
    """The root with FRACTION_BITS after its point; where these leave an integer in doubt, its power decides."""
    root_bits = -(-n.bit_length() // k)
    s, exponent = _approximate_root(n, k, root_bits + FRACTION_BITS, threads)
    # |error| <= 2^root_bits / 2^(root_bits + FRACTION_BITS), and so in units of 2^exponent:
    error = (1 << (-exponent - FRACTION_BITS)) + 1
    low, high = (s - error) >> -exponent, (s + error) >> -exponent
    if low == high:
        return low, False
    power = _power(high, k, threads)
    return (high, power == n) if power <= n else (high - 1, False)


def _approximate_root(n: Any, k: int, p: int, threads: int | None) -> tuple[Any, int]:
    """(s, e) with s 2^e = rho (1 + epsilon), rho the k-th root of n, |epsilon| <= 2^-p.

    One step of Newton's iteration from s with |epsilon| <= 2^-a, 2a >= p + b + 3, b the bits of k:

        s' = ((k-1) s + n / s^(k-1)) / k = rho (1 + delta),   0 <= delta <= k epsilon^2 <= 2^-(p+3) for k epsilon <= 1/4

    in units of 2^e', e' = bits of rho - (p + 4), which are at most 2^-(p+3) rho each. What is computed errs further
    by one unit for the floor of each division, and by 4 * 2^-w, w = p + b + 8, for the power, whose at most 2 b
    products lose 2^(1-w) each and up to k times that together (and the quotient by k divides it again).
    """
    b, root_bits = k.bit_length(), -(-n.bit_length() // k)
    exponent = root_bits - (p + 4)
    if p <= ROOT_BITS:
        return gmpy2.iroot(_shifted(n, -k * exponent), k)[0], exponent
    s, e = _approximate_root(n, k, (p + b + 4) // 2, threads)
    power, f = _truncated_power(s, k - 1, p + b + 8, threads)
    q, _ = divide(_shifted(n, -(f + e * (k - 1) + exponent)), power, threads)
    return ((k - 1) * (s << (e - exponent)) + q) // k, exponent


def _truncated_power(s: Any, k: int, bits: int, threads: int | None) -> tuple[Any, int]:
    """(A, f): A 2^f <= s^k, the upper `bits` bits of each product kept."""
    power, f = s, 0
    for digit in bin(k)[3:]:
        power, f = _upper_bits(square(power, threads=threads), 2 * f, bits)
        if digit == "1":
            power, f = _upper_bits(mul(power, s, threads=threads), f, bits)
    return power, f


def _upper_bits(x: Any, f: int, bits: int) -> tuple[Any, int]:
    cut = max(0, x.bit_length() - bits)
    return x >> cut, f + cut


def _power(s: Any, k: int, threads: int | None) -> Any:
    return _truncated_power(s, k, k * s.bit_length(), threads)[0]
