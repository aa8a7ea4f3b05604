"""The long accumulator: sums of floats and of products of floats, without any rounding until the end.

Fixed point over the whole range of exponents, in words of 32 bits, each held in an int64 with room for carries:

    value = sum of words[w] * 2^(32 w + ACCUMULATOR_BASE)

                           word  139            ...           1        0
                                [.......|32 bits]   ...   [.......|32 bits]
                                   carries wait in the upper halves

Terms are added as signed pieces of 32 bits, so no carry travels until the sum is read. Sizes: bounds/ozaki.py.
Source: Kulisch, Miranker, The Arithmetic of the Digital Computer: A New Approach, SIAM Review 28:1 (1986); carries
left to wait: Neal, Fast Exact Summation Using Small and Large Superaccumulators, arXiv:1505.05571 (2015).
"""

from __future__ import annotations

import numpy as np
from numba import float64, int64, void

from fastmul.bounds.ozaki import (
    ACCUMULATOR_BASE,
    ACCUMULATOR_WORDS,
    ADDITIONS_BETWEEN_CARRIES,
)
from fastmul.kernels.cpu.float_bits import SIGN, as_bits, leading_zeros, significand_and_exponent
from fastmul.kernels.cpu.limbs_words import multiply_add
from fastmul.kernels.cpu.rounding import compose, round_to_even, shift_left_into
from fastmul.runtime.jit import const, inline, kernel

ZERO = np.uint64(0)
LOW_HALF = np.uint64((1 << 32) - 1)
HALF_BITS = np.uint64(32)
#: The word that only carries reach, with the sign.
LAST = np.int64(ACCUMULATOR_WORDS - 1)
BASE = np.int64(ACCUMULATOR_BASE)
LOW_HALF_SIGNED = np.int64((1 << 32) - 1)
NEGATIVE_ZERO = SIGN


@inline
def add_word(words, word, exponent, negative):
    """words += (-1)^negative * word * 2^exponent, for an exponent of at least ACCUMULATOR_BASE."""
    position = exponent - BASE
    w, shift = position >> 5, np.uint64(position & 31)
    low = word << shift
    high = np.int64((word >> np.uint64(1)) >> (np.uint64(63) - shift))
    first, second = np.int64(low & LOW_HALF), np.int64(low >> HALF_BITS)
    if negative:
        first, second, high = -first, -second, -high
    words[w] += first
    words[w + 1] += second
    words[w + 2] += high


@inline
def add_integer_product(words, x, y, exponent, negative):
    """words += (-1)^negative * x * y * 2^exponent."""
    low, high = multiply_add(x, y, ZERO, ZERO)
    add_word(words, low, exponent, negative)
    add_word(words, high, exponent + 64, negative)


@inline
def add_product(words, a, b):
    """words += a * b, of finite floats."""
    a_bits, b_bits = as_bits(a), as_bits(b)
    x, x_exponent = significand_and_exponent(a_bits)
    y, y_exponent = significand_and_exponent(b_bits)
    negative = ((a_bits ^ b_bits) & SIGN) != 0
    add_integer_product(words, x, y, x_exponent + y_exponent, negative)


@inline
def add_float(words, x):
    """words += x, a finite float."""
    bits = as_bits(x)
    significand, exponent = significand_and_exponent(bits)
    add_word(words, significand, exponent, (bits & SIGN) != 0)


@inline
def clear(words):
    for w in range(ACCUMULATOR_WORDS):
        words[w] = 0


@inline
def carry(words, first, last):
    """Words first to last - 1 into [0, 2^32), their carries into words[last], which keeps the sign."""
    for w in range(first, last):
        words[w + 1] += words[w] >> 32  # rounds down
        words[w] &= LOW_HALF_SIGNED


@inline
def word_at(words, w):
    """words[w], zero below the first."""
    return np.uint64(words[w]) if w >= 0 else ZERO


@inline
def rounded(words, precision, lowest):
    """The nearest float of the format, ties to even; 0.0 for zero. Destroys the words."""
    first, top = np.int64(0), LAST
    while first <= top and words[first] == 0:
        first += 1
    while top > first and words[top] == 0:
        top -= 1
    if first > top:
        return 0.0
    end = min(top + 2, LAST)  # carries are below 2^32: two words take them and the sign
    carry(words, first, end)
    negative = words[end] < 0
    if negative:
        for w in range(first, end + 1):
            words[w] = -words[w]
        carry(words, first, end)
    top = end
    while top >= first and words[top] == 0:
        top -= 1
    if top < first:
        return 0.0
    # five words from the first that is not zero; then 128 bits from the leading one on
    a = word_at(words, top) << HALF_BITS | word_at(words, top - 1)
    b = word_at(words, top - 2) << HALF_BITS | word_at(words, top - 3)
    c = word_at(words, top - 4) << HALF_BITS
    zeros = leading_zeros(a)
    sticky = (c << np.uint64(zeros)) != 0
    for w in range(first, top - 4):
        sticky = sticky or words[w] != 0
    exponent = 32 * (top - 3) + BASE - zeros
    high, low = shift_left_into(a, b, zeros), shift_left_into(b, c, zeros)
    significand, step = round_to_even(high, low, sticky, exponent, precision, lowest)
    return compose(negative, significand, step)


# ---------------------------------------------------------------- sums


@kernel(void(const(float64[::1]), int64[::1]))
def add_floats(x, words):
    """words += the sum of x, finite floats."""
    for first in range(0, x.size, ADDITIONS_BETWEEN_CARRIES):
        for l in range(first, min(x.size, first + ADDITIONS_BETWEEN_CARRIES)):
            add_float(words, x[l])
        carry(words, 0, LAST)


@kernel(void(const(float64[:, ::1]), float64[::1], int64, int64, int64, int64))
def sum_rows(x, out, precision, lowest, start, stop):
    """out[i] = the sum of x[i], finite floats, rounded once; zeros without their sign."""
    words = np.empty(ACCUMULATOR_WORDS, np.int64)
    for i in range(start, stop):
        clear(words)
        add_floats(x[i], words)
        out[i] = rounded(words, precision, lowest)


@kernel(void(int64[:, :, ::1], float64[::1], int64, int64))
def round_sums(words, out, precision, lowest):
    """out[i] = the sum of the accumulators words[i], rounded once."""
    for i in range(words.shape[0]):
        for piece in range(1, words.shape[1]):
            for w in range(ACCUMULATOR_WORDS):
                words[i, 0, w] += words[i, piece, w]
        out[i] = rounded(words[i, 0], precision, lowest)
