"""The first pass of the complex FFT: from real digits to the children of the root.

2*L real digits are one complex polynomial modulo x**L - i (digit j + L is the imaginary part of point j), since
modulo t**(2*L) + 1 the number i may be called t**L: the right-angle convolution, with no unpacking to do. The root
of L = r * n points, r = 4 to 7, is cut into r rows of n; child k is the polynomial modulo x**n - c, c = e((k + 1/4)/r).

Children come in pairs that share their sums E over even and O over odd rows of real digits:

    r even:  c and -c:         E + O, E - O
    r odd:   c and -conj(c):   E + O, conj(E - O);   one child is left, with c = i (r = 5) or -i (r = 7)

The roots of child k are the record roots[16*k : 16*k + 16] = re c..c**7, 0, im c..c**7, 0.

Each kernel writes x, rows * n points, or adds i times its result to x where the digits are imaginary parts; their
fields begin at bit 8*(byte + 1) of the padded copy. It returns the sum of the digits' squares: an integer, exact
because the window of fastmul.bounds.fft keeps it below 2**53.
"""

from __future__ import annotations

from numba import boolean, float64, int64, uint64

from fastmul.kernels.cpu.fft_digits import digit_offsets, digits, total
from fastmul.kernels.cpu.vectors import fma, load, splat, store
from fastmul.runtime.jit import const, inline, kernel

#: float64 numbers of eight complex points; of a record of roots.
BLOCK = 16
RECORD = 16


@inline
def sums4(z0, z1, z2, z3, roots, k):
    """E and O of four rows of real digits, at the child whose record begins at k."""
    er = fma(z2, splat(roots[k + 1]), z0)
    ei = z2 * splat(roots[k + 9])
    dr = fma(z3, splat(roots[k + 2]), z1 * splat(roots[k]))
    di = fma(z3, splat(roots[k + 10]), z1 * splat(roots[k + 8]))
    return er, ei, dr, di


@inline
def add_row(sr, si, z, roots, k):
    """A sum and one row more, times the root at index k."""
    return fma(z, splat(roots[k]), sr), fma(z, splat(roots[k + 8]), si)


@inline
def put(x, i, vr, vi, imaginary):
    """x = v, or x + i*v."""
    if imaginary:
        store(x, i, load(x, i) - vi)
        store(x, i + 8, load(x, i + 8) + vr)
    else:
        store(x, i, vr)
        store(x, i + 8, vi)


@inline
def put_opposite(x, i, stride, k, l, er, ei, dr, di, imaginary):
    """Children k and l of roots c, -c."""
    put(x, i + k * stride, er + dr, ei + di, imaginary)
    put(x, i + l * stride, er - dr, ei - di, imaginary)


@inline
def put_mirrored(x, i, stride, k, l, er, ei, dr, di, imaginary):
    """Children k and l of roots c, -conj(c)."""
    put(x, i + k * stride, er + dr, ei + di, imaginary)
    put(x, i + l * stride, er - dr, di - ei, imaginary)


_FORWARD = float64(
    const(uint64[::1]), int64, int64, float64[::1], int64, const(float64[::1]), boolean
)


@kernel(_FORWARD)
def forward_root4(padded, byte, bits, x, n, roots, imaginary):
    stride, row = 2 * n, (n >> 3) * bits
    offsets, shifts = digit_offsets(bits)
    norm0 = norm1 = splat(0.0)
    for i in range(0, stride, BLOCK):
        z0 = digits(padded, byte, bits, offsets, shifts)
        z1 = digits(padded, byte + row, bits, offsets, shifts)
        z2 = digits(padded, byte + 2 * row, bits, offsets, shifts)
        z3 = digits(padded, byte + 3 * row, bits, offsets, shifts)
        norm0 = fma(z0, z0, fma(z2, z2, norm0))
        norm1 = fma(z1, z1, fma(z3, z3, norm1))
        er, ei, dr, di = sums4(z0, z1, z2, z3, roots, 0)
        put_opposite(x, i, stride, 0, 2, er, ei, dr, di, imaginary)
        er, ei, dr, di = sums4(z0, z1, z2, z3, roots, RECORD)
        put_opposite(x, i, stride, 1, 3, er, ei, dr, di, imaginary)
        byte += bits
    return total(norm0 + norm1)


@inline
def sums5(z0, z1, z2, z3, z4, roots, k):
    er, ei, dr, di = sums4(z0, z1, z2, z3, roots, k)
    er, ei = add_row(er, ei, z4, roots, k + 3)
    return er, ei, dr, di


@kernel(_FORWARD)
def forward_root5(padded, byte, bits, x, n, roots, imaginary):
    stride, row = 2 * n, (n >> 3) * bits
    offsets, shifts = digit_offsets(bits)
    norm0 = norm1 = splat(0.0)
    for i in range(0, stride, BLOCK):
        z0 = digits(padded, byte, bits, offsets, shifts)
        z1 = digits(padded, byte + row, bits, offsets, shifts)
        z2 = digits(padded, byte + 2 * row, bits, offsets, shifts)
        z3 = digits(padded, byte + 3 * row, bits, offsets, shifts)
        z4 = digits(padded, byte + 4 * row, bits, offsets, shifts)
        norm0 = fma(z0, z0, fma(z2, z2, fma(z4, z4, norm0)))
        norm1 = fma(z1, z1, fma(z3, z3, norm1))
        er, ei, dr, di = sums5(z0, z1, z2, z3, z4, roots, 0)
        put_mirrored(x, i, stride, 0, 2, er, ei, dr, di, imaginary)
        er, ei, dr, di = sums5(z0, z1, z2, z3, z4, roots, 3 * RECORD)
        put_mirrored(x, i, stride, 3, 4, er, ei, dr, di, imaginary)
        put(x, i + stride, z0 - z2 + z4, z1 - z3, imaginary)  # c = i
        byte += bits
    return total(norm0 + norm1)


