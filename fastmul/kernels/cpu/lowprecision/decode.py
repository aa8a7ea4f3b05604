"""Codes back to values: one look into a table for each, and its scale.

value = table[code] * scale * last, in this order, in the result's dtype. Codes have at most eight bits; where fewer,
they are packed (bit_packing.py).
"""

from __future__ import annotations

import numpy as np
from numba import float32, float64, int64, uint8, void

from fastmul.runtime.jit import KernelSet, const, inline, kernel

HIGH_HALF = np.uint8(4)


@inline
def group_at(codes, plane, row, column, count):
    """`count` bytes of a group of code rows in one column, as an integer."""
    group = np.uint32(codes[plane, row, column])
    if count > 1:
        group |= np.uint32(codes[plane, row + 1, column]) << np.uint32(8)
    if count > 2:
        group |= np.uint32(codes[plane, row + 2, column]) << np.uint32(16)
    return group


def decode_rows(codes, table, scales, last, out, bits, start, stop):
    """Rows start to stop: scales (rows, pieces) hold for equal pieces of a row; bits are 8, 6, 4 or 2.

    More than one piece is made of whole bytes.
    """
    length = out.shape[1]
    run = length // scales.shape[1]
    for row in range(start, stop):
        for piece in range(scales.shape[1]):
            scale = scales[row, piece]
            first, end = piece * run, piece * run + run
            if bits == 8:
                for i in range(first, end):
                    out[row, i] = table[codes[row, i]] * scale * last
            elif bits == 4:
                for i in range(first // 2, end // 2):
                    pair = codes[row, i]
                    out[row, 2 * i] = table[pair & np.uint8(15)] * scale * last
                    out[row, 2 * i + 1] = table[pair >> HIGH_HALF] * scale * last
                if end % 2:
                    out[row, end - 1] = table[codes[row, end // 2] & np.uint8(15)] * scale * last
            else:
                mask = np.uint32((1 << bits) - 1)
                for i in range(first, end):
                    bit = i * bits
                    word = np.uint32(codes[row, bit >> 3])
                    if (bit & 7) + bits > 8:
                        word |= np.uint32(codes[row, (bit >> 3) + 1]) << np.uint32(8)
                    code = (word >> np.uint32(bit & 7)) & mask
                    out[row, i] = table[code] * scale * last


def decode_columns(codes, table, scales, last, out, bits, start, stop):
    """Groups start to stop of rows: codes (planes, rows of bytes, columns), scales (planes, pieces, columns or 1)."""
    rows, columns = out.shape[1], out.shape[2]
    run = rows // scales.shape[1]
    group_rows = 8 // bits if bits != 6 else 4
    group_bytes = 3 if bits == 6 else 1
    groups = (rows + group_rows - 1) // group_rows
    mask = np.uint32((1 << bits) - 1)
    each = 1 if scales.shape[2] > 1 else 0
    for unit in range(start, stop):
        plane, group = unit // groups, unit % groups
        count = min(
            group_bytes, codes.shape[1] - group * group_bytes
        )  # the last group may have fewer
        for i in range(min(group_rows, rows - group * group_rows)):
            row, shift = group * group_rows + i, np.uint32(i * bits)
            piece = row // run
            for column in range(columns):
                word = group_at(codes, plane, group * group_bytes, column, count)
                scale = scales[plane, piece, column * each]
                out[plane, row, column] = table[(word >> shift) & mask] * scale * last


class Decoders(KernelSet):
    """A template's kernels, by the dtype of the table and the result."""

    def __init__(self, template, ndim):
        layout = (slice(None),) * (ndim - 1) + (slice(None, None, 1),)
        for dtype in (float32, float64, uint8):
            signature = void(
                const(uint8[layout]), const(dtype[::1]), const(dtype[layout]), dtype, dtype[layout],
                int64, int64, int64,
            )  # fmt: skip
            name = f"{template.__name__}_{dtype.name}"
            setattr(self, dtype.name, kernel(signature, name=name)(template))


decode_rows_to = Decoders(decode_rows, 2)
decode_columns_to = Decoders(decode_columns, 3)
