"""Schoolbook multiplication of limb arrays: every limb by every limb, four rows at a time."""

from __future__ import annotations

import numpy as np
from numba import int64, uint64, void

from fastmul.kernels.cpu.limbs_words import multiply_add
from fastmul.runtime.jit import const, inline, kernel

ZERO = np.uint64(0)


@inline
def _row(out, o, a, i, n, y, add):
    """out[o : o+n+1] = a[i : i+n] * y + (out[o : o+n] if add else 0)."""
    carry = ZERO
    for k in range(n):
        before = out[np.uint64(o + k)] if add else ZERO
        low, carry = multiply_add(a[np.uint64(i + k)], y, carry, before)
        out[np.uint64(o + k)] = low
    out[np.uint64(o + n)] = carry


@inline
def _four_rows(out, o, a, i, n, b, j, add):
    """out[o : o+n+4] = a[i : i+n] * b[j : j+4] + (out[o : o+n] if add else 0)."""
    y0, y1, y2, y3 = b[np.uint64(j)], b[np.uint64(j + 1)], b[np.uint64(j + 2)], b[np.uint64(j + 3)]
    w0, w1, w2, w3 = ZERO, ZERO, ZERO, ZERO
    for k in range(n):
        x = a[np.uint64(i + k)]
        before = out[np.uint64(o + k)] if add else ZERO
        low, high = multiply_add(x, y0, w0, before)
        out[np.uint64(o + k)] = low
        w0, high = multiply_add(x, y1, w1, high)
        w1, high = multiply_add(x, y2, w2, high)
        w2, w3 = multiply_add(x, y3, w3, high)
    out[np.uint64(o + n)] = w0
    out[np.uint64(o + n + 1)] = w1
    out[np.uint64(o + n + 2)] = w2
    out[np.uint64(o + n + 3)] = w3


@kernel(
    void(const(uint64[::1]), int64, int64, const(uint64[::1]), int64, int64, uint64[::1], int64)
)
def schoolbook(a, i, m, b, j, n, out, o):
    """out[o : o+m+n] = a[i : i+m] * b[j : j+n], for m, n >= 1; fastest for m >= n."""
    if n < 4:
        _row(out, o, a, i, m, b[np.uint64(j)], False)
        done = 1
    else:
        _four_rows(out, o, a, i, m, b, j, False)
        done = 4
    while done + 4 <= n:
        _four_rows(out, o + done, a, i, m, b, j + done, True)
        done += 4
    while done < n:
        _row(out, o + done, a, i, m, b[np.uint64(j + done)], True)
        done += 1


@kernel(void(const(uint64[::1]), const(uint64[::1]), uint64[::1]))
def schoolbook_add(a, b, out):
    """out = a * b + out[:len(a)], of len(a) + len(b) limbs."""
    done, m, n = 0, a.size, b.size
    while done + 4 <= n:
        _four_rows(out, done, a, 0, m, b, done, True)
        done += 4
    while done < n:
        _row(out, done, a, 0, m, b[np.uint64(done)], True)
        done += 1
