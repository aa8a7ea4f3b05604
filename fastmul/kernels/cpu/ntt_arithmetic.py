"""Arithmetic modulo a 50-bit prime in float64 vectors, and the radix-8 butterflies made of it.

Residues are integers in float64, balanced and lazily reduced: |x| <= A p for a small A that `fastmul.bounds.ntt`
tracks; all stays exact because everything stays below 2**53 > 7.99 p. A product modulo p takes six operations,
four of them on the multiplier and two on the adder, and its butterfly two more on the adder:

    h = a * w              rounded product; h + l is the exact one
    q = rint(h * pinv)     the quotient, off by at most 1/2 + A/8
    l = fma(a, w, -h)      exact
    r = fma(-q, p, h) + l  exact: integers below 2**53

So a butterfly keeps the multiplier busy first and the adder last. Two columns x and y of a radix-8 pass go
through their three levels *staggered*, the additions of one beside the multiplications of the other:

    multiplier    x1    y1    x2    y2    x3    y3
    adder               x1    y1    x2    y2    x3    y3

Measured on Zen 4, cycles for a radix-8 column, where 50 are the floor: 74 alone, 58 when x and y go instruction by
instruction, 53 staggered.
"""

from __future__ import annotations

from fastmul.kernels.cpu.vectors import fms, fnma, rint
from fastmul.runtime.jit import inline


@inline
def reduce(a, p, pinv):
    """a modulo p, |result| <= p/2 (plus one at most), for |a| <= 2**53."""
    return fnma(rint(a * pinv), p, a)


@inline
def mulmod(a, w, p, pinv):
    """a * w modulo p; |result| <= (1/2 + A/8) p for |a| <= A p, |w| <= p/2."""
    h = a * w
    q = rint(h * pinv)
    return fnma(q, p, h) + fms(a, w, h)


@inline
def mulmod2(a, b, w, v, p, pinv):
    """(mulmod(a, w), mulmod(b, v)) in tandem."""
    g = a * w
    h = b * v
    s = rint(g * pinv)
    t = rint(h * pinv)
    k = fms(a, w, g)
    l = fms(b, v, h)
    return fnma(s, p, g) + k, fnma(t, p, h) + l


@inline
def open4(a, b, c, d, r, s, t, u, p, pinv):
    """Four products modulo p, a * r, b * s, c * t and d * u, all but their last additions (`close4`)."""
    e, f, g, h = a * r, b * s, c * t, d * u
    i, j, k, l = rint(e * pinv), rint(f * pinv), rint(g * pinv), rint(h * pinv)
    r, s, t, u = fms(a, r, e), fms(b, s, f), fms(c, t, g), fms(d, u, h)
    return fnma(i, p, e), fnma(j, p, f), fnma(k, p, g), fnma(l, p, h), r, s, t, u


@inline
def open4_prepared(a, b, c, d, r, s, t, u, p, pinv):
    """The same for roots that come with their quotients, r = (root, root / p): a shorter chain.

    The quotient is rint(a * (r / p)) in place of rint((a * r) / p): two roundings of the same size.
    """
    e, f, g, h = a * r[0], b * s[0], c * t[0], d * u[0]
    i, j, k, l = rint(a * r[1]), rint(b * s[1]), rint(c * t[1]), rint(d * u[1])
    r, s, t, u = fms(a, r[0], e), fms(b, s[0], f), fms(c, t[0], g), fms(d, u[0], h)
    return fnma(i, p, e), fnma(j, p, f), fnma(k, p, g), fnma(l, p, h), r, s, t, u


@inline
def close4(o):
    """The four products that `open4` began."""
    return o[0] + o[4], o[1] + o[5], o[2] + o[6], o[3] + o[7]


@inline
def sums_and_differences(a, b, c, d, o):
    """a + e, a - e, b + f, ... for the four products e, f, g, h that `open4` began."""
    e, f, g, h = close4(o)
    return a + e, a - e, b + f, b - f, c + g, c - g, d + h, d - h


