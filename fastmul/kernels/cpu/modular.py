"""Words modulo p, entry by entry: operands in, sums of digit products together (proofs in bounds/modular)."""

from __future__ import annotations

import numpy as np
from numba import int64, types, uint64, void

from fastmul.kernels.cpu.limbs_words import multiply_add
from fastmul.runtime.jit import const, inline, kernel

ZERO = np.uint64(0)
TOP_BIT = np.uint64(63)
SIGN = np.uint64(1 << 63)
_INPUT = const(types.Array(types.uint64, 2, "A"))


@inline
def times(x, factor, shoup, p):
    """x * factor modulo p, in [0, p), for any word x; shoup = floor(factor * 2^64 / p)."""
    _, q = multiply_add(x, shoup, ZERO, ZERO)
    r = x * factor - q * p
    return r - p if r >= p else r


@inline
def reduce(x, reciprocal, p):
    """x modulo p, in [0, p); reciprocal = floor((2^64 - 1) / p)."""
    _, q = multiply_add(x, reciprocal, ZERO, ZERO)
    r = x - q * p
    return r - p if r >= p else r


@inline
def add(x, y, p):
    """x + y modulo p <= 2^63, for x and y in [0, p)."""
    s = x + y
    return s - p if s >= p else s


@kernel(void(_INPUT, uint64, uint64, uint64, uint64, uint64, uint64[:, ::1], int64, int64))
def reduce_rows(x, flip, offset, reciprocal, p, above, out, start, stop):
    """out[start:stop] = x modulo p, less p where it is above `above` (p - 1: nowhere).

    Signed words come as x + 2^63, made by flip = 2^63, and offset = -2^63 modulo p; unsigned ones with zeros.
    """
    for i in range(start, stop):
        for j in range(x.shape[1]):
            r = add(reduce(x[i, j] ^ flip, reciprocal, p), offset, p)
            out[i, j] = r - p if r > above else r


@kernel(
    void(uint64[:, ::1], const(int64[:, ::1]), uint64, uint64, uint64, uint64, uint64, int64, int64)
)
def fold_rows(total, terms, factor, shoup, reciprocal, offset, p, start, stop):
    """total[start:stop] = total * factor + terms modulo p; offset = -2^63 modulo p, as in reduce_rows."""
    for i in range(start, stop):
        for j in range(total.shape[1]):
            term = add(reduce(np.uint64(terms[i, j]) ^ SIGN, reciprocal, p), offset, p)
            total[i, j] = add(times(total[i, j], factor, shoup, p), term, p)


@kernel(
    void(
        const(uint64[:, ::1]), const(uint64[::1]), const(uint64[::1]), uint64, uint64, uint64[::1], int64, int64
    )
)  # fmt: skip
def reduce_limbs(x, weights, shoups, sign, p, out, start, stop):
    """out[start:stop] = the rows of limbs x, in two's complement, modulo p; sign = -2^(64 limbs) modulo p."""
    last = x.shape[1] - 1
    for i in range(start, stop):
        total = sign if x[i, last] >> TOP_BIT else ZERO
        for j in range(x.shape[1]):
            total = add(total, times(x[i, j], weights[j], shoups[j], p), p)
        out[i] = total
