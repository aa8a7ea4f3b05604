"""The arithmetic of the complex FFT: products with twiddles, and the small transforms between them.

A node of the transform is a polynomial modulo x**n - c, cut into r rows of n/r coefficients. With w**r = c the
row k is multiplied by w**k ("twiddled"), which turns c into 1; a transform of length r then gives r children
modulo x**(n/r) - w*e(q/r), e(t) = exp(2*pi*i*t), children in bit-reversed order of q. The inverses undo the
same steps and leave out the factor 1/r.

Sums and products are balanced, about five additions to four multiplications: FP units add beside multiplying.
Complex numbers are pairs (re, im) of vectors, written flat: numba keeps flat arguments in registers.

Errors (fastmul.bounds.fft adds them up, u = 2**-53): every addition here rounds once; `times` errs by at most
2u|a||w|; the products with e(1/8) are fused into the addition that follows.
"""

from __future__ import annotations

from fastmul.kernels.cpu.vectors import fma, fnma, splat
from fastmul.runtime.jit import inline

#: sqrt(1/2), rounded to nearest: e(1/8) = (1 + i)*HALF_ROOT.
HALF_ROOT = 0.7071067811865476


@inline
def times(ar, ai, wr, wi):
    """a*w."""
    return fnma(ai, wi, ar * wr), fma(ar, wi, ai * wr)


@inline
def times_conjugate(ar, ai, wr, wi):
    """a*conj(w)."""
    return fma(ai, wi, ar * wr), fnma(ar, wi, ai * wr)


@inline
def transform4(ar, ai, br, bi, cr, ci, dr, di):
    """The values of a + b*x + c*x**2 + d*x**3 at 1, -1, i, -i."""
    sr, si, tr, ti = ar + cr, ai + ci, br + dr, bi + di  # modulo x**2 - 1
    ur, ui, vr, vi = ar - cr, ai - ci, br - dr, bi - di  # modulo x**2 + 1
    return sr + tr, si + ti, sr - tr, si - ti, ur - vi, ui + vr, ur + vi, ui - vr


@inline
def inverse4(ar, ai, br, bi, cr, ci, dr, di):
    """Four times the coefficients of the polynomial with values a, b, c, d at 1, -1, i, -i."""
    sr, si, tr, ti = ar + br, ai + bi, ar - br, ai - bi
    ur, ui, vr, vi = cr + dr, ci + di, cr - dr, ci - di  # v still to be divided by i
    return sr + ur, si + ui, tr + vi, ti - vr, sr - ur, si - ui, tr - vi, ti + vr


@inline
def transform8(ar, ai, br, bi, cr, ci, dr, di, er, ei, fr, fi, gr, gi, hr, hi):
    """The values of a + b*x + ... + h*x**7 at 1, -1, i, -i, z, -z, i*z, -i*z, z = e(1/8)."""
    half_root = splat(HALF_ROOT)
    pr, pi, qr, qi, rr, ri, sr, si = transform4(  # modulo x**4 - 1
        ar + er, ai + ei, br + fr, bi + fi, cr + gr, ci + gi, dr + hr, di + hi
    )
    ar, ai, br, bi = ar - er, ai - ei, br - fr, bi - fi  # modulo x**4 + 1
    cr, ci, dr, di = cr - gr, ci - gi, dr - hr, di - hi
    er, ei, fr, fi = ar - ci, ai + cr, br - di, bi + dr  # e + f*x modulo x**2 - i
    gr, gi, hr, hi = ar + ci, ai - cr, br + di, bi - dr  # g + h*x modulo x**2 + i
    fr, fi = fr - fi, fr + fi  # f*z/HALF_ROOT
    hr, hi = hr + hi, hr - hi  # h*z**3/HALF_ROOT = (-hr, hi)
    return (
        pr, pi, qr, qi, rr, ri, sr, si,
        fma(fr, half_root, er), fma(fi, half_root, ei), fnma(fr, half_root, er), fnma(fi, half_root, ei),
        fnma(hr, half_root, gr), fma(hi, half_root, gi), fma(hr, half_root, gr), fnma(hi, half_root, gi),
    )  # fmt: skip


@inline
def inverse8(ar, ai, br, bi, cr, ci, dr, di, er, ei, fr, fi, gr, gi, hr, hi):
    """Eight times the coefficients of the polynomial with the values that `transform8` returns."""
    half_root = splat(HALF_ROOT)
    ar, ai, br, bi, cr, ci, dr, di = inverse4(ar, ai, br, bi, cr, ci, dr, di)  # modulo x**4 - 1
    er, ei, fr, fi = er + fr, ei + fi, er - fr, ei - fi
    gr, gi, hr, hi = gr + hr, gi + hi, gr - hr, gi - hi
    fr, fi = fr + fi, fi - fr  # f/z/HALF_ROOT
    hr, hi = hi - hr, hr + hi  # h/z**3/HALF_ROOT = (hr, -hi)
    sr, si, tr, ti = er + gr, ei + gi, er - gr, ei - gi  # t still to be divided by i
    ur, ui, vr, vi = (
        fr + hr,
        fi - hi,
        fr - hr,
        fi + hi,
    )  # u, v still to be multiplied by HALF_ROOT, v divided by i
    return (
        ar + sr, ai + si, fma(ur, half_root, br), fma(ui, half_root, bi),
        cr + ti, ci - tr, fma(vi, half_root, dr), fnma(vr, half_root, di),
        ar - sr, ai - si, fnma(ur, half_root, br), fnma(ui, half_root, bi),
        cr - ti, ci + tr, fnma(vi, half_root, dr), fma(vr, half_root, di),
    )  # fmt: skip
