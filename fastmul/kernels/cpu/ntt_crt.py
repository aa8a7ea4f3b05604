"""The last pass of a product: up the first three levels, residues become integers, integers become limbs.

A coefficient C of the product polynomial, 0 <= C < M = p1 p2 p3, is known by its residues. With M_i = M / p_i
and r_i = C / M_i modulo p_i,

    C = r_1 M_1 + r_2 M_2 + r_3 M_3 - k M,    k = floor(r_1/p_1 + r_2/p_2 + r_3/p_3),

where any representatives r_i will do, and k is found in float64 because C/M keeps away from 1
(`fastmul.bounds.crt`). We take r_i + 2 p_i, which is positive, and add it to 2^52: then the low 52 bits of the
float64 *are* the integer, as the 52-bit multiply-add wants it. Sums are kept in three words of 52 bits, cut
into lo + 2^64 mid + 2^128 hi, and three neighbouring coefficients make a limb:

    limb[i] = lo[i] + mid[i-1] + hi[i-2] + carry

The carries of eight limbs are one addition of bit masks: a limb that is all ones passes a carry on, so adding
the mask of generated carries to the mask of all-ones limbs lets them ripple.
"""

from __future__ import annotations

import numpy as np
from numba import int64, void

from fastmul.bounds.crt import INTEGER_BITS, NEAR_ZERO, REPRESENTATIVE
from fastmul.kernels.cpu.ntt_arithmetic import close4, mulmod, mulmod2, open4, reduce
from fastmul.kernels.cpu.ntt_limbs import BUFFER, LIMBS
from fastmul.kernels.cpu.ntt_passes import ROW, TABLE
from fastmul.kernels.cpu.ntt_vectors import bits, multiply_add_high, multiply_add_low, store_until
from fastmul.kernels.cpu.vectors import (
    add_mask,
    fma,
    load,
    mask_equal,
    mask_less,
    shift_in_1,
    shift_in_2,
    shift_left,
    shift_right,
    splat,
    store,
)
from fastmul.runtime.jit import inline, kernel

STATES = int64[::1]

#: Where each constant of a prime lies in its row of `constants` (`transforms.residues.leave_constants`).
P, PINV, SCALE = 0, 1, 2
INV_I, INV_Z, INV_IZ = 3, 4, 5
HALF, HALF_I, HALF_Z, HALF_IZ, TWO = 6, 7, 8, 9, 10
I, INV_4I, IZ_INV_4I, QUARTER, IZ_QUARTER = 11, 12, 13, 14, 15
CONSTANTS = 16

#: The state of a segment: mid and hi of its last eight coefficients, the carry of lo + mid, the carry of the limb.
MID, HI, CARRY_MID, CARRY, STATE = 0, 8, 16, 17, 24

#: Columns taken through both halves of the pass at a time: 8 blocks of 3 primes take 192 KiB of the L2 cache. Fewer
#: would fit L1, but long runs count for more: each starts with empty pipelines, on cache lines that nobody asked for.
COLUMNS = 1024

WORD = (1 << 52) - 1
SEGMENTS = 8
ONE, ZERO = np.uint64(1), np.uint64(0)


# ---------------------------------------------------------------------------- up the first three levels


@inline
def store_scaled(x, i, j, a, b, scale, p, pinv):
    """x[i:] = a / M_i, x[j:] = b / M_i, as representatives r_i in `bounds.ntt.RESIDUE`."""
    a, b = mulmod2(a, b, scale, scale, p, pinv)
    store(x, i, a)
    store(x, j, b)


@inline
def open_root_8(x, i, block, inv_i, inv_z, inv_iz, p, pinv):
    """The first of three levels of eight blocks."""
    a, b, c, d = load(x, i), load(x, i + block), load(x, i + 2 * block), load(x, i + 3 * block)
    e, f = load(x, i + 4 * block), load(x, i + 5 * block)
    g, h = load(x, i + 6 * block), load(x, i + 7 * block)
    a, b, c, d, e, f, g, h = a + b, a - b, c + d, c - d, e + f, e - f, g + h, g - h
    d, f = mulmod2(d, f, inv_i, inv_z, p, pinv)
    return a, b, c, d, e, f, g, mulmod(h, inv_iz, p, pinv)


@inline
def turn_root_8(v, inv_i, p, pinv):
    """The second."""
    a, b, c, d, e, f, g, h = v
    a, c, b, d = a + c, a - c, b + d, b - d
    e, g, f, h = e + g, e - g, f + h, f - h
    g, h = mulmod2(g, h, inv_i, inv_i, p, pinv)
    return reduce(a, p, pinv), b, c, d, reduce(e, p, pinv), f, g, h


