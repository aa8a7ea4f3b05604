"""Codes without gaps: sixteen codes of a row into its bytes, or codes of rows one above the other into rows of bytes.

along a row (little-endian stream)                along the columns, the same stream going down
4 bits: byte 0 = code 0 | code 1 << 4             byte row 0 = code row 0 | code row 1 << 4
6 bits: bytes 0, 1, 2 = codes 0 to 3, bit by bit  byte rows 0, 1, 2 = code rows 0 to 3
2 bits: byte 0 = codes 0 to 3                     byte row 0 = code rows 0 to 3
"""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from fastmul.kernels.cpu.gemm import emit
from fastmul.kernels.cpu.lowprecision.lanes import LANES, like, shift_left, shift_right, u32x16
from fastmul.runtime.jit import inline


def _vector(bits: int, count: int) -> Any:
    return ir.VectorType(ir.IntType(bits), count)


def _pairs(builder: Any, codes: Any, bits: int) -> Any:
    """Neighbours joined: of n lanes of 2 w bits' room, n / 2 lanes that hold 2 `bits` bits."""
    width, count = codes.type.element.width, codes.type.count
    wide = builder.bitcast(codes, _vector(2 * width, count // 2))
    # | low code, zeros | high code, zeros |: the high one moves down to the end of the low one
    high = builder.lshr(wide, emit.constant(wide.type, width - bits))
    return builder.trunc(builder.or_(wide, high), _vector(width, count // 2))


def _packer(bits: int) -> Any:
    """An intrinsic that stores sixteen codes of `bits` bits at an address."""

    @intrinsic
    def function(typing_context: Any, address: Any, codes: Any) -> Any:
        def lower(context: Any, builder: Any, sig: Any, args: Any) -> Any:
            codes = args[1]
            if bits >= 8:
                value = codes if bits == 32 else builder.trunc(codes, _vector(bits, LANES))
            elif bits == 4:
                value = builder.trunc(_pairs(builder, codes, 4), _vector(8, LANES // 2))
            else:
                quads = _pairs(builder, _pairs(builder, codes, bits), 2 * bits)
                value = builder.trunc(quads, _vector(8, LANES // 4))
                if bits == 6:  # three bytes of each lane
                    lanes = builder.bitcast(quads, _vector(8, LANES))
                    picks = [4 * i + j for i in range(LANES // 4) for j in range(3)]
                    value = emit.shuffle(builder, lanes, lanes, picks)
                    _store_twelve(builder, value, args[0])
                    return context.get_dummy_value()
            emit.store(builder, value, emit.at(builder, args[0]))
            return context.get_dummy_value()

        return types.void(types.int64, u32x16), lower

    function.__doc__ = f"Store sixteen codes of {bits} bits, packed."
    return function


def _store_twelve(builder: Any, value: Any, address: Any) -> None:
    """Eight bytes and four: a vector of twelve would be stored one by one."""
    for first, count in ((0, 8), (8, 4)):
        part = emit.shuffle(builder, value, value, list(range(first, first + count)))
        emit.store(builder, part, emit.at(builder, address, first))


_store2, _store4, _store6, _store8, _store16, _store32 = (_packer(b) for b in (2, 4, 6, 8, 16, 32))


@inline
def store_row(address, codes, bits):
    """Sixteen codes of 2, 4, 6, 8, 16 or (17 to) 32 bits to 2 `bits` bytes (64 for more than 16 bits)."""
    if bits == 8:
        _store8(address, codes)
    elif bits == 4:
        _store4(address, codes)
    elif bits == 6:
        _store6(address, codes)
    elif bits == 16:
        _store16(address, codes)
    elif bits == 2:
        _store2(address, codes)
    else:
        _store32(address, codes)


store_bytes = _store8


@inline
def bytes_of_sixteen(bits):
    """Bytes that `store_row` fills."""
    return np.int64(64) if bits > 16 else 2 * bits


@inline
def rows_per_group(bits):
    """Rows of codes that fill rows of bytes: 8, 4, 6, 2 bits take 1, 2, 4, 4 rows for 1, 1, 3, 1."""
    if bits >= 8:
        return np.int64(1)
    return np.int64(2) if bits == 4 else np.int64(4)


@inline
def stacked(group, codes, row, bits):
    """The codes of one more row above those of the rows before it."""
    return group | shift_left(codes, like(codes, row * bits))


@inline
def store_group(address, stride, group, bits):
    """Sixteen columns of a full group to its rows of bytes, `stride` apart."""
    if bits > 16:
        _store32(address, group)
    elif bits == 16:
        _store16(address, group)
    else:
        _store8(address, group)
    if bits == 6:
        _store8(address + stride, shift_right(group, like(group, 8)))
        _store8(address + 2 * stride, shift_right(group, like(group, 16)))
