"""Square roots by Newton's iteration: a root and its inverse, each found from half as many bits.

Of a number d of 2p or 2p - 1 bits, and of its upper part of 2h or 2h - 1 bits, h a little more than p / 2:

    s ~ sqrt(d)               the root:       s = s 2^(p-h) + (upper part - s^2) y / 2 ...      a square and a product
    y ~ 2^(2p) / sqrt(d)      its inverse:    y = y 2^(p-h) + y (1 - s y) ...                   two products

The inverse is never needed to more bits than half of the root's: the last step, as Karp and Markstein's, updates the
root alone. All four products are known in their upper bits, so rings suffice, and y's transform is made once a step:
twelve transforms of the root's length altogether, where a product of two such numbers has six.

The root is found with GUARD_BITS after its point, so that only next to a square a square has to decide.
"""

from __future__ import annotations

from typing import Any

import gmpy2

from fastmul.integers.division.rings import Ring
from fastmul.integers.limbs import limb_count, mpz
from fastmul.integers.multiplication.problem import threads_for

#: Numbers of at most so many bits have their square root taken by GMP (AMD Zen 4, 2026-11-24).
SQUARE_ROOT_BITS = 3 << 16
#: So does what an iteration starts from: a root of so many bits.
BASE_BITS = 1 << 15
#: Bits after the point of a root.
GUARD_BITS = 32

#: |s - sqrt(d)| <= _ERROR, as `_root_and_inverse` proves.
_ERROR = 2
#: Guard bits of the proof: a step's precision; each correction keeps so many bits below its last that counts.
_STEP, _CORRECTION = 12, 3


def root(n: Any, threads: int | None) -> Any:
    """floor(sqrt(n)) of an mpz n >= 0."""
    if n.bit_length() <= SQUARE_ROOT_BITS:
        return gmpy2.isqrt(n)
    threads = threads_for(limb_count(n), threads)
    low, high = _bounds(n, threads)
    return low if low == high else _corrected(n, high, threads)[0]


def root_and_remainder(n: Any, threads: int | None) -> tuple[Any, Any]:
    """s = floor(sqrt(n)) and n - s^2."""
    if n.bit_length() <= SQUARE_ROOT_BITS:
        return gmpy2.isqrt_rem(n)
    threads = threads_for(limb_count(n), threads)
    return _corrected(n, _bounds(n, threads)[1], threads)


def _bounds(n: Any, threads: int) -> tuple[Any, Any]:
    """Integers whose first is at most, and whose second is at least floor(sqrt(n)), and at most one larger."""
    p = (n.bit_length() + 1) // 2 + GUARD_BITS
    s, _ = _root_and_inverse(n << (2 * GUARD_BITS), p, threads, inverse=False)
    return (s - _ERROR) >> GUARD_BITS, (s + _ERROR) >> GUARD_BITS


def _corrected(n: Any, s: Any, threads: int) -> tuple[Any, Any]:
    """The root and the remainder, where s is the root or one more: -(2 s - 1) <= n - s^2 <= 2 s."""
    r = Ring(s.bit_length() + 2, threads).difference_from_square(n, s)
    if r < 0:
        return s - 1, r + 2 * s - 1
    return s, r


def _root_and_inverse(d: Any, p: int, threads: int, *, inverse: bool = True) -> tuple[Any, Any]:
    """mpz s and y with |s - S| <= 2, |y - Y| <= 9, where S = sqrt(d), Y = 2^(2p) / S, 2^(p-1) <= S < 2^p.

    A step from h to p <= 2h - 12 bits, u = floor(d / 2^(2(p-h))). By sqrt(u) <= 2^(h-p) S <= sqrt(u) + 2^-h

        delta = S - 2^(p-h) s         |delta| <= 2^(p-h) (2 + 2^-h)
        |Y - 2^(p-h) y| <= 2^(p-h) (9 + 2^(2-h))

    The root. r = d - 2^(2(p-h)) s^2 = delta (2S - delta), so delta = r / (2S) + delta^2 / (2S), and
    r / (2S) = r Y / 2^(2p+1) is taken as R y / 2^(h+4), R = floor(r / 2^(p-3)) = floor((u - s^2) / 2^(2h-p-3)).

        delta^2 / (2S) <= 2^(p-2h) (2 + 2^-h)^2                                              < 0.002
        |r| |Y - 2^(p-h) y| / 2^(2p+1) <= 2^(p-2h) (2 + ...) (9 + ...)                       < 0.005
        (r - 2^(p-3) R) y / 2^(p+h+1) <= 2^(p-3) 2^(h+1) (1 + ...) / 2^(p+h+1)               < 0.126

    and `Ring.upper` errs by less than 3/2: less than 1.64 altogether.

    The inverse. With f = 1 - S y / 2^(p+h), Y = 2^(p-h) y / (1 - f) = 2^(p-h) y (1 + f + f^2 / (1-f)); and f is
    taken as 2^(h-4) F / 2^(p+h), F = floor((2^(p+h) - s y) / 2^(h-4)), with the new s.

        2^(p-h) y f^2 / (1-f) <= 2^(p-2h) (9 + ...)^2                                        < 0.022
        2^(p-h) y |S - s| y / 2^(p+h) <= 1.64 (2^(p+1) (1 + ...) / 2^p)^2                    < 6.6
        2^(p-h) y 2^(h-4) / 2^(p+h) <= 2^(p+1) (1 + ...) / 2^(p+4)                           < 0.126

    and 3/2: less than 9. Lengths: |u - s^2| < 2^(h+3), |R y| < 2^(p+7), |2^(p+h) - s y| < 9.2 2^p, |F y| < 2^(p+10).
    At the base s lies within one below S, and y above Y - 1 and at most at Y + Y / s <= Y + 4.
    """
    if p <= BASE_BITS:
        s = gmpy2.isqrt(d)
        return s, (mpz(1) << (2 * p)) // s
    h = (p + _STEP + 1) // 2
    u = d >> (2 * (p - h))
    s, y = _root_and_inverse(u, h, threads)
    e = Ring(h + 3, threads).difference_from_square(u, s)
    ring = Ring(p + 10, threads)
    with ring.factor(y) as factor:
        r = e >> (2 * h - p - _CORRECTION)
        s = (s << (p - h)) + ring.upper(factor, r, h + 1 + _CORRECTION)
        if inverse:
            f = ring.difference_from_power(p + h, factor, s) >> (h - 1 - _CORRECTION)
            y = (y << (p - h)) + ring.upper(factor, f, h + 1 + _CORRECTION)
    return s, y
