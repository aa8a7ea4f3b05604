"""Text in any base to limbs, by Horner's rule: quadratic, the leaves of a conversion.

text  |..d| w digits | w digits | ... |      a word is as many digits as fit 64 bits
x = 0;  x = x * word**4 + the next four words, in one sweep over the limbs of x
"""

from __future__ import annotations

import numpy as np
from numba import int64, uint8, uint64, void

from fastmul.kernels.cpu.limbs_add import add, carry_on
from fastmul.kernels.cpu.limbs_words import multiply_add
from fastmul.kernels.cpu.radix_digits import B1, B2, B4, B8, GROUP, WORDS_AT_ONCE, ZERO
from fastmul.runtime.jit import const, inline, kernel

#: What `values` holds for a character that is no digit in any base.
NO_DIGIT = np.uint8(255)


@inline
def _pair(text, at, values, c):
    """(text[at : at+2] as a number, the larger digit)."""
    high, low = values[text[np.uint64(at)]], values[text[np.uint64(at + 1)]]
    return np.uint64(high) * c[B1] + np.uint64(low), max(high, low)


@inline
def _group(text, at, values, c):
    """(text[at : at+8] as a number, the largest digit)."""
    a, m0 = _pair(text, at, values, c)
    b, m1 = _pair(text, at + 2, values, c)
    d, m2 = _pair(text, at + 4, values, c)
    e, m3 = _pair(text, at + 6, values, c)
    return (a * c[B2] + b) * c[B4] + (d * c[B2] + e), max(max(m0, m1), max(m2, m3))


@inline
def _word(text, at, n_digits, values, c):
    """(text[at : at+n_digits] as a number, the largest digit)."""
    x, largest = ZERO, np.uint8(0)
    for i in range(at, at + n_digits % GROUP):
        digit = values[text[np.uint64(i)]]
        x = x * c[B1] + np.uint64(digit)
        largest = max(largest, digit)
    for i in range(at + n_digits % GROUP, at + n_digits, GROUP):
        group, m = _group(text, i, values, c)
        x = x * c[B8] + group
        largest = max(largest, m)
    return x, largest


@inline
def _append_word(x, used, factor, word):
    """x[:used+1] = x[:used] * factor + word, as far as x reaches."""
    for k in range(min(used + 1, x.size)):
        x[np.uint64(k)], word = multiply_add(x[np.uint64(k)], factor, word, ZERO)


@inline
def _append_four(x, used, factor, w0, w1, w2, w3):
    """x[:used+4] = ((x[:used] * factor + w0) * factor + ...) + w3, as far as x reaches."""
    for k in range(min(used + WORDS_AT_ONCE, x.size)):
        y, w0 = multiply_add(x[np.uint64(k)], factor, w0, ZERO)
        y, w1 = multiply_add(y, factor, w1, ZERO)
        y, w2 = multiply_add(y, factor, w2, ZERO)
        y, w3 = multiply_add(y, factor, w3, ZERO)
        x[np.uint64(k)] = y


@kernel(uint8(const(uint8[::1]), uint64[::1], uint64, int64, const(uint8[::1]), const(uint64[::1])))
def text_to_limbs(text, x, word, word_digits, values, c):
    """x = the number that `text` spells; returns the largest of values[text], at least the base if one is no digit.

    x holds every number of so many digits, and is filled with zeros.
    """
    x[:] = ZERO
    first = text.size % word_digits
    total, largest = _word(text, 0, first, values, c)
    if first:
        x[0] = total
    used = 1
    at = first
    while at < text.size:
        if at + WORDS_AT_ONCE * word_digits <= text.size:
            w0, m0 = _word(text, at, word_digits, values, c)
            w1, m1 = _word(text, at + word_digits, word_digits, values, c)
            w2, m2 = _word(text, at + 2 * word_digits, word_digits, values, c)
            w3, m3 = _word(text, at + 3 * word_digits, word_digits, values, c)
            largest = max(largest, max(max(m0, m1), max(m2, m3)))
            _append_four(x, used, word, w0, w1, w2, w3)
            used += WORDS_AT_ONCE
            at += WORDS_AT_ONCE * word_digits
        else:
            w, m = _word(text, at, word_digits, values, c)
            largest = max(largest, m)
            _append_word(x, used, word, w)
            used += 1
            at += word_digits
    return largest


@kernel(void(uint64[::1], const(uint64[::1])))
def add_limbs(out, x):
    """out += x, of at most as many limbs; the caller knows that the sum fits."""
    carry_on(out, x.size, add(out, 0, x, 0, out, 0, x.size, ZERO))
