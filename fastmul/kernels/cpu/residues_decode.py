"""Residues back to integers: the Chinese remainder in groups of moduli, in 52-bit words (`bounds.residues`).

    y_i, balanced residues       ->  Z_g = R_g P_g + sum of y_i P_g/m_i over the group: one float64
    Z_g, and q = round(sum Z_g/P_g)  ->  sum of Z_g (M/P_g) + q (2^b - M) modulo 2^b, b = 52 words
    52-bit words                 ->  64-bit limbs

The middle line is a product of a vector by a small matrix of words, column by column:

    column w:  low halves of Z_g words[g, w]  +  high halves of Z_g words[g, w - 1]  +  carry

Z_g is added to 2^52: then the low 52 bits of the float64 are the integer, as the 52-bit multiply-add wants it.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba import float64, int8, int16, int64, types, uint64, void
from numba.extending import intrinsic

from fastmul.bounds.residues import WORD_BITS
from fastmul.kernels.cpu.gemm import emit
from fastmul.kernels.cpu.ntt_vectors import bits, multiply_add_high, multiply_add_low
from fastmul.kernels.cpu.vectors import (
    LANES,
    f64x8,
    fma,
    load,
    rint,
    shift_left,
    shift_right,
    splat,
    store,
)
from fastmul.runtime.jit import const, kernel

#: Entries decoded at a time: two vectors.
ENTRIES = 2 * LANES
LIMB_BITS = 64
INTEGER_BITS = 2.0**WORD_BITS
WORD = np.uint64((1 << WORD_BITS) - 1)
ZERO = np.uint64(0)


@intrinsic
def load_residues(typing_context: Any, array: Any, i: Any, j: Any) -> Any:
    """array[i, j : j + 8] of small integers, as eight doubles."""

    def lower(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        made = context.make_array(sig.args[0])(context, builder, args[0])
        row = builder.mul(args[1], builder.extract_value(made.shape, 1))
        pointer = builder.gep(made.data, [builder.add(row, args[2])])
        element = ir.IntType(sig.args[0].dtype.bitwidth)
        integers = emit.load(builder, pointer, ir.VectorType(element, LANES))
        return builder.sitofp(integers, ir.VectorType(ir.DoubleType(), LANES))

    return f64x8(array, types.int64, types.int64), lower


def _decode(residues, factors, starts, lifts, inverses, words, start, stop, out):  # type: ignore[no-untyped-def]
    """Template: out[16 t : 16 t + 16] = the integers of columns 16 t ... of `residues`, for start <= t < stop.

    residues (moduli, columns), columns a multiple of 16; factors P_g/m_i; starts of the groups, and their number of
    moduli last; lifts R_g P_g; inverses 1/P_g; words (groups + 1, columns + 1) with a first column of zeros and a last
    row of 2^b - M; out (count, n_limbs), two's complement.
    """
    n_groups, n_columns = lifts.size, words.shape[1] - 1
    count, n_limbs = out.shape
    z = np.empty((n_groups + 1) * ENTRIES, np.uint64)
    limbs = np.empty((n_limbs + 1) * ENTRIES, np.uint64)
    to_bits, mask = splat(INTEGER_BITS), splat(WORD)
    for t in range(start, stop):
        first = t * ENTRIES
        share_a, share_b = splat(0.0), splat(0.0)
        for g in range(n_groups):
            a = b = splat(lifts[g])
            for i in range(starts[g], starts[g + 1]):
                factor = splat(factors[i])
                a = fma(load_residues(residues, i, first), factor, a)
                b = fma(load_residues(residues, i, first + LANES), factor, b)
            inverse = splat(inverses[g])
            share_a, share_b = fma(a, inverse, share_a), fma(b, inverse, share_b)
            store(z, g * ENTRIES, bits(a + to_bits))
            store(z, g * ENTRIES + LANES, bits(b + to_bits))
        store(z, n_groups * ENTRIES, bits(rint(share_a) + to_bits))
        store(z, n_groups * ENTRIES + LANES, bits(rint(share_b) + to_bits))

        carry_a = carry_b = value_a = value_b = splat(ZERO)
        filled = n_done = 0
        for w in range(n_columns):
            low_a, low_b, high_a, high_b = carry_a, carry_b, splat(ZERO), splat(ZERO)
            for g in range(n_groups + 1):
                here, below = splat(words[g, w + 1]), splat(words[g, w])
                za, zb = load(z, g * ENTRIES), load(z, g * ENTRIES + LANES)
                low_a = multiply_add_low(low_a, za, here)
                low_b = multiply_add_low(low_b, zb, here)
                high_a = multiply_add_high(high_a, za, below)
                high_b = multiply_add_high(high_b, zb, below)
            low_a, low_b = low_a + high_a, low_b + high_b
            carry_a, carry_b = shift_right(low_a, WORD_BITS), shift_right(low_b, WORD_BITS)
            word_a, word_b = low_a & mask, low_b & mask
            value_a = value_a | shift_left(word_a, filled)
            value_b = value_b | shift_left(word_b, filled)
            filled += WORD_BITS
            if filled >= LIMB_BITS:
                store(limbs, n_done * ENTRIES, value_a)
                store(limbs, n_done * ENTRIES + LANES, value_b)
                filled, n_done = filled - LIMB_BITS, n_done + 1
                value_a = shift_right(word_a, WORD_BITS - filled)
                value_b = shift_right(word_b, WORD_BITS - filled)
        for e in range(min(ENTRIES, count - first)):
            for limb in range(n_limbs):
                out[first + e, limb] = limbs[limb * ENTRIES + e]


def _make(dtype: types.Type, name: str):  # type: ignore[no-untyped-def]
    signature = void(
        const(dtype[:, ::1]), const(float64[::1]), const(int64[::1]), const(float64[::1]), const(float64[::1]),
        const(uint64[:, ::1]), int64, int64, uint64[:, ::1],
    )  # fmt: skip
    return kernel(signature, name=name)(_decode)


decode_bytes, decode_halves = _make(int8, "decode_bytes"), _make(int16, "decode_halves")
