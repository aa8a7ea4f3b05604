"""Single entries of a product, exact: scaled, and rounded once or to odd.

Integers that fit int64 are summed in three words; of whatever spread, in the long accumulator.
"""

from __future__ import annotations

import numpy as np
from numba import float64, int64, types, void

from fastmul.bounds.ozaki import ACCUMULATOR_WORDS, ADDITIONS_BETWEEN_CARRIES
from fastmul.kernels.cpu.accumulator import (
    BASE,
    HALF_BITS,
    LAST,
    add_product,
    carry,
    clear,
    word_at,
)
from fastmul.kernels.cpu.float_bits import (
    as_bits,
    leading_zeros,
    significand_and_exponent,
    trailing_zeros,
)
from fastmul.kernels.cpu.lowprecision.finish import rounded_window, scaled_limbs
from fastmul.kernels.cpu.rounding import shift_left_into
from fastmul.kernels.cpu.wide_products import WORDS
from fastmul.kernels.cpu.wide_products import add_product as add_to_words
from fastmul.runtime.jit import const, inline, kernel

ZERO = np.uint64(0)


@inline
def multiply_words(words, first, end, scale):
    """words[first:end + 1] *= the significand, below 2^24, of a positive scale; returns the exponent left over.

    Words below 2^32 times less than 2^24 and a carry stay below 2^57.
    """
    significand, exponent = significand_and_exponent(as_bits(scale))
    zeros = trailing_zeros(significand)
    factor = np.int64(significand >> np.uint64(zeros))
    for w in range(first, end + 1):
        words[w] *= factor
    carry(words, first, end)
    return exponent + zeros


@inline
def scaled_sum(words, row, column, to_odd):
    """The sum in the accumulator, carried, times row * column, as a float64; destroys the words.

    The uppermost word only has the sign.
    """
    negative = words[LAST] < 0
    if negative:
        for w in range(LAST + 1):
            words[w] = -words[w]
        carry(words, 0, LAST)
    first, top = np.int64(0), LAST
    while first <= top and words[first] == 0:
        first += 1
    while top > first and words[top] == 0:
        top -= 1
    scale = row * column
    if not abs(scale) < np.inf:  # also where the sum is zero: Inf * 0 is NaN
        if first > top:
            return np.nan
        return -scale if negative else scale
    if first > top or scale == 0.0:
        return 0.0
    end = min(top + 2, LAST)  # two factors below 2^24 reach two words further
    exponent = multiply_words(words, first, end, abs(row))
    exponent += multiply_words(words, first, end, abs(column))
    top = end
    while words[top] == 0:
        top -= 1
    # five words from the first that is not zero; then 128 bits from the leading one on
    a = word_at(words, top) << HALF_BITS | word_at(words, top - 1)
    b = word_at(words, top - 2) << HALF_BITS | word_at(words, top - 3)
    c = word_at(words, top - 4) << HALF_BITS
    zeros = leading_zeros(a)
    sticky = (c << np.uint64(zeros)) != 0
    for w in range(first, top - 4):
        sticky = sticky or words[w] != 0
    exponent += 32 * (top - 3) + BASE - zeros
    high, low = shift_left_into(a, b, zeros), shift_left_into(b, c, zeros)
    return rounded_window(high, low, sticky, exponent, negative != (scale < 0.0), to_odd)


_ENTRIES = void(
    const(float64[:, ::1]), const(float64[:, ::1]), const(float64[::1]), const(float64[::1]),
    const(int64[::1]), const(int64[::1]), const(int64[::1]), float64[::1], types.boolean, int64, int64,
)  # fmt: skip


@kernel(_ENTRIES)
def compute_integer_entries(
    a, b_lines, rows, columns, i_of, line_of, j_of, out, to_odd, start, stop
):
    """As `compute_entries`, where all elements are integers that fit int64."""
    limbs = np.empty((1, 1, WORDS), np.uint64)
    magnitude = np.empty(WORDS + 1, np.uint64)
    for x in range(start, stop):
        i, line = i_of[x], line_of[x]
        total = (ZERO, ZERO, ZERO)
        for l in range(a.shape[1]):
            total = add_to_words(total, np.int64(a[i, l]), np.int64(b_lines[line, l]))
        limbs[0, 0, 0], limbs[0, 0, 1], limbs[0, 0, 2] = total
        out[x] = scaled_limbs(limbs, 0, 0, rows[i] * columns[j_of[x]], magnitude, to_odd)


@kernel(_ENTRIES)
def compute_entries(a, b_lines, rows, columns, i_of, line_of, j_of, out, to_odd, start, stop):
    """out[x] = (a[i] . b_lines[line]) * rows[i] * columns[j] of entry x = start ... stop; finite a and b."""
    words = np.empty(ACCUMULATOR_WORDS, np.int64)
    for x in range(start, stop):
        i, line = i_of[x], line_of[x]
        clear(words)
        for first in range(0, a.shape[1], ADDITIONS_BETWEEN_CARRIES):
            for l in range(first, min(a.shape[1], first + ADDITIONS_BETWEEN_CARRIES)):
                add_product(words, a[i, l], b_lines[line, l])
            carry(words, 0, LAST)
        out[x] = scaled_sum(words, rows[i], columns[j_of[x]], to_odd)