# ---------------------------------------------------------------------------------------- down
#
# w = (roots[j], roots[2j], roots[2j+1], roots[4j], ..., roots[4j+3]). A butterfly down the tree takes a + b X modulo
# X - w and X + w. One element of eight is reduced. Bounds: in and out `bounds.ntt.FORWARD`.


def _splits(open4):
    """Three levels down, each in two halves, of `open4`, or of `open4_prepared` with roots as it takes them."""

    @inline
    def open_top(x, w, p, pinv):
        o = open4(x[4], x[5], x[6], x[7], w[0], w[0], w[0], w[0], p, pinv)
        return o, (reduce(x[0], p, pinv), x[1], x[2], x[3])

    @inline
    def close_top(o):
        o, (x0, x1, x2, x3) = o
        x0, x4, x1, x5, x2, x6, x3, x7 = sums_and_differences(x0, x1, x2, x3, o)
        return x0, x1, x2, x3, x4, x5, x6, x7

    @inline
    def open_middle(x, w, p, pinv):
        o = open4(x[2], x[3], x[6], x[7], w[1], w[1], w[2], w[2], p, pinv)
        return o, (x[0], x[1], x[4], x[5])

    @inline
    def close_middle(o):
        o, (x0, x1, x4, x5) = o
        x0, x2, x1, x3, x4, x6, x5, x7 = sums_and_differences(x0, x1, x4, x5, o)
        return x0, x1, x2, x3, x4, x5, x6, x7

    @inline
    def open_low(x, w, p, pinv):
        o = open4(x[1], x[3], x[5], x[7], w[3], w[4], w[5], w[6], p, pinv)
        return o, (x[0], x[2], x[4], x[6])

    @inline
    def close_low(o):
        o, (x0, x2, x4, x6) = o
        return sums_and_differences(x0, x2, x4, x6, o)

    @inline
    def split8(x, y, w, v, p, pinv):
        """Three levels down for two columns x, y of eight, with the roots w, v of their nodes."""
        s = open_top(x, w, p, pinv)
        t = open_top(y, v, p, pinv)
        s = open_middle(close_top(s), w, p, pinv)
        t = open_middle(close_top(t), v, p, pinv)
        s = open_low(close_middle(s), w, p, pinv)
        t = open_low(close_middle(t), v, p, pinv)
        return close_low(s), close_low(t)

    return split8


split8, split8_prepared = _splits(open4), _splits(open4_prepared)


@inline
def split44(x, y, w, p, pinv):
    """Two levels down for four columns of four, two in x and two in y; w = (roots[j], roots[2j], roots[2j+1])."""
    s = open4(x[2], x[3], x[6], x[7], w[0], w[0], w[0], w[0], p, pinv)
    x0, x4 = reduce(x[0], p, pinv), reduce(x[4], p, pinv)
    t = open4(y[2], y[3], y[6], y[7], w[0], w[0], w[0], w[0], p, pinv)
    y0, y4 = reduce(y[0], p, pinv), reduce(y[4], p, pinv)
    x0, x2, x1, x3, x4, x6, x5, x7 = sums_and_differences(x0, x[1], x4, x[5], s)
    s = open4(x1, x3, x5, x7, w[1], w[2], w[1], w[2], p, pinv)
    y0, y2, y1, y3, y4, y6, y5, y7 = sums_and_differences(y0, y[1], y4, y[5], t)
    t = open4(y1, y3, y5, y7, w[1], w[2], w[1], w[2], p, pinv)
    return sums_and_differences(x0, x2, x4, x6, s), sums_and_differences(y0, y2, y4, y6, t)


# ---------------------------------------------------------------------------------------- up
#
# w: the inverse roots, in the same order. A butterfly up the tree is a + b, (a - b) w. Bounds: in and out
# `bounds.ntt.INVERSE`.


