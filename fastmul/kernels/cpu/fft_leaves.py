"""The last six levels of the complex FFT: leaves of 64 points, where the product happens.

A leaf is eight vectors. Its first pass of eight rows has one record of twiddles; then the leaf is read transposed, so
that a lane is a child and a vector is one row of all children, whose eight records become vectors:

    leaves[128*j ...] = [record of leaf j][re w, one lane to a child][re w**2] .. [re w**7][im w] .. [im w**7]

Each step runs over several leaves before the next step begins. A step's multiplications come before its additions,
so the CPU, which looks ahead about a hundred instructions, fills both kinds of units only if the next leaf's
multiplications do not wait for this leaf's additions. Likewise the transposes follow loads, where they wait for no
addition: after the additions of the step before, they would stand alone.
"""

from __future__ import annotations

from numba import float64, int64, void

from fastmul.kernels.cpu.fft_butterflies import inverse8, times, times_conjugate, transform8
from fastmul.kernels.cpu.fft_lanes import load_halves, transpose_within_halves
from fastmul.kernels.cpu.fft_passes import BLOCK, put8
from fastmul.kernels.cpu.vectors import load, splat
from fastmul.runtime.jit import const, inline, kernel

#: float64 numbers of a leaf's points, and of its record.
LEAF = 128


@inline
def forward_rows(x, i, leaves, j):
    """From a leaf to its children, a row to each."""
    br, bi = times(load(x, i + 16), load(x, i + 24), splat(leaves[j]), splat(leaves[j + 8]))
    cr, ci = times(load(x, i + 32), load(x, i + 40), splat(leaves[j + 1]), splat(leaves[j + 9]))
    dr, di = times(load(x, i + 48), load(x, i + 56), splat(leaves[j + 2]), splat(leaves[j + 10]))
    er, ei = times(load(x, i + 64), load(x, i + 72), splat(leaves[j + 3]), splat(leaves[j + 11]))
    fr, fi = times(load(x, i + 80), load(x, i + 88), splat(leaves[j + 4]), splat(leaves[j + 12]))
    gr, gi = times(load(x, i + 96), load(x, i + 104), splat(leaves[j + 5]), splat(leaves[j + 13]))
    hr, hi = times(load(x, i + 112), load(x, i + 120), splat(leaves[j + 6]), splat(leaves[j + 14]))
    ar, ai, br, bi, cr, ci, dr, di, er, ei, fr, fi, gr, gi, hr, hi = transform8(
        load(x, i), load(x, i + 8), br, bi, cr, ci, dr, di, er, ei, fr, fi, gr, gi, hr, hi
    )
    put8(x, i, BLOCK, ar, ai, br, bi, cr, ci, dr, di, er, ei, fr, fi, gr, gi, hr, hi)


@inline
def load_transposed(x, i):
    """The real or imaginary parts of four rows of a leaf's transpose."""
    return transpose_within_halves(
        load_halves(x, i, i + 64), load_halves(x, i + 16, i + 80),
        load_halves(x, i + 32, i + 96), load_halves(x, i + 48, i + 112),
    )  # fmt: skip


@inline
def forward_lanes(x, i, leaves, j):
    """The values of the children that `forward_rows` left, as sixteen vectors, a lane to a child."""
    er, fr, gr, hr = load_transposed(x, i + 4)
    ei, fi, gi, hi = load_transposed(x, i + 12)
    er, ei = times(er, ei, load(leaves, j + 40), load(leaves, j + 96))
    fr, fi = times(fr, fi, load(leaves, j + 48), load(leaves, j + 104))
    gr, gi = times(gr, gi, load(leaves, j + 56), load(leaves, j + 112))
    hr, hi = times(hr, hi, load(leaves, j + 64), load(leaves, j + 120))
    ar, br, cr, dr = load_transposed(x, i)
    ai, bi, ci, di = load_transposed(x, i + 8)
    br, bi = times(br, bi, load(leaves, j + 16), load(leaves, j + 72))
    cr, ci = times(cr, ci, load(leaves, j + 24), load(leaves, j + 80))
    dr, di = times(dr, di, load(leaves, j + 32), load(leaves, j + 88))
    return transform8(ar, ai, br, bi, cr, ci, dr, di, er, ei, fr, fi, gr, gi, hr, hi)


