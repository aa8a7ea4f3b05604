"""One pass of the complex FFT over one node, in place; and the 64-point leaf, where the product happens.

Complex arrays are blocks of eight points, real parts before imaginary parts, so that a vector holds eight
neighbours and passes move no lanes:

    x = [re 0..7][im 0..7][re 8..15][im 8..15] ...          point p starts at x[2*p], p a multiple of 8

A node of `size` points is cut into rows; row k is multiplied by w**k, w the node's root:

    row 0   x[start .. start + stride)         *1    |
    row 1   x[start + stride .. )              *w    |  transform of length 8, column by column
    ...                                              |  -> child q in row q
    row 7                                      *w**7 v

The twiddles of node j are the record twiddles[16*j : 16*j + 16] = re w..w**7, 0, im w..w**7, 0; a
pass of four rows has the root w**2, one of two rows w**4.
"""

from __future__ import annotations

from numba import float64, int64, void

from fastmul.kernels.cpu.fft_butterflies import (
    inverse4,
    inverse8,
    times,
    times_conjugate,
    transform4,
    transform8,
)
from fastmul.kernels.cpu.vectors import load, splat, store, transpose8
from fastmul.runtime.jit import const, inline, kernel

#: float64 numbers of eight complex points, of a node's record, and of a leaf: its points as well as its record.
BLOCK = 16
RECORD = 16
LEAF_RECORD = 128

_PASS = void(float64[::1], int64, int64, const(float64[::1]), int64)


@kernel(_PASS)
def forward8(x, start, size, twiddles, record):
    """The node's eight children: `start` and `size` in points, `record` an index into `twiddles`."""
    stride = size >> 2
    w1r, w1i = splat(twiddles[record]), splat(twiddles[record + 8])
    w2r, w2i = splat(twiddles[record + 1]), splat(twiddles[record + 9])
    w3r, w3i = splat(twiddles[record + 2]), splat(twiddles[record + 10])
    w4r, w4i = splat(twiddles[record + 3]), splat(twiddles[record + 11])
    w5r, w5i = splat(twiddles[record + 4]), splat(twiddles[record + 12])
    w6r, w6i = splat(twiddles[record + 5]), splat(twiddles[record + 13])
    w7r, w7i = splat(twiddles[record + 6]), splat(twiddles[record + 14])
    for i in range(2 * start, 2 * start + stride, BLOCK):
        ar, ai = load(x, i), load(x, i + 8)
        k = i + stride
        br, bi = times(load(x, k), load(x, k + 8), w1r, w1i)
        k += stride
        cr, ci = times(load(x, k), load(x, k + 8), w2r, w2i)
        k += stride
        dr, di = times(load(x, k), load(x, k + 8), w3r, w3i)
        k += stride
        er, ei = times(load(x, k), load(x, k + 8), w4r, w4i)
        k += stride
        fr, fi = times(load(x, k), load(x, k + 8), w5r, w5i)
        k += stride
        gr, gi = times(load(x, k), load(x, k + 8), w6r, w6i)
        k += stride
        hr, hi = times(load(x, k), load(x, k + 8), w7r, w7i)
        ar, ai, br, bi, cr, ci, dr, di, er, ei, fr, fi, gr, gi, hr, hi = transform8(
            ar, ai, br, bi, cr, ci, dr, di, er, ei, fr, fi, gr, gi, hr, hi
        )
        put8(x, i, stride, ar, ai, br, bi, cr, ci, dr, di, er, ei, fr, fi, gr, gi, hr, hi)


@inline
def put8(x, i, stride, ar, ai, br, bi, cr, ci, dr, di, er, ei, fr, fi, gr, gi, hr, hi):
    """Store eight complex vectors, one to a row."""
    store(x, i, ar)
    store(x, i + 8, ai)
    i += stride
    store(x, i, br)
    store(x, i + 8, bi)
    i += stride
    store(x, i, cr)
    store(x, i + 8, ci)
    i += stride
    store(x, i, dr)
    store(x, i + 8, di)
    i += stride
    store(x, i, er)
    store(x, i + 8, ei)
    i += stride
    store(x, i, fr)
    store(x, i + 8, fi)
    i += stride
    store(x, i, gr)
    store(x, i + 8, gi)
    i += stride
    store(x, i, hr)
    store(x, i + 8, hi)


