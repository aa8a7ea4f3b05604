"""Operands whose codes are at most a byte: tables tell what they mean."""

from __future__ import annotations

from functools import cached_property

import numpy as np

from fastmul.lowprecision.formats import BlockFormat
from fastmul.lowprecision.multiplication import byte_tables
from fastmul.lowprecision.multiplication.byte_tables import SPECIAL_MARK
from fastmul.lowprecision.multiplication.operand import Operand

#: Bits of the largest codes.
LARGEST_BITS = 8
#: Above every exponent: of a block of zeros.
NO_EXPONENT = 1 << 20


class Coded(Operand):
    """x = (value of the code) * (factor of its block)."""

    @cached_property
    def codes(self) -> np.ndarray:
        return np.ascontiguousarray(self.stored.unpacked()).view(np.uint8)

    @property
    def table(self) -> byte_tables.Elements:
        return byte_tables.elements(self.element)

    @property
    def scale_table(self) -> byte_tables.Scales:
        fmt = self.quantized.format
        assert isinstance(fmt, BlockFormat)
        return byte_tables.scales(fmt.scale)

    @cached_property
    def scale_codes(self) -> np.ndarray:
        """The bytes of the block scales, in the order of memory."""
        assert self.stored.scales is not None
        return np.ascontiguousarray(self.stored.scales)

    @cached_property
    def block(self) -> tuple[int, int]:
        """Rows and columns, in memory, of what has one factor."""
        along = self.quantized.block or max(1, self.depth)
        return (1, along) if self.lines_are_rows else (along, 1)

    @property
    def blocks(self) -> tuple[int, int]:
        """How many of them there are, in the order of memory."""
        if self.has_blocks:
            return self.scale_codes.shape
        return (self.n_lines, 1) if self.lines_are_rows else (1, self.n_lines)

    @cached_property
    def is_known(self) -> bool:
        """Whether the format alone gives the bounds: integers without block scales."""
        return self.element.kind == "integer" and not self.has_blocks

    @cached_property
    def _survey(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """For each block (the OR of the marks, the largest |value|, the sum of squares), of values in the table."""
        from fastmul.kernels.cpu.lowprecision import lines

        ones, tops, energies = (np.zeros(self.blocks, dtype) for dtype in (np.int64, float, float))
        values, marks = self.table
        down, across = self.block

        def survey(start: int, stop: int) -> None:
            lines.survey(self.codes, values, marks, ones, tops, energies, down, across, start, stop)

        self.run(survey, self.blocks[0], down * self.codes.shape[1])
        return ones, tops, energies

    @cached_property
    def special_lines(self) -> np.ndarray:  # type: ignore[override]
        if self.is_known:
            return np.empty(0, np.int64)
        bad = (self._survey[0] & SPECIAL_MARK) != 0
        if self.has_blocks:
            bad |= self.scale_table.is_nan[self.scale_codes]
        return np.flatnonzero(self.by_line(bad, np.any))

    @cached_property
    def exponents(self) -> np.ndarray:  # type: ignore[override]
        lsb = self.element.lsb_exponent
        if self.is_known:
            return np.full(self.n_lines, lsb, np.int64)
        ones = self._survey[0] & (SPECIAL_MARK - 1)
        lowest, is_zero = byte_tables.trailing_zeros(ones) + lsb, ones == 0
        if self.has_blocks:
            lowest += self.scale_table.lowest[self.scale_codes]
            is_zero |= (self.scale_table.values == 0)[self.scale_codes]
        lowest[is_zero] = NO_EXPONENT
        found = lowest.min(axis=1 if self.lines_are_rows else 0, initial=NO_EXPONENT)
        return np.where(found < NO_EXPONENT, found, 0)

    @cached_property
    def factors(self) -> np.ndarray:
        """What the values of each block are multiplied by to be the line's integers; 0 where all are 0."""
        powers = np.ldexp(1.0, self.element.lsb_exponent - self.exponents)
        factors = powers[:, None] if self.lines_are_rows else powers[None, :]
        if not self.has_blocks:
            return factors
        # a block of zeros may have a scale far from the line's
        factors = factors * self.scale_table.values[self.scale_codes]
        return np.where(self._survey[1] == 0, 0.0, factors)

    @cached_property
    def tops(self) -> np.ndarray:  # type: ignore[override]
        if self.is_known:
            return np.full(self.n_lines, float(self.element.max_integer))
        scaled = self._survey[1] * np.abs(self.factors)
        return scaled.max(axis=1 if self.lines_are_rows else 0, initial=0.0)

    @cached_property
    def energies(self) -> np.ndarray:  # type: ignore[override]
        if self.is_known:
            return self.depth * self.tops**2
        return self.by_line(self._survey[2] * self.factors**2, np.sum)

    def integers(self, engine: str) -> np.ndarray:
        from fastmul.kernels.cpu.lowprecision import lines

        if self.is_encoded(engine):
            return self.turned(self.codes).view(np.int8)
        encode = lines.encode[engine]
        through = np.float64 if engine in ("float64", "int64") else np.float32
        values, factors = self.table.values.astype(through), self.factors.astype(through)
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
