"""Squares and products modulo 2**p - 1 by a weighted FFT, in chains that never leave the digits.

Digit j stands for 2**e[j], e[j] = ceil(p*j/N), so digits have floor(p/N) or one more bits and wrap at 2**p exactly:
e[j + N] = e[j] + p. As e[j] + e[k] is e[j + k] or one more, a cyclic product of length N of the weighted digits
d[j] * 2**f[j], f[j] = e[j] - p*j/N in [0, 1), holds 2**f[j] times the sums that belong at 2**e[j].

    state: weighted digits, N/2 complex points of [real 0..7][imaginary 0..7], digit 2p real, digit 2p + 1 imaginary
      cyclic_root --> multiply_children --> cyclic_root inverse --> carry (round, balance, weigh) --> state

Weights are products of a block's and a lane's; where their exponents add up to 1 or more, they are halved:

    2**f[16*v + i] = blocks[v] * lanes[i] / (2 if the product is at least `wrap` else 1)

f is a multiple of 1/N, so with a threshold that lies half a step below 2 no rounding can mislead the comparison; nor
can it mislead `weight < big`, which tells that digit j has one more bit: f[j] < p/N - floor(p/N).
"""

from __future__ import annotations

from typing import Any

from numba import boolean, float64, int64, uint64
from numba.extending import intrinsic

from fastmul.kernels.cpu.fft_cyclic_root import cyclic_root
from fastmul.kernels.cpu.fft_digits import total
from fastmul.kernels.cpu.fft_mirrored import multiply_children
from fastmul.kernels.cpu.fft_passes import BLOCK
from fastmul.kernels.cpu.vectors import f64x8, fma, fnma, load, rint, shift_in_1, splat, store
from fastmul.runtime.jit import const, inline, kernel

#: Places in `scale`: the powers of two of both digit widths, their inverses, and the two thresholds.
SMALL, LARGE, INVERSE_SMALL, INVERSE_LARGE, WRAP, BIG = 0, 1, 2, 3, 4, 5


@intrinsic
def where_less(typing_context: Any, a: Any, b: Any, c: Any, d: Any) -> Any:
    """c where a < b, else d."""

    def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return builder.select(builder.fcmp_ordered("<", args[0], args[1]), args[2], args[3])

    return f64x8(f64x8, f64x8, f64x8, f64x8), emit


@inline
def split(c, base, inverse):
    """c = digit + base * carry with |digit| <= base/2: (digit, carry)."""
    carry = rint(c * inverse)
    return fnma(carry, base, c), carry


@inline
def weights(blocks, inverse_blocks, v, lanes, inverse_lanes, scale):
    """The weight of a vector of digits, its inverse divided by the points, the digits' base and its inverse."""
    product = splat(blocks[v]) * lanes
    unscaled = splat(inverse_blocks[v]) * inverse_lanes
    wrap = splat(scale[WRAP])
    weight = where_less(product, wrap, product, product * splat(0.5))
    inverse = where_less(product, wrap, unscaled, unscaled + unscaled)
    big = splat(scale[BIG])
    base = where_less(weight, big, splat(scale[LARGE]), splat(scale[SMALL]))
    base_inverse = where_less(weight, big, splat(scale[INVERSE_LARGE]), splat(scale[INVERSE_SMALL]))
    return weight, inverse, base, base_inverse


@kernel(
    float64(float64[::1], int64, float64, const(float64[::1]), const(float64[::1]),
            const(float64[::1]), const(float64[::1]), const(float64[::1]))
)  # fmt: skip
def carry(x, n_blocks, plus, blocks, inverse_blocks, lanes, inverse_lanes, scale):
    """From the coefficients to the weighted digits of their sum, `plus` added; returns the sum of their squares.

    Each coefficient is spread over three digits, and what is left over one more. No carry goes further, so a block
    depends on its coefficients and, through its first digits, on those of the last lane before it alone: for the
    first block the last one is computed without being stored.
    """
    even, odd = load(lanes, 0), load(lanes, 8)
    even_inverse, odd_inverse = load(inverse_lanes, 0), load(inverse_lanes, 8)
    first = load(scale, 8) * splat(plus)
    norm0 = norm1 = splat(0.0)
    carried = carried_again = splat(0.0)
    for step in range(-1, n_blocks):
        v = step if step >= 0 else step + n_blocks
        i = v * BLOCK
        we, ie, be, je = weights(blocks, inverse_blocks, v, even, even_inverse, scale)
        wo, io, bo, jo = weights(blocks, inverse_blocks, v, odd, odd_inverse, scale)
        a, b = rint(load(x, i) * ie), rint(load(x, i + 8) * io)
        if v == 0:
            a = a + first
        a, up = split(a, be, je)
        b, up_next = split(b + up, bo, jo)
        a, up = split(a + shift_in_1(carried, up_next), be, je)
        b, again = split(b + up, bo, jo)
        a = a + shift_in_1(carried_again, again)
        carried, carried_again = up_next, again
        if step >= 0:
            a, b = a * we, b * wo
            norm0, norm1 = fma(a, a, norm0), fma(b, b, norm1)
            store(x, i, a)
            store(x, i + 8, b)
    return total(norm0 + norm1)


