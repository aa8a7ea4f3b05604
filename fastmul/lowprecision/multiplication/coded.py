"""Operands whose codes are at most a byte: a table tells their values."""

from __future__ import annotations

from functools import cached_property

import numpy as np

from fastmul.kernels.reference import casting
from fastmul.lowprecision.formats import BlockFormat
from fastmul.lowprecision.multiplication.operand import Operand

#: Bits of the largest codes.
LARGEST_BITS = 8
#: The bit of a mark that stands for NaN and infinities.
SPECIAL_MARK = 1 << 62
#: Above every exponent: of a block of zeros.
NO_EXPONENT = 1 << 20


class Coded(Operand):
    """Codes of at most a byte: a table tells their values."""

    @cached_property
    def codes(self) -> np.ndarray:
        return np.ascontiguousarray(self.stored.unpacked()).view(np.uint8)

    @cached_property
    def table(self) -> np.ndarray:
        """The value of every byte in units of the format's lowest bit; NaN and infinities as they are."""
        codes = np.arange(256, dtype=np.uint8)
        if self.element.code_dtype == np.int8:
            codes = codes.view(np.int8)
        return np.ldexp(casting.decode(codes, self.element), -self.element.lsb_exponent)

    @cached_property
    def finite_table(self) -> np.ndarray:
        return np.where(np.isfinite(self.table), self.table, 0.0)

    @cached_property
    def block(self) -> tuple[int, int]:
        """Rows and columns, in memory, of what has one factor."""
        along = self.quantized.block or max(1, self.depth)
        return (1, along) if self.lines_are_rows else (along, 1)

    @cached_property
    def scale_codes(self) -> np.ndarray:
        """The bytes of the block scales, in the order of memory."""
        assert self.stored.scales is not None
        return np.ascontiguousarray(self.stored.scales)

    @cached_property
    def scale_table(self) -> np.ndarray:
        """The value of every byte of a block scale."""
        fmt = self.quantized.format
        assert isinstance(fmt, BlockFormat)
        return casting.decode(np.arange(256, dtype=np.uint8), fmt.scale)

    @cached_property
    def block_scales(self) -> np.ndarray:
        """The dyadic scale of each block, in units of the element's lowest bit, in the order of memory; 0 for NaN."""
        unit = np.ldexp(1.0, self.element.lsb_exponent)
        if not self.has_blocks:
            return np.full((self.n_lines, 1) if self.lines_are_rows else (1, self.n_lines), unit)
        table = self.scale_table * unit
        return np.where(np.isnan(table), 0.0, table)[self.scale_codes]

    @cached_property
    def scale_exponents(self) -> np.ndarray:
        """The exponents of the lowest bits of `block_scales`."""
        if not self.has_blocks:
            return np.full(self.block_scales.shape, self.element.lsb_exponent, np.int64)
        table = np.where(np.isnan(self.scale_table), 0.0, self.scale_table)
        return (lowest_bit(table) + self.element.lsb_exponent)[self.scale_codes]

    @cached_property
    def is_known(self) -> bool:
        """Whether the format alone gives the bounds: integers without block scales."""
        return self.element.kind == "integer" and not self.has_blocks

    @cached_property
    def _survey(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """For each block (lowest bit of any element, largest |value|, sum of squares), of values in the table."""
        from fastmul.kernels.cpu.lowprecision import lines

        shape = self.block_scales.shape
        ones, tops, energies = np.zeros(shape, np.int64), np.zeros(shape), np.zeros(shape)
        finite = self.finite_table
        marks = np.where(np.isfinite(self.table), np.abs(finite), SPECIAL_MARK).astype(np.int64)
        down, across = self.block

        def survey(start: int, stop: int) -> None:
            lines.survey(self.codes, finite, marks, ones, tops, energies, down, across, start, stop)

        self.run(survey, shape[0], down * self.codes.shape[1])
        return ones, tops, energies

    @cached_property
    def special_lines(self) -> np.ndarray:  # type: ignore[override]
        if self.is_known:
            return np.empty(0, np.int64)
        bad = (self._survey[0] & SPECIAL_MARK) != 0
        if self.has_blocks:
            bad |= np.isnan(self.scale_table)[self.scale_codes]
        return np.flatnonzero(self.by_line(bad, np.any))

    @cached_property
    def exponents(self) -> np.ndarray:  # type: ignore[override]
        if self.is_known:
            return np.full(self.n_lines, self.element.lsb_exponent, np.int64)
        ones = self._survey[0] & (SPECIAL_MARK - 1)
        lowest = np.frexp((ones & -ones).astype(np.float64))[1] - 1 + self.scale_exponents
        lowest = np.where((ones != 0) & (self.block_scales != 0), lowest, np.int64(NO_EXPONENT))
        found = self.by_line(lowest, np.min) if lowest.size else np.zeros(self.n_lines, np.int64)
        return np.where(found < NO_EXPONENT, found, 0)

    @cached_property
    def factors(self) -> np.ndarray:
        """What the values of each block are multiplied by to be the line's integers."""
        exponents = self.exponents[:, None] if self.lines_are_rows else self.exponents[None, :]
        factors = np.ldexp(self.block_scales, -exponents)
        # of a block of zeros, whose scale may be anything
        return factors if self.is_known else np.where(self._survey[1] == 0, 0.0, factors)

    @cached_property
    def tops(self) -> np.ndarray:  # type: ignore[override]
        if self.is_known:
            return np.full(self.n_lines, float(self.element.max_integer))
        return self.by_line(self._survey[1] * np.abs(self.factors), _max)

    @cached_property
    def energies(self) -> np.ndarray:  # type: ignore[override]
        if self.is_known:
            return self.depth * self.tops**2
        return self.by_line(self._survey[2] * self.factors**2, np.sum)

    @cached_property
    def scales(self) -> np.ndarray:
        """As in `Operand`; one for all lines where all have the same exponent and scale."""
        if not self.is_known:
            return super().scales
        unit = 2.0**self.element.lsb_exponent
        return np.full(1, unit) if self.line_scale is None else unit * self.line_scale

    def integers(self, engine: str) -> np.ndarray:
        from fastmul.kernels.cpu.lowprecision import lines

        if self.is_encoded(engine):
            return self.turned(self.codes).view(np.int8)
        encode = lines.encode[engine]
        through = np.float64 if engine in ("float64", "int64") else np.float32
        values, factors = self.finite_table.astype(through), self.factors.astype(through)
        n_rows, n_columns = self.codes.shape
        out = np.empty((n_rows, n_columns), engine)
        down, across = self.block

        def encode_rows(start: int, stop: int) -> None:
            encode(self.codes, values, factors, out, down, across, start, stop)

        self.run(encode_rows, n_rows, n_columns)
        return self.turned(out)

    def is_encoded(self, engine: str) -> bool:
        return engine == "int8" and self.is_known and self.element.code_dtype == np.int8

    def holds(self, engine: str) -> bool:
        return self.is_encoded(engine) or super().holds(engine)  # codes may be -128


def lowest_bit(x: np.ndarray) -> np.ndarray:
    """The exponent of the lowest bit of float64s of at most 53 bits; of 0: 0."""
    fraction, exponent = np.frexp(x)
    whole = np.ldexp(np.abs(fraction), 53).astype(np.int64)
    low = np.frexp((whole & -whole).astype(np.float64))[1] - 1
    return np.where(x == 0, 0, low + exponent - 53).astype(np.int64)


def _max(x: np.ndarray, axis: int) -> np.ndarray:
    return x.max(axis, initial=0.0)