@inline
def sums6(z0, z1, z2, z3, z4, z5, roots, k):
    er, ei, dr, di = sums5(z0, z1, z2, z3, z4, roots, k)
    dr, di = add_row(dr, di, z5, roots, k + 4)
    return er, ei, dr, di


@kernel(_FORWARD)
def forward_root6(padded, byte, bits, x, n, roots, imaginary):
    stride, row = 2 * n, (n >> 3) * bits
    offsets, shifts = digit_offsets(bits)
    norm0 = norm1 = splat(0.0)
    for i in range(0, stride, BLOCK):
        z0 = digits(padded, byte, bits, offsets, shifts)
        z1 = digits(padded, byte + row, bits, offsets, shifts)
        z2 = digits(padded, byte + 2 * row, bits, offsets, shifts)
        z3 = digits(padded, byte + 3 * row, bits, offsets, shifts)
        z4 = digits(padded, byte + 4 * row, bits, offsets, shifts)
        z5 = digits(padded, byte + 5 * row, bits, offsets, shifts)
        norm0 = fma(z0, z0, fma(z2, z2, fma(z4, z4, norm0)))
        norm1 = fma(z1, z1, fma(z3, z3, fma(z5, z5, norm1)))
        er, ei, dr, di = sums6(z0, z1, z2, z3, z4, z5, roots, 0)
        put_opposite(x, i, stride, 0, 3, er, ei, dr, di, imaginary)
        er, ei, dr, di = sums6(z0, z1, z2, z3, z4, z5, roots, RECORD)
        put_opposite(x, i, stride, 1, 4, er, ei, dr, di, imaginary)
        er, ei, dr, di = sums6(z0, z1, z2, z3, z4, z5, roots, 2 * RECORD)
        put_opposite(x, i, stride, 2, 5, er, ei, dr, di, imaginary)
        byte += bits
    return total(norm0 + norm1)


@inline
def sums7(z0, z1, z2, z3, z4, z5, z6, roots, k):
    er, ei, dr, di = sums6(z0, z1, z2, z3, z4, z5, roots, k)
    er, ei = add_row(er, ei, z6, roots, k + 5)
    return er, ei, dr, di


@kernel(_FORWARD)
def forward_root7(padded, byte, bits, x, n, roots, imaginary):
    stride, row = 2 * n, (n >> 3) * bits
    offsets, shifts = digit_offsets(bits)
    norm0 = norm1 = splat(0.0)
    for i in range(0, stride, BLOCK):
        z0 = digits(padded, byte, bits, offsets, shifts)
        z1 = digits(padded, byte + row, bits, offsets, shifts)
        z2 = digits(padded, byte + 2 * row, bits, offsets, shifts)
        z3 = digits(padded, byte + 3 * row, bits, offsets, shifts)
        z4 = digits(padded, byte + 4 * row, bits, offsets, shifts)
        z5 = digits(padded, byte + 5 * row, bits, offsets, shifts)
        z6 = digits(padded, byte + 6 * row, bits, offsets, shifts)
        norm0 = fma(z0, z0, fma(z2, z2, fma(z4, z4, fma(z6, z6, norm0))))
        norm1 = fma(z1, z1, fma(z3, z3, fma(z5, z5, norm1)))
        er, ei, dr, di = sums7(z0, z1, z2, z3, z4, z5, z6, roots, 0)
        put_mirrored(x, i, stride, 0, 3, er, ei, dr, di, imaginary)
        er, ei, dr, di = sums7(z0, z1, z2, z3, z4, z5, z6, roots, RECORD)
        put_mirrored(x, i, stride, 1, 2, er, ei, dr, di, imaginary)
        er, ei, dr, di = sums7(z0, z1, z2, z3, z4, z5, z6, roots, 4 * RECORD)
        put_mirrored(x, i, stride, 4, 6, er, ei, dr, di, imaginary)
        put(x, i + 5 * stride, z0 - z2 + (z4 - z6), z3 - z1 - z5, imaginary)  # c = -i
        byte += bits
    return total(norm0 + norm1)


@kernel(
    float64(
        const(uint64[::1]), int64, int64, float64[::1], int64, int64, const(float64[::1]), boolean
    )
)
def forward_root(padded, byte, bits, x, rows, n, roots, imaginary):
    """The root of rows * n points."""
    if rows == 4:
        return forward_root4(padded, byte, bits, x, n, roots, imaginary)
    if rows == 5:
        return forward_root5(padded, byte, bits, x, n, roots, imaginary)
    if rows == 6:
        return forward_root6(padded, byte, bits, x, n, roots, imaginary)
    return forward_root7(padded, byte, bits, x, n, roots, imaginary)
