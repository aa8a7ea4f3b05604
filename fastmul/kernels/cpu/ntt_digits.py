"""Products in digits of 62 bits, for operands beyond the window of whole limbs (`bounds.narrow_digits`).

    limbs    | 64 | 64 | 64 | ...        pack      31 limbs are 32 digits
    digits   | 62 | 62 | 62 | ...        unpack

The first pass takes digits as it takes limbs. The last one carries in base 2^62: a coefficient C < 2^150 is
lo + 2^62 mid + 2^124 hi, and

    digit[i] = lo[i] + mid[i-1] + hi[i-2] + carry

is below 2^64. What exceeds 62 bits goes to the next digit, where it may make a last carry of one; those ripple
through digits that are all ones as one addition of bit masks (`ntt_crt`).
"""

from __future__ import annotations

import numpy as np
from numba import int64, void

from fastmul.bounds.crt import INTEGER_BITS, NEAR_ZERO, REPRESENTATIVE
from fastmul.bounds.narrow_digits import DIGIT_BITS
from fastmul.kernels.cpu.ntt_crt import (
    COLUMNS,
    CONSTANTS,
    PINV,
    SEGMENTS,
    STATES,
    WORD,
    P,
    join_root,
)
from fastmul.kernels.cpu.ntt_limbs import BUFFER, LIMBS
from fastmul.kernels.cpu.ntt_passes import ROW, TABLE
from fastmul.kernels.cpu.ntt_vectors import bits, multiply_add_high, multiply_add_low
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

DIGIT = (1 << DIGIT_BITS) - 1
LIMB_BITS = 64
#: The state of a segment: mid and hi of its last eight coefficients, what its last eight digits carried, the carry.
MID, HI, EXCESS, CARRY, STATE = 0, 8, 16, 24, 32
#: Words of the carry state that `leave_digits` fills.
STATE_WORDS = SEGMENTS * STATE

_DIGIT, _WIDTH, _LIMB = np.uint64(DIGIT), np.uint64(DIGIT_BITS), np.uint64(LIMB_BITS)
ZERO = np.uint64(0)


@kernel(void(LIMBS, BUFFER, int64, int64))
def pack(limbs, digits, start, stop):
    """Digits start..stop of a number; those beyond its limbs are zero."""
    for i in range(start, stop):
        at = np.uint64(i) * _WIDTH
        k, shift = at // _LIMB, at % _LIMB
        value = limbs[k] >> shift if k < np.uint64(limbs.size) else ZERO
        if shift > _LIMB - _WIDTH and k + np.uint64(1) < np.uint64(limbs.size):
            value |= limbs[k + np.uint64(1)] << (_LIMB - shift)
        digits[i] = value & _DIGIT


@kernel(void(LIMBS, BUFFER, int64, int64))
def unpack(digits, limbs, start, stop):
    """Limbs start..stop of a number whose digits reach as far."""
    for i in range(start, stop):
        at = np.uint64(i) * _LIMB
        k, shift = at // _WIDTH, at % _WIDTH
        value = digits[k] >> shift
        if k + np.uint64(1) < np.uint64(digits.size):
            value |= digits[k + np.uint64(1)] << (_WIDTH - shift)
        if shift > _WIDTH + _WIDTH - _LIMB and k + np.uint64(2) < np.uint64(digits.size):
            value |= digits[k + np.uint64(2)] << (_WIDTH + _WIDTH - shift)
        limbs[i] = value


@inline
def to_digits(w0, w1, w2):
    """w0 + 2^52 w1 + 2^104 w2 modulo 2^156, words of up to 56 bits, as lo + 2^62 mid + 2^124 hi."""
    word = splat(WORD)
    w1 = w1 + shift_right(w0, 52)
    w2 = w2 + shift_right(w1, 52)
    w0, w1, w2 = w0 & word, w1 & word, w2 & word
    lo = w0 | shift_left(w1 & splat((1 << 10) - 1), 52)
    mid = shift_right(w1, 10) | shift_left(w2 & splat((1 << 20) - 1), 42)
    return lo, mid, shift_right(w2, 20)


