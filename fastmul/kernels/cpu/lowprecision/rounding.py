"""The one rounding of a cast: the bits of floats to codes of a smaller format, in integer arithmetic.

x = +-sig * 2^(e - bias - F), F fraction bits, sig < 2^(F + 1) with its hidden bit. The format keeps s = F - m of them
fewer, and d more where x is subnormal in it, e <= offset (bounds/rounding.py):

    code = (sig + addend) >> (s + d)  +  (max(e - offset, 1) - 1) << m        offset = bias of x - bias of the format

A carry out of the mantissa lands in the exponent field, where it belongs. A power of two as scale only moves
`offset`. The addend is the rounding: half a unit less one plus the last bit kept (ties to even), half a unit (ties
away), nothing (toward zero), or random bits (stochastic). An integer format is the case in which all is subnormal; its
codes are magnitudes until `finish` gives them their signs.
"""

from __future__ import annotations

import numpy as np

from fastmul.kernels.cpu.lowprecision.lanes import (
    if_equal,
    if_greater,
    larger,
    lesser,
    like,
    ones_if_negative,
    shift_left,
    shift_right,
)
from fastmul.runtime.jit import inline

#: What a kernel is told of a format and a rounding: the fields of an int64 array.
(
    WIDTH, FRACTION, MANTISSA, OFFSET, MAX_CODE, OVER, OVER_INFINITY, NAN, BITS, ROUNDING, SIGNS, UNIT, EXTRA,
) = range(13)  # fmt: skip
FIELDS = 13
#: ROUNDING
EVEN, AWAY, ZERO, STOCHASTIC = range(4)
#: SIGNS: a sign bit; one but for zero (no -0); two's complement; negative numbers are none.
SIGN_BIT, NO_NEGATIVE_ZERO, COMPLEMENT, UNSIGNED = range(4)


@inline
def fields(p):
    """The fields as numbers of their own, which loops need not read again."""
    return (p[0], p[1], p[2], p[3], p[4], p[5], p[6], p[7], p[8], p[9], p[10], p[11], p[12])


@inline
def rounded_codes(bits, offset, draw, p):
    """The codes below the sign of lanes given by their bits, `draw` random from the top bit down."""
    width, fraction = p[WIDTH], p[FRACTION]
    magnitude = bits & like(bits, (np.int64(1) << (width - 1)) - 1)
    infinity = like(bits, ((np.int64(1) << (width - 1 - fraction)) - 1) << fraction)
    one, zero = like(bits, 1), like(bits, 0)

    e = shift_right(magnitude, like(bits, fraction))
    hidden = if_equal(e, zero, zero, like(bits, np.int64(1) << fraction))
    sig = (magnitude & like(bits, (np.int64(1) << fraction) - 1)) | hidden
    field = larger(e, one) - offset
    drop = like(bits, fraction - p[MANTISSA]) + larger(one - field, zero)
    if p[ROUNDING] == STOCHASTIC:
        # beyond `width - 1` the fraction has no bit left that r random bits could meet
        sig = shift_right(
            sig, lesser(larger(drop - like(bits, width - 1), zero), like(bits, width - 1))
        )
        drop = lesser(drop, like(bits, width - 1))
        sig = sig + shift_right(shift_right(draw, one), like(bits, width - 1) - drop)
    else:
        drop = lesser(drop, like(bits, fraction + 2))  # then half a unit is more than any sig
        half = shift_right(shift_left(one, drop), one)
        if p[ROUNDING] == EVEN:
            last = shift_right(sig, drop) & one
            # without bits to drop (half = 0) there is nothing to add
            sig = sig + if_equal(half, zero, zero, half - one + last)
        elif p[ROUNDING] == AWAY:
            sig = sig + half
    codes = shift_right(sig, drop) + shift_left(larger(field, one) - one, like(bits, p[MANTISSA]))

    codes = if_greater(codes, like(bits, p[MAX_CODE]), like(bits, p[OVER]), codes)
    codes = if_equal(magnitude, infinity, like(bits, p[OVER_INFINITY]), codes)
    codes = if_greater(magnitude, infinity, like(bits, p[NAN]), codes)
    return codes


@inline
def encoded(bits, offset, draw, p):
    """The codes of lanes of floats, given by their bits; `offset` lane by lane."""
    codes = rounded_codes(bits, offset, draw, p)
    negative = ones_if_negative(bits)
    if p[SIGNS] == SIGN_BIT:
        return codes | (negative & like(bits, np.int64(1) << (p[BITS] - 1)))
    if p[SIGNS] == NO_NEGATIVE_ZERO:
        zero = like(bits, 0)
        return codes | if_equal(
            codes, zero, zero, negative & like(bits, np.int64(1) << (p[BITS] - 1))
        )
    if p[SIGNS] == UNSIGNED:
        return codes & (negative ^ like(bits, -1))
    # EXTRA: the lowest number has a magnitude of one more than the largest; UNIT: the code of zero
    codes = lesser(codes, like(bits, p[MAX_CODE]) + (negative & like(bits, p[EXTRA])))
    codes = (codes ^ negative) - negative + like(bits, p[UNIT])
    return codes & like(bits, (np.int64(1) << p[BITS]) - 1)
