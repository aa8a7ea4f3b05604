"""The 30-bit digits of a Python int, packed into 64-bit limbs, and limbs unpacked into such digits.

Sixteen digits are 480 bits or 60 bytes: a vector of eight words, each of two digits, on the one side; seven and a half
limbs on the other. Between them lie eight words of 60 bits:

    digits  |d0 . d1 .|d2 . d3 .| ...        a word holds two digits, with two bits of zeros above each
    words   |w0   (60)|w1   (60)| ...        w = d0 + 2**30 d1
    limbs   |w0   ,  w1     ,  w2 ...        limb k = w[k] >> 4*k  |  w[k+1] << 60 - 4*k

A vector of limbs is stored, or loaded, at every 60th byte; the four bytes beyond belong to the next group.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba import int64, types, uint32, uint64, void
from numba.extending import intrinsic

from fastmul.kernels.cpu.fft_digits import shift_left_each
from fastmul.kernels.cpu.vectors import shift_left, shift_right, splat, u64x8
from fastmul.runtime.jit import const, inline, kernel

DIGIT_BITS = 30
#: A group: its digits, its bytes of limbs, and the bytes that a vector of limbs reaches over.
GROUP_DIGITS, GROUP_BYTES, VECTOR_BYTES = 16, 60, 64
_DIGIT = (1 << DIGIT_BITS) - 1
_I8, _I32, _I64 = (ir.IntType(bits) for bits in (8, 32, 64))
_U64X8 = ir.VectorType(_I64, 8)


def _byte_pointer(context: Any, builder: Any, array_type: Any, array: Any, byte: Any) -> Any:
    data = context.make_array(array_type)(context, builder, array).data
    start = builder.bitcast(data, _I8.as_pointer())
    return builder.bitcast(builder.gep(start, [byte]), _U64X8.as_pointer())


@intrinsic
def load_bytes(typing_context: Any, array: Any, byte: Any) -> Any:
    """The 64 bytes of an array's memory from `byte` on, as eight words."""

    def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return builder.load(_byte_pointer(context, builder, sig.args[0], *args), align=1)

    return u64x8(array, types.int64), emit


@intrinsic
def store_bytes(typing_context: Any, array: Any, byte: Any, value: Any) -> Any:
    """Store eight words at any byte of an array's memory."""

    def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        builder.store(args[2], _byte_pointer(context, builder, sig.args[0], *args[:2]), align=1)
        return context.get_dummy_value()

    return types.void(array, types.int64, u64x8), emit


@intrinsic
def shift_right_each(typing_context: Any, a: Any, counts: Any) -> Any:
    """a[i] >> counts[i], zeros shifted in, counts below 64."""
    return u64x8(u64x8, u64x8), lambda context, builder, sig, args: builder.lshr(*args)


@intrinsic
def four_times_lane(typing_context: Any) -> Any:
    """0, 4, .., 28."""
    constant = ir.Constant(_U64X8, [4 * lane for lane in range(8)])
    return u64x8(), lambda context, builder, sig, args: constant


def _neighbour(picks: list[int], doc: str) -> Any:
    @intrinsic
    def function(typing_context: Any, a: Any) -> Any:
        def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
            zeros = ir.Constant(_U64X8, [0] * 8)
            mask = ir.Constant(ir.VectorType(_I32, 8), picks)
            return builder.shuffle_vector(args[0], zeros, mask)

        return u64x8(u64x8), emit

    function.__doc__ = doc
    return function


next_lanes = _neighbour([1, 2, 3, 4, 5, 6, 7, 8], "[a1, .., a7, 0].")
previous_lanes = _neighbour([8, 0, 1, 2, 3, 4, 5, 6], "[0, a0, .., a6].")


@inline
def pack_group(digits):
    """Words of two digits to 60 bytes of limbs."""
    low, high = splat(int64(_DIGIT)), splat(int64(_DIGIT << DIGIT_BITS))
    words = (digits & low) | (shift_right(digits, 32 - DIGIT_BITS) & high)
    skip = four_times_lane()
    # lane 7 takes nothing from beyond: its shift of 32 meets the zero shifted in
    return shift_right_each(words, skip) | shift_left_each(
        next_lanes(words), splat(int64(60)) - skip
    )


@inline
def unpack_group(limbs):
    """60 bytes of limbs, and four more bytes, to words of two digits."""
    low, high = splat(int64(_DIGIT)), splat(int64(_DIGIT << 32))
    skip = four_times_lane()
    below = shift_right_each(shift_right(previous_lanes(limbs), 32), splat(int64(32)) - skip)
    words = shift_left_each(limbs, skip) | below
    return (words & low) | (shift_left(words, 32 - DIGIT_BITS) & high)


@kernel(void(const(uint32[::1]), uint64[::1]))
def pack_digits(digits, out):
    """out = the limbs of sum(digits[i] * 2**(30*i)); out holds ceil of its bits / 64 limbs, so none is lost."""
    room = 8 * out.size - VECTOR_BYTES
    group = 0
    while (group + 1) * GROUP_DIGITS <= digits.size and group * GROUP_BYTES <= room:
        words = load_bytes(digits, 4 * GROUP_DIGITS * group)
        store_bytes(out, GROUP_BYTES * group, pack_group(words))
        group += 1
    # the rest, digit by digit: `value` collects bits until a limb is full
    n_bits = group * GROUP_BYTES * 8
    limb, n_bits = n_bits >> 6, n_bits & 63
    value = np.uint64(0)
    if n_bits > 0:
        value = out[limb] & ((np.uint64(1) << np.uint64(n_bits)) - np.uint64(1))
    for i in range(group * GROUP_DIGITS, digits.size):
        digit = np.uint64(digits[i])
        value |= digit << np.uint64(n_bits)
        n_bits += DIGIT_BITS
        if n_bits >= 64:
            out[limb] = value
            limb, n_bits = limb + 1, n_bits - 64
            value = digit >> np.uint64(DIGIT_BITS - n_bits)
    if limb < out.size:
        out[limb] = value


@kernel(void(const(uint64[::1]), uint32[::1]))
def unpack_digits(limbs, out):
    """out = the 30-bit digits of the number with these limbs; its digits beyond `out` are zero."""
    room = 8 * limbs.size - VECTOR_BYTES
    group = 0
    while (group + 1) * GROUP_DIGITS <= out.size and group * GROUP_BYTES <= room:
        words = unpack_group(load_bytes(limbs, GROUP_BYTES * group))
        store_bytes(out, 4 * GROUP_DIGITS * group, words)
        group += 1
    for i in range(group * GROUP_DIGITS, out.size):
        limb, skip = (DIGIT_BITS * i) >> 6, (DIGIT_BITS * i) & 63
        value = limbs[limb] >> np.uint64(skip)
        if skip > 64 - DIGIT_BITS and limb + 1 < limbs.size:
            value |= limbs[limb + 1] << np.uint64(64 - skip)
        out[i] = np.uint32(value & np.uint64(_DIGIT))
