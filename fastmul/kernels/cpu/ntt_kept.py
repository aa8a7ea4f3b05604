"""Transforms that are kept: encode, multiply and decode apart, and the product with a kept operand.

    encode           limbs -> values modulo each prime        rows of `width` doubles, one for each prime
    add_products     z += x * y, value by value               sums share one way back
    decode           values -> coefficients -> limbs
    product_in_ring  all of it for one product, as `ntt_product.product`, of any nodes and with any second operand

Values are in the order in which `ntt_product.convolve_node` has them: that of the tree's leaves, each transposed.
"""

from __future__ import annotations

from numba import float64, int64, void

from fastmul.kernels.cpu.ntt_arithmetic import mulmod2, reduce
from fastmul.kernels.cpu.ntt_crt import STATES, leave, settle
from fastmul.kernels.cpu.ntt_limbs import BUFFER, LIMBS
from fastmul.kernels.cpu.ntt_nodes import join_node, split_node
from fastmul.kernels.cpu.ntt_passes import (
    LEAF,
    PACKED,
    ROW,
    TABLE,
    join_8,
    split_8,
)
from fastmul.kernels.cpu.ntt_product import CUBE, FRESH, NODE, TABLES, convolve_node, enter
from fastmul.kernels.cpu.ntt_tables import turn
from fastmul.kernels.cpu.ntt_wrapped import PLUS, enter_plus, leave_lifted
from fastmul.kernels.cpu.vectors import load, splat, store
from fastmul.runtime.jit import kernel