@kernel(_PASS)
def inverse_pass8(x, start, size, twiddles, record):
    """Eight times the node, from its eight children."""
    stride = size >> 2
    w1r, w1i = splat(twiddles[record]), splat(twiddles[record + 8])
    w2r, w2i = splat(twiddles[record + 1]), splat(twiddles[record + 9])
    w3r, w3i = splat(twiddles[record + 2]), splat(twiddles[record + 10])
    w4r, w4i = splat(twiddles[record + 3]), splat(twiddles[record + 11])
    w5r, w5i = splat(twiddles[record + 4]), splat(twiddles[record + 12])
    w6r, w6i = splat(twiddles[record + 5]), splat(twiddles[record + 13])
    w7r, w7i = splat(twiddles[record + 6]), splat(twiddles[record + 14])
    for i in range(2 * start, 2 * start + stride, BLOCK):
        k1, k2, k3, k4 = i + stride, i + 2 * stride, i + 3 * stride, i + 4 * stride
        k5, k6, k7 = k4 + stride, k4 + 2 * stride, k4 + 3 * stride
        ar, ai, br, bi, cr, ci, dr, di, er, ei, fr, fi, gr, gi, hr, hi = inverse8(
            load(x, i), load(x, i + 8), load(x, k1), load(x, k1 + 8),
            load(x, k2), load(x, k2 + 8), load(x, k3), load(x, k3 + 8),
            load(x, k4), load(x, k4 + 8), load(x, k5), load(x, k5 + 8),
            load(x, k6), load(x, k6 + 8), load(x, k7), load(x, k7 + 8),
        )  # fmt: skip
        br, bi = times_conjugate(br, bi, w1r, w1i)
        cr, ci = times_conjugate(cr, ci, w2r, w2i)
        dr, di = times_conjugate(dr, di, w3r, w3i)
        er, ei = times_conjugate(er, ei, w4r, w4i)
        fr, fi = times_conjugate(fr, fi, w5r, w5i)
        gr, gi = times_conjugate(gr, gi, w6r, w6i)
        hr, hi = times_conjugate(hr, hi, w7r, w7i)
        put8(x, i, stride, ar, ai, br, bi, cr, ci, dr, di, er, ei, fr, fi, gr, gi, hr, hi)


@kernel(_PASS)
def forward4(x, start, size, twiddles, record):
    """The node's four children."""
    stride = size >> 1
    w1r, w1i = splat(twiddles[record + 1]), splat(twiddles[record + 9])
    w2r, w2i = splat(twiddles[record + 3]), splat(twiddles[record + 11])
    w3r, w3i = splat(twiddles[record + 5]), splat(twiddles[record + 13])
    for i in range(2 * start, 2 * start + stride, BLOCK):
        k1, k2, k3 = i + stride, i + 2 * stride, i + 3 * stride
        br, bi = times(load(x, k1), load(x, k1 + 8), w1r, w1i)
        cr, ci = times(load(x, k2), load(x, k2 + 8), w2r, w2i)
        dr, di = times(load(x, k3), load(x, k3 + 8), w3r, w3i)
        ar, ai, br, bi, cr, ci, dr, di = transform4(
            load(x, i), load(x, i + 8), br, bi, cr, ci, dr, di
        )
        store(x, i, ar)
        store(x, i + 8, ai)
        store(x, k1, br)
        store(x, k1 + 8, bi)
        store(x, k2, cr)
        store(x, k2 + 8, ci)
        store(x, k3, dr)
        store(x, k3 + 8, di)


