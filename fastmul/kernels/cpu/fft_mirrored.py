"""Squares and products of real digits in a cyclic FFT of half their number, by pairs of mirrored values.

Digits z[2p] and z[2p + 1] are the real and imaginary part of point p. With E and O the polynomials of even and of odd
digits and y = t**2, the number is E(y) + t*O(y), and what the transform gives is Z = E + iO at the L-th roots y of 1.
The product of two such numbers has the even part E*E' + y*O*O' and the odd part E*O' + O*E', packed again:

    W = Z*Z' - (1 + y)/4 * D*D',        D(y) = Z(y) - conj(Z(conj(y))) = 2i*O(y)

so a value needs the one at the conjugate root. In the tree of the transform (children of x**n - e(t) in bit-reversed
order) conjugation turns t into 1 - t, and reverses the order: point i of a node is mirrored in point size - 1 - i of
the node of 1 - t; only the nodes of t = 0 hold their mirrors in another order (`fastmul.transforms.fft_weighted`
writes the schedule). In a leaf, vector k of one is mirrored in the reversed vector 7 - k of the other.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import boolean, float64, int64, void
from numba.extending import intrinsic

from fastmul.kernels.cpu.fft import forward_pass, inverse_pass
from fastmul.kernels.cpu.fft_butterflies import HALF_ROOT, times
from fastmul.kernels.cpu.fft_leaves import LEAF, forward_rows, invert_leaves, put_values
from fastmul.kernels.cpu.vectors import f64x8, fma, fnma, load, negate, splat, store
from fastmul.runtime.jit import const, inline, kernel

#: Steps of a schedule.
DOWN, UP, LEAVES, FIRST_LEAF = 0, 1, 2, 3


@intrinsic
def reverse(typing_context: Any, a: Any) -> Any:
    """The lanes of a from the last to the first."""

    def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        picks = ir.Constant(ir.VectorType(ir.IntType(32), 8), list(range(7, -1, -1)))
        return builder.shuffle_vector(args[0], args[0], picks)

    return f64x8(f64x8), emit


@inline
def put_mirrored_squares(x, i, j, sr, si):
    """Squares of the vector at i and the mirrored one at j; s = -(1 + y)/4."""
    ar, ai = load(x, i), load(x, i + 8)
    br, bi = reverse(load(x, j)), reverse(load(x, j + 8))
    dr, di = ar - br, ai + bi
    dr, di = times(dr, di, dr, di)
    pr, pi = times(dr, di, sr, si)
    store(x, i, fnma(ai, ai, fma(ar, ar, pr)))
    store(x, i + 8, fma(ar + ar, ai, pi))
    store(x, j, reverse(fnma(bi, bi, fma(br, br, pr))))
    store(x, j + 8, reverse(fma(br + br, bi, negate(pi))))


@inline
def put_mirrored_products(x, y, i, j, sr, si):
    """Products of the vectors of x and y at i and the mirrored ones at j."""
    ar, ai, cr, ci = load(x, i), load(x, i + 8), load(y, i), load(y, i + 8)
    br, bi = reverse(load(x, j)), reverse(load(x, j + 8))
    dr, di = reverse(load(y, j)), reverse(load(y, j + 8))
    er, ei = times(ar - br, ai + bi, cr - dr, ci + di)
    pr, pi = times(er, ei, sr, si)
    store(x, i, fnma(ai, ci, fma(ar, cr, pr)))
    store(x, i + 8, fma(ai, cr, fma(ar, ci, pi)))
    store(x, j, reverse(fnma(bi, di, fma(br, dr, pr))))
    store(x, j + 8, reverse(fma(bi, dr, fma(br, di, negate(pi)))))


@inline
def put_mirrored(x, y, square, i, j, sr, si):
    if square:
        put_mirrored_squares(x, i, j, sr, si)
    else:
        put_mirrored_products(x, y, i, j, sr, si)


@inline
def put_mirrored_leaf(x, y, square, i, j, leaves, record):
    """The values of leaf i times those of y's, and of the mirrored leaf j; a leaf may be its own mirror."""
    quarter = splat(-0.25)
    wr, wi = load(leaves, record + 16) * quarter, load(leaves, record + 72) * quarter
    put_mirrored(x, y, square, i, j + 112, quarter + wr, wi)
    put_mirrored(x, y, square, i + 16, j + 96, quarter - wr, negate(wi))
    put_mirrored(x, y, square, i + 32, j + 80, quarter - wi, wr)
    put_mirrored(x, y, square, i + 48, j + 64, quarter + wi, negate(wr))
    if i != j:
        half_root = splat(HALF_ROOT)
        vr, vi = (wr - wi) * half_root, (wr + wi) * half_root
        put_mirrored(x, y, square, i + 64, j + 48, quarter + vr, vi)
        put_mirrored(x, y, square, i + 80, j + 32, quarter - vr, negate(vi))
        put_mirrored(x, y, square, i + 96, j + 16, quarter - vi, vr)
        put_mirrored(x, y, square, i + 112, j, quarter + vi, negate(vr))