@inline
def inverse_lanes(x, i, leaves, j):
    """Eight times the leaf's children, a lane to each, from their values."""
    ar, ai, br, bi, cr, ci, dr, di, er, ei, fr, fi, gr, gi, hr, hi = inverse8(
        load(x, i), load(x, i + 8), load(x, i + 16), load(x, i + 24),
        load(x, i + 32), load(x, i + 40), load(x, i + 48), load(x, i + 56),
        load(x, i + 64), load(x, i + 72), load(x, i + 80), load(x, i + 88),
        load(x, i + 96), load(x, i + 104), load(x, i + 112), load(x, i + 120),
    )  # fmt: skip
    br, bi = times_conjugate(br, bi, load(leaves, j + 16), load(leaves, j + 72))
    cr, ci = times_conjugate(cr, ci, load(leaves, j + 24), load(leaves, j + 80))
    dr, di = times_conjugate(dr, di, load(leaves, j + 32), load(leaves, j + 88))
    er, ei = times_conjugate(er, ei, load(leaves, j + 40), load(leaves, j + 96))
    fr, fi = times_conjugate(fr, fi, load(leaves, j + 48), load(leaves, j + 104))
    gr, gi = times_conjugate(gr, gi, load(leaves, j + 56), load(leaves, j + 112))
    hr, hi = times_conjugate(hr, hi, load(leaves, j + 64), load(leaves, j + 120))
    put8(x, i, BLOCK, ar, ai, br, bi, cr, ci, dr, di, er, ei, fr, fi, gr, gi, hr, hi)


@inline
def inverse_rows(x, i, leaves, j):
    """Eight times the leaf, from its children."""
    ar, br, cr, dr = load_transposed(x, i)
    ai, bi, ci, di = load_transposed(x, i + 8)
    er, fr, gr, hr = load_transposed(x, i + 4)
    ei, fi, gi, hi = load_transposed(x, i + 12)
    ar, ai, br, bi, cr, ci, dr, di, er, ei, fr, fi, gr, gi, hr, hi = inverse8(
        ar, ai, br, bi, cr, ci, dr, di, er, ei, fr, fi, gr, gi, hr, hi
    )
    br, bi = times_conjugate(br, bi, splat(leaves[j]), splat(leaves[j + 8]))
    cr, ci = times_conjugate(cr, ci, splat(leaves[j + 1]), splat(leaves[j + 9]))
    dr, di = times_conjugate(dr, di, splat(leaves[j + 2]), splat(leaves[j + 10]))
    er, ei = times_conjugate(er, ei, splat(leaves[j + 3]), splat(leaves[j + 11]))
    fr, fi = times_conjugate(fr, fi, splat(leaves[j + 4]), splat(leaves[j + 12]))
    gr, gi = times_conjugate(gr, gi, splat(leaves[j + 5]), splat(leaves[j + 13]))
    hr, hi = times_conjugate(hr, hi, splat(leaves[j + 6]), splat(leaves[j + 14]))
    put8(x, i, BLOCK, ar, ai, br, bi, cr, ci, dr, di, er, ei, fr, fi, gr, gi, hr, hi)


@inline
def put_values(x, i, leaves, j):
    """The leaf's values, in place of its children."""
    ar, ai, br, bi, cr, ci, dr, di, er, ei, fr, fi, gr, gi, hr, hi = forward_lanes(x, i, leaves, j)
    put8(x, i, BLOCK, ar, ai, br, bi, cr, ci, dr, di, er, ei, fr, fi, gr, gi, hr, hi)


