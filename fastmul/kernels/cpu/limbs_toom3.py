"""Toom-3 multiplication of limb arrays: five third-size products for nine.

    a = a2 * X**2 + a1 * X + a0, X = 2**(64*k), k = ceil(m/3); the same for b. Then a*b = w(X) for the polynomial
    w(t) = a(t) * b(t) = w0 + w1 t + w2 t**2 + w3 t**3 + w4 t**4, known from w(0), w(1), w(-1), w(2), w(infinity).

Sizes: a(1) < 3X, |a(-1)| < 2X, a(2) < 7X, so an evaluation takes k+1 limbs, and a product of two, below 49 X**2,
2k+2 limbs. The evaluations live in the first 4k+4 limbs of out, in two turns, before the products need it:

    out      | a(1) | a(-1) | b(1) | b(-1) |      then | a(2) |      | b(2) |
    scratch  |  w(1)  |  w(-1)  |  w(2)  |  of the recursion ...
    out      |  w(0)  |         |  w(inf)  |      last
             0        2k        4k         m+n

Bodrato's sequence (2007) turns the values into w1, w2, w3 in place; everything but w(-1) stays >= 0:

    w3 <- (w(2) - w(-1)) / 3 = w1 + w2 + 3 w3 + 5 w4
    w1 <- (w(1) - w(-1)) / 2 = w1 + w3
    w2 <- w(1) - w0          = w1 + w2 + w3 + w4
    w3 <- (w3 - w2) / 2 - 2 w4
    w2 <- w2 - w1 - w4
    w1 <- w1 - w3
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numba import boolean, int64, uint64, void

from fastmul.kernels.cpu.limbs_add import (
    add,
    add_overlapping,
    add_word,
    carry_on,
    difference,
    subtract,
    subtract_word,
    writable,
)
from fastmul.kernels.cpu.limbs_karatsuba import karatsuba_range, karatsuba_scratch
from fastmul.kernels.cpu.limbs_words import multiply_add, sub_borrow
from fastmul.runtime.jit import const, inline, kernel

ZERO, ONE, TWO, FOUR = (np.uint64(word) for word in (0, 1, 2, 4))
WORD_BITS_LESS_ONE = np.uint64(63)

#: (2**64 - 1) / 3.
THIRD = np.uint64((2**64 - 1) // 3)

#: Below this many limbs of the smaller operand Karatsuba is faster (AMD Zen 4, 2026-11-24).
TOOM3_LIMBS = 110


@lru_cache(maxsize=1024)
def toom3_scratch(m: int, n: int) -> int:
    """Limbs of scratch that `toom3_range` needs for m >= n: the same case distinction, so equal by induction."""
    if n < TOOM3_LIMBS:
        return karatsuba_scratch(m, n)
    if 4 * n <= 3 * m:
        h = (m + 1) // 2
        low = toom3_scratch(max(h, n), min(h, n))
        high = toom3_scratch(max(m - h, n), min(m - h, n))
        return max(low, m - h + n + high)
    k = (m + 2) // 3
    return 6 * (k + 1) + max(toom3_scratch(k + 1, k + 1), toom3_scratch(m - 2 * k, n - 2 * k))


@inline
def exact_third(x, i, n):
    """x[i : i+n] /= 3, for a multiple of 3.

    From the lowest limb up: 3*q = x + c*B with carry 0 <= c <= 2, B = 2**64, next limb x - c. As 3 * THIRD = B - 1,
    q = c*THIRD - x*THIRD mod B. `state` is c*THIRD (never wraps); with x*THIRD = high*B + low and
    q = state - low + borrow*B the next state, ((3q - x + c)/B) * THIRD, is
    (q*(B-1) - high*B - low + state) / B = q - high - borrow.
    """
    state = ZERO
    for k in range(n):
        low, high = multiply_add(x[np.uint64(i + k)], THIRD, ZERO, ZERO)
        q, borrow = sub_borrow(state, low, ZERO)
        x[np.uint64(i + k)] = q
        state = q - high - borrow


@inline
def half(x, i, n):
    """x[i : i+n] >>= 1."""
    for k in range(n - 1):
        x[np.uint64(i + k)] = (x[np.uint64(i + k)] >> ONE) | (
            x[np.uint64(i + k + 1)] << WORD_BITS_LESS_ONE
        )
    x[np.uint64(i + n - 1)] >>= ONE


@inline
def add_signed(x, i, y, j, out, o, n, minus):
    """out[o : o+n] = x[i : i+n] -/+ y[j : j+n], modulo 2**(64*n)."""
    if minus:
        subtract(x, i, y, j, out, o, n, ZERO)
    else:
        add(x, i, y, j, out, o, n, ZERO)


@inline
def subtract_long(x, i, n, y, j, size):
    """x[i : i+n] -= y[j : j+size], for size <= n; the caller knows that it stays >= 0."""
    borrow = subtract(x, i, y, j, x, i, size, ZERO)
    subtract_word(x, i + size, x, i + size, n - size, borrow)


@inline
def evaluate_at_one(a, i, m, k, out, o):
    """out[o : o+k+1] = a(1), out[o+k+1 : o+2k+2] = |a(-1)|; returns whether a(-1) < 0."""
    size, top = m - 2 * k, o + k  # limbs of a2; the sums' highest limb
    carry = add(a, i, a, i + 2 * k, out, o, size, ZERO)
    out[np.uint64(top)] = add_word(a, i + size, out, o + size, k - size, carry)
    negative = difference(out, o, k + 1, a, i + k, k, out, o + k + 1)
    out[np.uint64(top)] += add(out, o, a, i + k, out, o, k, ZERO)
    return negative


@inline
def evaluate_at_two(a, i, m, k, out, o):
    """out[o : o+k+1] = a(2) = a0 + 2 * (a1 + 2 * a2)."""
    size, carry = m - 2 * k, ZERO
    for r in range(size):
        low, high = multiply_add(a[np.uint64(i + 2 * k + r)], FOUR, a[np.uint64(i + r)], carry)
        low, carry = multiply_add(a[np.uint64(i + k + r)], TWO, low, ZERO)
        out[np.uint64(o + r)] = low
        carry += high
    for r in range(size, k):
        low, carry = multiply_add(a[np.uint64(i + k + r)], TWO, a[np.uint64(i + r)], carry)
        out[np.uint64(o + r)] = low
    out[np.uint64(o + k)] = carry


@inline
def interpolate(out, o, k, total, scratch, s, negative):
    """out[o : o+total] = w(X), from w(0) and w(infinity) in out and w(1), w(-1), w(2) in scratch."""
    size, infinity = 2 * k + 2, total - 4 * k  # limbs of a value; of w(infinity), which is w4
    w2, w1, w3, w4 = s, s + size, s + 2 * size, o + 4 * k
    add_signed(scratch, w3, scratch, w1, scratch, w3, size, not negative)
    exact_third(scratch, w3, size)
    add_signed(scratch, w2, scratch, w1, scratch, w1, size, not negative)
    half(scratch, w1, size)
    subtract_long(scratch, w2, size, out, o, 2 * k)
    subtract(scratch, w3, scratch, w2, scratch, w3, size, ZERO)
    half(scratch, w3, size)
    subtract_long(scratch, w3, size, out, w4, infinity)
    subtract_long(scratch, w3, size, out, w4, infinity)
    subtract(scratch, w2, scratch, w1, scratch, w2, size, ZERO)
    subtract_long(scratch, w2, size, out, w4, infinity)
    subtract(scratch, w1, scratch, w3, scratch, w1, size, ZERO)
    # out has w0 and w4; w2 lies between them and reaches two limbs into w4
    for r in range(2 * k):
        out[np.uint64(o + 2 * k + r)] = scratch[np.uint64(w2 + r)]
    carry_on(out, w4 + 2, add(out, w4, scratch, w2 + 2 * k, out, w4, 2, ZERO))
    carry_on(out, o + k + size, add(out, o + k, scratch, w1, out, o + k, size, ZERO))
    # w3 < 2**(64*(total - 3k)), for the product has total limbs: the limbs left out are zero
    size = min(size, total - 3 * k)
    carry_on(out, o + 3 * k + size, add(out, o + 3 * k, scratch, w3, out, o + 3 * k, size, ZERO))


ARRAY = uint64[::1]


@kernel(void(ARRAY, int64, int64, ARRAY, int64, int64, ARRAY, int64, ARRAY, int64))
def toom3_range(a, i, m, b, j, n, out, o, scratch, s):
    """out[o : o+m+n] = a[i : i+m] * b[j : j+n], for m >= n >= 1; a and b are only read."""
    if n < TOOM3_LIMBS:
        karatsuba_range(a, i, m, b, j, n, out, o, scratch, s)
        return
    if 4 * n <= 3 * m:
        # the halves of a times all of b
        h = (m + 1) // 2
        if h >= n:
            toom3_range(a, i, h, b, j, n, out, o, scratch, s)
        else:
            toom3_range(b, j, n, a, i, h, out, o, scratch, s)
        if m - h >= n:
            toom3_range(a, i + h, m - h, b, j, n, scratch, s, scratch, s + m - h + n)
        else:
            toom3_range(b, j, n, a, i + h, m - h, scratch, s, scratch, s + m - h + n)
        add_overlapping(out, o + h, n, scratch, s, m - h + n)
        return
    # now n > 3m/4 > 2k: all three parts of b have limbs, and 4k + 4 <= m + n
    k = (m + 2) // 3
    e, size = k + 1, 2 * k + 2
    rest = s + 3 * size
    negative = evaluate_at_one(a, i, m, k, out, o) != evaluate_at_one(b, j, n, k, out, o + 2 * e)
    toom3_range(out, o, e, out, o + 2 * e, e, scratch, s, scratch, rest)
    toom3_range(out, o + e, e, out, o + 3 * e, e, scratch, s + size, scratch, rest)
    evaluate_at_two(a, i, m, k, out, o)
    evaluate_at_two(b, j, n, k, out, o + 2 * e)
    toom3_range(out, o, e, out, o + 2 * e, e, scratch, s + 2 * size, scratch, rest)
    toom3_range(a, i, k, b, j, k, out, o, scratch, rest)
    toom3_range(a, i + 2 * k, m - 2 * k, b, j + 2 * k, n - 2 * k, out, o + 4 * k, scratch, rest)
    interpolate(out, o, k, m + n, scratch, s, negative)


@kernel(void(const(ARRAY), const(ARRAY), ARRAY, ARRAY))
def toom3(a, b, out, scratch):
    """out = a * b for len(a) >= len(b) >= 1; scratch holds toom3_scratch(len(a), len(b)) limbs."""
    toom3_range(writable(a), 0, a.size, writable(b), 0, b.size, out, 0, scratch, 0)


# One level of the recursion by itself, for the levels above the largest kernel call that Ctrl-C may wait for.


@kernel(boolean(const(ARRAY), int64, ARRAY))
def toom3_evaluate_at_one(a, k, out):
    return evaluate_at_one(writable(a), 0, a.size, k, out, 0)


@kernel(void(const(ARRAY), int64, ARRAY))
def toom3_evaluate_at_two(a, k, out):
    evaluate_at_two(writable(a), 0, a.size, k, out, 0)


@kernel(void(ARRAY, int64, ARRAY, boolean))
def toom3_interpolate(out, k, scratch, negative):
    interpolate(out, 0, k, out.size, scratch, 0, negative)