@inline
def open_scaled(v, scale, p, pinv):
    """The third, and the products with the scale but for their last additions."""
    a, b, c, d, e, f, g, h = v
    return (
        open4(a + e, b + f, c + g, d + h, scale, scale, scale, scale, p, pinv),
        open4(a - e, b - f, c - g, d - h, scale, scale, scale, scale, p, pinv),
    )


@inline
def close_scaled(o, x, i, block):
    a, b, c, d = close4(o[0])
    e, f, g, h = close4(o[1])
    store(x, i, a)
    store(x, i + block, b)
    store(x, i + 2 * block, c)
    store(x, i + 3 * block, d)
    store(x, i + 4 * block, e)
    store(x, i + 5 * block, f)
    store(x, i + 6 * block, g)
    store(x, i + 7 * block, h)


@inline
def join_root_8(x, i, block, k, at):
    """Two columns of eight blocks from their values at the eight roots of y**8 = 1, staggered."""
    p, pinv, scale = splat(k[at + P]), splat(k[at + PINV]), splat(k[at + SCALE])
    inv_i, inv_z, inv_iz = splat(k[at + INV_I]), splat(k[at + INV_Z]), splat(k[at + INV_IZ])
    v = open_root_8(x, i, block, inv_i, inv_z, inv_iz, p, pinv)
    w = open_root_8(x, i + 8, block, inv_i, inv_z, inv_iz, p, pinv)
    v = turn_root_8(v, inv_i, p, pinv)
    w = turn_root_8(w, inv_i, p, pinv)
    s = open_scaled(v, scale, p, pinv)
    t = open_scaled(w, scale, p, pinv)
    close_scaled(s, x, i, block)
    close_scaled(t, x, i + 8, block)


# Fewer than eight: the product is P = P4 + (y^4 - 1) Q with P4 from the first four values, and y^4 - 1 = -2 at
# the others:
#     5 values    Q = q0             from P(z)
#     6 values    Q = q0 + q1 y      from P modulo y^2 - I, that is from P(z) and P(-z)
#     7 values    and (y^2 - I) q2 more, from P(t), t = I z, where (y^4 - 1)(y^2 - I) = 4 I


@inline
def join_first_4(x, i, block, inv_i, p, pinv):
    """4 P4, reduced."""
    a, b, c, d = load(x, i), load(x, i + block), load(x, i + 2 * block), load(x, i + 3 * block)
    a, b, c, d = a + b, a - b, c + d, c - d
    d = mulmod(d, inv_i, p, pinv)
    a, c, b, d = a + c, a - c, b + d, b - d
    return reduce(a, p, pinv), reduce(b, p, pinv), reduce(c, p, pinv), reduce(d, p, pinv)


@inline
def store_4(x, i, block, a, b, c, d, scale, p, pinv):
    store_scaled(x, i, i + block, a, b, scale, p, pinv)
    store_scaled(x, i + 2 * block, i + 3 * block, c, d, scale, p, pinv)


@inline
def join_root_4(x, i, block, k, at):
    p, pinv = splat(k[at + P]), splat(k[at + PINV])
    a, b, c, d = join_first_4(x, i, block, splat(k[at + INV_I]), p, pinv)
    store_4(x, i, block, a, b, c, d, splat(k[at + SCALE]), p, pinv)


@inline
def join_root_5(x, i, block, k, at):
    p, pinv = splat(k[at + P]), splat(k[at + PINV])
    a, b, c, d = join_first_4(x, i, block, splat(k[at + INV_I]), p, pinv)
    s, t = mulmod2(a, b, splat(k[at + HALF]), splat(k[at + HALF_Z]), p, pinv)
    u, v = mulmod2(c, d, splat(k[at + HALF_I]), splat(k[at + HALF_IZ]), p, pinv)
    e = (s + t) + (u + v) - mulmod(load(x, i + 4 * block), splat(k[at + TWO]), p, pinv)
    scale = splat(k[at + SCALE])
    store_4(x, i, block, a - e, b, c, d, scale, p, pinv)
    store(x, i + 4 * block, mulmod(e, scale, p, pinv))


@inline
def join_first_6(x, i, block, k, at, p, pinv):
    """4 (P4 + (y^4 - 1)(q0 + q1 y)), six coefficients."""
    a, b, c, d = join_first_4(x, i, block, splat(k[at + INV_I]), p, pinv)
    e, f = load(x, i + 4 * block), load(x, i + 5 * block)
    s, t = mulmod2(a, b, splat(k[at + HALF]), splat(k[at + HALF]), p, pinv)
    u, v = mulmod2(c, d, splat(k[at + HALF_I]), splat(k[at + HALF_I]), p, pinv)
    f, e = mulmod(e - f, splat(k[at + INV_Z]), p, pinv), e + f
    e, f = s + u - e, t + v - f
    return a - e, b - f, c, d, e, f


