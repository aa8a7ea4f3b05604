"""Digits in any base: a fraction's leading digits as text, and the limbs of a text of digits.

Both are the two ends of a conversion, where numbers are so short that time quadratic in their length is least.
A word is as many digits as fit 64 bits, `word` = base**word_digits; a group is 8 digits, below 2**42.

    fraction 0.f  --times word, four times in a sweep-->  four words . f'      the integer parts are the digits
    limbs x       --times word, plus the next word, four times in a sweep-->  x * word**4 + four words
"""

from __future__ import annotations

import numpy as np
from numba import boolean, int64, uint8, uint64, void

from fastmul.kernels.cpu.limbs_words import multiply_add
from fastmul.runtime.jit import const, inline, kernel

ZERO, ONE = np.uint64(0), np.uint64(1)
#: Digits of a group, and words that one sweep over the limbs makes.
GROUP, WORDS_AT_ONCE = 8, 4
#: What `word_constants` holds of a base, in this order; inverses are of 2**64, rounded down (B8) or up (B4, B2, B1).
B1, B2, B4, B8, INVERSE_B1, INVERSE_B2, INVERSE_B4, INVERSE_B8 = range(8)

_DIGIT_ZERO, _LETTER_A = np.uint64(ord("0")), np.uint64(ord("a") - 10)
_NINE_64, _HIGH, _LETTER_STEP = np.uint64(9), np.uint64(32), _LETTER_A - _DIGIT_ZERO
_TEN, _NINE, _LOWEST_LETTER = np.uint64(10), np.uint8(ord("9")), np.uint8(ord("a"))


def word_constants(base: int) -> np.ndarray:
    """The powers and inverses of a base by which words of digits are taken apart."""
    powers = [base, base**2, base**4, base**8]
    inverses = [(1 << 64) // power + 1 for power in powers[:3]] + [(1 << 64) // powers[3]]
    return np.array(powers + inverses, np.uint64)


# ------------------------------------------------------------------------------------- digits out


@inline
def _divide(x, inverse):
    """floor(x / d) for inverse = floor(2**64 / d) + 1 and x * d < 2**64.

    x * inverse / 2**64 exceeds x / d by at most x / 2**64 < 1 / d, which does not reach the next integer.
    """
    return multiply_add(x, inverse, ZERO, ZERO)[1]


@inline
def _character(digit):
    """Without a branch: 9 - digit is negative, all ones above its lowest bits, for a letter."""
    return np.uint8(digit + _DIGIT_ZERO + (((_NINE_64 - digit) >> _HIGH) & _LETTER_STEP))


@inline
def _write_pair(x, text, at, c):
    """text[at : at+2] = the digits of x < base**2."""
    high = _divide(x, c[INVERSE_B1])
    text[np.uint64(at)] = _character(high)
    text[np.uint64(at + 1)] = _character(x - high * c[B1])


@inline
def _write_four(x, text, at, c):
    high = _divide(x, c[INVERSE_B2])
    _write_pair(high, text, at, c)
    _write_pair(x - high * c[B2], text, at + 2, c)


@inline
def _write_group(x, text, at, c):
    """text[at : at+8] = the digits of x < base**8: base**8 * base**4 < 2**64 for base <= 36."""
    high = _divide(x, c[INVERSE_B4])
    _write_four(high, text, at, c)
    _write_four(x - high * c[B4], text, at + 4, c)


@inline
def _split_group(x, c):
    """(floor(x / base**8), the rest) for any x: the first quotient is right or one too small."""
    high = multiply_add(x, c[INVERSE_B8], ZERO, ZERO)[1]
    rest = x - high * c[B8]
    if rest >= c[B8]:
        return high + ONE, rest - c[B8]
    return high, rest


@inline
def _write_word(x, n_digits, text, stop, may_precede, c):
    """text[stop-n_digits : stop] = x; if `may_precede`, up to 7 characters before it become zeros."""
    left = n_digits
    while left > GROUP:
        x, rest = _split_group(x, c)
        _write_group(rest, text, stop - GROUP, c)
        stop -= GROUP
        left -= GROUP
    if may_precede:
        _write_group(x, text, stop - GROUP, c)
    else:
        for i in range(left):
            high = _divide(x, c[INVERSE_B1])
            text[stop - 1 - i] = _character(x - high * c[B1])
            x = high


@inline
def _multiply_sweep(f, low, word):
    """(the four words before the point, f[low:] = what follows it) of 0.f * word**4."""
    w0, w1, w2, w3 = ZERO, ZERO, ZERO, ZERO
    for k in range(low, f.size):
        x, w0 = multiply_add(f[np.uint64(k)], word, w0, ZERO)
        x, w1 = multiply_add(x, word, w1, ZERO)
        x, w2 = multiply_add(x, word, w2, ZERO)
        x, w3 = multiply_add(x, word, w3, ZERO)
        f[np.uint64(k)] = x
    return w0, w1, w2, w3


@inline
def _multiply_row(f, low, factor):
    carry = ZERO
    for k in range(low, f.size):
        x, carry = multiply_add(f[np.uint64(k)], factor, carry, ZERO)
        f[np.uint64(k)] = x
    return carry


@kernel(boolean(uint64[::1], uint8[::1], uint64, int64, const(uint64[::1]), uint64))
def fraction_to_text(f, text, word, word_digits, c, doubt):
    """text = the first len(text) >= 1 digits of the fraction sum(f[i] * 2**(64*(i - len(f)))), which is used up.

    len(f) >= 2. Limbs that no further digit needs are dropped: before a sweep one more stays than words are to
    come, so that what is dropped is below 2**-64 of a unit in the last digit. Returns whether the rest behind the last
    digit is within doubt / 2**64 of 1, so that the text may be one too small.
    """
    n_words = -(-text.size // word_digits)
    last_digits = text.size - (n_words - 1) * word_digits
    words = np.empty(n_words, np.uint64)
    done = 0
    while done + WORDS_AT_ONCE < n_words:
        low = max(0, f.size - (n_words - done + 1))
        w0, w1, w2, w3 = _multiply_sweep(f, low, word)
        words[done], words[done + 1], words[done + 2], words[done + 3] = w0, w1, w2, w3
        done += WORDS_AT_ONCE
    while done < n_words:
        factor = word
        if done == n_words - 1:
            factor = ONE
            for _ in range(last_digits):
                factor *= c[B1]
        low = max(0, f.size - (n_words - done + 1))
        words[done] = _multiply_row(f, low, factor)
        done += 1
    # from the right: a word may spill zeros over the one before it, which is written next
    stop, n_digits = np.int64(text.size), last_digits
    for i in range(n_words - 1, 0, -1):
        _write_word(words[i], n_digits, text, stop, True, c)
        stop -= n_digits
        n_digits = word_digits
    _write_word(words[0], n_digits, text, stop, False, c)
    return f[f.size - 1] >= ZERO - doubt


@kernel(void(uint8[::1], int64, int64, const(uint64[::1])))
def increment_text(text, start, stop, c):
    """Add 1 to the number text[start:stop], modulo base**(stop - start)."""
    highest = _character(c[B1] - ONE)
    at = stop - 1
    while at >= start and text[at] == highest:
        text[at] = np.uint8(_DIGIT_ZERO)
        at -= 1
    if at >= start:
        text[at] = _LOWEST_LETTER if text[at] == _NINE else text[at] + np.uint8(1)
