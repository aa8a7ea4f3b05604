"""Karatsuba multiplication of limb arrays: three half-size products for four, without carries out of the halves.

a = a1 * X + a0, b = b1 * X + b0, X = 2**(64*h), h = ceil(m/2)

a*b = z2 * X**2 + (z0 + z2 - (a0 - a1) * (b0 - b1)) * X + z0,    z0 = a0*b0, z2 = a1*b1

     0       h       2h      3h     m+n
out  |-------z0------|-------z2------|
             |z0 + z2 -/+ |da|*|db| |        added last; it was made in scratch
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numba import boolean, int64, uint64, void

from fastmul.kernels.cpu.limbs_add import (
    add,
    add_overlapping,
    add_word,
    carry_on,
    difference,
    subtract,
    writable,
)
from fastmul.kernels.cpu.limbs_schoolbook import schoolbook
from fastmul.runtime.jit import const, inline, kernel

ZERO, ONE = np.uint64(0), np.uint64(1)

#: Below this many limbs of the smaller operand schoolbook is faster (AMD Zen 4, 2026-11-24).
KARATSUBA_LIMBS = 32


@lru_cache(maxsize=1024)
def karatsuba_scratch(m: int, n: int) -> int:
    """Limbs of scratch that `karatsuba_range` needs for m >= n: the same case distinction, so equal by induction."""
    if n < KARATSUBA_LIMBS:
        return 0
    h = (m + 1) // 2
    if 3 * n <= 2 * m:
        low = karatsuba_scratch(max(h, n), min(h, n))
        high = karatsuba_scratch(max(m - h, n), min(m - h, n))
        return max(low, m - h + n + high)
    return 2 * h + max(karatsuba_scratch(h, h), karatsuba_scratch(m - h, n - h))


@inline
def evaluate(a, i, m, b, j, n, h, out, o):
    """out[o : o+h] = |a0 - a1|, out[o+h : o+2h] = |b0 - b1|; returns whether (a0 - a1) * (b0 - b1) < 0 or is -0."""
    below = difference(a, i, h, a, i + h, m - h, out, o)
    return below != difference(b, j, h, b, j + h, n - h, out, o + h)


@inline
def interpolate(out, o, h, total, scratch, s, negative):
    """out[o : o+total] = a*b, from z0 and z2 in out and |da|*|db| in scratch[s : s+2h]."""
    high, size = o + 2 * h, total - 2 * h  # z2 has size <= 2h limbs
    # scratch = z0 + z2 -/+ |da|*|db|, of 2h limbs and `top`; it is a0*b1 + a1*b0, so never negative
    if negative:
        top = add(out, o, scratch, s, scratch, s, 2 * h, ZERO)
    else:
        top = ZERO - subtract(out, o, scratch, s, scratch, s, 2 * h, ZERO)
    carry = add(scratch, s, out, high, scratch, s, size, ZERO)
    top += add_word(scratch, s + size, scratch, s + size, 2 * h - size, carry)
    top += add(out, o + h, scratch, s, out, o + h, 2 * h, ZERO)
    carry_on(out, o + 3 * h, top)


ARRAY = uint64[::1]


@kernel(void(ARRAY, int64, int64, ARRAY, int64, int64, ARRAY, int64, ARRAY, int64))
def karatsuba_range(a, i, m, b, j, n, out, o, scratch, s):
    """out[o : o+m+n] = a[i : i+m] * b[j : j+n], for m >= n >= 1; a and b are only read."""
    if n < KARATSUBA_LIMBS:
        schoolbook(a, i, m, b, j, n, out, o)
        return
    h = (m + 1) // 2
    if 3 * n <= 2 * m:
        # the halves of a times all of b; a half is again within a factor of 3/2 of b, or is halved again
        if h >= n:
            karatsuba_range(a, i, h, b, j, n, out, o, scratch, s)
        else:
            karatsuba_range(b, j, n, a, i, h, out, o, scratch, s)
        if m - h >= n:
            karatsuba_range(a, i + h, m - h, b, j, n, scratch, s, scratch, s + m - h + n)
        else:
            karatsuba_range(b, j, n, a, i + h, m - h, scratch, s, scratch, s + m - h + n)
        add_overlapping(out, o + h, n, scratch, s, m - h + n)
        return
    # now n > 2m/3: b1 has limbs, for n > h, and the middle ends inside out, for 3h <= 3(m+1)/2 <= m + n
    negative = evaluate(a, i, m, b, j, n, h, out, o)
    karatsuba_range(out, o, h, out, o + h, h, scratch, s, scratch, s + 2 * h)
    karatsuba_range(a, i, h, b, j, h, out, o, scratch, s + 2 * h)
    karatsuba_range(a, i + h, m - h, b, j + h, n - h, out, o + 2 * h, scratch, s + 2 * h)
    interpolate(out, o, h, m + n, scratch, s, negative)


@kernel(void(const(ARRAY), const(ARRAY), ARRAY, ARRAY))
def karatsuba(a, b, out, scratch):
    """out = a * b for len(a) >= len(b) >= 1; scratch holds karatsuba_scratch(len(a), len(b)) limbs."""
    karatsuba_range(writable(a), 0, a.size, writable(b), 0, b.size, out, 0, scratch, 0)


@kernel(void(const(ARRAY), const(ARRAY), ARRAY))
def karatsuba_alone(a, b, out):
    """out = a * b for len(a) >= len(b) >= 1, with scratch of its own: what a small product has no time to lease.

    S(m, n) = karatsuba_scratch(m, n) <= 3 (m + n) by induction. Halves times b: m - h + n + S <= 4 (m - h + n)
    <= 2m + 4n <= 3 (m + n), for n <= m. Three products: n > 2m/3, so 2h + S(h, h) <= 8h <= 4m + 4 <= 5m < 3 (m + n).
    """
    scratch = np.empty(3 * out.size, np.uint64)
    karatsuba_range(writable(a), 0, a.size, writable(b), 0, b.size, out, 0, scratch, 0)


# One level of the recursion by itself, for the levels above the largest kernel call that Ctrl-C may wait for.


@kernel(boolean(const(ARRAY), const(ARRAY), int64, ARRAY))
def karatsuba_evaluate(a, b, h, out):
    return evaluate(writable(a), 0, a.size, writable(b), 0, b.size, h, out, 0)


@kernel(void(ARRAY, int64, ARRAY, boolean))
def karatsuba_interpolate(out, h, scratch, negative):
    interpolate(out, 0, h, out.size, scratch, 0, negative)
