"""Elements divided by a float32 scale, in float64: sixteen at a time, as two vectors of eight bit patterns.

The quotient is rounded to float64 and then to the format, which is one rounding all the same: it never lands on a
midpoint of the format that the true quotient does not lie on (bounds/rounding.py).
"""

from __future__ import annotations

import numpy as np

from fastmul.kernels.cpu.lowprecision.lanes import (
    AHEAD,
    bits_of,
    divide_floats,
    doubles_of,
    first_as_double,
    first_at_top,
    if_equal,
    join,
    larger,
    largest,
    last_as_double,
    last_at_top,
    like,
    load32,
    load64,
    prefetch,
)
from fastmul.kernels.cpu.lowprecision.rounding import OFFSET, encoded
from fastmul.runtime.jit import inline

MAGNITUDE = np.int64((1 << 63) - 1)
FLOAT, DOUBLE, EIGHT_DOUBLES = np.int64(4), np.int64(8), np.int64(64)


@inline
def float32_vectors(start, element):
    """Sixteen float32 from an element on, as float64."""
    prefetch(start + FLOAT * element + AHEAD)
    floats = load32(start + FLOAT * element)
    return first_as_double(floats), last_as_double(floats)


@inline
def float64_vectors(start, element):
    """Sixteen float64 from an element on."""
    first = start + DOUBLE * element
    prefetch(first + AHEAD)
    prefetch(first + EIGHT_DOUBLES + AHEAD)
    return load64(first), load64(first + EIGHT_DOUBLES)


@inline
def load_divisors(start, element):
    """Sixteen divisors from an element on."""
    first = start + DOUBLE * element
    return doubles_of(load64(first)), doubles_of(load64(first + EIGHT_DOUBLES))


@inline
def quotient(bits, divisor):
    """The bits of x / divisor; 0 where the divisor is 0."""
    zero = like(bits, 0)
    keep = if_equal(bits_of(divisor), zero, zero, like(bits, -1))
    return divide_floats(bits, divisor) & keep


@inline
def quotients(low, high, divisor_low, divisor_high):
    return quotient(low, divisor_low), quotient(high, divisor_high)


@inline
def magnitudes_of_quotients(low, high):
    """The largest magnitude's bits."""
    magnitude = like(low, MAGNITUDE)
    return largest(larger(low & magnitude, high & magnitude))


@inline
def codes_of_quotients(low, high, draw, p):
    """Sixteen codes."""
    offset = like(low, p[OFFSET])
    return join(
        encoded(low, offset, first_at_top(draw), p), encoded(high, offset, last_at_top(draw), p)
    )
