"""A product of big integers by a complex FFT: the kernel that runs every step.

    limbs --pad--> --forward_root--> children --multiply_node--> children of the product --inverse_root-->
    coefficients --carry_runs--> limbs

A child is multiplied depth first: both operands go down to the leaves, the product comes up again, so that small
nodes never leave the cache between passes and the table of leaf twiddles is read once for three transforms. The same
steps apart, for operands whose values are kept, are in ``fft_kept.py``.
"""

from __future__ import annotations

import numpy as np
from numba import boolean, float64, int64, uint8, uint64, void

from fastmul.kernels.cpu.fft_carry import CARRIES, add_carry, carry_runs
from fastmul.kernels.cpu.fft_digits import PADDING, pad, put_word
from fastmul.kernels.cpu.fft_leaves import (
    LEAF,
    multiply_leaves,
    multiply_leaves_by_values,
    square_leaves,
)
from fastmul.kernels.cpu.fft_passes import (
    RECORD,
    forward2,
    forward4,
    forward8,
    inverse_pass2,
    inverse_pass4,
    inverse_pass8,
)
from fastmul.kernels.cpu.fft_root import forward_root
from fastmul.kernels.cpu.fft_unroot import inverse_root
from fastmul.runtime.jit import const, inline, kernel

#: log2 of the points of a leaf.
LEAF_BITS = 6


@inline
def forward_pass(x, start, size, down, twiddles, record):
    """From a node of `size` points to its 2**down children."""
    if down == 3:
        forward8(x, start, size, twiddles, record)
    elif down == 2:
        forward4(x, start, size, twiddles, record)
    else:
        forward2(x, start, size, twiddles, record)


@inline
def inverse_pass(x, start, size, up, twiddles, record):
    if up == 3:
        inverse_pass8(x, start, size, twiddles, record)
    elif up == 2:
        inverse_pass4(x, start, size, twiddles, record)
    else:
        inverse_pass2(x, start, size, twiddles, record)


#: What `multiply_node` finds in y: the other operand's coefficients, nothing (a square), or its values.
COEFFICIENTS, SQUARE, VALUES = 0, 1, 2


@inline
def descend(x, start, first, levels, nodes, record):
    """Every forward pass of a child that begins at its point `first` and has not been made with the points before."""
    for p in range(levels.size - 1):
        size = int64(1) << levels[p]
        if first & (size - 1) == 0:
            node = (int64(1) << (levels[0] - levels[p])) + (first >> levels[p])
            down = levels[p] - levels[p + 1]
            forward_pass(x, start + first, size, down, nodes, record + RECORD * node)


@inline
def ascend(x, start, first, end, levels, nodes, record):
    """Every inverse pass of a child that becomes possible when its points first .. end are ready."""
    for p in range(levels.size - 2, -1, -1):
        size = int64(1) << levels[p]
        if end & (size - 1) == 0:
            node = (int64(1) << (levels[0] - levels[p])) + (first >> levels[p])
            up = levels[p] - levels[p + 1]
            inverse_pass(x, start + end - size, size, up, nodes, record + RECORD * node)


@inline
def bottom_bits(levels):
    """log2 of the points whose leaves are taken together: the smallest node above them."""
    return levels[max(levels.size - 2, 0)]


@kernel(
    void(float64[::1], float64[::1], int64, int64, const(int64[::1]),
         const(float64[::1]), int64, const(float64[::1]), int64)
)  # fmt: skip
def multiply_node(x, y, other, start, levels, nodes, record, leaves, leaf):
    """x = 2**levels[0] * x * y (or x * x) in the child of the root at point `start`.

    other: COEFFICIENTS, SQUARE or VALUES. levels: log2 of the sizes of nodes from the child down to the leaf. The
    record of node i at depth d, counted in bits, is nodes[record + 16*(2**d + i)]; the records of the leaves begin
    at leaves[leaf].
    """
    step = int64(1) << bottom_bits(levels)
    for first in range(0, int64(1) << levels[0], step):
        descend(x, start, first, levels, nodes, record)
        place = leaf + LEAF * (first >> LEAF_BITS)
        if other == SQUARE:
            square_leaves(x, start + first, step >> LEAF_BITS, leaves, place)
        elif other == VALUES:
            multiply_leaves_by_values(x, y, start + first, step >> LEAF_BITS, leaves, place)
        else:
            descend(y, start, first, levels, nodes, record)
            multiply_leaves(x, y, start + first, step >> LEAF_BITS, leaves, place)
        ascend(x, start, first, first + step, levels, nodes, record)


