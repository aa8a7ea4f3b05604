"""Addition and subtraction of limb ranges, inside Numba kernels.

A range is (array, offset, length). Loops take four limbs a turn, so that the carry stays in the carry flag
through four additions and is moved to a register once.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import int64, uint64, void
from numba.core.imputils import impl_ret_borrowed
from numba.extending import intrinsic

from fastmul.kernels.cpu.limbs_words import add_carry, sub_borrow
from fastmul.runtime.jit import const, inline, kernel

ZERO, ONE = np.uint64(0), np.uint64(1)


@intrinsic
def writable(typing_context: Any, array: Any) -> Any:
    """A read-only array under the type of a writable one, so that one recursive kernel serves operands and
    scratch alike; the kernel must not write to it."""

    def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return impl_ret_borrowed(context, builder, sig.return_type, args[0])

    return array.copy(readonly=False)(array), emit


@inline
def add(x, i, y, j, out, o, n, carry):
    """out[o : o+n] = x[i : i+n] + y[j : j+n] + carry; returns the carry. out may be x or y at the same place."""
    k = 0
    while k + 4 <= n:
        s0, carry = add_carry(x[np.uint64(i + k)], y[np.uint64(j + k)], carry)
        s1, carry = add_carry(x[np.uint64(i + k + 1)], y[np.uint64(j + k + 1)], carry)
        s2, carry = add_carry(x[np.uint64(i + k + 2)], y[np.uint64(j + k + 2)], carry)
        s3, carry = add_carry(x[np.uint64(i + k + 3)], y[np.uint64(j + k + 3)], carry)
        out[np.uint64(o + k)] = s0
        out[np.uint64(o + k + 1)] = s1
        out[np.uint64(o + k + 2)] = s2
        out[np.uint64(o + k + 3)] = s3
        k += 4
    while k < n:
        s0, carry = add_carry(x[np.uint64(i + k)], y[np.uint64(j + k)], carry)
        out[np.uint64(o + k)] = s0
        k += 1
    return carry


@inline
def subtract(x, i, y, j, out, o, n, borrow):
    """out[o : o+n] = x[i : i+n] - y[j : j+n] - borrow; returns the borrow. out may be x or y at the same place."""
    k = 0
    while k + 4 <= n:
        s0, borrow = sub_borrow(x[np.uint64(i + k)], y[np.uint64(j + k)], borrow)
        s1, borrow = sub_borrow(x[np.uint64(i + k + 1)], y[np.uint64(j + k + 1)], borrow)
        s2, borrow = sub_borrow(x[np.uint64(i + k + 2)], y[np.uint64(j + k + 2)], borrow)
        s3, borrow = sub_borrow(x[np.uint64(i + k + 3)], y[np.uint64(j + k + 3)], borrow)
        out[np.uint64(o + k)] = s0
        out[np.uint64(o + k + 1)] = s1
        out[np.uint64(o + k + 2)] = s2
        out[np.uint64(o + k + 3)] = s3
        k += 4
    while k < n:
        s0, borrow = sub_borrow(x[np.uint64(i + k)], y[np.uint64(j + k)], borrow)
        out[np.uint64(o + k)] = s0
        k += 1
    return borrow


@inline
def add_word(x, i, out, o, n, carry):
    """out[o : o+n] = x[i : i+n] + carry; returns the carry."""
    for k in range(n):
        total, carry = add_carry(x[np.uint64(i + k)], carry, ZERO)
        out[np.uint64(o + k)] = total
    return carry


@inline
def subtract_word(x, i, out, o, n, borrow):
    """out[o : o+n] = x[i : i+n] - borrow; returns the borrow."""
    for k in range(n):
        rest, borrow = sub_borrow(x[np.uint64(i + k)], borrow, ZERO)
        out[np.uint64(o + k)] = rest
    return borrow


@inline
def carry_on(out, o, carry):
    """out += carry * 2**(64*o), as far as it travels: the caller knows that it ends inside the array."""
    while carry:
        total, carry = add_carry(out[np.uint64(o)], carry, ZERO)
        out[np.uint64(o)] = total
        o += 1


@inline
def add_overlapping(out, o, overlap, x, i, n):
    """out[o : o+n] = x[i : i+n] + out[o : o+overlap]: two products, the second begun before the first ends."""
    carry = add(out, o, x, i, out, o, overlap, ZERO)
    add_word(x, i + overlap, out, o + overlap, n - overlap, carry)


@inline
def is_less(x, i, m, y, j, n):
    """Whether x[i : i+m] < y[j : j+n], for m >= n."""
    for k in range(m - 1, n - 1, -1):
        if x[np.uint64(i + k)]:
            return False
    for k in range(n - 1, -1, -1):
        u, v = x[np.uint64(i + k)], y[np.uint64(j + k)]
        if u != v:
            return u < v
    return False


@inline
def difference(x, i, m, y, j, n, out, o):
    """out[o : o+m] = |x[i : i+m] - y[j : j+n]| for m >= n; returns whether x < y."""
    if is_less(x, i, m, y, j, n):  # then the limbs of x from n on are zero
        subtract(y, j, x, i, out, o, n, ZERO)
        for k in range(n, m):
            out[np.uint64(o + k)] = ZERO
        return True
    borrow = subtract(x, i, y, j, out, o, n, ZERO)
    subtract_word(x, i + n, out, o + n, m - n, borrow)
    return False


@kernel(void(uint64[::1], int64, const(uint64[::1])))
def add_shifted(out, overlap, x):
    """out[:overlap] += x[:overlap], out[overlap : len(x)] = x[overlap:], with the carry from one to the other."""
    add_overlapping(out, 0, overlap, x, 0, x.size)
