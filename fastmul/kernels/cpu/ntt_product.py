"""The product of two limb arrays in three primes, put together from the passes.

    a, b                limbs
      enter             residues modulo p_k; the first three levels            } for each prime; x holds all
      convolve_node     each child on its own: down, multiply, up              } three, y one at a time
      leave             the first three levels back, Chinese remainder, carry

A product of 128 or more limbs takes `children` blocks of `block` = 64, 128, 256... points, 4 <= children <= 8.
"""

from __future__ import annotations

from numba import float64, int64, void

from fastmul.kernels.cpu.ntt_crt import ONE, SEGMENTS, STATE, STATES, ZERO, leave, settle
from fastmul.kernels.cpu.ntt_limbs import BUFFER, LIMBS, enter_3, enter_4, enter_8
from fastmul.kernels.cpu.ntt_nodes import join_node, split_node
from fastmul.kernels.cpu.ntt_passes import (
    LEAF,
    PACKED,
    ROW,
    TABLE,
    join_8,
    join_leaves,
    multiply_values,
    split_8,
    split_leaves,
)
from fastmul.kernels.cpu.ntt_tables import turn
from fastmul.runtime.jit import const, kernel

TABLES, CUBE = const(float64[:, ::1]), const(float64[:, :, ::1])

#: What happens to the second operand: it is transformed too; it is the first; y already holds its transform.
FRESH, SQUARE, PREPARED = 0, 1, 2

#: Words of the carry state that `leave` fills.
STATE_WORDS = SEGMENTS * STATE

#: Points of the largest node that is taken down, multiplied and up at once: two of 128 KiB and their roots fit L2.
NODE = 1 << 14

#: Doubles of the table in which the roots of such a node are turned into place.
TURNED = NODE // LEAF * PACKED


@kernel(void(LIMBS, ROW, int64, int64, int64, int64, TABLE, TABLE))
def enter(limbs, x, block, children, start, stop, roots, modulus):
    """Columns start..stop of an operand, whatever its length."""
    if limbs.size <= 3 * block and children <= 6:
        enter_3(limbs, x, block, children, start, stop, roots, modulus)
    elif limbs.size <= 4 * block:
        enter_4(limbs, x, block, children, start, stop, roots, modulus)
    else:
        enter_8(limbs, x, block, children, start, stop, roots, modulus)


@kernel(void(ROW, ROW, int64, int64, int64, int64, int64, TABLE, TABLE, TABLE))
def down_and_multiply(x, y, mode, start, length, j, packed_start, roots, packed, modulus):
    split_node(x, start, length, j, packed_start, roots, packed, modulus)
    if mode == SQUARE:
        multiply_values(x, x, start, length, modulus)
    else:
        if mode == FRESH:
            split_node(y, start, length, j, packed_start, roots, packed, modulus)
        multiply_values(x, y, start, length, modulus)


