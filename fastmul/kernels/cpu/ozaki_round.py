"""From the integer product to floats: round where the radius allows, and say where it does not.

An entry is V * 2^exponent, V in two's complement limbs, and the true entry is within V +- R (bounds/ozaki.py).
"""

from __future__ import annotations

import numpy as np
from numba import float64, int64, uint8, uint64, void

from fastmul.bounds.ozaki import PARTS
from fastmul.kernels.cpu.exact_entries import all_products_are_negative_zeros
from fastmul.kernels.cpu.float_bits import leading_zeros
from fastmul.kernels.cpu.limbs_words import add_carry
from fastmul.kernels.cpu.rounding import (
    HALF,
    compose,
    keep_and_below,
    round_to_even,
    shift_left_into,
    step_of,
)
from fastmul.runtime.jit import const, inline, kernel

ZERO, ONE = np.uint64(0), np.uint64(1)
WORD_BITS = np.int64(64)
#: PARTS = 2^PART_BITS.
PART_BITS = np.int64(PARTS.bit_length() - 1)
#: Bits of V - what its float keeps - in which a radius is compared.
WINDOW_BITS = np.int64(64)
#: A radius must stay below a quarter of the step: 2^62 of its units 2^(step - 64).
LARGEST_RADIUS_BITS = np.int64(62)
LARGEST_RADIUS = np.uint64(1 << 62)


@inline
def read_magnitude(limbs, i, j, magnitude):
    """(V < 0, index of the highest limb of |V| that is not zero, or -1); |V| goes to `magnitude`."""
    count = limbs.shape[2]
    negative = np.int64(limbs[i, j, count - 1]) < 0
    flip, carry_on = (~ZERO, ONE) if negative else (ZERO, ZERO)  # -V = ~V + 1
    top = -1
    for w in range(count):
        magnitude[w], carry_on = add_carry(limbs[i, j, w] ^ flip, ZERO, carry_on)
        if magnitude[w] != 0:
            top = w
    return negative, top


@inline
def window(magnitude, top, exponent):
    """(high, low, sticky, exponent): |V| 2^exponent as `rounding` takes it."""
    a = magnitude[top]
    b = magnitude[top - 1] if top > 0 else ZERO
    c = magnitude[top - 2] if top > 1 else ZERO
    zeros = leading_zeros(a)
    sticky = (c << np.uint64(zeros)) != 0
    for w in range(top - 2):
        sticky = sticky or magnitude[w] != 0
    high, low = shift_left_into(a, b, zeros), shift_left_into(b, c, zeros)
    return high, low, sticky, exponent + 64 * (top - 1) - zeros


@inline
def is_decided(high, low, exponent, precision, lowest, discarded, radius_exponent):
    """Whether all of V +- discarded * 2^radius_exponent rounds as V does; discarded > 0.

    The 64 bits below the kept ones are compared with their half, in whose unit 2^(step - 64) the radius is rounded
    up; V's own bits below them are less than one such unit, hence the distance must be larger by one. Where no bit
    is kept the sign must be certain, too.
    """
    step = step_of(exponent, precision, lowest)
    kept, below = keep_and_below(high, low, exponent, step)
    shift = radius_exponent - (step - WINDOW_BITS)
    if shift >= 0:
        if shift + WINDOW_BITS - leading_zeros(discarded) > LARGEST_RADIUS_BITS:
            return False
        radius = discarded << np.uint64(shift)
    else:
        radius = (discarded >> np.uint64(min(-shift, 63))) + ONE
    if radius >= LARGEST_RADIUS:
        return False
    distance = below - HALF if below >= HALF else HALF - below
    return distance > radius and (kept != 0 or below > radius)


@kernel(
    void(
        const(uint64[:, :, ::1]), const(int64[::1]), const(int64[::1]), const(int64[::1]), const(int64[::1]),
        const(float64[:, :]), const(float64[:, :]), float64[:, :], uint8[:, ::1],
        int64, int64, int64, int64, int64,
    )
)  # fmt: skip
def round_rows(limbs, a_exponents, b_exponents, a_discarded, b_discarded, a, b_transposed, out, undecided,
               beta, precision, lowest, start, stop):  # fmt: skip
    """Rows start to stop of `out`, and where they are `undecided`; what was discarded counts in PARTS."""
    magnitude = np.empty(limbs.shape[2], np.uint64)
    for i in range(start, stop):
        for j in range(out.shape[1]):
            undecided[i, j] = 0
            exponent = a_exponents[i] + b_exponents[j] - 2 * beta
            discarded = np.uint64(a_discarded[i] + b_discarded[j])
            negative, top = read_magnitude(limbs, i, j, magnitude)
            if top < 0:
                if discarded != 0:
                    undecided[i, j] = 1
                elif all_products_are_negative_zeros(a, b_transposed, i, j):
                    out[i, j] = -0.0
                else:
                    out[i, j] = 0.0
                continue
            high, low, sticky, low_exponent = window(magnitude, top, exponent)
            if discarded != 0 and not is_decided(
                high, low, low_exponent, precision, lowest, discarded, exponent + beta - PART_BITS
            ):
                undecided[i, j] = 1
                continue
            significand, step = round_to_even(high, low, sticky, low_exponent, precision, lowest)
            out[i, j] = compose(negative, significand, step)
