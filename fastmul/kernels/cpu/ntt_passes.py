"""The passes of a transform over one node of the tree.

A node of `length` points at x[start:] has the index j among the nodes of its level; its root is roots[j]
(`fastmul.transforms.ntt` draws the tree). A radix-8 pass replaces a node by its eight grandgrandchildren:
three levels for one load and one store. The last six levels are a *leaf* of 64 points: a radix-8 pass over the
rows of an 8x8 matrix held in registers, its transpose, a second pass in which every lane is another node.

    roots     the roots, broadcast
    packed    the roots of the lanes: for leaf l and c = 0..7 the seven vectors over c of
              roots[j], roots[2j], roots[2j+1], roots[4j], ..., roots[4j+3],  j = 8 l + c
    modulus   [p, 1/p]

For the way up both tables hold the inverses.
"""

from __future__ import annotations

from numba import float64, int64, void

from fastmul.kernels.cpu.ntt_arithmetic import (
    join,
    join8,
    join44,
    mulmod2,
    reduce,
    split,
    split8,
    split8_prepared,
    split44,
)
from fastmul.kernels.cpu.ntt_vectors import prefetch_write
from fastmul.kernels.cpu.vectors import load, splat, store, transpose8
from fastmul.runtime.jit import const, inline, kernel

ROW = float64[::1]
TABLE = const(float64[::1])

#: Points of a leaf, vectors of roots per leaf, and doubles they take.
LEAF, LEAF_ROOTS = 64, 7
PACKED = 8 * LEAF_ROOTS

#: From this stride on the rows of a column are asked for AHEAD points before they are read: they come from the L3 cache
#: or from memory, in eight streams that change their page too often for the hardware to foresee.
FAR, AHEAD = 1024, 64


@inline
def load8(x, i, stride):
    return (
        load(x, i),
        load(x, i + stride),
        load(x, i + 2 * stride),
        load(x, i + 3 * stride),
        load(x, i + 4 * stride),
        load(x, i + 5 * stride),
        load(x, i + 6 * stride),
        load(x, i + 7 * stride),
    )


@inline
def store8(x, i, stride, v):
    store(x, i, v[0])
    store(x, i + stride, v[1])
    store(x, i + 2 * stride, v[2])
    store(x, i + 3 * stride, v[3])
    store(x, i + 4 * stride, v[4])
    store(x, i + 5 * stride, v[5])
    store(x, i + 6 * stride, v[6])
    store(x, i + 7 * stride, v[7])


@inline
def load44(x, i, stride):
    """Two columns of four."""
    return (
        load(x, i),
        load(x, i + stride),
        load(x, i + 2 * stride),
        load(x, i + 3 * stride),
        load(x, i + 8),
        load(x, i + stride + 8),
        load(x, i + 2 * stride + 8),
        load(x, i + 3 * stride + 8),
    )


@inline
def store44(x, i, stride, v):
    store(x, i, v[0])
    store(x, i + stride, v[1])
    store(x, i + 2 * stride, v[2])
    store(x, i + 3 * stride, v[3])
    store(x, i + 8, v[4])
    store(x, i + stride + 8, v[5])
    store(x, i + 2 * stride + 8, v[6])
    store(x, i + 3 * stride + 8, v[7])


@inline
def transposed(v):
    return transpose8(v[0], v[1], v[2], v[3], v[4], v[5], v[6], v[7])


@inline
def roots_of_node(roots, j):
    return (
        splat(roots[j]),
        splat(roots[2 * j]),
        splat(roots[2 * j + 1]),
        splat(roots[4 * j]),
        splat(roots[4 * j + 1]),
        splat(roots[4 * j + 2]),
        splat(roots[4 * j + 3]),
    )


@inline
def with_quotients(w, pinv):
    """The roots of a node and their quotients by p, as `mulmod2_prepared` takes them."""
    return (
        (w[0], w[0] * pinv),
        (w[1], w[1] * pinv),
        (w[2], w[2] * pinv),
        (w[3], w[3] * pinv),
        (w[4], w[4] * pinv),
        (w[5], w[5] * pinv),
        (w[6], w[6] * pinv),
    )


@inline
def roots_of_lanes(packed, i):
    return (
        load(packed, i),
        load(packed, i + 8),
        load(packed, i + 16),
        load(packed, i + 24),
        load(packed, i + 32),
        load(packed, i + 40),
        load(packed, i + 48),
    )


# ---------------------------------------------------------------------------------------- down


