"""Many Python ints to limbs and back, in place of a method call for each.

    int (CPython >= 3.11)                                           limbs, two's complement
    0   reference count, type                                       out[i, 0], out[i, 1], ...
    16  3.12 on: 8 n_digits + (0 positive, 1 zero, 2 negative)
        before: n_digits, negative for a negative int
    24  30-bit digits, uint32 each, lowest first

`integers.layout` proves this picture before any of these kernels is called. Objects come as their addresses, held
alive by the caller. An int is written only between its making, here, and its first use by anyone else; those of at
most two digits are made by PyLong_FromLongLong, because CPython keeps the smallest of them.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba import int64, types, uint64
from numba.core import cgutils
from numba.extending import intrinsic

from fastmul.kernels.cpu.gemm import emit
from fastmul.kernels.cpu.gemm.emit import I64, address
from fastmul.runtime.jit import const, inline, kernel

SIZE, DIGITS, DIGIT_BYTES = 16, 24, 4
DIGIT_BITS, LIMB_BITS = 30, 64
TAG_BITS, NEGATIVE_TAG = 3, 2
DIGIT = np.uint64((1 << DIGIT_BITS) - 1)
ZERO, ONE, TOP = np.uint64(0), np.uint64(1), np.uint64(63)

_GIL_STATE = ir.IntType(32)


def _get(kind: types.Type) -> Any:
    @intrinsic
    def get(typing_context: Any, address: Any) -> Any:
        """The `kind` stored at an address."""

        def lower(context: Any, builder: Any, sig: Any, args: Any) -> Any:
            return emit.load(builder, emit.at(builder, args[0]), ir.IntType(kind.bitwidth))

        return kind(types.int64), lower

    return get


@intrinsic
def put(typing_context: Any, address: Any, value: Any) -> Any:
    """Store an integer at an address."""

    def lower(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        emit.store(builder, args[1], emit.at(builder, args[0]))
        return context.get_dummy_value()

    return types.void(types.int64, value), lower


get_int64, get_uint32, get_uint64 = _get(types.int64), _get(types.uint32), _get(types.uint64)


@intrinsic
def hold_gil(typing_context: Any) -> Any:
    """Take the interpreter's lock; returns what `release_gil` needs."""

    def lower(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return emit.call(builder, "PyGILState_Ensure", _GIL_STATE)

    return types.int32(), lower


@intrinsic
def release_gil(typing_context: Any, state: Any) -> Any:
    """Give the lock back."""

    def lower(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        kind = ir.FunctionType(emit.VOID, [_GIL_STATE])
        function = cgutils.get_or_insert_function(builder.module, kind, "PyGILState_Release")
        builder.call(function, args)
        return context.get_dummy_value()

    return types.void(types.int32), lower


@intrinsic
def call(typing_context: Any, function: Any, argument: Any) -> Any:
    """What the C function at the address `function`, of one int64, returns: an address."""

    def lower(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        kind = ir.FunctionType(I64, [I64]).as_pointer()
        return builder.call(builder.inttoptr(args[0], kind), [args[1]])

    return types.int64(types.int64, types.int64), lower


@inline
def digits_of(size, tagged):
    """The number of digits, and whether the int is negative."""
    if tagged:
        return size >> TAG_BITS, (size & NEGATIVE_TAG) != 0
    return abs(size), size < 0


@kernel(int64(const(int64[::1]), int64))
def longest(objects, tagged):
    """Of the ints at these addresses: 2^32 n_digits + top digit, the greatest."""
    greatest = 0
    for i in range(objects.size):
        count, _ = digits_of(get_int64(objects[i] + SIZE), tagged)
        if count > 0 and count >= greatest >> 32:
            top = np.int64(get_uint32(objects[i] + DIGITS + (count - 1) * DIGIT_BYTES))
            greatest = max(greatest, (count << 32) + top)
    return greatest


@kernel(types.void(const(int64[::1]), int64, uint64[:, ::1]))
def to_limbs(objects, tagged, out):
    """out[i] = the int at objects[i], two's complement; it must fit."""
    n_limbs = out.shape[1]
    for i in range(objects.size):
        count, is_negative = digits_of(get_int64(objects[i] + SIZE), tagged)
        value, filled, limb = ZERO, 0, 0
        for d in range(count):
            digit = np.uint64(get_uint32(objects[i] + DIGITS + d * DIGIT_BYTES))
            value |= digit << np.uint64(filled)
            filled += DIGIT_BITS
            if filled >= LIMB_BITS:
                out[i, limb] = value
                limb, filled = limb + 1, filled - LIMB_BITS
                value = digit >> np.uint64(DIGIT_BITS - filled)
        for j in range(limb, n_limbs):
            out[i, j] = value
            value = ZERO
        if is_negative:
            negate(out, i)


@inline
def negate(limbs, i):
    carry = ONE
    for j in range(limbs.shape[1]):
        limbs[i, j] = ~limbs[i, j] + carry
        carry = np.uint64(carry != ZERO and limbs[i, j] == ZERO)


@kernel(int64(uint64[:, ::1], int64, int64, int64, int64, int64[::1]))
def from_limbs(limbs, signed, tagged, new_int, from_long_long, out):
    """out[i] = the address of a new int, the value of limbs[i] (which are left as magnitudes); how many were made.

    new_int, from_long_long: the addresses of _PyLong_New and PyLong_FromLongLong. Fewer than all are made only if
    memory ends.
    """
    state = hold_gil()
    made = 0
    for i in range(limbs.shape[0]):
        is_negative = signed != 0 and limbs[i, limbs.shape[1] - 1] >> TOP != ZERO
        if is_negative:
            negate(limbs, i)
        n_limbs = limbs.shape[1]
        while n_limbs > 0 and limbs[i, n_limbs - 1] == ZERO:
            n_limbs -= 1
        if n_limbs == 0 or (n_limbs == 1 and limbs[i, 0] >> np.uint64(2 * DIGIT_BITS) == ZERO):
            value = np.int64(limbs[i, 0])
            made_here = call(from_long_long, -value if is_negative else value)
        else:
            n_bits = LIMB_BITS * (n_limbs - 1) + bit_length(limbs[i, n_limbs - 1])
            count = (n_bits + DIGIT_BITS - 1) // DIGIT_BITS
            made_here = call(new_int, count)
            if made_here != 0:
                write_digits(limbs, i, n_limbs, count, made_here + DIGITS)
                if is_negative:
                    size = (count << TAG_BITS) + NEGATIVE_TAG if tagged else -count
                    put(made_here + SIZE, np.int64(size))
        if made_here == 0:
            break
        out[i] = made_here
        made += 1
    release_gil(state)
    return made


@inline
def write_digits(limbs, i, n_limbs, count, to):
    """`count` digits of the n_limbs lowest limbs, from the address `to` on."""
    d = write_quadruples(address(limbs) + i * limbs.strides[0], n_limbs, count, to)
    limb, taken = DIGIT_BITS * d // LIMB_BITS, DIGIT_BITS * d % LIMB_BITS
    value, left = limbs[i, limb] >> np.uint64(taken), LIMB_BITS - taken  # bits not yet written
    while d < count:
        digit = value
        value >>= np.uint64(DIGIT_BITS)
        if left < DIGIT_BITS:
            limb += 1
            following = limbs[i, limb] if limb < n_limbs else ZERO
            digit |= following << np.uint64(left)
            value = following >> np.uint64(DIGIT_BITS - left)
            left += LIMB_BITS
        left -= DIGIT_BITS
        put(to + d * DIGIT_BYTES, np.uint32(digit & DIGIT))
        d += 1


@inline
def write_quadruples(source, n_limbs, count, to):
    """Digits four at a time from the limbs at an address, while no word read ends beyond them; how many were written.

    Four digits are 15 bytes, and begin at bits 0, 6, 4 and 2 of the bytes 0, 3, 7 and 11: each lies in the word of 8
    bytes from there on, the last of which ends at byte 19.
    """
    d = 0
    stop = source + n_limbs * (LIMB_BITS // 8)
    while d + 4 <= count and source + 19 <= stop:
        put(to, np.uint32(get_uint64(source) & DIGIT))
        put(to + DIGIT_BYTES, np.uint32((get_uint64(source + 3) >> np.uint64(6)) & DIGIT))
        put(to + 2 * DIGIT_BYTES, np.uint32((get_uint64(source + 7) >> np.uint64(4)) & DIGIT))
        put(to + 3 * DIGIT_BYTES, np.uint32((get_uint64(source + 11) >> np.uint64(2)) & DIGIT))
        d, source, to = d + 4, source + 15, to + 4 * DIGIT_BYTES
    return d


@intrinsic
def bit_length(typing_context: Any, x: Any) -> Any:
    """Bits of a uint64, leading zeros left out; x is not 0."""

    def lower(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        zeros = builder.ctlz(args[0], ir.Constant(ir.IntType(1), 1))
        return builder.sub(I64(64), zeros)

    return types.int64(types.uint64), lower
