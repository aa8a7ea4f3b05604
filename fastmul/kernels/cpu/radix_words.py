"""Text in any base to limbs, by Horner's rule: quadratic, the leaves of a conversion.

text  |..d| 4 e digits | 4 e digits | ... |      chunks, in limbs by words of as many digits as fit 64 bits
x = 0;  x = x * base**(4 e) + the next chunk, in one sweep over the limbs of x

With base = odd * 2**twos only odd**(4 e) is multiplied, odd**e the largest power below 2**64: for tens 27 digits a
row and not 19. The power of two is a shift of the limbs that the sweep reads and, by whole limbs, a step down of
the place where x begins:

before     |        p zeros         |     x     | 0 |        p = limbs of the shift, for all chunks to come
after      |   p'   | chunk +  x * base**(4 e)      |
"""

from __future__ import annotations

import numpy as np
from numba import int64, uint8, uint64, void

from fastmul.kernels.cpu.limbs_add import add, carry_on
from fastmul.kernels.cpu.limbs_words import multiply_add
from fastmul.kernels.cpu.radix_digits import B1, B2, B4, B8, GROUP, WORDS_AT_ONCE, ZERO
from fastmul.runtime.jit import const, inline, kernel

ONE, LIMB, LIMB_BITS = np.uint64(1), np.int64(64), np.uint64(64)
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


@inline
def _chunk(text, at, n_digits, x, word, word_digits, values, c):
    """x = text[at : at+n_digits] as a number, which fits; returns the largest digit."""
    x[:] = ZERO
    stop = at + n_digits
    x[0], largest = _word(text, at, n_digits % word_digits, values, c)
    at += n_digits % word_digits
    used = 1
    while at + WORDS_AT_ONCE * word_digits <= stop:
        w0, m0 = _word(text, at, word_digits, values, c)
        w1, m1 = _word(text, at + word_digits, word_digits, values, c)
        w2, m2 = _word(text, at + 2 * word_digits, word_digits, values, c)
        w3, m3 = _word(text, at + 3 * word_digits, word_digits, values, c)
        largest = max(largest, max(max(m0, m1), max(m2, m3)))
        _append_four(x, used, word, w0, w1, w2, w3)
        used += WORDS_AT_ONCE
        at += WORDS_AT_ONCE * word_digits
    while at < stop:
        w, m = _word(text, at, word_digits, values, c)
        largest = max(largest, m)
        _append_word(x, used, word, w)
        used += 1
        at += word_digits
    return largest


@inline
def _append_chunk(x, p, top, power, shift, chunk):
    """x[p-s : top] = x[p:top] * power**4 * 2**shift + chunk, s = shift // 64, if it fits.

    Every step is x*y + c + d of words, which fits two; what the four carries leave at `top` is zero if the sum fits.
    """
    s = shift // LIMB
    bits = np.uint64(shift % LIMB)
    rest = LIMB_BITS - ONE - bits
    for k in range(p - s, min(p, top)):
        x[np.uint64(k)] = chunk[np.uint64(k - p + s)]
    w0, w1, w2, w3, before = ZERO, ZERO, ZERO, ZERO, ZERO
    middle = min(top, p - s + chunk.size)
    for k in range(p, middle):
        limb = x[np.uint64(k)]
        y, w0 = multiply_add((limb << bits) | ((before >> ONE) >> rest), power, w0, ZERO)
        y, w1 = multiply_add(y, power, w1, ZERO)
        y, w2 = multiply_add(y, power, w2, ZERO)
        y, w3 = multiply_add(y, power, w3, chunk[np.uint64(k - p + s)])
        x[np.uint64(k)] = y
        before = limb
    for k in range(middle, top):
        limb = x[np.uint64(k)]
        y, w0 = multiply_add((limb << bits) | ((before >> ONE) >> rest), power, w0, ZERO)
        y, w1 = multiply_add(y, power, w1, ZERO)
        y, w2 = multiply_add(y, power, w2, ZERO)
        y, w3 = multiply_add(y, power, w3, ZERO)
        x[np.uint64(k)] = y
        before = limb


@kernel(
    int64(
        const(uint8[::1]), uint64[::1], uint64, int64, int64, int64, uint64, int64,
        const(uint8[::1]), const(uint64[::1]),
    )
)  # fmt: skip
def text_to_limbs(text, x, power, digits, shift, bits, word, word_digits, values, c):
    """x = the number that `text` spells; returns the largest of values[text], at least the base if one is no digit.

    x holds every number of so many digits. Chunks have `digits` digits, the first what is left over:
    base**digits = power**4 * 2**shift < 2**bits. So i chunks fit ceil(i * bits / 64) limbs; and p <= len(x) after each
    chunk, since base**(r * digits) >= 2**(64 * p) with r chunks to come, and no number of r * digits digits is too
    long for x. Before the first chunk p may lie beyond the end of x.
    """
    x[:] = ZERO
    chunk = np.empty(-(-bits // LIMB), np.uint64)
    n_chunks = -(-text.size // digits)
    p = n_chunks * (shift // LIMB)
    largest = np.uint8(0)
    at, n_digits = 0, text.size - (n_chunks - 1) * digits
    for i in range(1, n_chunks + 1):
        m = _chunk(text, at, n_digits, chunk, word, word_digits, values, c)
        largest = max(largest, m)
        top = min(x.size, p - shift // LIMB + -(-i * bits // LIMB))
        _append_chunk(x, p, top, power, shift, chunk)
        p -= shift // LIMB
        at += n_digits
        n_digits = digits
    return int64(largest)


@kernel(void(uint64[::1], const(uint64[::1])))
def add_limbs(out, x):
    """out += x, of at most as many limbs; the caller knows that the sum fits."""
    carry_on(out, x.size, add(out, 0, x, 0, out, 0, x.size, ZERO))