@kernel(
    int64(float64[::1], float64[::1], boolean, int64, float64, const(float64[::1]), float64[::1], int64, int64,
          const(int64[:, ::1]), const(float64[::1]), const(float64[::1]), const(float64[::1]), const(int64[::1]),
          const(float64[::1]), const(float64[::1]), const(float64[::1]), const(float64[::1]), const(float64[::1]))
)  # fmt: skip
def steps_weighted(x, y, square, times, plus, limits, norms, rows, n,
                   steps, nodes, leaves, factors, mirrors,
                   blocks, inverse_blocks, lanes, inverse_lanes, scale):  # fmt: skip
    """`times` steps x -> x * x + plus, or one step x -> x * y + plus; returns how many were done.

    norms: the sums of squares of x and of y, the first kept up to date. A step whose norms' product exceeds limits[0]
    is not begun. y is overwritten.
    """
    for done in range(times):
        other = norms[0] if square else norms[1]
        if not norms[0] * other <= limits[0]:
            return done
        cyclic_root(x, 0, n, rows, n, 0, 8)
        if not square:
            cyclic_root(y, 0, n, rows, n, 0, 8)
        multiply_children(x, y, square, steps, nodes, leaves, factors, mirrors)
        cyclic_root(x, 0, n, rows, n, 8, 0)
        norms[0] = carry(
            x, (rows * n) >> 3, plus, blocks, inverse_blocks, lanes, inverse_lanes, scale
        )
    return times


@inline
def place(j):
    """Where digit j of the state is."""
    return BLOCK * (j >> 4) + 8 * (j & 1) + ((j >> 1) & 7)


@inline
def weight_of(j, blocks, lanes, scale):
    product = blocks[j >> 4] * lanes[8 * (j & 1) + ((j >> 1) & 7)]
    return product if product < scale[WRAP] else 0.5 * product


@kernel(
    float64(const(uint64[::1]), float64[::1], int64, const(float64[::1]), const(float64[::1]),
            const(float64[::1]))
)  # fmt: skip
def enter(limbs, x, p, blocks, lanes, scale):
    """x = the weighted balanced digits of a number below 2**p; returns the sum of their squares.

    limbs: the number, and one limb more.
    """
    n_digits = x.size
    small, rest = p // n_digits, p % n_digits
    bit, phase, up = int64(0), int64(0), int64(0)
    norm = 0.0
    for j in range(n_digits):
        bits = small + (1 if phase < rest else 0)
        word, shift = bit >> 6, uint64(bit & 63)
        field = limbs[word] >> shift
        if shift:
            field |= limbs[word + 1] << (uint64(64) - shift)
        digit = int64(field & ((uint64(1) << uint64(bits)) - uint64(1))) + up
        up = digit >> (bits - 1)
        up = int64(1) if up > 0 else int64(0)
        if j + 1 < n_digits:
            digit -= up << bits
        value = float64(digit) * weight_of(j, blocks, lanes, scale)
        norm += value * value
        x[place(j)] = value
        bit += bits
        phase -= rest
        if phase < 0:
            phase += n_digits
    return norm


@kernel(
    int64(const(float64[::1]), uint64[::1], int64, const(float64[::1]), const(float64[::1]),
          const(float64[::1]))
)  # fmt: skip
def leave(x, limbs, p, blocks, lanes, scale):
    """limbs = the number with these weighted digits modulo 2**p, limbs zero before; returns what is carried out."""
    n_digits = x.size
    small, rest = p // n_digits, p % n_digits
    bit, phase, up = int64(0), int64(0), int64(0)
    for j in range(n_digits):
        bits = small + (1 if phase < rest else 0)
        digit = int64(round(x[place(j)] / weight_of(j, blocks, lanes, scale))) + up
        up = digit >> bits
        field = uint64(digit - (up << bits))
        word, shift = bit >> 6, uint64(bit & 63)
        limbs[word] |= field << shift
        if shift:
            limbs[word + 1] |= field >> (uint64(64) - shift)
        bit += bits
        phase -= rest
        if phase < 0:
            phase += n_digits
    return up
