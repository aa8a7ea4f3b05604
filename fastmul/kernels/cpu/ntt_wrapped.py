"""Products that come back: modulo X^N + 1, with signed coefficients, and the carry from the top to the bottom.

**X^N + 1**, N = 4 blocks, are the nodes 4..7 of the tree: with y = X^block, y^4 + 1 has the roots z, -z, Iz, -Iz.

    enter_plus    four blocks of limbs -> the values at these roots
    join_plus     the way back

**Signed coefficients**, |C| < B, are read as C + B, which is not negative: B modulo each prime is added to the
residues just before the Chinese remainder (`bounds.signed_sums`), and the caller takes B (1 + X + X^2 + ...) back from
the result, where it is one short number.
"""

from __future__ import annotations

import numpy as np
from numba import int64, uint64, void

from fastmul.kernels.cpu.ntt_arithmetic import mulmod2
from fastmul.kernels.cpu.ntt_crt import (
    COLUMNS,
    CONSTANTS,
    INV_I,
    INV_IZ,
    INV_Z,
    PINV,
    SCALE,
    SEGMENTS,
    STATE,
    STATES,
    P,
    carry_out,
    join_root,
)
from fastmul.kernels.cpu.ntt_limbs import BUFFER, LIMBS, residue
from fastmul.kernels.cpu.ntt_passes import ROW, TABLE
from fastmul.kernels.cpu.ntt_vectors import load_until
from fastmul.kernels.cpu.vectors import load, splat, store
from fastmul.runtime.jit import kernel

ZERO, ONE = np.uint64(0), np.uint64(1)

#: The first node of X^N + 1.
PLUS = 4


@kernel(void(LIMBS, ROW, int64, int64, int64, TABLE, TABLE))
def enter_plus(limbs, x, block, start, stop, roots, modulus):
    """Columns start..stop of an operand of at most 4 blocks: its values at z, -z, Iz and -Iz.

    Four products; with residues of 0.51 p no value exceeds 1.8 p, inside `bounds.ntt.FORWARD`.
    """
    p, pinv = splat(modulus[0]), splat(modulus[1])
    i_, z, iz = splat(roots[1]), splat(roots[2]), splat(roots[3])
    n = limbs.size
    for i in range(start, stop, 8):
        x0 = residue(load_until(limbs, i, n), p, pinv)
        x1 = residue(load_until(limbs, i + block, n), p, pinv)
        x2 = residue(load_until(limbs, i + 2 * block, n), p, pinv)
        x3 = residue(load_until(limbs, i + 3 * block, n), p, pinv)
        x2, x3 = mulmod2(x2, x3, i_, i_, p, pinv)
        odd, last = mulmod2(x1 + x3, x1 - x3, z, iz, p, pinv)
        store(x, i, x0 + x2 + odd)
        store(x, i + block, x0 + x2 - odd)
        store(x, i + 2 * block, x0 - x2 + last)
        store(x, i + 3 * block, x0 - x2 - last)


@kernel(void(ROW, int64, int64, int64, TABLE, int64))
def join_plus(x, block, start, stop, k, at):
    """Columns start..stop, from values to the r_i of the coefficients, as `ntt_crt.join_root` leaves them.

    The largest value inside is 5.9 p, of a sum of four in `bounds.ntt.INVERSE`; it goes through a product.
    """
    p, pinv = splat(k[at + P]), splat(k[at + PINV])
    inv_i, inv_z, inv_iz = splat(k[at + INV_I]), splat(k[at + INV_Z]), splat(k[at + INV_IZ])
    scale = splat(k[at + SCALE])
    for i in range(start, stop, 8):
        a, b = load(x, i), load(x, i + block)
        c, d = load(x, i + 2 * block), load(x, i + 3 * block)
        odd, last = mulmod2(a - b, c - d, inv_z, inv_iz, p, pinv)
        even, other = a + b, c + d
        x0, x1 = mulmod2(even + other, odd + last, scale, scale, p, pinv)
        x2, x3 = mulmod2(even - other, odd - last, inv_i, inv_i, p, pinv)
        x2, x3 = mulmod2(x2, x3, scale, scale, p, pinv)
        store(x, i, x0)
        store(x, i + block, x1)
        store(x, i + 2 * block, x2)
        store(x, i + 3 * block, x3)


@kernel(void(ROW, int64, int64, int64, int64, int64, int64, TABLE, TABLE))
def join_lifted(x, first, block, children, start, stop, prime, constants, lifts):
    """Columns start..stop of one prime up to the r_i, each plus lifts[prime]."""
    if first == PLUS:
        join_plus(x, block, start, stop, constants, prime * CONSTANTS)
    else:
        join_root(x, block, children, start, stop, constants, prime * CONSTANTS)
    lift = splat(lifts[prime])
    for segment in range(children):
        for i in range(segment * block + start, segment * block + stop, 8):
            store(x, i, load(x, i) + lift)


@kernel(void(ROW, ROW, ROW, BUFFER, int64, int64, int64, int64, int64, TABLE, TABLE, LIMBS, STATES))
def leave_lifted(
    x1, x2, x3, out, first, block, children, start, stop, constants, lifts, words, state
):
    """As `ntt_crt.leave`, of the nodes from `first` on, with lifts[k] added to the residues of prime k."""
    state[: SEGMENTS * STATE] = 0
    for i in range(start, stop, COLUMNS):
        end = min(i + COLUMNS, stop)
        join_lifted(x1, first, block, children, i, end, 0, constants, lifts)
        join_lifted(x2, first, block, children, i, end, 1, constants, lifts)
        join_lifted(x3, first, block, children, i, end, 2, constants, lifts)
        for segment in range(children):
            at = segment * block + i
            count = min(end - i, out.size - at)
            if count > 0:
                carry_out(x1, x2, x3, at, count, out, constants, words, state, segment * STATE)


@kernel(uint64(BUFFER, LIMBS))
def add_low_limbs(out, addend):
    """out += addend; returns the carry out of the top."""
    carry = ZERO
    for i in range(addend.size):
        total = out[i] + carry
        carry = ONE if total < carry else ZERO
        out[i] = total + addend[i]
        carry += ONE if out[i] < total else ZERO
    i = addend.size
    while carry != ZERO and i < out.size:
        out[i] += ONE
        carry = ONE if out[i] == ZERO else ZERO
        i += 1
    return carry


@kernel(uint64(BUFFER, LIMBS))
def subtract_low_limbs(out, subtrahend):
    """out -= subtrahend; returns the borrow at the top."""
    borrow = ZERO
    for i in range(subtrahend.size):
        before = out[i]
        rest = before - borrow
        borrow = ONE if before < borrow else ZERO
        out[i] = rest - subtrahend[i]
        borrow += ONE if rest < subtrahend[i] else ZERO
    i = subtrahend.size
    while borrow != ZERO and i < out.size:
        borrow = ONE if out[i] == ZERO else ZERO
        out[i] -= ONE
        i += 1
    return borrow
