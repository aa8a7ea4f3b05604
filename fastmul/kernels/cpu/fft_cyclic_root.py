"""The root of the cyclic FFT: rows of x**L - 1 to children modulo x**n - e(k/r) and back, r = 4 to 7.

    X[k] = sum(z[j] * e(j*k/r)),    columns of r rows, in place, child k in row k

The inverse (without the factor 1/r) is the same with real and imaginary parts swapped: a swap is i times a
conjugation. So the kernels take the places of both parts within a block of eight points: 0 and 8, or 8 and 0.
"""

from __future__ import annotations

from numba import float64, int64, void

from fastmul.kernels.cpu.fft_butterflies import transform4
from fastmul.kernels.cpu.fft_passes import BLOCK
from fastmul.kernels.cpu.vectors import fma, fnma, load, splat, store
from fastmul.runtime.jit import inline, kernel

#: Sine of 1/3 turn; cosines and sines of 1/5 and 2/5, of 1/7, 2/7 and 3/7 turns.
SINE_3 = 0.8660254037844386
COSINE_5_1, COSINE_5_2 = 0.30901699437494745, -0.8090169943749475
SINE_5_1, SINE_5_2 = 0.9510565162951535, 0.5877852522924731
COSINE_7_1, COSINE_7_2, COSINE_7_3 = 0.6234898018587335, -0.2225209339563144, -0.9009688679024191
SINE_7_1, SINE_7_2, SINE_7_3 = 0.7818314824680298, 0.9749279121818236, 0.4338837391175581


@inline
def sums(ar, ai, br, bi):
    """a + b and a - b."""
    return ar + br, ai + bi, ar - br, ai - bi


@inline
def put(x, i, re, im, vr, vi):
    store(x, i + re, vr)
    store(x, i + im, vi)


@inline
def put_both(x, i, j, re, im, ar, ai, br, bi):
    """a + i*b at i, a - i*b at j."""
    put(x, i, re, im, ar - bi, ai + br)
    put(x, j, re, im, ar + bi, ai - br)


_ROOT = void(float64[::1], int64, int64, int64, int64, int64)


@kernel(_ROOT)
def cyclic_root4(x, first, last, n, re, im):
    for i in range(2 * first, 2 * last, BLOCK):
        i1, i2, i3 = i + 2 * n, i + 4 * n, i + 6 * n
        ar, ai, br, bi, cr, ci, dr, di = transform4(
            load(x, i + re), load(x, i + im), load(x, i1 + re), load(x, i1 + im),
            load(x, i2 + re), load(x, i2 + im), load(x, i3 + re), load(x, i3 + im),
        )  # fmt: skip
        put(x, i, re, im, ar, ai)
        put(x, i2, re, im, br, bi)
        put(x, i1, re, im, cr, ci)
        put(x, i3, re, im, dr, di)


@kernel(_ROOT)
def cyclic_root5(x, first, last, n, re, im):
    p, q, s, t = splat(COSINE_5_1), splat(COSINE_5_2), splat(SINE_5_1), splat(SINE_5_2)
    for i in range(2 * first, 2 * last, BLOCK):
        i1, i2, i3, i4 = i + 2 * n, i + 4 * n, i + 6 * n, i + 8 * n
        zr, zi = load(x, i + re), load(x, i + im)
        ar, ai, br, bi = sums(
            load(x, i1 + re), load(x, i1 + im), load(x, i4 + re), load(x, i4 + im)
        )
        cr, ci, dr, di = sums(
            load(x, i2 + re), load(x, i2 + im), load(x, i3 + re), load(x, i3 + im)
        )
        put(x, i, re, im, zr + (ar + cr), zi + (ai + ci))
        ur, ui = fma(cr, q, fma(ar, p, zr)), fma(ci, q, fma(ai, p, zi))
        vr, vi = fma(dr, t, br * s), fma(di, t, bi * s)
        put_both(x, i1, i4, re, im, ur, ui, vr, vi)
        ur, ui = fma(cr, p, fma(ar, q, zr)), fma(ci, p, fma(ai, q, zi))
        vr, vi = fnma(dr, s, br * t), fnma(di, s, bi * t)
        put_both(x, i2, i3, re, im, ur, ui, vr, vi)


