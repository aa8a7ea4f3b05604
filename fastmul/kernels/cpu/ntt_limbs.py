"""The first pass of a product: limbs become residues and go down the first three levels.

An operand of up to 8 blocks of `block` limbs is a polynomial in y = X**block, whose coefficients are the blocks:

    limbs    | block 0 | block 1 | ... |          a column: one limb of each block, at distance `block`
    x        | child 0 | child 1 | ... |          the values at y = 1, -1, I, -I, z, -z, zI, -zI

Only the first `children` of the eight are computed: a product that fits 5, 6 or 7 blocks needs no more
(`ntt_crt` interpolates), which is how lengths between powers of two cost what they should.
"""

from __future__ import annotations

from numba import int64, uint64, void

from fastmul.kernels.cpu.ntt_arithmetic import close4, mulmod2, open4, split8
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


@inline
def ask_for(x, i, block, children):
    """Ask for the lines of two columns."""
    for k in range(children):
        prefetch_write(x, i + k * block)
        prefetch_write(x, i + k * block + 8)


@inline
def load_residue(limbs, i, n, p, pinv):
    """Of limbs[i : i + 8], zero from limbs[n] on: a masked load costs more, and few need it."""
    limb = load(limbs, i) if i + 8 <= n else load_until(limbs, i, n)
    return residue(limb, p, pinv)


@inline
def load_3(limbs, i, block, n, p, pinv):
    """The residues of a column of three blocks."""
    return (
        load_residue(limbs, i, n, p, pinv),
        load_residue(limbs, i + block, n, p, pinv),
        load_residue(limbs, i + 2 * block, n, p, pinv),
    )


@inline
def store_2(x, i, a, b):
    """One block of two columns."""
    store(x, i, a)
    store(x, i + 8, b)


@kernel(void(LIMBS, ROW, int64, int64, int64, int64, TABLE, TABLE))
def enter_4(limbs, x, block, children, start, stop, roots, modulus):
    """Columns start..stop of an operand of at most 4 blocks, and at least 4 children; two columns x, y at a time."""
    p, pinv = splat(modulus[0]), splat(modulus[1])
    i_, z, iz = splat(roots[1]), splat(roots[2]), splat(roots[3])
    n = limbs.size
    for i in range(start, stop, 16):
        ask_for(x, i + AHEAD, block, children)
        x0, x1, x2 = load_3(limbs, i, block, n, p, pinv)
        y0, y1, y2 = load_3(limbs, i + 8, block, n, p, pinv)
        x3 = load_residue(limbs, i + 3 * block, n, p, pinv)
        y3 = load_residue(limbs, i + 3 * block + 8, n, p, pinv)
        o = open4(x1 - x3, y1 - y3, x2, y2, i_, i_, i_, i_, p, pinv)
        a, b, c, d = x0 + x2, x1 + x3, y0 + y2, y1 + y3
        store_2(x, i, a + b, c + d)
        store_2(x, i + block, a - b, c - d)
        a, c = x0 - x2, y0 - y2
        b, d, x2, y2 = close4(o)
        store_2(x, i + 2 * block, a + b, c + d)
        store_2(x, i + 3 * block, a - b, c - d)
        if children > 4:
            x3, y3 = mulmod2(x3, y3, i_, i_, p, pinv)
            o = open4(x1 + x3, y1 + y3, x1 - x3, y1 - y3, z, z, iz, iz, p, pinv)
            a, c = x0 + x2, y0 + y2
            b, d, e, f = close4(o)
            store_2(x, i + 4 * block, a + b, c + d)
            if children > 5:
                store_2(x, i + 5 * block, a - b, c - d)
            a, c = x0 - x2, y0 - y2
            if children > 6:
                store_2(x, i + 6 * block, a + e, c + f)
            if children > 7:
                store_2(x, i + 7 * block, a - e, c - f)


@kernel(void(LIMBS, ROW, int64, int64, int64, int64, TABLE, TABLE))
def enter_3(limbs, x, block, children, start, stop, roots, modulus):
    """The same for at most 3 blocks and at most 6 children: half of a balanced product of 5 or 6 blocks."""
    p, pinv = splat(modulus[0]), splat(modulus[1])
    i_, z = splat(roots[1]), splat(roots[2])
    n = limbs.size
    for i in range(start, stop, 16):
        ask_for(x, i + AHEAD, block, children)
        x0, x1, x2 = load_3(limbs, i, block, n, p, pinv)
        y0, y1, y2 = load_3(limbs, i + 8, block, n, p, pinv)
        o = open4(x1, y1, x2, y2, i_, i_, i_, i_, p, pinv)
        a, c = x0 + x2, y0 + y2
        store_2(x, i, a + x1, c + y1)
        store_2(x, i + block, a - x1, c - y1)
        a, c = x0 - x2, y0 - y2
        b, d, x2, y2 = close4(o)
        store_2(x, i + 2 * block, a + b, c + d)
        store_2(x, i + 3 * block, a - b, c - d)
        if children > 4:
            b, d = mulmod2(x1, y1, z, z, p, pinv)
            a, c = x0 + x2, y0 + y2
            store_2(x, i + 4 * block, a + b, c + d)
            if children > 5:
                store_2(x, i + 5 * block, a - b, c - d)


@inline
def load_column(limbs, i, block, n, p, pinv):
    return (
        load_residue(limbs, i, n, p, pinv),
        load_residue(limbs, i + block, n, p, pinv),
        load_residue(limbs, i + 2 * block, n, p, pinv),
        load_residue(limbs, i + 3 * block, n, p, pinv),
        load_residue(limbs, i + 4 * block, n, p, pinv),
        load_residue(limbs, i + 5 * block, n, p, pinv),
        load_residue(limbs, i + 6 * block, n, p, pinv),
        load_residue(limbs, i + 7 * block, n, p, pinv),
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
