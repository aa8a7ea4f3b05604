"""Division by Burnikel and Ziegler: two halves of a quotient, each from the divisor's upper half.

    2n by n:    [a3 a2 a1 a0] / [b1 b0]      the upper half of the quotient from [a3 a2 a1], the lower from its rest
    3h by 2h:   [a2 a1 a0] / [b1 b0]         q = [a2 a1] / b1, a division 2h by h, then q * b0 is taken off

All products are of half a divisor by half a divisor. The quotient of a 3h by 2h step is too large by two at most
(b1 has its highest bit set), so that two corrections at most follow.
"""

from __future__ import annotations

from typing import Any

import gmpy2

from fastmul.integers.limbs import mpz
from fastmul.integers.multiplication import mul

#: Divisors of so many bits are GMP's (AMD Zen 4, 2026-11-24).
BASE_BITS = 1 << 15


def divide(a: Any, b: Any, threads: int = 1) -> tuple[Any, Any]:
    """The quotient and the remainder of mpz a >= 0 by b > 0."""
    m, n = a.bit_length() - b.bit_length() + 1, b.bit_length()
    if m <= 0:
        return mpz(0), a
    if (
        m < n
    ):  # only the upper 2m bits of a and m of b make the quotient: the step 3h by 2h with unequal parts
        return _short_quotient(a, b, n - m, threads)
    # the divisor gets base * 2^k bits, so that it can be halved k times
    halvings = max(0, (-(-n // BASE_BITS) - 1).bit_length())
    unit = 1 << halvings
    width = -(-n // unit) * unit
    shift = width - n
    n_blocks = -(-m // width)
    a, b = a << shift, b << shift
    q, r = _blocks(mpz(0), a, b, width, n_blocks, threads)
    return q, r >> shift


def _blocks(r: Any, low: Any, b: Any, n: int, n_blocks: int, threads: int) -> tuple[Any, Any]:
    """Of r * 2^(n * n_blocks) + low, r < b; in halves, so that no shift of a long dividend is repeated per block."""
    if n_blocks == 1:
        return _two_by_one((r << n) + low, b, n, threads)
    lower = n_blocks // 2
    q1, r = _blocks(r, low >> (lower * n), b, n, n_blocks - lower, threads)
    q0, r = _blocks(r, gmpy2.f_mod_2exp(low, lower * n), b, n, lower, threads)
    return (q1 << (lower * n)) + q0, r


def _two_by_one(a: Any, b: Any, n: int, threads: int) -> tuple[Any, Any]:
    """a < b 2^n by b of exactly n bits."""
    if n <= BASE_BITS or n % 2:
        return gmpy2.f_divmod(a, b)
    h = n // 2
    q1, r = _three_by_two(a >> h, b, h, threads)
    q0, r = _three_by_two((r << h) + gmpy2.f_mod_2exp(a, h), b, h, threads)
    return (q1 << h) + q0, r


def _three_by_two(a: Any, b: Any, h: int, threads: int) -> tuple[Any, Any]:
    """a < b 2^h by b of exactly 2h bits."""
    upper, b1 = a >> h, b >> h
    if upper >> h < b1:
        q, r = _two_by_one(upper, b1, h, threads)
    else:  # the quotient of the upper parts would be 2^h or more
        q = gmpy2.bit_mask(h)
        r = upper - (b1 << h) + b1
    return _take_off(q, (r << h) + gmpy2.f_mod_2exp(a, h), b, h, threads)


def _short_quotient(a: Any, b: Any, low_bits: int, threads: int) -> tuple[Any, Any]:
    """A quotient of as many bits as b has above its lower `low_bits`."""
    q, r = divide(a >> low_bits, b >> low_bits, threads)
    return _take_off(q, (r << low_bits) + gmpy2.f_mod_2exp(a, low_bits), b, low_bits, threads)


def _take_off(q: Any, r: Any, b: Any, low_bits: int, threads: int) -> tuple[Any, Any]:
    """q and r - q * (the lower bits of b), corrected twice at most.

    q <= 2^m with m the bits of b's upper part, whose highest bit is set: q * b0 < 2^m 2^low_bits < 2 b, and r >= 0.
    """
    r -= mul(q, gmpy2.f_mod_2exp(b, low_bits), threads=threads)
    while r < 0:
        q, r = q - 1, r + b
    return q, r
