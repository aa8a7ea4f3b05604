"""Limbs to balanced digits and coefficients back to limbs, eight at a time.

An operand of 64*n bits becomes signed digits d[i] of `bits` bits, |d[i]| <= 2**(bits - 1):

    d[i] = field[i] - 2**bits * top bit of field[i] + top bit of field[i - 1]         (Booth, 1951)

so a digit depends on bits + 1 neighbouring bits only and no carry runs. Eight digits begin at a byte, since they
are `bits` bytes; a lane reads its eight bytes, whatever its width, and shifts. Operands are read from a padded
copy, with a zero limb before and enough zeros after it.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import int64, types, void
from numba.extending import intrinsic

from fastmul.kernels.cpu.vectors import (
    f64x8,
    shift_right,
    shift_right_signed,
    splat,
    to_float_signed,
    u64x8,
)
from fastmul.runtime.jit import const, inline, kernel
from fastmul.runtime.target import target

_I8, _I32, _I64 = (ir.IntType(bits) for bits in (8, 32, 64))
_U64X8, _U8X64 = ir.VectorType(_I64, 8), ir.VectorType(_I8, 64)

#: Adding it rounds |x| < 2**51 to the nearest integer, which its low 52 bits then hold.
ROUNDER = 1.5 * 2**52
_ROUNDER_BITS = 0x4338000000000000

#: Words of a padded copy beyond its digits: the zero limb before, and what a digit vector reads too much.
PADDING = 10


def _byte_pointer(
    context: Any, builder: Any, array_type: Any, array: Any, index: Any, kind: Any
) -> Any:
    data = context.make_array(array_type)(context, builder, array).data
    start = builder.bitcast(data, _I8.as_pointer())
    return builder.bitcast(builder.gep(start, [index]), kind.as_pointer())


@intrinsic
def word_at(typing_context: Any, array: Any, byte: Any) -> Any:
    """The eight bytes of an array's memory from `byte` on, as a uint64."""

    def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return builder.load(_byte_pointer(context, builder, sig.args[0], *args, _I64), align=1)

    return types.uint64(array, types.int64), emit


def _put(numba_type: Any, llvm_type: Any, doc: str) -> Any:
    @intrinsic
    def function(typing_context: Any, array: Any, byte: Any, value: Any) -> Any:
        def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
            value = builder.trunc(args[2], llvm_type) if llvm_type is not _I64 else args[2]
            builder.store(
                value, _byte_pointer(context, builder, sig.args[0], *args[:2], llvm_type), align=1
            )
            return context.get_dummy_value()

        return types.void(array, types.int64, types.uint64), emit

    function.__doc__ = doc
    return function


put_word = _put(types.uint64, _I64, "Store a uint64 at any byte of an array's memory.")
put_byte = _put(
    types.uint64, _I8, "Store the low byte of a uint64 at any byte of an array's memory."
)


@intrinsic
def words_at(typing_context: Any, array: Any, byte: Any, offsets: Any) -> Any:
    """Lane i: the eight bytes from `byte` + offsets[i] on, 0 <= offsets[i] <= 56."""

    def emit_permutation(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        pointer = _byte_pointer(context, builder, sig.args[0], args[0], args[1], _U8X64)
        # byte k of lane i comes from offsets[i] + k
        ones = ir.Constant(_U64X8, [0x0101010101010101] * 8)
        steps = ir.Constant(_U64X8, [0x0706050403020100] * 8)
        picks = builder.bitcast(builder.add(builder.mul(args[2], ones), steps), _U8X64)
        kind = ir.FunctionType(_U8X64, [_U8X64, _U8X64])
        permute = builder.module.declare_intrinsic("llvm.x86.avx512.permvar.qi.512", fnty=kind)
        return builder.bitcast(
            builder.call(permute, [builder.load(pointer, align=1), picks]), _U64X8
        )

    def emit_loads(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        result = ir.Constant(_U64X8, ir.Undefined)
        for lane in range(8):
            place = builder.add(args[1], builder.extract_element(args[2], _I32(lane)))
            word = builder.load(
                _byte_pointer(context, builder, sig.args[0], args[0], place, _I64), align=1
            )
            result = builder.insert_element(result, word, _I32(lane))
        return result

    permutes = target().avx512 and target().has("avx512vbmi")
    return u64x8(array, types.int64, u64x8), emit_permutation if permutes else emit_loads


@intrinsic
def shift_left_each(typing_context: Any, a: Any, counts: Any) -> Any:
    """a[i] << counts[i], counts below 64."""
    return u64x8(u64x8, u64x8), lambda context, builder, sig, args: builder.shl(*args)


@intrinsic
def bits_of(typing_context: Any, a: Any) -> Any:
    """The representation of eight doubles."""
    return u64x8(f64x8), lambda context, builder, sig, args: builder.bitcast(args[0], _U64X8)


@inline
def nearest(x):
    """Eight doubles below 2**51, rounded to signed integers."""
    return bits_of(x + splat(ROUNDER)) - splat(_ROUNDER_BITS)


@kernel(void(const(types.uint64[::1]), types.uint64[::1], int64, int64))
def pad(limbs, padded, start, count):
    """padded[start : start + count] = a zero limb, then the limbs, then zeros; count >= limbs.size + 1."""
    padded[start] = 0
    for i in range(limbs.size):
        padded[start + 1 + i] = limbs[i]
    for i in range(start + 1 + limbs.size, start + count):
        padded[i] = 0


@intrinsic
def lane_numbers(typing_context: Any) -> Any:
    """0..7."""
    return u64x8(), lambda context, builder, sig, args: ir.Constant(_U64X8, list(range(8)))


@intrinsic
def total(typing_context: Any, a: Any) -> Any:
    """The sum of eight doubles, which the caller knows to be exact."""

    def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        result = builder.extract_element(args[0], _I32(0))
        for lane in range(1, 8):
            result = builder.fadd(result, builder.extract_element(args[0], _I32(lane)))
        return result

    return types.float64(f64x8), emit


@inline
def digit_offsets(bits):
    """For `digits`: each lane's first byte and left shift."""
    # lane i begins at bit bits*i - 1; a byte is put before, so that lane 0 needs no negative offset
    first = lane_numbers() * splat(bits) + splat(int64(7))
    bit = first & splat(int64(7))
    return shift_right(first, 3), splat(int64(63) - bits) - bit


@inline
def digits(padded, byte, bits, offsets, shifts):
    """The eight balanced digits whose fields begin at bit 8*(byte + 1) of the padded copy."""
    field = shift_left_each(words_at(padded, byte, offsets), shifts)  # bits + 1 bits, left-aligned
    doubled = shift_right_signed(field, int64(63) - bits)  # 2*(signed field) + the bit before
    return to_float_signed(shift_right_signed(doubled + splat(int64(1)), int64(1)))
