"""Rounding once: from an exact value to the nearest float, ties to even, into subnormals and infinities.

A value is a window of 128 bits under its leading one, and whether anything follows:

    |x| = (high * 2^64 + low + rest) * 2^exponent,     high >= 2^63,     0 <= rest < 1,     sticky = (rest > 0)

    high  [ 1 kept bits | dropped ]   low [                    ]   rest ...
                         `------- below: the first 64 dropped bits ------'

A format is (precision, lowest): a float64 has 53 bits and no bit below 2^-1074, a float32 24 and 2^-149.
"""

from __future__ import annotations

import numpy as np

from fastmul.kernels.cpu.float_bits import SIGN, as_bits, from_bits, power_of_two
from fastmul.runtime.jit import inline

ONE = np.uint64(1)
WORD_BITS = np.uint64(64)
#: `below` of a value midway between two floats.
HALF = np.uint64(1 << 63)
#: The exponent of the last bit of the largest floats.
LARGEST_STEP = np.int64(971)


@inline
def shift_left_into(high, low, count):
    """(high * 2^64 + low) * 2^count, its middle word, for 0 <= count < 64."""
    return (high << np.uint64(count)) | ((low >> ONE) >> np.uint64(63 - count))


@inline
def step_of(exponent, precision, lowest):
    """The exponent of the last bit that the format keeps."""
    return max(exponent + 128 - precision, lowest)


@inline
def keep_and_below(high, low, exponent, step):
    """(kept bits, first 64 bits below them); step - exponent >= 64 + 11."""
    dropped = step - (exponent + 64)  # bits of high
    if dropped < 64:
        return high >> np.uint64(dropped), shift_left_into(high, low, 64 - dropped)
    if dropped < 128:
        return np.uint64(0), high >> np.uint64(dropped - 64)
    return np.uint64(0), np.uint64(0)


@inline
def round_to_even(high, low, sticky, exponent, precision, lowest):
    """(significand, step): the value rounded to significand * 2^step in the format, without a largest exponent."""
    step = step_of(exponent, precision, lowest)
    kept, below = keep_and_below(high, low, exponent, step)
    if below >= HALF:
        # then at most 64 bits are dropped from high, for its leading bit is among the first 64 below
        lower = low << np.uint64(64 - (step - (exponent + 64)))
        if below > HALF or (kept & ONE) != 0 or lower != 0 or sticky:
            kept += ONE
    return kept, step


@inline
def compose(negative, significand, step):
    """The float64 (-1)^negative * significand * 2^step: exact, or an infinity."""
    if step > LARGEST_STEP and significand != 0:
        magnitude = np.inf
    else:
        magnitude = np.float64(significand) * power_of_two(min(step, LARGEST_STEP))
    if negative:
        return from_bits(as_bits(magnitude) | SIGN)
    return magnitude