@inline
def join_root_6(x, i, block, k, at):
    p, pinv = splat(k[at + P]), splat(k[at + PINV])
    a, b, c, d, e, f = join_first_6(x, i, block, k, at, p, pinv)
    scale = splat(k[at + SCALE])
    store_4(x, i, block, a, b, c, d, scale, p, pinv)
    store_scaled(x, i + 4 * block, i + 5 * block, e, f, scale, p, pinv)


@inline
def join_root_7(x, i, block, k, at):
    p, pinv = splat(k[at + P]), splat(k[at + PINV])
    a, b, c, d, e, f = join_first_6(x, i, block, k, at, p, pinv)
    g = mulmod(load(x, i + 6 * block), splat(k[at + INV_I]), p, pinv)
    s, t = a - reduce(e, p, pinv), b - reduce(f, p, pinv)
    s, t = mulmod2(s, t, splat(k[at + INV_4I]), splat(k[at + IZ_INV_4I]), p, pinv)
    u, v = mulmod2(c, d, splat(k[at + QUARTER]), splat(k[at + IZ_QUARTER]), p, pinv)
    g = g - s - t + u + v
    s = mulmod(g, splat(k[at + I]), p, pinv)
    scale = splat(k[at + SCALE])
    store_4(x, i, block, a + s, b, c - g, d, scale, p, pinv)
    store_scaled(x, i + 4 * block, i + 5 * block, e - s, f, scale, p, pinv)
    store(x, i + 6 * block, mulmod(g, scale, p, pinv))


@kernel(void(ROW, int64, int64, int64, int64, TABLE, int64))
def join_root(x, block, children, start, stop, constants, at):
    """Columns start..stop of x, from values to the r_i of the coefficients."""
    if children == 8:
        for i in range(start, stop, 16):
            join_root_8(x, i, block, constants, at)
    elif children == 7:
        for i in range(start, stop, 8):
            join_root_7(x, i, block, constants, at)
    elif children == 6:
        for i in range(start, stop, 8):
            join_root_6(x, i, block, constants, at)
    elif children == 5:
        for i in range(start, stop, 8):
            join_root_5(x, i, block, constants, at)
    else:
        for i in range(start, stop, 8):
            join_root_4(x, i, block, constants, at)


# ---------------------------------------------------------------------------- residues to limbs


@inline
def add_low(acc, v, word):
    """In tandem: acc + the low halves of the products of 52 bits."""
    return multiply_add_low(acc[0], v[0], word), multiply_add_low(acc[1], v[1], word)


@inline
def add_high(acc, v, word):
    """In tandem: acc + the high halves of the products of 52 bits."""
    return multiply_add_high(acc[0], v[0], word), multiply_add_high(acc[1], v[1], word)


@inline
def to_64_bits(w0, w1, w2):
    """w0 + 2^52 w1 + 2^104 w2 modulo 2^156, words of up to 56 bits, as lo + 2^64 mid + 2^128 hi."""
    word = splat(WORD)
    w1 = w1 + shift_right(w0, 52)
    w2 = w2 + shift_right(w1, 52)
    w0, w1, w2 = w0 & word, w1 & word, w2 & word
    mid = shift_right(w1, 12) | shift_left(w2, 40)
    return w0 | shift_left(w1, 52), mid, shift_right(w2, 24)


@inline
def add_neighbours(lo, mid, hi, carry_mid, carry):
    """Eight limbs lo + mid + hi and the carries into them; the carries out of lo + mid and of the limb."""
    total = lo + mid
    generated = mask_less(total, mid)
    addend = add_mask(hi, generated << 1 | carry_mid)
    carry_mid = generated >> 7
    total = total + addend
    generated, passing = mask_less(total, addend), mask_equal(total, splat(-1))
    rippled = (generated << 1 | carry) + passing
    carries = rippled ^ passing
    return add_mask(total, carries), carry_mid, carries >> 8


