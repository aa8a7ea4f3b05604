"""Codes to values or integers: the tables of formats, and the kernels that look codes up in them."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from fastmul.kernels.reference import casting as reference
from fastmul.lowprecision.formats import Format
from fastmul.lowprecision.layout import Layout
from fastmul.lowprecision.packing import codes_per_group
from fastmul.lowprecision.parts import with_length
from fastmul.runtime import threads as pool

#: Elements of a chunk of work, and of a row of a stream.
CHUNK, ROW = 1 << 20, 4096


@cache
def values_of(fmt: Format) -> np.ndarray:
    """The float64 values of all codes of a format of at most eight bits, in the order of their unsigned bits."""
    codes = np.arange(2**fmt.bits)
    if fmt.kind == "integer" and fmt.signed and fmt.name != "ternary":
        codes = (codes ^ 2 ** (fmt.bits - 1)) - 2 ** (fmt.bits - 1)
    values = reference.decode(codes, fmt)
    values.flags.writeable = False
    return values


def integers(
    codes: np.ndarray, fmt: Format, length: int, axis: int, factors: Any, dtype: np.dtype
) -> np.ndarray:
    """The integers q of packed codes, value = q * 2**lsb_exponent, times a block's factor; 0 for NaN and infinities.

    They are below 2^53: floats on the way are exact.
    """
    values = values_of(fmt)
    q = np.ldexp(np.where(np.isfinite(values), values, 0), -fmt.lsb_exponent)
    if dtype == np.int8 and factors is None:  # bytes are bytes
        table = q.astype(np.int8).view(np.uint8)
        return look_up(codes, fmt.bits, length, axis, table, None, 1).view(np.int8)
    return look_up(codes, fmt.bits, length, axis, q, factors, 1).astype(dtype)


def look_up(
    codes: np.ndarray, bits: int, length: int, axis: int, table: np.ndarray, scales: Any, last: Any
) -> np.ndarray:
    """table[code] * scales * last of codes of at most eight bits, packed along `axis` in lines of `length`.

    The result has the table's dtype: float32, float64 or uint8. Scales are None or an array of as many axes: along
    `axis` one for every piece of a line, along the others as many as there are codes, or 1.
    """
    if not codes.size:
        return np.empty(with_length(codes.shape, axis, length), table.dtype)
    codes = codes.view(np.uint8)
    layout = Layout.of(codes, axis)
    lines = layout.lines(codes)
    if scales is None or scales.size == 1:
        scale = table.dtype.type(1 if scales is None else scales.reshape(())[()])
        if bits == 8 or (lines.ndim == 2 and length * bits % 8 == 0):
            return layout.restored(_stream(lines, bits, length, table, scale, last))
        pieces = np.full((len(lines), 1, *lines.shape[2:]), scale)
    else:
        shape = with_length(codes.shape, axis, scales.shape[axis])
        pieces = layout.lines(np.broadcast_to(scales.astype(table.dtype), shape))
    out = np.empty((len(lines), length, *lines.shape[2:]), table.dtype)
    _run(lines, table, pieces, last, out, bits)
    return layout.restored(out)


def _stream(
    lines: np.ndarray, bits: int, length: int, table: np.ndarray, scale: Any, last: Any
) -> np.ndarray:
    """Lines of whole bytes under one scale, as one line: in rows of one length, and the rest."""
    shape = (len(lines), length, *lines.shape[2:])
    codes, out = lines.reshape(-1), np.empty(shape, table.dtype).reshape(-1)
    whole = out.size // ROW * ROW
    for first, stop, row in ((0, whole, ROW), (whole, out.size, out.size - whole)):
        if stop > first:
            part = codes[first * bits // 8 : -(-stop * bits // 8)]
            rows = (stop - first) // row
            scales = np.full((rows, 1), scale)
            to = out[first:stop].reshape(rows, row)
            _run(part.reshape(rows, -1), table, scales, last, to, bits)
    return out.reshape(shape)


def _run(
    lines: np.ndarray, table: np.ndarray, scales: np.ndarray, last: Any, out: np.ndarray, bits: int
) -> None:
    """Run the kernel of a layout, in chunks."""
    from fastmul.kernels.cpu.lowprecision.decode import decode_columns_to, decode_rows_to

    by_rows = lines.ndim == 2
    kernel = getattr(decode_rows_to if by_rows else decode_columns_to, table.dtype.name)
    rows = 1 if by_rows else codes_per_group(bits)
    units = len(lines) * (1 if by_rows else -(-out.shape[1] // rows))
    arguments = (lines, table, scales, table.dtype.type(last), out, bits)
    pool.run(
        lambda first, last: kernel(*arguments, first, last),
        pool.chunks(units, rows * out.shape[-1], CHUNK),
        pool.get_threads(),
    )