@inline
def open_join_low(x, w, p, pinv):
    o = open4(x[0] - x[1], x[2] - x[3], x[4] - x[5], x[6] - x[7], w[3], w[4], w[5], w[6], p, pinv)
    return o, (x[0] + x[1], x[2] + x[3], x[4] + x[5], x[6] + x[7])


@inline
def open_join_middle(o, w, p, pinv):
    x1, x3, x5, x7 = close4(o[0])
    x0, x2, x4, x6 = o[1]
    o = open4(x0 - x2, x1 - x3, x4 - x6, x5 - x7, w[1], w[1], w[2], w[2], p, pinv)
    return o, (reduce(x0 + x2, p, pinv), x1 + x3, reduce(x4 + x6, p, pinv), x5 + x7)


@inline
def open_join_top(o, w, p, pinv):
    x2, x3, x6, x7 = close4(o[0])
    x0, x1, x4, x5 = o[1]
    o = open4(x0 - x4, x1 - x5, x2 - x6, x3 - x7, w[0], w[0], w[0], w[0], p, pinv)
    return o, (x0 + x4, x1 + x5, x2 + x6, x3 + x7)


@inline
def close_join_top(o, p, pinv):
    x4, x5, x6, x7 = close4(o[0])
    x0, x1, x2, x3 = o[1]
    return x0, reduce(x1, p, pinv), reduce(x2, p, pinv), x3, x4, x5, x6, x7


@inline
def join8(x, y, w, v, p, pinv):
    """Three levels up for two columns, with the inverse roots of their nodes. Four elements of eight are reduced."""
    s = open_join_low(x, w, p, pinv)
    t = open_join_low(y, v, p, pinv)
    s = open_join_middle(s, w, p, pinv)
    t = open_join_middle(t, v, p, pinv)
    s = open_join_top(s, w, p, pinv)
    t = open_join_top(t, v, p, pinv)
    return close_join_top(s, p, pinv), close_join_top(t, p, pinv)


@inline
def open_join44(x, w, p, pinv):
    o = open4(x[0] - x[1], x[2] - x[3], x[4] - x[5], x[6] - x[7], w[1], w[2], w[1], w[2], p, pinv)
    return o, (x[0] + x[1], x[2] + x[3], x[4] + x[5], x[6] + x[7])


@inline
def turn_join44(o, w, p, pinv):
    x1, x3, x5, x7 = close4(o[0])
    x0, x2, x4, x6 = o[1]
    o = open4(x0 - x2, x1 - x3, x4 - x6, x5 - x7, w[0], w[0], w[0], w[0], p, pinv)
    return o, (x0 + x2, x1 + x3, x4 + x6, x5 + x7)


@inline
def close_join44(o, p, pinv):
    x2, x3, x6, x7 = close4(o[0])
    x0, x1, x4, x5 = o[1]
    return (
        reduce(x0, p, pinv), reduce(x1, p, pinv), x2, x3,
        reduce(x4, p, pinv), reduce(x5, p, pinv), x6, x7,
    )  # fmt: skip


@inline
def join44(x, y, w, p, pinv):
    """Two levels up for four columns of four, two in x and two in y."""
    s = open_join44(x, w, p, pinv)
    t = open_join44(y, w, p, pinv)
    s = turn_join44(s, w, p, pinv)
    t = turn_join44(t, w, p, pinv)
    return close_join44(s, p, pinv), close_join44(t, p, pinv)


# ---------------------------------------------------------------------------------------- single butterflies


@inline
def split(a, b, c, d, w, v, p, pinv):
    """Butterflies down the tree, in tandem: a mod (X - w) and (X + w) of a + b X, the same for c + d X and v."""
    s, t = mulmod2(b, d, w, v, p, pinv)
    return a + s, a - s, c + t, c - t


@inline
def join(a, b, c, d, w, v, p, pinv):
    """Butterflies up the tree, in tandem; w and v are inverse roots."""
    s, t = mulmod2(a - b, c - d, w, v, p, pinv)
    return a + b, s, c + d, t