@kernel(void(ROW, ROW, ROW, int64, int64, BUFFER, TABLE, LIMBS, STATES, int64))
def carry_digits(x1, x2, x3, at, count, out, k, words, state, s):
    """Coefficients at..at+count become digits; state[s:] carries on from the previous call. out may be x1's memory."""
    pinv1, pinv2 = splat(k[PINV]), splat(k[CONSTANTS + PINV])
    pinv3 = splat(k[2 * CONSTANTS + PINV])
    lift1 = splat(INTEGER_BITS + REPRESENTATIVE * k[P])
    lift2 = splat(INTEGER_BITS + REPRESENTATIVE * k[CONSTANTS + P])
    lift3 = splat(INTEGER_BITS + REPRESENTATIVE * k[2 * CONSTANTS + P])
    near_zero, lift_k = splat(NEAR_ZERO - 0.5), splat(INTEGER_BITS + 3.0 * REPRESENTATIVE)
    zero, digit = splat(0), splat(DIGIT)
    mid_before, hi_before = load(state, s + MID), load(state, s + HI)
    excess_before, carry = load(state, s + EXCESS), state[s + CARRY]
    for i in range(at, at + count, 8):
        r1, r2, r3 = load(x1, i), load(x2, i), load(x3, i)
        quotient = fma(r3, pinv3, fma(r2, pinv2, fma(r1, pinv1, near_zero)))
        v1, v2, v3 = bits(r1 + lift1), bits(r2 + lift2), bits(r3 + lift3)
        v4 = bits(quotient + lift_k)
        # the sum of v_i M_i - k M in three words of 52 bits, modulo 2^156; words[6:] is 2^156 - M
        w0 = multiply_add_low(zero, v1, splat(words[0]))
        w0 = multiply_add_low(w0, v2, splat(words[2]))
        w0 = multiply_add_low(w0, v3, splat(words[4]))
        w0 = multiply_add_low(w0, v4, splat(words[6]))
        w1 = multiply_add_high(zero, v1, splat(words[0]))
        w1 = multiply_add_high(w1, v2, splat(words[2]))
        w1 = multiply_add_high(w1, v3, splat(words[4]))
        w1 = multiply_add_high(w1, v4, splat(words[6]))
        u1 = multiply_add_low(zero, v1, splat(words[1]))
        u1 = multiply_add_low(u1, v2, splat(words[3]))
        u1 = multiply_add_low(u1, v3, splat(words[5]))
        u1 = multiply_add_low(u1, v4, splat(words[7]))
        w2 = multiply_add_high(zero, v1, splat(words[1]))
        w2 = multiply_add_high(w2, v2, splat(words[3]))
        w2 = multiply_add_high(w2, v3, splat(words[5]))
        w2 = multiply_add_high(w2, v4, splat(words[7]))
        w2 = multiply_add_low(w2, v4, splat(words[8]))
        lo, mid, hi = to_digits(w0, w1 + u1, w2)
        total = lo + shift_in_1(mid_before, mid) + shift_in_2(hi_before, hi)
        excess = shift_right(total, DIGIT_BITS)
        total = (total & digit) + shift_in_1(excess_before, excess)
        generated = mask_less(digit, total)
        total = total & digit
        passing = mask_equal(total, digit)
        carries = ((generated << 1 | carry) + passing) ^ passing
        store(out, i, add_mask(total, carries) & digit)
        carry = carries >> 8
        mid_before, hi_before, excess_before = mid, hi, excess
    store(state, s + MID, mid_before)
    store(state, s + HI, hi_before)
    store(state, s + EXCESS, excess_before)
    state[s + CARRY] = carry


@kernel(void(ROW, ROW, ROW, BUFFER, int64, int64, int64, int64, TABLE, LIMBS, STATES))
def leave_digits(x1, x2, x3, out, block, children, start, stop, constants, words, state):
    """As `ntt_crt.leave`, in digits; out has one for each point."""
    state[:STATE_WORDS] = 0
    for i in range(start, stop, COLUMNS):
        end = min(i + COLUMNS, stop)
        join_root(x1, block, children, i, end, constants, 0)
        join_root(x2, block, children, i, end, constants, CONSTANTS)
        join_root(x3, block, children, i, end, constants, 2 * CONSTANTS)
        for segment in range(children):
            carry_digits(
                x1, x2, x3, segment * block + i, end - i, out, constants, words, state,
                segment * STATE,
            )  # fmt: skip


@kernel(void(BUFFER, int64, int64, int64, STATES))
def settle_digits(out, block, children, stop, state):
    """Add what each segment of a `leave_digits` that ended at column `stop` carries out of itself."""
    for segment in range(children):
        at, s = segment * block + stop, segment * STATE
        pending = np.uint64(
            state[s + MID + 7] + state[s + HI + 6] + state[s + EXCESS + 7] + state[s + CARRY]
        )
        after = np.uint64(state[s + HI + 7])
        while (pending | after) != ZERO and at < out.size:
            total = out[at] + pending
            out[at] = total & _DIGIT
            pending = (total >> _WIDTH) + after
            after = ZERO
            at += 1
