"""The last pass of the complex FFT: from the children of the root to the coefficients of the product.

With the children V[k] modulo x**n - c[k], row j of the root is sum(conj(c[k])**j * V[k])/r. All factors of the
inverse transform, 1/L together, are in the roots of this pass. Pairs share sums and differences S = V + W, D = V - W:

    c and -c:         conj(c)**j * (S for even j, D for odd j)
    c and -conj(c):   p*S - i*q*D for even j, p*D - i*q*S for odd j, where c**j = p + i*q

Point j of the root is coefficient j + i * coefficient (j + L): real parts go to the first half of the result,
imaginary parts to the second, in natural order.

roots[16*k : 16*k + 16] = re c..c**7, 1, im c..c**7, 0 of child k, divided by L.
"""

from __future__ import annotations

from numba import float64, int64, void

from fastmul.kernels.cpu.fft_root import RECORD
from fastmul.kernels.cpu.vectors import fma, fnma, load, negate, splat, store
from fastmul.runtime.jit import const, inline, kernel

_INVERSE = void(const(float64[::1]), int64, int64, const(float64[::1]), float64[::1], int64, int64)
_SCALE = 7


@inline
def both(x, i, k, l, stride):
    """S and D of children k and l."""
    k, l = i + k * stride, i + l * stride
    vr, vi, wr, wi = load(x, k), load(x, k + 8), load(x, l), load(x, l + 8)
    return vr + wr, vi + wi, vr - wr, vi - wi


@inline
def start(ar, ai, roots, k):
    """a * conj(root)."""
    wr, wi = splat(roots[k]), splat(roots[k + 8])
    return fma(ai, wi, ar * wr), fnma(ar, wi, ai * wr)


@inline
def add(sr, si, ar, ai, roots, k):
    """s + a * conj(root)."""
    wr, wi = splat(roots[k]), splat(roots[k + 8])
    return fma(ai, wi, fma(ar, wr, sr)), fnma(ar, wi, fma(ai, wr, si))


@inline
def add_mirrored(sr, si, ar, ai, br, bi, roots, k):
    """s + p*a - i*q*b, p + i*q the root."""
    p, q = splat(roots[k]), splat(roots[k + 8])
    return fma(bi, q, fma(ar, p, sr)), fnma(br, q, fma(ai, p, si))


@inline
def put(c, j, half, vr, vi):
    store(c, j, vr)
    store(c, j + half, vi)


@inline
def put_row4(c, j, half, ar, ai, br, bi, roots, power):
    sr, si = start(ar, ai, roots, power)
    sr, si = add(sr, si, br, bi, roots, RECORD + power)
    put(c, j, half, sr, si)


@kernel(_INVERSE)
def inverse_root4(x, first, last, roots, c, n, half):
    scale = splat(roots[_SCALE])
    for v in range(first, last, 8):
        sr, si, dr, di = both(x, 2 * v, 0, 2, 2 * n)
        tr, ti, er, ei = both(x, 2 * v, 1, 3, 2 * n)
        put(c, v, half, (sr + tr) * scale, (si + ti) * scale)
        put_row4(c, v + n, half, dr, di, er, ei, roots, 0)
        put_row4(c, v + 2 * n, half, sr, si, tr, ti, roots, 1)
        put_row4(c, v + 3 * n, half, dr, di, er, ei, roots, 2)


@inline
def put_row5(c, j, half, fr, fi, ar, ai, br, bi, dr, di, er, ei, roots, power):
    """f, and two mirrored pairs."""
    fr, fi = add_mirrored(fr, fi, ar, ai, br, bi, roots, power)
    fr, fi = add_mirrored(fr, fi, dr, di, er, ei, roots, 3 * RECORD + power)
    put(c, j, half, fr, fi)


@kernel(_INVERSE)
def inverse_root5(x, first, last, roots, c, n, half):
    scale = splat(roots[_SCALE])
    for v in range(first, last, 8):
        sr, si, dr, di = both(x, 2 * v, 0, 2, 2 * n)
        tr, ti, er, ei = both(x, 2 * v, 3, 4, 2 * n)
        fr = load(x, 2 * v + 2 * n) * scale  # c = i: row j takes f/i**j
        fi = load(x, 2 * v + 2 * n + 8) * scale
        put(c, v, half, fma(sr + tr, scale, fr), fma(si + ti, scale, fi))
        put_row5(c, v + n, half, fi, negate(fr), dr, di, sr, si, er, ei, tr, ti, roots, 0)
        put_row5(
            c, v + 2 * n, half, negate(fr), negate(fi), sr, si, dr, di, tr, ti, er, ei, roots, 1
        )
        put_row5(c, v + 3 * n, half, negate(fi), fr, dr, di, sr, si, er, ei, tr, ti, roots, 2)
        put_row5(c, v + 4 * n, half, fr, fi, sr, si, dr, di, tr, ti, er, ei, roots, 3)


