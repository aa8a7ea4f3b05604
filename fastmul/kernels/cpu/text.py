"""Decimal text to int64 and back: one pass over the bytes, no Python object per number."""

from __future__ import annotations

import numpy as np
from numba import boolean, int64, types, uint8

from fastmul.runtime.jit import const, inline, kernel

ZERO, PLUS, MINUS, SPACE, NEWLINE = (np.uint8(ord(c)) for c in "0+- \n")
TAB, CARRIAGE_RETURN = np.uint8(ord("\t")), np.uint8(ord("\r"))

#: What `parse` may find; MALFORMED and OVERFLOW come with the position of the token.
FINE, MALFORMED, OVERFLOW = 0, 1, 2

SAFE_DIGITS = 18  # 10^18 < 2^63: so many digits cannot overflow
LOWEST = np.iinfo(np.int64).min
LOWEST_TENTH, LOWEST_LAST_DIGIT = divmod(-LOWEST, 10)
LONGEST_NUMBER = 20  # characters of -2^63 and of 2^64 - 1


@inline
def is_space(c):
    # tab, newline, vertical tab, form feed, carriage return are neighbours
    return c == SPACE or (c >= TAB and c <= CARRIAGE_RETURN)


@inline
def digit_of(c):
    """0..9, or something larger for what is no digit."""
    return np.int64(np.uint8(c - ZERO))


@kernel(int64(const(uint8[::1])))
def count_tokens(text):
    count = np.int64(0)
    before = SPACE
    for i in range(text.size):
        count += np.int64(is_space(before) and not is_space(text[i]))
        before = text[i]
    return count


@inline
def parse_carefully(text, first, last, negative):
    """The number of text[first:last], digits only: (value, fits)."""
    value = np.int64(0)  # kept negative, because int64 reaches one further down than up
    for i in range(first, last):
        digit = digit_of(text[i])
        if value < -LOWEST_TENTH or (value == -LOWEST_TENTH and digit > LOWEST_LAST_DIGIT):
            return value, False
        value = 10 * value - digit
    if negative:
        return value, True
    return -value, value != LOWEST


@kernel(types.UniTuple(int64, 3)(const(uint8[::1]), int64, int64, int64[::1], int64))
def parse(text, start, stop, out, filled):
    """Parse every token that begins in text[start:stop] into out[filled:].

    Returns the position after the last token's end, or of the offending token, how many numbers `out` holds now,
    and FINE, MALFORMED or OVERFLOW.
    """
    i = start
    while True:
        while i < stop and is_space(text[i]):
            i += 1
        if i >= stop:
            return i, filled, np.int64(FINE)
        token = i
        negative = text[i] == MINUS
        if negative or text[i] == PLUS:
            i += 1
        first = i
        value = np.int64(0)
        while i < text.size:
            digit = digit_of(text[i])
            if digit > 9:
                break
            value = 10 * value + digit  # may wrap: then there are more than SAFE_DIGITS
            i += 1
        if i == first or (i < text.size and not is_space(text[i])):
            return token, filled, np.int64(MALFORMED)
        if i - first <= SAFE_DIGITS:
            out[filled] = -value if negative else value
        else:
            value, fits = parse_carefully(text, first, i, negative)
            if not fits:
                return token, filled, np.int64(OVERFLOW)
            out[filled] = value
        filled += 1


@kernel(int64(const(int64[::1]), int64, int64, boolean, uint8, uint8[::1]))
def format_ints(values, start, width, unsigned, separator, out):
    """Write values[start:] as decimals into `out` while a longest number fits; returns the number of bytes.

    A newline follows the last of `width` numbers, `separator` the others: values[0] begins a line. With `unsigned` the
    64 bits are those of a uint64.
    """
    ten, zero = np.uint64(10), np.uint64(0)
    position, column = np.int64(0), start % width
    stop = min(values.size, start + out.size // (LONGEST_NUMBER + 1))
    for k in range(start, stop):
        magnitude = np.uint64(values[k])
        if values[k] < 0 and not unsigned:
            out[position] = MINUS
            position += 1
            magnitude = zero - magnitude
        n_digits = np.int64(1)
        rest = magnitude // ten
        while rest != zero:
            rest //= ten
            n_digits += 1
        for i in range(position + n_digits - 1, position - 1, -1):
            tenth = magnitude // ten
            out[i] = ZERO + np.uint8(magnitude - tenth * ten)
            magnitude = tenth
        position += n_digits
        column += 1
        if column == width:
            column = np.int64(0)
            out[position] = NEWLINE
        else:
            out[position] = separator
        position += 1
    return position
