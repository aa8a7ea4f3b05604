"""Dot products in about three times the working precision, and whether that decides how they round.

Each step keeps what its roundings lost: see bounds/compensated.py, which proves the radius.
"""

from __future__ import annotations

import numpy as np

from fastmul.bounds.compensated import DEPTH, UNDERFLOW
from fastmul.kernels.cpu import vectors as v
from fastmul.runtime.jit import inline

LANES = v.LANES
#: Scratch of a dot product, in float64s: four vectors.
SCRATCH = 4 * LANES
#: 8 u^3, u = 2^-53.
EIGHT_CUBED_ROUNDOFFS = 2.0**-156
#: More than the rounding of an end of an interval: twice the unit roundoff.
END = 2.0**-52
#: Below it floats may be spaced as subnormal numbers are: nothing is decided there.
SMALL = 2.0**-900


@inline
def two_sum(a, b):
    """(s, d): s = fl(a + b), s + d = a + b."""
    s = a + b
    t = s - a
    return s, (a - (s - t)) + (b - t)


@inline
def take(s, c, t, p, e):
    """The sum s + c + t with p + e added to it, e much smaller than p."""
    s, d = two_sum(s, p)
    c, f = two_sum(c, d)
    c, g = two_sum(c, e)
    return s, c, t + (f + g)


@inline
def step(s, c, t, m, x, y):
    """The sums with the products x * y taken in; m is that of their magnitudes."""
    p = x * y
    s, c, t = take(s, c, t, p, v.fms(x, y, p))
    return s, c, t, m + v.absolute(p)


@inline
def dot(a, b, scratch):
    """(value, rest, magnitude, joined): value + rest is nearly the sum of a * b, magnitude the sum of |a * b|.

    `joined` is a number whose rounding is lost, too: value + rest is off by `joined` times the unit roundoff more.
    """
    s = c = t = m = v.splat(0.0)
    whole = a.size // LANES * LANES
    for l in range(0, whole, LANES):
        s, c, t, m = step(s, c, t, m, v.load(a, l), v.load(b, l))
    if whole < a.size:
        scratch[:] = 0.0
        for l in range(whole, a.size):
            scratch[l - whole], scratch[LANES + l - whole] = a[l], b[l]
        s, c, t, m = step(s, c, t, m, v.load(scratch, 0), v.load(scratch, LANES))
    v.store(scratch, 0, s)
    v.store(scratch, LANES, c)
    v.store(scratch, 2 * LANES, t)
    v.store(scratch, 3 * LANES, m)
    total, low, lowest, magnitude = 0.0, 0.0, 0.0, 0.0
    for i in range(LANES):
        total, low, lowest = take(total, low, lowest, scratch[i], scratch[LANES + i])
        lowest += scratch[2 * LANES + i]
        magnitude += scratch[3 * LANES + i]
    total, low = two_sum(total, low)
    value, rest = two_sum(total, low + lowest)
    return value, rest, magnitude, np.abs(low + lowest)


@inline
def rounded_dot(a, b, scratch, is_float32):
    """(decided, the sum of a * b rounded once): to float32, or to float64.

    The true sum lies in an interval around `value`, and its ends are rounded: rounding is monotone. The ends of
    float64 are rounded only as they are formed; those of float32 are moved outwards by that rounding before.
    """
    value, rest, magnitude, low = dot(a, b, scratch)
    if not SMALL < np.abs(value) < np.inf or not np.isfinite(rest) or a.size > DEPTH:
        return False, 0.0
    n = np.float64(a.size + 16)
    radius = n * n * n * EIGHT_CUBED_ROUNDOFFS * magnitude + a.size * UNDERFLOW
    radius += (low + np.abs(rest)) * END
    if is_float32:
        radius += np.abs(value) * END + np.abs(rest)
        low_end, high_end = np.float32(value - radius), np.float32(value + radius)
        return radius < np.abs(value) and low_end == high_end, np.float64(low_end)
    return value + (rest - radius) == value and value + (rest + radius) == value, value