@kernel(void(float64[::1], int64, int64, const(float64[::1])))
def leaf_values(x, first, count, leaves):
    """The values of `count` leaves from x[first] on, whose records begin at leaves[first]."""
    for k in range(first, first + count * LEAF, LEAF):
        forward_rows(x, k, leaves, k)
    for k in range(first, first + count * LEAF, LEAF):
        put_values(x, k, leaves, k)


@kernel(void(float64[::1], int64, int64, const(float64[::1])))
def leaves_from_values(x, first, count, leaves):
    """64 times the leaves, from their values."""
    invert_leaves(x, first, count, leaves, first)


@kernel(void(float64[::1], float64[::1], boolean, int64, int64, int64, const(float64[::1])))
def multiply_mirrored_leaves(x, y, square, i, j, count, leaves):
    """`count` leaves from x[i] on, and their mirrors from x[j] on, in reversed order."""
    leaf_values(x, i, count, leaves)
    if not square:
        leaf_values(y, i, count, leaves)
    if i != j:
        leaf_values(x, j, count, leaves)
        if not square:
            leaf_values(y, j, count, leaves)
    last = j + (count - 1) * LEAF
    for k in range(0, count * LEAF, LEAF):
        put_mirrored_leaf(x, y, square, i + k, last - k, leaves, i + k)
    leaves_from_values(x, i, count, leaves)
    if i != j:
        leaves_from_values(x, j, count, leaves)


@inline
def put_first_leaf(x, y, square, factors, mirrors):
    """The leaf of t = 0, point by point; factors: the real, then the imaginary parts of -(1 + y)/4."""
    for point in range(64):
        mirror = mirrors[point]
        if mirror < point:
            continue
        i = 16 * (point & 7) + (point >> 3)
        j = 16 * (mirror & 7) + (mirror >> 3)
        ar, ai, br, bi = x[i], x[i + 8], x[j], x[j + 8]
        if square:
            cr, ci, dr, di = ar, ai, br, bi
        else:
            cr, ci, dr, di = y[i], y[i + 8], y[j], y[j + 8]
        er, ei, fr, fi = ar - br, ai + bi, cr - dr, ci + di
        gr, gi = er * fr - ei * fi, er * fi + ei * fr
        sr, si = factors[point], factors[64 + point]
        pr, pi = gr * sr - gi * si, gr * si + gi * sr
        x[j], x[j + 8] = br * dr - bi * di + pr, br * di + bi * dr - pi
        x[i], x[i + 8] = ar * cr - ai * ci + pr, ar * ci + ai * cr + pi


@kernel(
    void(float64[::1], float64[::1], boolean, const(int64[:, ::1]), const(float64[::1]),
         const(float64[::1]), const(float64[::1]), const(int64[::1]))
)  # fmt: skip
def multiply_children(x, y, square, steps, nodes, leaves, factors, mirrors):
    """x = 2**m times the packed product of x and y (or the square of x) in all children of the root.

    steps: rows of (step, point, mirrored point, size or count, levels, record), as the schedule says.
    """
    for s in range(steps.shape[0]):
        step, start, other = steps[s, 0], steps[s, 1], steps[s, 2]
        size, levels, record = steps[s, 3], steps[s, 4], steps[s, 5]
        if step == DOWN:
            forward_pass(x, start, size, levels, nodes, record)
            if not square:
                forward_pass(y, start, size, levels, nodes, record)
        elif step == UP:
            inverse_pass(x, start, size, levels, nodes, record)
        elif step == LEAVES:
            multiply_mirrored_leaves(x, y, square, 2 * start, 2 * other, size, leaves)
        else:
            leaf_values(x, 0, 1, leaves)
            if not square:
                leaf_values(y, 0, 1, leaves)
            put_first_leaf(x, y, square, factors, mirrors)
            leaves_from_values(x, 0, 1, leaves)