@inline
def put_row6(c, j, half, ar, ai, br, bi, dr, di, roots, power):
    sr, si = start(ar, ai, roots, power)
    sr, si = add(sr, si, br, bi, roots, RECORD + power)
    sr, si = add(sr, si, dr, di, roots, 2 * RECORD + power)
    put(c, j, half, sr, si)


@kernel(_INVERSE)
def inverse_root6(x, first, last, roots, c, n, half):
    scale = splat(roots[_SCALE])
    for v in range(first, last, 8):
        sr, si, dr, di = both(x, 2 * v, 0, 3, 2 * n)
        tr, ti, er, ei = both(x, 2 * v, 1, 4, 2 * n)
        ur, ui, fr, fi = both(x, 2 * v, 2, 5, 2 * n)
        put(c, v, half, (sr + tr + ur) * scale, (si + ti + ui) * scale)
        put_row6(c, v + n, half, dr, di, er, ei, fr, fi, roots, 0)
        put_row6(c, v + 2 * n, half, sr, si, tr, ti, ur, ui, roots, 1)
        put_row6(c, v + 3 * n, half, dr, di, er, ei, fr, fi, roots, 2)
        put_row6(c, v + 4 * n, half, sr, si, tr, ti, ur, ui, roots, 3)
        put_row6(c, v + 5 * n, half, dr, di, er, ei, fr, fi, roots, 4)


@inline
def put_row7(c, j, half, fr, fi, ar, ai, br, bi, dr, di, er, ei, gr, gi, hr, hi, roots, power):
    """f, and three mirrored pairs."""
    fr, fi = add_mirrored(fr, fi, ar, ai, br, bi, roots, power)
    fr, fi = add_mirrored(fr, fi, dr, di, er, ei, roots, RECORD + power)
    fr, fi = add_mirrored(fr, fi, gr, gi, hr, hi, roots, 4 * RECORD + power)
    put(c, j, half, fr, fi)


@kernel(_INVERSE)
def inverse_root7(x, first, last, roots, c, n, half):
    scale = splat(roots[_SCALE])
    for v in range(first, last, 8):
        sr, si, dr, di = both(x, 2 * v, 0, 3, 2 * n)
        tr, ti, er, ei = both(x, 2 * v, 1, 2, 2 * n)
        ur, ui, gr, gi = both(x, 2 * v, 4, 6, 2 * n)
        fr = load(x, 2 * v + 10 * n) * scale  # c = -i: row j takes f*i**j
        fi = load(x, 2 * v + 10 * n + 8) * scale
        kr, ki = negate(fr), negate(fi)
        put(c, v, half, fma(sr + tr + ur, scale, fr), fma(si + ti + ui, scale, fi))
        put_row7(c, v + n, half, ki, fr, dr, di, sr, si, er, ei, tr, ti, gr, gi, ur, ui, roots, 0)
        put_row7(
            c, v + 2 * n, half, kr, ki, sr, si, dr, di, tr, ti, er, ei, ur, ui, gr, gi, roots, 1
        )
        put_row7(
            c, v + 3 * n, half, fi, kr, dr, di, sr, si, er, ei, tr, ti, gr, gi, ur, ui, roots, 2
        )
        put_row7(
            c, v + 4 * n, half, fr, fi, sr, si, dr, di, tr, ti, er, ei, ur, ui, gr, gi, roots, 3
        )
        put_row7(
            c, v + 5 * n, half, ki, fr, dr, di, sr, si, er, ei, tr, ti, gr, gi, ur, ui, roots, 4
        )
        put_row7(
            c, v + 6 * n, half, kr, ki, sr, si, dr, di, tr, ti, er, ei, ur, ui, gr, gi, roots, 5
        )


@kernel(void(const(float64[::1]), int64, int64, const(float64[::1]), float64[::1], int64, int64))
def inverse_root(x, first, last, roots, c, rows, n):
    """Columns first .. last of the root of rows * n points, into 2 * rows * n coefficients."""
    if rows == 4:
        inverse_root4(x, first, last, roots, c, n, rows * n)
    elif rows == 5:
        inverse_root5(x, first, last, roots, c, n, rows * n)
    elif rows == 6:
        inverse_root6(x, first, last, roots, c, n, rows * n)
    else:
        inverse_root7(x, first, last, roots, c, n, rows * n)