@kernel(_PASS)
def inverse_pass4(x, start, size, twiddles, record):
    """Four times the node, from its four children."""
    stride = size >> 1
    w1r, w1i = splat(twiddles[record + 1]), splat(twiddles[record + 9])
    w2r, w2i = splat(twiddles[record + 3]), splat(twiddles[record + 11])
    w3r, w3i = splat(twiddles[record + 5]), splat(twiddles[record + 13])
    for i in range(2 * start, 2 * start + stride, BLOCK):
        k1, k2, k3 = i + stride, i + 2 * stride, i + 3 * stride
        ar, ai, br, bi, cr, ci, dr, di = inverse4(
            load(x, i), load(x, i + 8), load(x, k1), load(x, k1 + 8),
            load(x, k2), load(x, k2 + 8), load(x, k3), load(x, k3 + 8),
        )  # fmt: skip
        br, bi = times_conjugate(br, bi, w1r, w1i)
        cr, ci = times_conjugate(cr, ci, w2r, w2i)
        dr, di = times_conjugate(dr, di, w3r, w3i)
        store(x, i, ar)
        store(x, i + 8, ai)
        store(x, k1, br)
        store(x, k1 + 8, bi)
        store(x, k2, cr)
        store(x, k2 + 8, ci)
        store(x, k3, dr)
        store(x, k3 + 8, di)


@kernel(_PASS)
def forward2(x, start, size, twiddles, record):
    """The node's two children."""
    wr, wi = splat(twiddles[record + 3]), splat(twiddles[record + 11])
    for i in range(2 * start, 2 * start + size, BLOCK):
        ar, ai = load(x, i), load(x, i + 8)
        br, bi = times(load(x, i + size), load(x, i + size + 8), wr, wi)
        store(x, i, ar + br)
        store(x, i + 8, ai + bi)
        store(x, i + size, ar - br)
        store(x, i + size + 8, ai - bi)


@kernel(_PASS)
def inverse_pass2(x, start, size, twiddles, record):
    """Twice the node, from its two children."""
    wr, wi = splat(twiddles[record + 3]), splat(twiddles[record + 11])
    for i in range(2 * start, 2 * start + size, BLOCK):
        ar, ai = load(x, i), load(x, i + 8)
        br, bi = load(x, i + size), load(x, i + size + 8)
        cr, ci = times_conjugate(ar - br, ai - bi, wr, wi)
        store(x, i, ar + br)
        store(x, i + 8, ai + bi)
        store(x, i + size, cr)
        store(x, i + size + 8, ci)


# ---------------------------------------------------------------- the leaf
#
# Eight vectors are a node of 64 points with one twiddle record; its eight children, one to a vector, have eight
# records. Transposed, a lane is a child and a vector a row of all children, so their records become vectors:
#
#     leaves[128*j ...] = [record of node j][re w, one lane to a child][re w**2] ... [re w**7][im w] ... [im w**7]


@inline
def forward_leaf(x, i, leaves, j):
    """The 64 values of the leaf at x[i], as sixteen vectors."""
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
    ar, br, cr, dr, er, fr, gr, hr = transpose8(ar, br, cr, dr, er, fr, gr, hr)
    ai, bi, ci, di, ei, fi, gi, hi = transpose8(ai, bi, ci, di, ei, fi, gi, hi)
    br, bi = times(br, bi, load(leaves, j + 16), load(leaves, j + 72))
    cr, ci = times(cr, ci, load(leaves, j + 24), load(leaves, j + 80))
    dr, di = times(dr, di, load(leaves, j + 32), load(leaves, j + 88))
    er, ei = times(er, ei, load(leaves, j + 40), load(leaves, j + 96))
    fr, fi = times(fr, fi, load(leaves, j + 48), load(leaves, j + 104))
    gr, gi = times(gr, gi, load(leaves, j + 56), load(leaves, j + 112))
    hr, hi = times(hr, hi, load(leaves, j + 64), load(leaves, j + 120))
    return transform8(ar, ai, br, bi, cr, ci, dr, di, er, ei, fr, fi, gr, gi, hr, hi)