@inline
def put_product(x, y, i, leaves, j):
    """The leaf's values times the values at y."""
    ar, ai, br, bi, cr, ci, dr, di, er, ei, fr, fi, gr, gi, hr, hi = forward_lanes(x, i, leaves, j)
    ar, ai = times(ar, ai, load(y, i), load(y, i + 8))
    br, bi = times(br, bi, load(y, i + 16), load(y, i + 24))
    cr, ci = times(cr, ci, load(y, i + 32), load(y, i + 40))
    dr, di = times(dr, di, load(y, i + 48), load(y, i + 56))
    er, ei = times(er, ei, load(y, i + 64), load(y, i + 72))
    fr, fi = times(fr, fi, load(y, i + 80), load(y, i + 88))
    gr, gi = times(gr, gi, load(y, i + 96), load(y, i + 104))
    hr, hi = times(hr, hi, load(y, i + 112), load(y, i + 120))
    put8(x, i, BLOCK, ar, ai, br, bi, cr, ci, dr, di, er, ei, fr, fi, gr, gi, hr, hi)


@inline
def put_square(x, i, leaves, j):
    """The squares of the leaf's values."""
    ar, ai, br, bi, cr, ci, dr, di, er, ei, fr, fi, gr, gi, hr, hi = forward_lanes(x, i, leaves, j)
    ar, ai = times(ar, ai, ar, ai)
    br, bi = times(br, bi, br, bi)
    cr, ci = times(cr, ci, cr, ci)
    dr, di = times(dr, di, dr, di)
    er, ei = times(er, ei, er, ei)
    fr, fi = times(fr, fi, fr, fi)
    gr, gi = times(gr, gi, gr, gi)
    hr, hi = times(hr, hi, hr, hi)
    put8(x, i, BLOCK, ar, ai, br, bi, cr, ci, dr, di, er, ei, fr, fi, gr, gi, hr, hi)


@inline
def invert_leaves(x, first, count, leaves, j):
    for k in range(0, count * LEAF, LEAF):
        inverse_lanes(x, first + k, leaves, j + k)
    for k in range(0, count * LEAF, LEAF):
        inverse_rows(x, first + k, leaves, j + k)


@kernel(void(float64[::1], float64[::1], int64, int64, const(float64[::1]), int64))
def multiply_leaves(x, y, start, count, leaves, j):
    """x = 64*x*y in `count` leaves from point `start` on, whose records begin at leaves[j]."""
    first = 2 * start
    for k in range(0, count * LEAF, LEAF):
        forward_rows(x, first + k, leaves, j + k)
        forward_rows(y, first + k, leaves, j + k)
    for k in range(0, count * LEAF, LEAF):
        put_values(y, first + k, leaves, j + k)
    for k in range(0, count * LEAF, LEAF):
        put_product(x, y, first + k, leaves, j + k)
    invert_leaves(x, first, count, leaves, j)


@kernel(void(float64[::1], int64, int64, const(float64[::1]), int64))
def square_leaves(x, start, count, leaves, j):
    """x = 64*x*x in `count` leaves from point `start` on."""
    first = 2 * start
    for k in range(0, count * LEAF, LEAF):
        forward_rows(x, first + k, leaves, j + k)
    for k in range(0, count * LEAF, LEAF):
        put_square(x, first + k, leaves, j + k)
    invert_leaves(x, first, count, leaves, j)


@kernel(void(float64[::1], float64[::1], int64, int64, const(float64[::1]), int64))
def multiply_leaves_by_values(x, y, start, count, leaves, j):
    """x = 64*x*y where y holds the other operand's values already."""
    first = 2 * start
    for k in range(0, count * LEAF, LEAF):
        forward_rows(x, first + k, leaves, j + k)
    for k in range(0, count * LEAF, LEAF):
        put_product(x, y, first + k, leaves, j + k)
    invert_leaves(x, first, count, leaves, j)


@kernel(void(float64[::1], int64, int64, const(float64[::1]), int64))
def evaluate_leaves(x, start, count, leaves, j):
    """The values of `count` leaves, in their place."""
    first = 2 * start
    for k in range(0, count * LEAF, LEAF):
        forward_rows(x, first + k, leaves, j + k)
    for k in range(0, count * LEAF, LEAF):
        put_values(x, first + k, leaves, j + k)


@kernel(void(float64[::1], int64, int64, const(float64[::1]), int64))
def interpolate_leaves(x, start, count, leaves, j):
    """64 times the coefficients of `count` leaves, in the place of their values."""
    invert_leaves(x, 2 * start, count, leaves, j)