@inline
def put_transform3(x, i, j, k, re, im, ar, ai, br, bi, cr, ci):
    """The values of a + b*t + c*t**2 at 1, e(1/3), e(2/3)."""
    half, sine = splat(0.5), splat(SINE_3)
    sr, si, dr, di = sums(br, bi, cr, ci)
    put(x, i, re, im, ar + sr, ai + si)
    put_both(x, j, k, re, im, fnma(sr, half, ar), fnma(si, half, ai), dr * sine, di * sine)


@kernel(_ROOT)
def cyclic_root6(x, first, last, n, re, im):
    for i in range(2 * first, 2 * last, BLOCK):
        i1, i2, i3, i4, i5 = i + 2 * n, i + 4 * n, i + 6 * n, i + 8 * n, i + 10 * n
        ar, ai, dr, di = sums(load(x, i + re), load(x, i + im), load(x, i3 + re), load(x, i3 + im))
        br, bi, er, ei = sums(
            load(x, i4 + re), load(x, i4 + im), load(x, i1 + re), load(x, i1 + im)
        )
        cr, ci, fr, fi = sums(
            load(x, i2 + re), load(x, i2 + im), load(x, i5 + re), load(x, i5 + im)
        )
        # even k: z[j] + z[j + 3] at e(j*k/6); odd k = 2*l + 3: (-1)**j * (z[j] - z[j + 3]) at e(j*l/3)
        put_transform3(x, i, i2, i4, re, im, ar, ai, br, bi, cr, ci)
        put_transform3(x, i3, i5, i1, re, im, dr, di, er, ei, fr, fi)


@kernel(_ROOT)
def cyclic_root7(x, first, last, n, re, im):
    p, q, r = splat(COSINE_7_1), splat(COSINE_7_2), splat(COSINE_7_3)
    s, t, u = splat(SINE_7_1), splat(SINE_7_2), splat(SINE_7_3)
    for i in range(2 * first, 2 * last, BLOCK):
        i1, i2, i3 = i + 2 * n, i + 4 * n, i + 6 * n
        i4, i5, i6 = i + 8 * n, i + 10 * n, i + 12 * n
        zr, zi = load(x, i + re), load(x, i + im)
        ar, ai, dr, di = sums(
            load(x, i1 + re), load(x, i1 + im), load(x, i6 + re), load(x, i6 + im)
        )
        br, bi, er, ei = sums(
            load(x, i2 + re), load(x, i2 + im), load(x, i5 + re), load(x, i5 + im)
        )
        cr, ci, fr, fi = sums(
            load(x, i3 + re), load(x, i3 + im), load(x, i4 + re), load(x, i4 + im)
        )
        put(x, i, re, im, zr + (ar + br + cr), zi + (ai + bi + ci))
        gr = fma(cr, r, fma(br, q, fma(ar, p, zr)))
        gi = fma(ci, r, fma(bi, q, fma(ai, p, zi)))
        hr = fma(fr, u, fma(er, t, dr * s))
        hi = fma(fi, u, fma(ei, t, di * s))
        put_both(x, i1, i6, re, im, gr, gi, hr, hi)
        gr = fma(cr, p, fma(br, r, fma(ar, q, zr)))
        gi = fma(ci, p, fma(bi, r, fma(ai, q, zi)))
        hr = fnma(fr, s, fnma(er, u, dr * t))
        hi = fnma(fi, s, fnma(ei, u, di * t))
        put_both(x, i2, i5, re, im, gr, gi, hr, hi)
        gr = fma(cr, q, fma(br, p, fma(ar, r, zr)))
        gi = fma(ci, q, fma(bi, p, fma(ai, r, zi)))
        hr = fma(fr, t, fnma(er, s, dr * u))
        hi = fma(fi, t, fnma(ei, s, di * u))
        put_both(x, i3, i4, re, im, gr, gi, hr, hi)


@kernel(void(float64[::1], int64, int64, int64, int64, int64, int64))
def cyclic_root(x, first, last, rows, n, re, im):
    """Columns first .. last of `rows` rows of n points."""
    if rows == 4:
        cyclic_root4(x, first, last, n, re, im)
    elif rows == 5:
        cyclic_root5(x, first, last, n, re, im)
    elif rows == 6:
        cyclic_root6(x, first, last, n, re, im)
    else:
        cyclic_root7(x, first, last, n, re, im)
