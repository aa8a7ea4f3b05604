"""The first pass of a product: limbs become residues and go down the first three levels.

An operand of up to 8 blocks of `block` limbs is a polynomial in y = X**block, whose coefficients are the blocks:

    limbs    | block 0 | block 1 | ... |          a column: one limb of each block, at distance `block`
    x        | child 0 | child 1 | ... |          the values at y = 1, -1, I, -I, z, -z, zI, -zI

Only the first `children` of the eight are computed: a product that fits 5, 6 or 7 blocks needs no more
(`ntt_crt` interpolates), which is how lengths between powers of two cost what they should.
"""

from __future__ import annotations

from numba import int64, uint64, void

from fastmul.kernels.cpu.ntt_arithmetic import mulmod, mulmod2, split8
from fastmul.kernels.cpu.ntt_passes import ROW, TABLE, roots_of_node
from fastmul.kernels.cpu.ntt_vectors import load_until, prefetch_write
from fastmul.kernels.cpu.vectors import fnma, load, rint, splat, store, to_float
from fastmul.runtime.jit import const, inline, kernel

LIMBS = const(uint64[::1])
BUFFER = uint64[::1]

#: How many columns ahead the lines to be written are asked for: stores that miss the cache wait for each other. Not
#: far: lines of blocks at power-of-two distances share a set of each cache, and would push each other out.
AHEAD = 32


@inline
def residue(limb, p, pinv):
    """A limb h 2^32 + l modulo p, |result| < 0.51 p: h 2^32 and l are exact as float64."""
    high = to_float(limb & splat(-(1 << 32)))
    low = to_float(limb & splat((1 << 32) - 1))
    return fnma(rint(high * pinv), p, high) + low


@kernel(void(LIMBS, ROW, int64, int64, int64, int64, TABLE, TABLE))
def enter_4(limbs, x, block, children, start, stop, roots, modulus):
    """Columns start..stop of an operand of at most 4 blocks, and at least 4 children."""
    p, pinv = splat(modulus[0]), splat(modulus[1])
    i_, z, iz = splat(roots[1]), splat(roots[2]), splat(roots[3])
    n = limbs.size
    for i in range(start, stop, 8):
        for k in range(children):
            prefetch_write(x, i + AHEAD + k * block)
        if i + 3 * block + 8 <= n:
            l0, l1 = load(limbs, i), load(limbs, i + block)
            l2, l3 = load(limbs, i + 2 * block), load(limbs, i + 3 * block)
        else:
            l0, l1 = load_until(limbs, i, n), load_until(limbs, i + block, n)
            l2, l3 = load_until(limbs, i + 2 * block, n), load_until(limbs, i + 3 * block, n)
        x0, x1 = residue(l0, p, pinv), residue(l1, p, pinv)
        x2, x3 = residue(l2, p, pinv), residue(l3, p, pinv)
        even, odd = x0 + x2, x1 + x3
        store(x, i, even + odd)
        store(x, i + block, even - odd)
        even = x0 - x2
        odd, x2 = mulmod2(x1 - x3, x2, i_, i_, p, pinv)
        store(x, i + 2 * block, even + odd)
        store(x, i + 3 * block, even - odd)
        if children > 4:
            x3, _ = mulmod2(x3, x3, i_, i_, p, pinv)
            odd, last = mulmod2(x1 + x3, x1 - x3, z, iz, p, pinv)
            even = x0 + x2
            store(x, i + 4 * block, even + odd)
            if children > 5:
                store(x, i + 5 * block, even - odd)
            even = x0 - x2
            if children > 6:
                store(x, i + 6 * block, even + last)
            if children > 7:
                store(x, i + 7 * block, even - last)


@kernel(void(LIMBS, ROW, int64, int64, int64, int64, TABLE, TABLE))
def enter_3(limbs, x, block, children, start, stop, roots, modulus):
    """The same for at most 3 blocks and at most 6 children: half of a balanced product of 5 or 6 blocks."""
    p, pinv = splat(modulus[0]), splat(modulus[1])
    i_, z = splat(roots[1]), splat(roots[2])
    n = limbs.size
    for i in range(start, stop, 8):
        for k in range(children):
            prefetch_write(x, i + AHEAD + k * block)
        l0 = load_until(limbs, i, n)
        l1 = load_until(limbs, i + block, n)
        l2 = load_until(limbs, i + 2 * block, n)
        x0, x1, x2 = residue(l0, p, pinv), residue(l1, p, pinv), residue(l2, p, pinv)
        even = x0 + x2
        store(x, i, even + x1)
        store(x, i + block, even - x1)
        even = x0 - x2
        odd, x2 = mulmod2(x1, x2, i_, i_, p, pinv)
        store(x, i + 2 * block, even + odd)
        store(x, i + 3 * block, even - odd)
        if children > 4:
            odd = mulmod(x1, z, p, pinv)
            even = x0 + x2
            store(x, i + 4 * block, even + odd)
            if children > 5:
                store(x, i + 5 * block, even - odd)


@inline
def load_column(limbs, i, block, n, p, pinv):
    return (
        residue(load_until(limbs, i, n), p, pinv),
        residue(load_until(limbs, i + block, n), p, pinv),
        residue(load_until(limbs, i + 2 * block, n), p, pinv),
        residue(load_until(limbs, i + 3 * block, n), p, pinv),
        residue(load_until(limbs, i + 4 * block, n), p, pinv),
        residue(load_until(limbs, i + 5 * block, n), p, pinv),
        residue(load_until(limbs, i + 6 * block, n), p, pinv),
        residue(load_until(limbs, i + 7 * block, n), p, pinv),
    )


@kernel(void(LIMBS, ROW, int64, int64, int64, int64, TABLE, TABLE))
def enter_8(limbs, x, block, children, start, stop, roots, modulus):
    """Columns start..stop of an operand of up to 8 blocks, and at least 5 children."""
    p, pinv = splat(modulus[0]), splat(modulus[1])
    w = roots_of_node(roots, 0)
    n = limbs.size
    for i in range(start, stop, 16):
        u, v = split8(
            load_column(limbs, i, block, n, p, pinv),
            load_column(limbs, i + 8, block, n, p, pinv), w, w, p, pinv,
        )  # fmt: skip
        for k, value in ((i, u), (i + 8, v)):
            store(x, k, value[0])
            store(x, k + block, value[1])
            store(x, k + 2 * block, value[2])
            store(x, k + 3 * block, value[3])
            store(x, k + 4 * block, value[4])
            if children > 5:
                store(x, k + 5 * block, value[5])
            if children > 6:
                store(x, k + 6 * block, value[6])
            if children > 7:
                store(x, k + 7 * block, value[7])
