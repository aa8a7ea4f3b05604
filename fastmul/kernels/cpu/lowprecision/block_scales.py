"""The power of two of a block: from the bits of its largest magnitude, by one integer addition.

    code = ((bits of amax as a float64 + addend) >> 52) - 1023 - max_exponent + 127

is floor(log2 amax) in units of the element's largest power for addend 0; one more from the place on where `addend`
makes the fraction carry: beyond the fraction of the format's largest value ("rceil": nothing overflows), or where
rounding amax to the element's precision reaches the next power ("even"). bounds/rounding.py says why.
"""

from __future__ import annotations

import numpy as np

from fastmul.kernels.cpu.float_bits import as_bits
from fastmul.kernels.cpu.lowprecision.lanes import (
    first_as_double,
    if_greater,
    join,
    larger,
    last_as_double,
    like,
    shift_right,
)
from fastmul.runtime.jit import inline

#: E8M0: its bias, the code of NaN.
BIAS, NOT_A_NUMBER = np.int64(127), np.int64(255)
#: Of float32: the bits of infinity, of 1 and of 2^64; the magnitude.
INFINITY, ONE, UP = np.int64(0x7F800000), np.int64(0x3F800000), np.int64(0x5F800000)
MAGNITUDE = np.int64(0x7FFFFFFF)
#: The exponent of UP.
UP_EXPONENT = np.int64(64)
LEAST_SUBNORMAL = 2.0**-149
_BITS_OF_64, _EXPONENTS = np.int64(29), np.int64(52)
_REBIAS, _FRACTION_AND_BIAS = np.int64((1023 - 127) << 52), np.int64(1023)


@inline
def block_code(amax, addend, max_exponent):
    """The E8M0 code of a block whose largest magnitude has these float32 bits.

    255 for NaN, infinities and what is too large; 0 for what is too small.
    """
    if amax >= INFINITY:
        return NOT_A_NUMBER
    if amax < np.int64(1 << 23):
        bits = np.int64(as_bits(np.float64(amax) * LEAST_SUBNORMAL))
    else:
        bits = (amax << _BITS_OF_64) + _REBIAS
    code = ((bits + addend) >> _EXPONENTS) - _FRACTION_AND_BIAS - max_exponent + BIAS
    return min(max(code, np.int64(0)), NOT_A_NUMBER)


@inline
def block_codes(amax, addend, max_exponent):
    """`block_code` of sixteen blocks."""
    base = np.int64(1023) + max_exponent - BIAS
    first, last = first_as_double(amax), last_as_double(amax)
    first = shift_right(first + like(first, addend), like(first, 52)) - like(first, base)
    last = shift_right(last + like(last, addend), like(last, 52)) - like(last, base)
    codes = larger(join(first, last), like(amax, 0))
    codes = if_greater(like(amax, NOT_A_NUMBER), codes, codes, like(amax, NOT_A_NUMBER))
    return if_greater(like(amax, INFINITY), amax, codes, like(amax, NOT_A_NUMBER))


@inline
def block_scaling(code, offset):
    """(offset, factor, keep) under the scale of a code.

    Where a format's offset goes; the bits of a power of two to multiply x by before (subnormal floats have to become
    normal where their last places are kept); and a mask that leaves nothing of blocks that are NaN.
    """
    offset += code - BIAS
    keep = np.int64(0) if code == NOT_A_NUMBER else np.int64(-1)
    if offset < 0:
        return offset + UP_EXPONENT, UP, keep
    return offset, ONE, keep


@inline
def block_scalings(codes, offset):
    """`block_scaling` of sixteen blocks."""
    zero = like(codes, 0)
    offsets = codes + like(codes, offset - BIAS)
    factors = if_greater(zero, offsets, like(codes, UP), like(codes, ONE))
    offsets = offsets + if_greater(zero, offsets, like(codes, UP_EXPONENT), zero)
    keep = if_greater(like(codes, NOT_A_NUMBER), codes, like(codes, -1), zero)
    return offsets, factors, keep