@kernel(void(ROW, ROW, ROW, int64, int64, BUFFER, TABLE, LIMBS, STATES, int64))
def carry_out(x1, x2, x3, at, count, out, k, words, state, s):
    """Coefficients at..at+count become limbs out[at:at+count]; state[s:] carries on from the previous call."""
    pinv1, pinv2 = splat(k[PINV]), splat(k[CONSTANTS + PINV])
    pinv3 = splat(k[2 * CONSTANTS + PINV])
    lift1 = splat(INTEGER_BITS + REPRESENTATIVE * k[P])
    lift2 = splat(INTEGER_BITS + REPRESENTATIVE * k[CONSTANTS + P])
    lift3 = splat(INTEGER_BITS + REPRESENTATIVE * k[2 * CONSTANTS + P])
    near_zero, lift_k = splat(NEAR_ZERO - 0.5), splat(INTEGER_BITS + 3.0 * REPRESENTATIVE)
    zeros = splat(0), splat(0)
    n = out.size
    mid_before, hi_before = load(state, s + MID), load(state, s + HI)
    carry_mid, carry = state[s + CARRY_MID], state[s + CARRY]
    for i in range(at, at + count, 16):
        r1 = load(x1, i), load(x1, i + 8)
        r2 = load(x2, i), load(x2, i + 8)
        r3 = load(x3, i), load(x3, i + 8)
        v1 = bits(r1[0] + lift1), bits(r1[1] + lift1)
        v2 = bits(r2[0] + lift2), bits(r2[1] + lift2)
        v3 = bits(r3[0] + lift3), bits(r3[1] + lift3)
        k0, k1 = fma(r1[0], pinv1, near_zero), fma(r1[1], pinv1, near_zero)
        k0, k1 = fma(r2[0], pinv2, k0), fma(r2[1], pinv2, k1)
        k0, k1 = fma(r3[0], pinv3, k0), fma(r3[1], pinv3, k1)
        v4 = bits(k0 + lift_k), bits(k1 + lift_k)
        # the sum of v_i M_i - k M in three words of 52 bits, modulo 2^156; words[6:] is 2^156 - M
        w0 = add_low(zeros, v1, splat(words[0]))
        u0 = add_low(zeros, v2, splat(words[2]))
        w1 = add_high(zeros, v1, splat(words[0]))
        u1 = add_low(zeros, v1, splat(words[1]))
        w0 = add_low(w0, v3, splat(words[4]))
        u0 = add_low(u0, v4, splat(words[6]))
        w1 = add_high(w1, v2, splat(words[2]))
        u1 = add_low(u1, v2, splat(words[3]))
        w2 = add_high(zeros, v1, splat(words[1]))
        u2 = add_high(zeros, v2, splat(words[3]))
        w1 = add_high(w1, v3, splat(words[4]))
        u1 = add_low(u1, v3, splat(words[5]))
        w2 = add_high(w2, v3, splat(words[5]))
        u2 = add_high(u2, v4, splat(words[7]))
        w1 = add_high(w1, v4, splat(words[6]))
        u1 = add_low(u1, v4, splat(words[7]))
        w2 = add_low(w2, v4, splat(words[8]))
        lo0, mid0, hi0 = to_64_bits(w0[0] + u0[0], w1[0] + u1[0], w2[0] + u2[0])
        lo1, mid1, hi1 = to_64_bits(w0[1] + u0[1], w1[1] + u1[1], w2[1] + u2[1])
        limb0, carry_mid, carry = add_neighbours(
            lo0, shift_in_1(mid_before, mid0), shift_in_2(hi_before, hi0), carry_mid, carry
        )
        limb1, carry_mid, carry = add_neighbours(
            lo1, shift_in_1(mid0, mid1), shift_in_2(hi0, hi1), carry_mid, carry
        )
        mid_before, hi_before = mid1, hi1
        if i + 16 <= n:
            store(out, i, limb0)
            store(out, i + 8, limb1)
        else:
            store_until(out, i, n, limb0)
            store_until(out, i + 8, n, limb1)
    store(state, s + MID, mid_before)
    store(state, s + HI, hi_before)
    state[s + CARRY_MID], state[s + CARRY] = carry_mid, carry


@kernel(void(ROW, ROW, ROW, BUFFER, int64, int64, int64, int64, TABLE, LIMBS, STATES))
def leave(x1, x2, x3, out, block, children, start, stop, constants, words, state):
    """Columns start..stop of all blocks become limbs, each block a segment with a carry state of its own."""
    state[: SEGMENTS * STATE] = 0
    for i in range(start, stop, COLUMNS):
        end = min(i + COLUMNS, stop)
        join_root(x1, block, children, i, end, constants, 0)
        join_root(x2, block, children, i, end, constants, CONSTANTS)
        join_root(x3, block, children, i, end, constants, 2 * CONSTANTS)
        for segment in range(children):
            at = segment * block + i
            count = min(end - i, out.size - at)
            if count > 0:
                carry_out(x1, x2, x3, at, count, out, constants, words, state, segment * STATE)


@kernel(void(BUFFER, int64, int64, int64, STATES))
def settle(out, block, children, stop, state):
    """Add what each segment of a `leave` that ended at column `stop` carries out of itself."""
    for segment in range(children):
        at = segment * block + stop
        s = segment * STATE
        if at >= out.size:
            return
        mid = np.uint64(state[s + MID + 7])
        rest = np.uint64(state[s + HI + 6] + state[s + CARRY_MID] + state[s + CARRY])
        first = out[at] + mid
        carry = ONE if first < mid else ZERO
        second = first + rest
        carry += ONE if second < rest else ZERO
        out[at] = second
        carry += np.uint64(state[s + HI + 7])
        at += 1
        while carry != ZERO and at < out.size:
            second = out[at] + carry
            carry = ONE if second < carry else ZERO
            out[at] = second
            at += 1
