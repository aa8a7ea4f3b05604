"""The 30-bit digits of a Python int, packed into 64-bit limbs.

32 digits = 960 bits = 15 limbs, so one turn of the loop has every shift known.
"""

from __future__ import annotations

import numpy as np
from numba import uint32, uint64, void

from fastmul.runtime.jit import const, kernel

DIGIT_BITS = 30
GROUP_DIGITS, GROUP_LIMBS = 32, 15


@kernel(void(const(uint32[::1]), uint64[::1]))
def pack_digits(digits, out):
    """out = the limbs of sum(digits[i] * 2**(30*i)); out holds ceil of its bits / 64 limbs, so none is lost."""
    n_groups = min(digits.size // GROUP_DIGITS, out.size // GROUP_LIMBS)
    for group in range(n_groups):
        d, o = group * GROUP_DIGITS, group * GROUP_LIMBS
        for limb in range(GROUP_LIMBS):
            # limb covers bits 64*limb up; its lowest digit starts at or below that bit
            low = limb * 64 // DIGIT_BITS
            skip = limb * 64 - low * DIGIT_BITS  # 0, 2, ..., 28: even, for 64 and 30 are
            value = np.uint64(digits[d + low]) >> np.uint64(skip)
            value |= np.uint64(digits[d + low + 1]) << np.uint64(DIGIT_BITS - skip)
            value |= np.uint64(digits[d + low + 2]) << np.uint64(2 * DIGIT_BITS - skip)
            if 3 * DIGIT_BITS - skip < 64:
                value |= np.uint64(digits[d + low + 3]) << np.uint64(3 * DIGIT_BITS - skip)
            out[o + limb] = value
    # the rest, digit by digit: `value` collects bits until a limb is full
    value, n_bits, limb = np.uint64(0), 0, n_groups * GROUP_LIMBS
    for i in range(n_groups * GROUP_DIGITS, digits.size):
        digit = np.uint64(digits[i])
        value |= digit << np.uint64(n_bits)
        n_bits += DIGIT_BITS
        if n_bits >= 64:
            out[limb] = value
            limb, n_bits = limb + 1, n_bits - 64
            value = digit >> np.uint64(DIGIT_BITS - n_bits)
    if limb < out.size:
        out[limb] = value