@kernel(void(ROW, int64, int64, int64, TABLE, TABLE, TABLES, TABLE, ROW))
def split_deep(x, start, length, j, roots, packed, factors, modulus, turned):
    """Node j of any length of at least 128 points down to its values: the first half of `convolve_node`."""
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
                split_8(x, start + g * inner, node, (j * count + g) // inside, roots, modulus)
            node >>= 3
            inside >>= 3
        at, k = start + g * inner, j * count + g
        if k < covered:
            split_node(x, at, inner, k, k * leaves * PACKED, roots, packed, modulus)
        else:
            turn(packed, turned, leaves, factors[0, k], factors[1, k], factors[2, k], modulus)
            split_node(x, at, inner, k, 0, roots, turned, modulus)


@kernel(void(ROW, int64, int64, int64, TABLE, TABLE, TABLES, TABLE, ROW))
def join_deep(x, start, length, j, inv_roots, inv_packed, factors, modulus, turned):
    """The way back, times `length`: the second half of `convolve_node`."""
    inner = length
    while inner > NODE:
        inner >>= 3
    leaves = inner // LEAF
    covered = inv_packed.size // PACKED // leaves
    count = length // inner
    for g in range(count):
        at, k = start + g * inner, j * count + g
        if k < covered:
            join_node(x, at, inner, k, k * leaves * PACKED, inv_roots, inv_packed, modulus)
        else:
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


@kernel(void(LIMBS, ROW, int64, int64, int64, int64, int64, TABLE, TABLE))
def enter_nodes(limbs, x, first, block, children, start, stop, roots, modulus):
    """Columns start..stop of an operand down to the nodes from `first` on."""
    if first == PLUS:
        enter_plus(limbs, x, block, start, stop, roots, modulus)
    else:
        enter(limbs, x, block, children, start, stop, roots, modulus)


@kernel(void(LIMBS, ROW, int64, int64, int64, int64, TABLES, TABLES, CUBE, TABLES, ROW))
def encode(limbs, values, width, first, block, children, roots, packed, factors, moduli, turned):
    """The values of an operand in all three primes."""
    for k in range(3):
        x = values[k * width : (k + 1) * width]
        enter_nodes(limbs, x, first, block, children, 0, block, roots[k], moduli[k])
        for j in range(children):
            split_deep(
                x, j * block, block, first + j, roots[k], packed[k], factors[k], moduli[k], turned
            )


@kernel(void(ROW, ROW, ROW, int64, int64, float64, int64, TABLE))
def add_products(z, x, y, start, stop, sign, fresh, modulus):
    """z = sign * x * y on a stretch of values, added to z unless that is fresh; x and y may be one row.

    Values in `bounds.ntt.FORWARD` make products in PRODUCT; the sum of one and a reduced value is reduced.
    """
    p, pinv, s = splat(modulus[0]), splat(modulus[1]), splat(sign)
    for i in range(start, stop, 16):
        a, b = reduce(load(x, i), p, pinv) * s, reduce(load(x, i + 8), p, pinv) * s
        a, b = mulmod2(load(y, i), load(y, i + 8), a, b, p, pinv)
        if fresh == 0:
            a, b = reduce(a + load(z, i), p, pinv), reduce(b + load(z, i + 8), p, pinv)
        store(z, i, a)
        store(z, i + 8, b)


@kernel(
    void(LIMBS, LIMBS, int64, ROW, int64, ROW, int64, BUFFER, int64, int64, int64,
         TABLES, TABLES, TABLES, TABLES, CUBE, TABLES, TABLE, TABLE, LIMBS, STATES, ROW)
)  # fmt: skip
def product_in_ring(
    a, b, mode, x_rows, x_width, y_rows, y_width, out, first, block, children,
    roots, packed, inv_roots, inv_packed, factors, moduli, constants, lifts, words, state, turned,
):  # fmt: skip
    """out = a * b in the ring of these nodes, up to `settle`, on one thread; blocks of at least 128 points.

    x_rows: of `x_width` for each prime.
    y_rows: of `y_width`, the transform of b if mode is PREPARED; with y_width = 0 one row for all primes.
    lifts: what is added to the residues of each prime (`ntt_wrapped`); empty where nothing is subtracted.
    """
    for k in range(3):
        x, y = x_rows[k * x_width : (k + 1) * x_width], y_rows[k * y_width :]
        enter_nodes(a, x, first, block, children, 0, block, roots[k], moduli[k])
        if mode == FRESH:
            enter_nodes(b, y, first, block, children, 0, block, roots[k], moduli[k])
        for j in range(children):
            convolve_node(
                x, y, mode, j * block, block, first + j,
                roots[k], packed[k], inv_roots[k], inv_packed[k], factors[k], moduli[k], turned,
            )  # fmt: skip
    x1, x2, x3 = x_rows[:x_width], x_rows[x_width : 2 * x_width], x_rows[2 * x_width :]
    if lifts.size == 0:
        leave(x1, x2, x3, out, block, children, 0, block, constants, words, state)
    else:
        leave_lifted(
            x1, x2, x3, out, first, block, children, 0, block, constants, lifts, words, state
        )
    settle(out, block, children, block, state)


@kernel(
    void(ROW, LIMBS, ROW, int64, LIMBS, ROW, int64, float64, int64, int64, int64, int64,
         TABLES, TABLES, CUBE, TABLES, ROW)
)  # fmt: skip
def accumulate(
    z, a, x_rows, x_width, b, y_rows, y_width, sign, fresh, first, block, children,
    roots, packed, factors, moduli, turned,
):  # fmt: skip
    """z = sign * a * b in values, added to z unless that is fresh.

    z: a row for each prime. x_rows, y_rows: of that width for each prime, the transforms of a and b; where the width is
    0, one row for all primes in which the operand is transformed now. b.size == 0: b is a.
    """
    width = z.size // 3
    for k in range(3):
        x = x_rows[k * x_width :]
        y = y_rows[k * y_width :] if b.size > 0 else x
        if x_width == 0:
            enter_nodes(a, x, first, block, children, 0, block, roots[k], moduli[k])
        if y_width == 0 and b.size > 0:
            enter_nodes(b, y, first, block, children, 0, block, roots[k], moduli[k])
        for j in range(children):
            at, node = j * block, first + j
            if x_width == 0:
                split_deep(x, at, block, node, roots[k], packed[k], factors[k], moduli[k], turned)
            if y_width == 0 and b.size > 0:
                split_deep(y, at, block, node, roots[k], packed[k], factors[k], moduli[k], turned)
            add_products(
                z[k * width : (k + 1) * width], x, y, at, at + block, sign, fresh, moduli[k]
            )