@inline
def inverse_leaf(x, i, leaves, j, ar, ai, br, bi, cr, ci, dr, di, er, ei, fr, fi, gr, gi, hr, hi):
    """Store 64 times the leaf with these values at x[i]."""
    ar, ai, br, bi, cr, ci, dr, di, er, ei, fr, fi, gr, gi, hr, hi = inverse8(
        ar, ai, br, bi, cr, ci, dr, di, er, ei, fr, fi, gr, gi, hr, hi
    )
    br, bi = times_conjugate(br, bi, load(leaves, j + 16), load(leaves, j + 72))
    cr, ci = times_conjugate(cr, ci, load(leaves, j + 24), load(leaves, j + 80))
    dr, di = times_conjugate(dr, di, load(leaves, j + 32), load(leaves, j + 88))
    er, ei = times_conjugate(er, ei, load(leaves, j + 40), load(leaves, j + 96))
    fr, fi = times_conjugate(fr, fi, load(leaves, j + 48), load(leaves, j + 104))
    gr, gi = times_conjugate(gr, gi, load(leaves, j + 56), load(leaves, j + 112))
    hr, hi = times_conjugate(hr, hi, load(leaves, j + 64), load(leaves, j + 120))
    ar, br, cr, dr, er, fr, gr, hr = transpose8(ar, br, cr, dr, er, fr, gr, hr)
    ai, bi, ci, di, ei, fi, gi, hi = transpose8(ai, bi, ci, di, ei, fi, gi, hi)
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
def product(ar, ai, y, i):
    """a times the complex vector at y[i]."""
    return times(ar, ai, load(y, i), load(y, i + 8))


@kernel(void(float64[::1], float64[::1], int64, int64, const(float64[::1]), int64))
def multiply_leaves(x, y, start, count, leaves, j):
    """x = 64*x*y in `count` leaves from point `start` on, whose records begin at leaves[j]."""
    for i in range(2 * start, 2 * start + count * LEAF_RECORD, LEAF_RECORD):
        multiply_leaf(x, y, i, leaves, j)
        j += LEAF_RECORD


@inline
def multiply_leaf(x, y, i, leaves, j):
    ar, ai, br, bi, cr, ci, dr, di, er, ei, fr, fi, gr, gi, hr, hi = forward_leaf(y, i, leaves, j)
    put8(y, i, BLOCK, ar, ai, br, bi, cr, ci, dr, di, er, ei, fr, fi, gr, gi, hr, hi)
    ar, ai, br, bi, cr, ci, dr, di, er, ei, fr, fi, gr, gi, hr, hi = forward_leaf(x, i, leaves, j)
    ar, ai = product(ar, ai, y, i)
    br, bi = product(br, bi, y, i + 16)
    cr, ci = product(cr, ci, y, i + 32)
    dr, di = product(dr, di, y, i + 48)
    er, ei = product(er, ei, y, i + 64)
    fr, fi = product(fr, fi, y, i + 80)
    gr, gi = product(gr, gi, y, i + 96)
    hr, hi = product(hr, hi, y, i + 112)
    inverse_leaf(x, i, leaves, j, ar, ai, br, bi, cr, ci, dr, di, er, ei, fr, fi, gr, gi, hr, hi)


@kernel(void(float64[::1], int64, int64, const(float64[::1]), int64))
def square_leaves(x, start, count, leaves, j):
    """x = 64*x*x in `count` leaves from point `start` on."""
    for i in range(2 * start, 2 * start + count * LEAF_RECORD, LEAF_RECORD):
        square_leaf(x, i, leaves, j)
        j += LEAF_RECORD


@inline
def square_leaf(x, i, leaves, j):
    ar, ai, br, bi, cr, ci, dr, di, er, ei, fr, fi, gr, gi, hr, hi = forward_leaf(x, i, leaves, j)
    ar, ai = times(ar, ai, ar, ai)
    br, bi = times(br, bi, br, bi)
    cr, ci = times(cr, ci, cr, ci)
    dr, di = times(dr, di, dr, di)
    er, ei = times(er, ei, er, ei)
    fr, fi = times(fr, fi, fr, fi)
    gr, gi = times(gr, gi, gr, gi)
    hr, hi = times(hr, hi, hr, hi)
    inverse_leaf(x, i, leaves, j, ar, ai, br, bi, cr, ci, dr, di, er, ei, fr, fi, gr, gi, hr, hi)
