"""Operands whose codes are 16 bits and more: their values as float64."""

from __future__ import annotations

from functools import cached_property

import numpy as np

from fastmul.lowprecision.multiplication.operand import CHUNK_ELEMENTS, Operand, without_line_scale
from fastmul.runtime import threads


class Floating(Operand):
    """x = value / 2^exponent; lines with NaN or an infinity count as zeros."""

    @cached_property
    def _finite(self) -> np.ndarray:
        """The values, in the order of memory."""
        values = without_line_scale(self.stored).dequantize(np.float64)
        return np.ascontiguousarray(values)

    @cached_property
    def _survey(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """For each line (exponent, largest |x|, sum of x^2), and the lines with NaN or infinities, now zeros."""
        from fastmul.kernels.cpu.lowprecision import lines

        exponents = np.empty(self.n_lines, np.int64)
        tops, energies = np.empty(self.n_lines), np.empty(self.n_lines)
        x, rows = self._finite, self.lines_are_rows

        def survey(start: int, stop: int) -> None:
            lines.survey_floats(x, exponents, tops, energies, rows, start, stop)

        threads.run(
            survey, threads.chunks(self.n_lines, self.depth, CHUNK_ELEMENTS), self.n_threads
        )
        special = np.flatnonzero(np.isnan(energies))
        (x if rows else x.T)[special] = 0.0
        tops[special] = energies[special] = 0.0
        exponents[(tops == 0.0) | (exponents == lines.NO_EXPONENT)] = 0
        return exponents, np.ldexp(tops, -exponents), np.ldexp(energies, -2 * exponents), special

    @property
    def exponents(self) -> np.ndarray:  # type: ignore[override]
        return self._survey[0]

    @property
    def tops(self) -> np.ndarray:  # type: ignore[override]
        return self._survey[1]

    @property
    def energies(self) -> np.ndarray:  # type: ignore[override]
        return self._survey[2]

    @property
    def special_lines(self) -> np.ndarray:  # type: ignore[override]
        return self._survey[3]

    def integers(self, engine: str) -> np.ndarray:
        factors = np.ldexp(np.ones(self.n_lines), -self.exponents)
        out = np.empty(self._finite.shape, engine)
        factors = factors[:, None] if self.lines_are_rows else factors[None, :]
        np.multiply(self._finite, factors, out=out, casting="unsafe")
        return self.turned(out)
