"""Codes of fewer than eight bits, without gaps: a little-endian stream of bits along one axis.

4 bits   byte 0: codes 0 (low half) and 1          6 bits   bytes 0 to 2: codes 0 to 3, code i in the bits from 6 i on
2 bits   byte 0: codes 0 (lowest) to 3             A line that does not fill its last byte ends in zero bits.
"""

from __future__ import annotations

import numpy as np


def packed_length(count: int, bits: int) -> int:
    """Bytes (or elements, from eight bits on) that hold `count` codes."""
    return -(-count * bits // 8) if bits < 8 else count


def codes_per_group(bits: int) -> int:
    """The fewest codes that fill whole bytes."""
    return {6: 4, 4: 2, 2: 4}.get(bits, 1)


def pack(codes: np.ndarray, bits: int, axis: int) -> np.ndarray:
    """One code per element, in the low bits, to a dense array of bytes along `axis`."""
    if bits >= 8:
        return codes
    rows = np.moveaxis(codes.view(np.uint8), axis, -1)
    stream = np.unpackbits(rows[..., None], axis=-1, count=bits, bitorder="little")
    stream = stream.reshape(*rows.shape[:-1], rows.shape[-1] * bits)
    packed = np.packbits(stream, axis=-1, bitorder="little")
    return np.ascontiguousarray(np.moveaxis(packed, -1, axis))


def unpack(packed: np.ndarray, bits: int, axis: int, count: int) -> np.ndarray:
    """A dense array of bytes to `count` codes along `axis`, one uint8 each."""
    from fastmul.lowprecision.decoding import look_up

    if bits >= 8:
        return packed
    return look_up(packed, bits, count, axis, np.arange(2**bits, dtype=np.uint8), None, 1)


def clear_padding(rows: np.ndarray, length: int, bits: int) -> np.ndarray:
    """Rows of bytes whose bits beyond `length` codes are made zero, in place."""
    if over := length * bits % 8:
        rows[:, -1] &= (1 << over) - 1
    return rows
