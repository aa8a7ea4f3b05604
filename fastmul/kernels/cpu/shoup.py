"""Products by a fixed factor modulo p, by Shoup's quotient (bounds/shoup.py): with c' = floor(c B / p), the difference
c x - floor(c' x / B) p lies in [0, 2p).

Every helper comes twice: B = 2^32 for p < 2^32, on vectors, and B = 2^64 for p <= 2^63.
"""

from __future__ import annotations

from numba import uint64

from fastmul.kernels.cpu.limbs_words import multiply_add
from fastmul.kernels.cpu.vectors import LANES, load, minimum, shift_left, shift_right, splat, store
from fastmul.runtime.jit import inline

ZERO, ONE = uint64(0), uint64(1)
HALF = uint64(32)
LOW = uint64(0xFFFFFFFF)
ALL = uint64(0xFFFFFFFFFFFFFFFF)


# ---------------------------------------------------------------- c x modulo p, by Shoup's quotient


@inline
def narrow_reciprocal(p):  # type: ignore[no-untyped-def]
    """floor((2^64 - 1) / p), for `narrow_quotient`."""
    return ALL // p


@inline
def narrow_quotient(c, p, reciprocal):  # type: ignore[no-untyped-def]
    """floor(c 2^32 / p) for c < p <= 2^32, without a division.

    2^64 / p - 1 <= reciprocal <= 2^64 / p, so c * reciprocal fits a word, and its high half is the quotient or one
    less: c * reciprocal / 2^32 > c 2^32 / p - 1.
    """
    q = (c * reciprocal) >> HALF
    return q + ONE if (c << HALF) - q * p >= p else q


@inline
def narrow_multiply(c, quotient, x, p):  # type: ignore[no-untyped-def]
    """c x modulo p, but for one p: below 2p."""
    x = x & LOW  # what it is anyway; said, it lets the compiler take the 32-bit multiplication
    return c * x - (((quotient * x) >> HALF) * p)


@inline
def wide_reciprocal(p):  # type: ignore[no-untyped-def]
    """None: `wide_quotient` needs no help."""
    return ZERO


@inline
def wide_quotient(c, p, reciprocal):  # type: ignore[no-untyped-def]
    """floor(c 2^64 / p) for c < p <= 2^63, a bit at a time."""
    q = ZERO
    for _ in range(64):
        c = c << ONE  # below 2p, at most 2^64 - 1
        q = q << ONE
        if c >= p:
            c -= p
            q |= ONE
    return q


@inline
def wide_multiply(c, quotient, x, p):  # type: ignore[no-untyped-def]
    """c x modulo p, but for one p: below 2p."""
    high = multiply_add(quotient, x, ZERO, ZERO)[1]
    return c * x - high * p


@inline
def inverse(c, p):  # type: ignore[no-untyped-def]
    """(1/c modulo p, 1), or (0, the common divisor) where there is none; by Euclid's algorithm.

    The coefficients alternate in sign and stay at most p, so their sizes suffice.
    """
    old, new = p, c
    old_size, size = ZERO, ONE
    negative = False  # the sign of `size`
    while new != ZERO:
        q = old // new
        old, new = new, old - q * new
        old_size, size = size, old_size + q * size
        negative = not negative
    if old != ONE:
        return ZERO, old
    return (old_size if negative else p - old_size), ONE


# ---------------------------------------------------------------- sums of products


@inline
def narrow_dot(a, x, quotients, start, stop, p):  # type: ignore[no-untyped-def]
    """The sum of a[j] x[j] over start <= j < stop modulo p, for factors below p.

    The halves of the products are added up apart: fewer than 2^32 halves below 2^32 fit a word.
    """
    low, high = ZERO, ZERO
    for j in range(uint64(start), uint64(stop)):
        product = (a[j] & LOW) * (x[j] & LOW)  # what they are anyway, as in narrow_multiply
        low += product & LOW
        high += product >> HALF
    return (((high % p) << HALF) % p + low % p) % p


@inline
def wide_dot(a, x, quotients, start, stop, p):  # type: ignore[no-untyped-def]
    """The same; the products take two words, so each is reduced, by the quotients of x."""
    total = ZERO
    for j in range(start, stop):
        r = wide_multiply(x[j], quotients[j], a[j], p)
        total += min(r, r - p)
        total = min(total, total - p)
    return total


# ---------------------------------------------------------------- eight columns at a time


@inline
def narrow_subtract_lanes(target, i, factor, source, quotients, p):  # type: ignore[no-untyped-def]
    """target[i] -= factor * source modulo p, for rows of eight; quotients are those of `source`."""
    low, modulus = splat(LOW), splat(p) & splat(LOW)
    x = splat(factor) & low  # what it is anyway, as in narrow_multiply; so are the others
    row = target[i]
    high = shift_right((load(quotients, 0) & low) * x, 32)
    r = (load(source, 0) & low) * x - high * modulus
    difference = load(row, 0) - minimum(r, r - modulus)
    store(row, 0, minimum(difference, difference + modulus))


@inline
def wide_subtract_lanes(target, i, factor, source, quotients, p):  # type: ignore[no-untyped-def]
    """The same; a high half of 64-bit products is no vector operation."""
    for lane in range(LANES):
        r = wide_multiply(source[lane], quotients[lane], factor, p)
        difference = target[i, lane] - min(r, r - p)
        target[i, lane] = min(difference, difference + p)


@inline
def narrow_subtract_sum(target, i, factors, at, count, sources, quotients, p):  # type: ignore[no-untyped-def]
    """target[i] -= sum of factors[i, at + k] * sources[k] over k < count <= 8 modulo p, for rows of eight.

    Each product is left in [0, 2p), their sum is below 16p <= 2^36: 8p, 4p, 2p and p, taken off where they can be,
    leave its residue.
    """
    low, modulus = splat(LOW), splat(p) & splat(LOW)
    total = splat(ZERO)
    for k in range(count):
        x = splat(factors[i, at + k]) & low
        high = shift_right((load(quotients[k], 0) & low) * x, 32)
        total = total + (load(sources[k], 0) & low) * x - high * modulus
    for doublings in range(3, -1, -1):
        total = minimum(total, total - shift_left(modulus, doublings))
    row = target[i]
    difference = load(row, 0) - total
    store(row, 0, minimum(difference, difference + modulus))


@inline
def wide_subtract_sum(target, i, factors, at, count, sources, quotients, p):  # type: ignore[no-untyped-def]
    """The same; two sums of [0, 2p) may be too much for a word."""
    for k in range(count):
        wide_subtract_lanes(target, i, factors[i, at + k], sources[k], quotients[k], p)