@kernel(void(ROW, ROW, int64, int64, int64, int64, TABLE, TABLE, TABLE, TABLE, TABLES, TABLE, ROW))
def convolve_node(
    x, y, mode, start, length, j, roots, packed, inv_roots, inv_packed, factors, modulus, turned
):  # fmt: skip
    """Any node of at least 128 points: x = x * y there, times `length`; depth first over both operands.

    Nodes of at most `NODE` points are finished at once, in the L2 cache. Beyond the points that the packed
    tables cover, the roots of a node's lanes are those of node 0 times a factor (`ntt_tables.turn`).
    """
    inner = length
    while inner > NODE:
        inner >>= 3
    leaves = inner // LEAF
    covered = packed.size // PACKED // leaves
    count = length // inner
    for g in range(count):
        node, inside = length, count
        while node > inner:
            if g % inside == 0:
                first = start + g * inner
                split_8(x, first, node, (j * count + g) // inside, roots, modulus)
                if mode == FRESH:
                    split_8(y, first, node, (j * count + g) // inside, roots, modulus)
            node >>= 3
            inside >>= 3
        at, k = start + g * inner, j * count + g
        if k < covered:
            lanes = k * leaves * PACKED
            down_and_multiply(x, y, mode, at, inner, k, lanes, roots, packed, modulus)
            join_node(x, at, inner, k, lanes, inv_roots, inv_packed, modulus)
        else:
            turn(packed, turned, leaves, factors[0, k], factors[1, k], factors[2, k], modulus)
            down_and_multiply(x, y, mode, at, inner, k, 0, roots, turned, modulus)
            turn(inv_packed, turned, leaves, factors[3, k], factors[4, k], factors[5, k], modulus)
            join_node(x, at, inner, k, 0, inv_roots, turned, modulus)
        node, inside = inner << 3, 8
        while node <= length and (g + 1) % inside == 0:
            first = g + 1 - inside
            join_8(
                x, start + first * inner, node, (j * count + first) // inside, inv_roots, modulus
            )
            node <<= 3
            inside <<= 3


@kernel(void(ROW, ROW, int64, int64, TABLE, TABLE, TABLE, TABLE, TABLE))
def convolve_leaves(x, y, mode, children, roots, packed, inv_roots, inv_packed, modulus):
    """The children of the smallest products, each one leaf: all at once, in pairs."""
    leaves = (children + 1) >> 1 << 1
    if leaves > children:  # its partner may hold anything but slow numbers
        x[children * LEAF : leaves * LEAF] = 0.0
        y[children * LEAF : leaves * LEAF] = 0.0
    split_leaves(x, 0, 0, 0, leaves, roots, packed, modulus)
    if mode == SQUARE:
        multiply_values(x, x, 0, leaves * LEAF, modulus)
    else:
        if mode == FRESH:
            split_leaves(y, 0, 0, 0, leaves, roots, packed, modulus)
        multiply_values(x, y, 0, leaves * LEAF, modulus)
    join_leaves(x, 0, 0, 0, leaves, inv_roots, inv_packed, modulus)


@kernel(
    void(LIMBS, LIMBS, int64, BUFFER, int64, int64, ROW, int64, int64, TABLES, TABLES, TABLES, TABLES, CUBE,
         TABLES, TABLE, LIMBS, STATES)
)  # fmt: skip
def product(
    a, b, mode, out, block, children, scratch, width, rows_of_y,
    roots, packed, inv_roots, inv_packed, factors, moduli, constants, words, state,
):  # fmt: skip
    """out = a * b, on one thread.

    scratch: rows of `width` for each prime, then one for the second operand or three that keep its transform,
    then a table of turned roots.
    """
    turned = scratch[(3 + rows_of_y) * width :]
    for k in range(3):
        row = 3 + min(k, rows_of_y - 1)
        x, y = scratch[k * width : (k + 1) * width], scratch[row * width : (row + 1) * width]
        enter(a, x, block, children, 0, block, roots[k], moduli[k])
        if mode == FRESH:
            enter(b, y, block, children, 0, block, roots[k], moduli[k])
        if block == LEAF:
            convolve_leaves(
                x, y, mode, children,
                roots[k], packed[k], inv_roots[k], inv_packed[k], moduli[k],
            )  # fmt: skip
        else:
            for j in range(children):
                convolve_node(
                    x, y, mode, j * block, block, j,
                    roots[k], packed[k], inv_roots[k], inv_packed[k], factors[k], moduli[k], turned,
                )  # fmt: skip
    leave(
        scratch[:width], scratch[width : 2 * width], scratch[2 * width : 3 * width],
        out, block, children, 0, block, constants, words, state,
    )  # fmt: skip
    settle(out, block, children, block, state)


@kernel(void(BUFFER, int64, LIMBS))
def add_limbs(out, start, addend):
    """out[start:] += addend; the sum fits."""
    carry = ZERO
    for i in range(addend.size):
        first = out[start + i] + carry
        carry = ONE if first < carry else ZERO
        second = first + addend[i]
        carry += ONE if second < first else ZERO
        out[start + i] = second
    i = start + addend.size
    while carry != ZERO and i < out.size:
        out[i] += carry
        carry = ONE if out[i] == ZERO else ZERO
        i += 1
