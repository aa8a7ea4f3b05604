"""The walk of a whole node of the tree, down to its values and back, depth first: which passes, in which order.

base        512 points, whose eight leaves are taken together
above it    nodes of base * 2**k points, in eights where k is a multiple of three and in fours where not
"""

from __future__ import annotations

from numba import int64, void

from fastmul.kernels.cpu.ntt_passes import (
    LEAF,
    PACKED,
    ROW,
    TABLE,
    join_2,
    join_4,
    join_8,
    join_leaves,
    split_2,
    split_4,
    split_8,
    split_leaves,
)
from fastmul.runtime.jit import inline, kernel


@inline
def base_length(length):
    """The node at which passes stop and leaves are taken together: 512 points, or 256 or 128 where need be."""
    if length == 16 * LEAF:
        return 4 * LEAF
    return min(length, 8 * LEAF)


@inline
def height(length, base):
    """k where length = base * 2**k."""
    k = 0
    while base << k < length:
        k += 1
    return k


@inline
def levels_down(k):
    """How many levels a node of base * 2**k points is split at once: the twos come first, then only threes."""
    return 3 if k % 3 == 0 else 2


@inline
def levels_up(k):
    """The same from below, where k levels are left to the top."""
    return 3 if k == 3 or k >= 5 else 2


@kernel(void(ROW, int64, int64, int64, int64, TABLE, TABLE, TABLE))
def split_node(x, start, length, j, packed_start, roots, packed, modulus):
    """A node of at least 128 points down to its values; its first leaf's lanes are at packed_start.

    Depth first, so that a node that fits a cache is finished while it is there: before base node number g,
    every pass whose node begins with it.
    """
    base = base_length(length)
    top = height(length, base)
    leaves = base // LEAF
    for g in range(1 << top):
        at = start + g * base
        k = top
        while k > 0:
            down = levels_down(k)
            if g & ((1 << k) - 1) == 0:
                node = (j << (top - k)) + (g >> k)
                if down == 3:
                    split_8(x, at, base << k, node, roots, modulus)
                else:
                    split_4(x, at, base << k, node, roots, modulus)
            k -= down
        node = (j << top) + g
        if leaves == 8:
            split_8(x, at, base, node, roots, modulus)
        elif leaves == 4:
            split_4(x, at, base, node, roots, modulus)
        else:
            split_2(x, at, base, node, roots, modulus)
        split_leaves(
            x, at, node * leaves, packed_start + g * leaves * PACKED, leaves, roots, packed, modulus
        )


@kernel(void(ROW, int64, int64, int64, int64, TABLE, TABLE, TABLE))
def join_node(x, start, length, j, packed_start, roots, packed, modulus):
    """The way back, times `length`: after base node number g, every pass whose node ends with it."""
    base = base_length(length)
    top = height(length, base)
    leaves = base // LEAF
    for g in range(1 << top):
        at = start + g * base
        node = (j << top) + g
        join_leaves(
            x, at, node * leaves, packed_start + g * leaves * PACKED, leaves, roots, packed, modulus
        )
        if leaves == 8:
            join_8(x, at, base, node, roots, modulus)
        elif leaves == 4:
            join_4(x, at, base, node, roots, modulus)
        else:
            join_2(x, at, base, node, roots, modulus)
        k = 0
        while k < top:
            up = levels_up(top - k)
            k += up
            if (g + 1) & ((1 << k) - 1) != 0:
                break
            first = start + (g + 1) * base - (base << k)
            node = (j << (top - k)) + (g >> k)
            if up == 3:
                join_8(x, first, base << k, node, roots, modulus)
            else:
                join_4(x, first, base << k, node, roots, modulus)