@kernel(
    float64(const(uint64[::1]), boolean, uint64[::1], float64[::1], int64, int64, int64, const(float64[::1]))
)  # fmt: skip
def forward(limbs, all_digits, padded, x, rows, n, bits, roots):
    """x = the children of the root for an operand; returns the sum of its digits' squares.

    Not all_digits: an operand of rows * n digits, or one more that is 0 or 1:
    its highest bit (see `fastmul.transforms.fft`).
    """
    half_words = (rows * n * bits) >> 6
    reach = 2 * half_words if all_digits else half_words
    pad(limbs, padded, 0, reach + PADDING)
    norm = forward_root(padded, 7, bits, x, rows, n, roots, False)
    if all_digits:
        return norm + forward_root(padded, 7 + 8 * half_words, bits, x, rows, n, roots, True)
    if limbs.size == half_words and limbs[-1] >> uint64(63):
        for child in range(rows):
            x[2 * child * n + 8] += 1.0
        return norm + 1.0
    return norm


@kernel(void(const(float64[::1]), int64, int64, int64, int64, uint64[::1], uint64[::1]))
def carry(c, length, bits, at, wraps, work, out):
    """out = the number with coefficients c, two's complement, carried in eight runs through `work`.

    wraps: what coefficient 0 has lost to a coefficient just beyond the transform.
    """
    carry_runs(c, 0, length, bits, work, 0, work, at, wraps)
    run_bytes = (length >> 3) * bits
    end = 8 * run_bytes
    top = int64(work[at + CARRIES + 7]) + wraps
    put_word(work, end, uint64(top))
    put_word(work, end + 8, uint64(top >> 63))
    put_word(work, end + 16, uint64(1))  # where a carry through all words stops
    for lane in range(7):
        add_carry(work, (lane + 1) * run_bytes, work[at + CARRIES + lane])
    for i in range(out.size):
        out[i] = work[i]


#: Where the numbers of a plan are: rows, digit bits, digits of a, digits of b; where nodes and leaves begin in the
#: table of twiddles; then `levels`.
ROWS, DIGIT_BITS, A_DIGITS, B_DIGITS, NODES, LEAVES, LEVELS = range(7)


@kernel(
    boolean(const(uint64[::1]), const(uint64[::1]), boolean, uint64[::1], const(int64[::1]), float64,
            const(float64[::1]), uint8[::1])
)  # fmt: skip
def multiply(a, b, square, out, numbers, limit, twiddles, block):
    """out = a * b; False, with out untouched, where the digits' norms exceed the window.

    numbers: see above. limit: what the product of the sums of squares may be at most. twiddles: roots, nodes, leaves.
    block: scratch.
    """
    rows, bits = numbers[ROWS], numbers[DIGIT_BITS]
    a_digits, b_digits = numbers[A_DIGITS], numbers[B_DIGITS]
    levels, roots = numbers[LEVELS:], twiddles[: numbers[NODES]]
    nodes, leaves = twiddles[numbers[NODES] : numbers[LEAVES]], twiddles[numbers[LEAVES] :]
    n = int64(1) << levels[0]
    half = rows * n
    words = block[: block.size & ~7].view(np.uint64)
    work = words.view(np.float64)
    x, y = work[: 2 * half], work[2 * half : 4 * half]
    padded = words[4 * half :]
    wrapped = a_digits + b_digits > 2 * half
    norm = forward(a, a_digits > half and not wrapped, padded, x, rows, n, bits, roots)
    if square:
        norm *= norm
    else:
        norm *= forward(b, b_digits > half and not wrapped, padded, y, rows, n, bits, roots)
    if norm > limit:
        return False
    per_child = n >> LEAF_BITS
    for child in range(rows):
        multiply_node(
            x, y, SQUARE if square else COEFFICIENTS, child * n, levels,
            nodes, child * per_child * RECORD, leaves, child * per_child * LEAF,
        )  # fmt: skip
    inverse_root(x, 0, n, roots[RECORD * rows :], y, rows, n)
    wraps = int64((a[-1] & b[-1]) >> uint64(63)) if wrapped else int64(0)
    digits = min(a_digits + b_digits, 2 * half)
    carry(y, ((digits + 63) >> 6) << 3, bits, 4 * half, wraps, words, out)
    return True
