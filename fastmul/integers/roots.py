"""Integer roots: `isqrt`, `isqrt_rem` and `iroot`.

Square roots have a file of their own (`square_roots`). Other roots double their precision by Newton's iteration on
upper bits, and only a root next to an integer is multiplied out.
"""

from __future__ import annotations

from typing import Any

import gmpy2

from fastmul.integers import square_roots
from fastmul.integers.arguments import as_count, as_kind, as_mpz
from fastmul.integers.division import divide
from fastmul.integers.limbs import limb_count, mpz, numbers_bytes
from fastmul.integers.multiplication import mul, square
from fastmul.planning import memory

#: Roots of so many bits, of any degree but two, are GMP's (AMD Zen 4, 2026-11-24).
ROOT_BITS = 1 << 15
#: Bits after the point of a root that is found without a remainder.
FRACTION_BITS = 64
#: Scratch of a root, in numbers of its argument's length (measured, rounded up).
SCRATCH_NUMBERS = 12


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
    Always exact: the root is found to 32 bits after its point with a proved error, and where an integer is that near
    its square decides.

    Complexity
    ----------
    Time O(M(n)), memory O(n).

    Source
    ------
    Karp and Markstein, ACM TOMS 23 (1997) 561-589; Brent and Zimmermann, Modern Computer Arithmetic (2010), 1.5.

    Examples
    --------
    >>> isqrt(10**40 - 1)
    99999999999999999999
    """
    if type(n) is mpz and n >= 0 and n.bit_length() <= square_roots.SQUARE_ROOT_BITS:
        return gmpy2.isqrt(n)  # the shortest way first
    kind, x = as_mpz("isqrt(n)", n)
    _check("isqrt", x)
    return as_kind(kind, square_roots.root(x, threads))


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
    As `isqrt`, and half a square more.

    Source
    ------
    Karp and Markstein, ACM TOMS 23 (1997) 561-589; Brent and Zimmermann, Modern Computer Arithmetic (2010), 1.5.

    Examples
    --------
    >>> isqrt_rem(10**20 + 7)
    (10000000000, 7)
    """
    kind, x = as_mpz("isqrt_rem(n)", n)
    _check("isqrt_rem", x)
    s, r = square_roots.root_and_remainder(x, threads)
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
    if degree == 2 and x.bit_length() > square_roots.SQUARE_ROOT_BITS:
        root, remainder = square_roots.root_and_remainder(x, threads)
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


def _shifted(x: Any, bits: int) -> Any:
    """floor(x * 2^bits)."""
    return x << bits if bits >= 0 else x >> -bits


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
