"""From rounded coefficients to limbs.

The sum of c[i] * 2**(bits*i) is taken in eight runs side by side, one to a lane:

    lane 0: c[0 .. length)     lane 1: c[length .. 2*length)     ...     lane 7

Eight coefficients of each lane are loaded, transposed, and carried in order; the eight clean digits are `bits`
bytes, packed into two or three words a lane. At the end the carry of each run is added to the next run, where it
almost never travels far.
"""

from __future__ import annotations

from numba import float64, int64, uint64, void

from fastmul.kernels.cpu.fft_digits import nearest, put_byte, put_word, word_at
from fastmul.kernels.cpu.vectors import (
    load,
    shift_left,
    shift_right,
    shift_right_signed,
    splat,
    store,
    transpose8,
)
from fastmul.runtime.jit import const, inline, kernel

#: Words of the buffer between vectors and bytes: three vectors of packed digits, one of carries.
BUFFER = 32
CARRIES = 24
_ONE = uint64(1)


@inline
def pack4(a, b, c, d, bits):
    """a + b*2**bits + c*2**(2*bits) + d*2**(3*bits) of clean digits, as low and high words; 2*bits < 64."""
    low = a | shift_left(b, bits)
    high = c | shift_left(d, bits)
    return low | shift_left(high, 2 * bits), shift_right(high, 64 - 2 * bits)


@inline
def carry8(a, b, c, d, e, f, g, h, carry, bits):
    """Clean digits of eight coefficients in sequence, and the carry after them."""
    mask = splat((int64(1) << bits) - int64(1))
    a = nearest(a) + carry
    b = nearest(b) + shift_right_signed(a, bits)
    c = nearest(c) + shift_right_signed(b, bits)
    d = nearest(d) + shift_right_signed(c, bits)
    e = nearest(e) + shift_right_signed(d, bits)
    f = nearest(f) + shift_right_signed(e, bits)
    g = nearest(g) + shift_right_signed(f, bits)
    h = nearest(h) + shift_right_signed(g, bits)
    carry = shift_right_signed(h, bits)
    return a & mask, b & mask, c & mask, d & mask, e & mask, f & mask, g & mask, h & mask, carry


@kernel(
    void(const(float64[::1]), int64, int64, int64, uint64[::1], int64, uint64[::1], int64, int64)
)
def carry_runs(c, first, length, bits, words, start, buffer, at, carry_in):
    """Write the digits of eight runs of `length` coefficients from c[first] on, beginning at byte `start`.

    length is a multiple of 8; buffer[at : at + 32] is scratch, and keeps each run's carry in its last eight.
    """
    for i in range(at, at + BUFFER):
        buffer[i] = uint64(0)
    buffer[at + CARRIES] = uint64(carry_in)
    carry = load(buffer, at + CARRIES)
    run_bytes = (length >> 3) * bits
    for v in range(0, length, 8):
        i = first + v
        p, q, r, s, t, u, w, z = transpose8(
            load(c, i), load(c, i + length), load(c, i + 2 * length), load(c, i + 3 * length),
            load(c, i + 4 * length), load(c, i + 5 * length), load(c, i + 6 * length),
            load(c, i + 7 * length),
        )  # fmt: skip
        d0, d1, d2, d3, d4, d5, d6, d7, carry = carry8(p, q, r, s, t, u, w, z, carry, bits)
        low, middle = pack4(d0, d1, d2, d3, bits)
        upper, top = pack4(d4, d5, d6, d7, bits)
        if bits < 16:
            store(buffer, at, low | shift_left(upper, 4 * bits))
            store(buffer, at + 8, shift_right(upper, 64 - 4 * bits))
        else:
            shift = 4 * bits - 64
            store(buffer, at, low)
            store(buffer, at + 8, middle | shift_left(upper, shift))
            store(
                buffer,
                at + 16,
                shift_right(shift_right(upper, 1), 63 - shift) | shift_left(top, shift),
            )
        byte = start + (v >> 3) * bits
        if (
            v + 8 < length
        ):  # what lies beyond a lane's bytes is overwritten by its next eight digits
            for lane in range(8):
                put_word(words, byte, buffer[at + lane])
                put_word(words, byte + 8, buffer[at + 8 + lane])
                if bits > 16:
                    put_word(words, byte + 16, buffer[at + 16 + lane])
                byte += run_bytes
        else:
            for lane in range(8):
                for k in range(bits):
                    word = buffer[at + lane + 8 * (k >> 3)]
                    put_byte(words, byte + k, word >> uint64(8 * (k & 7)))
                byte += run_bytes
    store(buffer, at + CARRIES, carry)


@kernel(void(uint64[::1], int64, uint64))
def add_carry(words, byte, carry):
    """Add a signed carry to the number in memory whose lowest byte is `byte`; it must absorb it."""
    before = word_at(words, byte)
    put_word(words, byte, before + carry)
    if int64(carry) < 0:
        travels = before < -carry
        while travels:
            byte += 8
            before = word_at(words, byte)
            put_word(words, byte, before - _ONE)
            travels = before == uint64(0)
    else:
        travels = before + carry < before
        while travels:
            byte += 8
            before = word_at(words, byte) + _ONE
            put_word(words, byte, before)
            travels = before == uint64(0)
