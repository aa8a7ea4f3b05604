"""The kernels of casting behind one call each: for a format and a rounding, on lines of either layout, in chunks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from fastmul.lowprecision.formats import Format
from fastmul.lowprecision.layout import LANES
from fastmul.lowprecision.packing import clear_padding, codes_per_group, packed_length
from fastmul.runtime import threads as pool

ROUNDINGS = ("ties_to_even", "ties_to_away", "toward_zero", "stochastic")
#: Random bits of a stochastic rounding: of each word, its top bits.
RANDOM_BITS = 24
#: Elements of a chunk of work: a few milliseconds.
CHUNK = 1 << 20
#: Elements of a row of a stream under one divisor, and rows of a unit of `cast_columns`.
ROW, UNIT_ROWS = 1024, 32
MX_BLOCK = 32
#: The bits of infinity: of larger magnitude are NaN only.
INFINITY = {32: 0xFF << 23, 64: 0x7FF << 52}


@dataclass(frozen=True, eq=False, slots=True)
class Cast:
    """A cast to one format; lines are (lines, length) or (planes, length, columns), as `layout` makes them."""

    format: Format
    rounding: str
    saturate: bool
    symmetric: bool  # integers: the lowest is -max
    words: np.ndarray | None  # random bits, in the shape of the lines

    def plain(self, lines: np.ndarray) -> np.ndarray:
        """The codes of the elements as they are."""
        if lines.dtype == np.float64:
            return self.scaled_by_one(lines, 1.0)
        if lines.ndim == 2 or self.format.bits >= 8:
            return self._as_stream(lines, None)
        from fastmul.kernels.cpu.lowprecision.encode_columns import cast_columns

        out = self._empty_columns(lines.shape)
        no_scales = np.empty((0, 0, 0), np.uint8)
        arguments = (lines, self._words(), out, no_scales, self._fields(32), 0, 0)
        units = lines.shape[0] * -(-lines.shape[1] // UNIT_ROWS)
        self._run(cast_columns, arguments, units, UNIT_ROWS * lines.shape[2], 32)
        return self._cut_columns(out, lines.shape[1])

    def blocks(self, lines: np.ndarray, addend: int) -> tuple[np.ndarray, np.ndarray]:
        """The codes of float32 blocks of 32, and their E8M0 scales.

        The scales are the powers of two of an `addend` (kernels/cpu/lowprecision/block_scales.py).
        """
        from fastmul.kernels.cpu.lowprecision.encode_columns import cast_columns
        from fastmul.kernels.cpu.lowprecision.encode_rows import cast_blocks

        count, length = lines.shape[:2]
        scales = np.empty((count, length // MX_BLOCK, *lines.shape[2:]), np.uint8)
        how = (self._fields(32), addend, self.format.max_exponent)
        if lines.ndim == 2:
            out = np.empty((count, self._bytes(length)), np.uint8)
            flat = (lines.reshape(-1), self._words(), out.reshape(-1), scales.reshape(-1))
            self._run(cast_blocks, (*flat, *how), scales.size, MX_BLOCK)
        else:
            out = self._empty_columns(lines.shape)
            units, each = count * scales.shape[1], MX_BLOCK * lines.shape[2]
            self._run(cast_columns, (lines, self._words(), out, scales, *how), units, each)
        return self._typed(out), scales

    def scaled_by_one(self, lines: np.ndarray, divisor: float) -> np.ndarray:
        """The codes of the elements divided by one number."""
        if lines.ndim == 2 or self.format.bits >= 8:
            return self._as_stream(lines, divisor)
        return self.scaled(lines, np.full((lines.shape[0], 1, lines.shape[2]), divisor))

    def scaled(self, lines: np.ndarray, divisors: np.ndarray) -> np.ndarray:
        """The codes of the elements divided by their divisors, 0 where that is 0.

        Divisors are (lines, pieces) or (planes, pieces, columns): every line is cut into as many equal pieces (in rows,
        more than one of them are made of whole vectors).
        """
        from fastmul.kernels.cpu.lowprecision.encode_columns import scaled_columns_of
        from fastmul.kernels.cpu.lowprecision.encode_rows import scaled_rows_of

        count, length = lines.shape[:2]
        if lines.ndim == 2:
            padded = _padded(lines)
            words = self._words() if self.words is None else _padded(self.words).reshape(-1)
            out = np.empty((count, self._bytes(padded.shape[1])), np.uint8)
            run = padded.shape[1] // LANES // divisors.shape[1]
            flat = (padded.reshape(-1), words, divisors.reshape(-1), out.reshape(-1))
            kernel = getattr(scaled_rows_of, lines.dtype.name)
            self._run(kernel, (*flat, self._fields(64), run), divisors.size, run * LANES, 64)
            return self._cut(out, length)
        out, run = self._empty_columns(lines.shape), length // divisors.shape[1]
        rows = codes_per_group(self.format.bits)
        kernel, units = getattr(scaled_columns_of, lines.dtype.name), count * -(-length // rows)
        arguments = (lines, self._words(), divisors, out, self._fields(64), run)
        self._run(kernel, arguments, units, rows * lines.shape[2], 64)
        return self._cut_columns(out, length)

    # ---------------------------------------------------------------- streams: lines that follow each other

    def _as_stream(self, lines: np.ndarray, divisor: float | None) -> np.ndarray:
        length, bits = lines.shape[1], self.format.bits
        if bits >= 8 or length * bits % 8 == 0:
            words = None if self.words is None else self.words.reshape(-1)
            out = self._stream(lines.reshape(-1), words, divisor)
            return out.reshape(lines.shape if bits >= 8 else (len(lines), self._bytes(length)))
        words = None if self.words is None else _padded(self.words).reshape(-1)
        padded = _padded(lines)
        out = self._stream(padded.reshape(-1), words, divisor)
        return self._cut(
            out.view(np.uint8).reshape(len(lines), self._bytes(padded.shape[1])), length
        )

    def _stream(self, x: np.ndarray, words: np.ndarray | None, divisor: float | None) -> np.ndarray:
        """The codes of a line that fills its last byte: whole vectors, and the rest filled up to some."""
        from fastmul.kernels.cpu.lowprecision.encode_rows import cast_rows, scaled_rows_of

        out = np.empty(self._bytes(x.size), np.uint8)
        row = LANES if divisor is None else ROW
        whole = x.size // row * row
        for part in (slice(0, whole), slice(whole, x.size)):
            piece = _padded(x[None, part], row)[0]
            if not piece.size:
                continue
            draws = self._words() if words is None else _padded(words[None, part], row)[0]
            first = self._bytes(part.start)
            to = out[first : first + self._bytes(piece.size)]
            if is_last := part.start > 0 or not whole:
                to = np.empty(self._bytes(piece.size), np.uint8)
            if divisor is None:
                arguments: Any = (piece, draws, to, self._fields(32))
                self._run(cast_rows, arguments, piece.size // row, row, 32)
            else:
                divisors = np.full(piece.size // row, divisor)
                arguments = (piece, draws, divisors, to, self._fields(64), row // LANES)
                self._run(getattr(scaled_rows_of, x.dtype.name), arguments, divisors.size, row, 64)
            if is_last:
                out[first:] = to[: out.size - first]
        return self._typed(out)

    # ---------------------------------------------------------------- small things

    def _run(
        self, kernel: Callable[..., Any], arguments: Any, units: int, each: int, width: int = 0
    ) -> None:
        """Run a kernel on units of `each` elements; with a width, look for NaN in what it has seen."""
        seen: list[int] = []
        pool.run(
            lambda first, last: seen.append(kernel(*arguments, first, last)),
            pool.chunks(units, each, CHUNK),
            pool.get_threads(),
        )
        if width and not self.format.has_nan and max(seen, default=0) > INFINITY[width]:
            raise ValueError(
                f"x has NaN, which {self.format.name} has no code for: replace it (numpy.nan_to_num), or use an MX "
                "format, whose scale carries it"
            )

    def _typed(self, out: np.ndarray) -> np.ndarray:
        """Bytes as codes; packed ones stay bytes."""
        return out.view(self.format.code_dtype) if self.format.bits >= 8 else out

    def _words(self) -> np.ndarray:
        return np.zeros(LANES, np.uint32) if self.words is None else self.words.reshape(-1)

    def _bytes(self, count: int) -> int:
        """Bytes of `count` codes side by side."""
        if self.format.bits >= 8:
            return count * self.format.code_dtype.itemsize
        return packed_length(count, self.format.bits)

    def _empty_columns(self, shape: tuple[int, ...]) -> np.ndarray:
        planes, length, columns = shape
        if self.format.bits < 8:  # whole groups: `_cut_columns` takes away what is too much
            group = codes_per_group(self.format.bits)
            return np.empty((planes, self._bytes(-(-length // group) * group), columns), np.uint8)
        return np.empty((planes, length, self._bytes(columns)), np.uint8)

    def _cut_columns(self, out: np.ndarray, length: int) -> np.ndarray:
        if self.format.bits >= 8:
            return self._typed(out)
        return np.ascontiguousarray(out[:, : self._bytes(length)])

    def _cut(self, rows: np.ndarray, length: int) -> np.ndarray:
        """Rows of bytes down to `length` codes."""
        rows = np.ascontiguousarray(rows[:, : self._bytes(length)])
        return self._typed(clear_padding(rows, length, self.format.bits))

    def _fields(self, width: int) -> np.ndarray:
        """What the kernels are told (kernels/cpu/lowprecision/rounding.py), for floats of `width` bits."""
        from fastmul.kernels.cpu.lowprecision import rounding as r

        fmt, is_integer = self.format, self.format.kind == "integer"
        top, extra, signs = fmt.max_code, 0, r.SIGN_BIT
        if fmt.specials == "fnuz":
            signs = r.NO_NEGATIVE_ZERO
        if is_integer:  # magnitudes: the sign comes later
            top = int(fmt.max * 2.0**-fmt.lsb_exponent)
            signs = r.COMPLEMENT if fmt.signed else r.UNSIGNED
            extra = 0 if self.symmetric else int(-fmt.min * 2.0**-fmt.lsb_exponent) - top
            extra = max(extra, 0)
        beyond: Any = top + extra
        if not self.saturate:
            beyond = fmt.infinity_code if fmt.has_infinity else fmt.nan_code
        bias, fraction = (127, 23) if width == 32 else (1023, 52)
        found = np.zeros(r.FIELDS, np.int64)
        found[r.WIDTH], found[r.FRACTION] = width, fraction
        found[r.MANTISSA], found[r.OFFSET] = fmt.mantissa_bits, bias - fmt.bias
        found[r.MAX_CODE], found[r.OVER_INFINITY], found[r.NAN] = top, beyond, fmt.nan_code or 0
        # as in IEEE 754, rounding toward zero leaves finite values finite
        found[r.OVER] = top + extra if self.rounding == "toward_zero" else beyond
        found[r.BITS], found[r.ROUNDING] = fmt.bits, ROUNDINGS.index(self.rounding)
        found[r.SIGNS], found[r.EXTRA], found[r.UNIT] = signs, extra, int(fmt.name == "ternary")
        return found


def _padded(rows: np.ndarray, multiple: int = LANES) -> np.ndarray:
    """Rows filled up with zeros to a multiple of elements."""
    missing = -rows.shape[1] % multiple
    if not missing:
        return np.ascontiguousarray(rows)
    padded = np.zeros((rows.shape[0], rows.shape[1] + missing), rows.dtype)
    padded[:, : rows.shape[1]] = rows
    return padded
