"""The steps of the complex FFT apart: an operand's values, which may be kept, products of values, and what they mean.

    limbs --forward, evaluate_node--> values        one complex number for each root, in the order of the leaves
    values --multiply_values--> values              point by point; products may be added up
    values --interpolate_node, inverse_root, carry--> limbs

`fft.multiply_node` makes the same steps depth first, and takes kept values for its second operand.
"""

from __future__ import annotations

from numba import boolean, float64, int64, void

from fastmul.kernels.cpu.fft import LEAF_BITS, ascend, bottom_bits, descend
from fastmul.kernels.cpu.fft_leaves import LEAF, evaluate_leaves, interpolate_leaves
from fastmul.kernels.cpu.fft_passes import BLOCK
from fastmul.kernels.cpu.vectors import fma, fnma, load, splat, store
from fastmul.runtime.jit import const, kernel

_NODE = void(
    float64[::1], int64, const(int64[::1]), const(float64[::1]), int64, const(float64[::1]), int64
)


@kernel(_NODE)
def evaluate_node(x, start, levels, nodes, record, leaves, leaf):
    """The values of the child of the root at point `start`, in its place (arguments as of `multiply_node`)."""
    step = int64(1) << bottom_bits(levels)
    for first in range(0, int64(1) << levels[0], step):
        descend(x, start, first, levels, nodes, record)
        place = leaf + LEAF * (first >> LEAF_BITS)
        evaluate_leaves(x, start + first, step >> LEAF_BITS, leaves, place)


@kernel(_NODE)
def interpolate_node(x, start, levels, nodes, record, leaves, leaf):
    """2**levels[0] times the child of the root at point `start`, in the place of its values."""
    step = int64(1) << bottom_bits(levels)
    for first in range(0, int64(1) << levels[0], step):
        place = leaf + LEAF * (first >> LEAF_BITS)
        interpolate_leaves(x, start + first, step >> LEAF_BITS, leaves, place)
        ascend(x, start, first, first + step, levels, nodes, record)


@kernel(
    void(const(float64[::1]), const(float64[::1]), float64, boolean, float64[::1], int64, int64)
)
def multiply_values(x, y, sign, add, z, start, end):
    """z = sign * x * y, or z += sign * x * y, for the points start .. end; sign is 1 or -1.

    The rounding errors of a point: of one product as in `fft_butterflies.times`, of a sum see `fastmul.bounds.fft`.
    """
    signs, zero = splat(sign), splat(0.0)
    for i in range(2 * start, 2 * end, BLOCK):
        ar, ai = load(x, i) * signs, load(x, i + 8) * signs
        br, bi = load(y, i), load(y, i + 8)
        sr, si = zero, zero
        if add:
            sr, si = load(z, i), load(z, i + 8)
        store(z, i, fnma(ai, bi, fma(ar, br, sr)))
        store(z, i + 8, fma(ar, bi, fma(ai, br, si)))
