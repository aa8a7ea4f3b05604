"""Words modulo p, entry by entry: operands in, sums of digit products together (proofs in bounds/modular)."""

from __future__ import annotations

import numpy as np
from numba import int64, types, uint64, void

from fastmul.kernels.cpu.limbs_words import multiply_add
from fastmul.runtime.jit import const, inline, kernel

ZERO = np.uint64(0)
TWO = np.uint64(2)
HALF_BIT = np.uint64(50)
TOP_BIT = np.uint64(63)
SIGN = np.uint64(1 << 63)
_INPUT = const(types.Array(types.uint64, 2, "A"))


@inline
def below(r, p):
    """r or r - p, for r < 2p <= 2^64: the other one is larger, as words. (A comparison would be mispredicted.)"""
    return min(r, r - p)


@inline
def times(x, factor, shoup, p):
    """x * factor modulo p, in [0, p), for any word x; shoup = floor(factor * 2^64 / p)."""
    _, q = multiply_add(x, shoup, ZERO, ZERO)
    r = x * factor - q * p
    return below(r, p)


@inline
def reduce(x, reciprocal, p):
    """x modulo p, in [0, p); reciprocal = floor((2^64 - 1) / p)."""
    _, q = multiply_add(x, reciprocal, ZERO, ZERO)
    r = x - q * p
    return below(r, p)


@inline
def add(x, y, p):
    """x + y modulo p <= 2^63, for x and y in [0, p)."""
    return below(x + y, p)


@kernel(void(_INPUT, uint64, uint64, uint64, uint64, uint64, uint64[:, ::1], int64, int64))
def reduce_rows(x, flip, offset, reciprocal, p, above, out, start, stop):
    """out[start:stop] = x modulo p, less p where it is above `above` (p - 1: nowhere).

    Signed words come as x + 2^63, made by flip = 2^63, and offset = -2^63 modulo p; unsigned ones with zeros.
    """
    for i in range(start, stop):
        for j in range(x.shape[1]):
            r = add(reduce(x[i, j] ^ flip, reciprocal, p), offset, p)
            out[i, j] = r - p * np.uint64(r > above)


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
        total = sign * (x[i, last] >> TOP_BIT)
        for j in range(x.shape[1]):
            total = add(total, times(x[i, j], weights[j], shoups[j], p), p)
        out[i] = total


@kernel(void(uint64[:, ::1], const(uint64[:, ::1]), uint64, int64, int64))
def combine_three(parts, steps, p, start, stop):
    """parts[0, start:stop] = the integers with residues parts[i] modulo M_i, modulo p, which is three_moduli's line.

    steps: (factor, shoup, modulus) of 1/M1 modulo M2, 1/M1 and 1/M2 modulo M3; 1, M1, M1 M2, -M1 M2 M3 modulo p.
    Products of int64s are at most a quarter of M1 M2 M3 in size, so that bit 50 of v3 says the sign. Residues are below
    twice each modulus.
    """
    m2, m3 = steps[0, 2], steps[2, 2]
    for i in range(start, stop):
        v1 = parts[0, i]
        v2 = times(parts[1, i] + TWO * m2 - v1, steps[0, 0], steps[0, 1], m2)
        v3 = times(parts[2, i] + TWO * m3 - v1, steps[1, 0], steps[1, 1], m3)
        v3 = times(v3 + TWO * m3 - v2, steps[2, 0], steps[2, 1], m3)
        total = times(v1, steps[3, 0], steps[3, 1], p)
        total = add(total, times(v2, steps[4, 0], steps[4, 1], p), p)
        total = add(total, times(v3, steps[5, 0], steps[5, 1], p), p)
        parts[0, i] = add(total, steps[6, 0] * (v3 >> HALF_BIT), p)