@inline
def ask_for(x, i, stride, rows):
    """Ask for sixteen lines: the next of so many rows."""
    for row in range(rows):
        for line in range(16 // rows):
            prefetch_write(x, i + row * stride + 8 * line)


@kernel(void(ROW, int64, int64, int64, TABLE, TABLE))
def split_8(x, start, length, j, roots, modulus):
    p, pinv = splat(modulus[0]), splat(modulus[1])
    w = with_quotients(roots_of_node(roots, j), pinv)
    stride = length >> 3
    far = stride >= FAR
    for i in range(start, start + stride, 16):
        if far:
            ask_for(x, i + AHEAD, stride, 8)
        u, v = split8_prepared(load8(x, i, stride), load8(x, i + 8, stride), w, w, p, pinv)
        store8(x, i, stride, u)
        store8(x, i + 8, stride, v)


@kernel(void(ROW, int64, int64, int64, TABLE, TABLE))
def split_4(x, start, length, j, roots, modulus):
    p, pinv = splat(modulus[0]), splat(modulus[1])
    w = splat(roots[j]), splat(roots[2 * j]), splat(roots[2 * j + 1])
    stride = length >> 2
    far = stride >= FAR
    for i in range(start, start + stride, 32):
        if far:
            ask_for(x, i + 256, stride, 4)
        u, v = split44(load44(x, i, stride), load44(x, i + 16, stride), w, p, pinv)
        store44(x, i, stride, u)
        store44(x, i + 16, stride, v)


@kernel(void(ROW, int64, int64, int64, TABLE, TABLE))
def split_2(x, start, length, j, roots, modulus):
    p, pinv = splat(modulus[0]), splat(modulus[1])
    w = splat(roots[j])
    stride = length >> 1
    for i in range(start, start + stride, 16):
        a, c = reduce(load(x, i), p, pinv), reduce(load(x, i + 8), p, pinv)
        a, b, c, d = split(a, load(x, i + stride), c, load(x, i + stride + 8), w, w, p, pinv)
        store(x, i, a)
        store(x, i + 8, c)
        store(x, i + stride, b)
        store(x, i + stride + 8, d)


@kernel(void(ROW, int64, int64, int64, int64, TABLE, TABLE, TABLE))
def split_leaves(x, start, j, packed_start, leaves, roots, packed, modulus):
    """`leaves` (even) leaves from x[start] on, of which the first is node j and has its lanes at packed_start."""
    p, pinv = splat(modulus[0]), splat(modulus[1])
    for leaf in range(0, leaves, 2):
        i = start + LEAF * leaf
        k = packed_start + PACKED * leaf
        u, v = split8(
            load8(x, i, 8), load8(x, i + LEAF, 8),
            roots_of_node(roots, j + leaf), roots_of_node(roots, j + leaf + 1), p, pinv,
        )  # fmt: skip
        u, v = split8(
            transposed(u), transposed(v),
            roots_of_lanes(packed, k), roots_of_lanes(packed, k + PACKED), p, pinv,
        )  # fmt: skip
        store8(x, i, 8, u)
        store8(x, i + LEAF, 8, v)


# ---------------------------------------------------------------------------------------- up


@kernel(void(ROW, int64, int64, int64, TABLE, TABLE))
def join_8(x, start, length, j, roots, modulus):
    p, pinv = splat(modulus[0]), splat(modulus[1])
    w = roots_of_node(roots, j)
    stride = length >> 3
    far = stride >= FAR
    for i in range(start, start + stride, 16):
        if far:
            ask_for(x, i + AHEAD, stride, 8)
        u, v = join8(load8(x, i, stride), load8(x, i + 8, stride), w, w, p, pinv)
        store8(x, i, stride, u)
        store8(x, i + 8, stride, v)


@kernel(void(ROW, int64, int64, int64, TABLE, TABLE))
def join_4(x, start, length, j, roots, modulus):
    p, pinv = splat(modulus[0]), splat(modulus[1])
    w = splat(roots[j]), splat(roots[2 * j]), splat(roots[2 * j + 1])
    stride = length >> 2
    far = stride >= FAR
    for i in range(start, start + stride, 32):
        if far:
            ask_for(x, i + 256, stride, 4)
        u, v = join44(load44(x, i, stride), load44(x, i + 16, stride), w, p, pinv)
        store44(x, i, stride, u)
        store44(x, i + 16, stride, v)


@kernel(void(ROW, int64, int64, int64, TABLE, TABLE))
def join_2(x, start, length, j, roots, modulus):
    p, pinv = splat(modulus[0]), splat(modulus[1])
    w = splat(roots[j])
    stride = length >> 1
    for i in range(start, start + stride, 16):
        a, b = load(x, i), load(x, i + stride)
        c, d = load(x, i + 8), load(x, i + stride + 8)
        a, b, c, d = join(a, b, c, d, w, w, p, pinv)
        store(x, i, reduce(a, p, pinv))
        store(x, i + 8, reduce(c, p, pinv))
        store(x, i + stride, b)
        store(x, i + stride + 8, d)


@kernel(void(ROW, int64, int64, int64, int64, TABLE, TABLE, TABLE))
def join_leaves(x, start, j, packed_start, leaves, roots, packed, modulus):
    p, pinv = splat(modulus[0]), splat(modulus[1])
    for leaf in range(0, leaves, 2):
        i = start + LEAF * leaf
        k = packed_start + PACKED * leaf
        u, v = join8(
            load8(x, i, 8), load8(x, i + LEAF, 8),
            roots_of_lanes(packed, k), roots_of_lanes(packed, k + PACKED), p, pinv,
        )  # fmt: skip
        u, v = join8(
            transposed(u), transposed(v),
            roots_of_node(roots, j + leaf), roots_of_node(roots, j + leaf + 1), p, pinv,
        )  # fmt: skip
        store8(x, i, 8, u)
        store8(x, i + LEAF, 8, v)


# ---------------------------------------------------------------------------------------- values


@kernel(void(ROW, ROW, int64, int64, TABLE))
def multiply_values(x, y, start, length, modulus):
    """x = x * y on a stretch of values in the forward bound; the result is in the inverse bound. y may be x."""
    p, pinv = splat(modulus[0]), splat(modulus[1])
    for i in range(start, start + length, 16):
        a, b = reduce(load(x, i), p, pinv), reduce(load(x, i + 8), p, pinv)
        a, b = mulmod2(load(y, i), load(y, i + 8), a, b, p, pinv)
        store(x, i, a)
        store(x, i + 8, b)
