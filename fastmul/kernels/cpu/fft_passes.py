"""One pass of the complex FFT over one node, in place.

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
from fastmul.kernels.cpu.vectors import load, splat, store
from fastmul.runtime.jit import const, inline, kernel

#: float64 numbers of eight complex points, and of a node's record.
BLOCK = 16
RECORD = 16

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
