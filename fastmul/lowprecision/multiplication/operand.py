"""An operand as the product sees it: lines of integers, one power of two and one scale for each.

A line is a row of A or a column of B, and runs along the contracted axis:

    element l of a line  =  x[l] * 2^exponent * scale,      x[l] integers,  scale a float32 or 1

Block scales are powers of two or multiples of them (E8M0, E4M3), so that every block can be brought under the exponent
of its line: x = (value of the code) * (scale of the block) / 2^exponent, the largest for which all x are integers.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np

from fastmul.bounds.low_precision import ENGINES, LineBounds
from fastmul.lowprecision.quantized import Quantized
from fastmul.runtime import threads

#: Elements that one chunk surveys or encodes: a few milliseconds.
CHUNK_ELEMENTS = 1 << 20


class Operand:
    """One operand, in the order in which it lies in memory: `lines_are_rows` of that, or columns."""

    def __init__(self, quantized: Quantized, contracted: int, n_threads: int) -> None:
        self.quantized, self.n_threads = quantized, n_threads
        self.shape = quantized.shape
        self.depth, self.n_lines = self.shape[contracted], self.shape[1 - contracted]
        # codes of a transposed weight are read as they are stored, and the result is turned
        self.is_turned = (
            not quantized.codes.flags.c_contiguous and quantized.codes.flags.f_contiguous
        )
        self.stored = quantized.T if self.is_turned else quantized
        self.lines_are_rows = (contracted == 1) != self.is_turned
        self.element = quantized.element

    # what the two kinds find out about their lines
    exponents: Any  # (n_lines,) int64
    tops: Any  # (n_lines,) float64: the largest |x|
    energies: Any  # (n_lines,) float64: the sum of the x^2 (bounds/low_precision.py)
    special_lines: Any  # indices of lines with NaN or infinities, which count as 0

    def integers(self, engine: str) -> np.ndarray:
        """x in the dtype of an engine that holds it, in the operand's shape."""
        raise NotImplementedError

    def holds(self, engine: str) -> bool:
        """Whether the elements of an engine hold every x."""
        return self.bounds.top <= ENGINES[engine][0]

    def is_encoded(self, engine: str) -> bool:
        """Whether the codes in memory are what the engine takes."""
        return False

    def values(self) -> np.ndarray:
        """The elements as float64, NaN and infinities included, without their line's scale."""
        return without_line_scale(self.quantized).dequantize(np.float64)

    @cached_property
    def bounds(self) -> LineBounds:
        """What all lines keep to."""
        return LineBounds(
            self.depth, float(self.tops.max(initial=0.0)), float(self.energies.max(initial=0.0))
        )

    @cached_property
    def scales(self) -> np.ndarray:
        """(n_lines,) float64: what the sum of a line's x has to be multiplied by; exact."""
        lines = np.ldexp(np.ones(self.n_lines), self.exponents)
        scale = self.line_scale
        return lines if scale is None else lines * scale

    @property
    def line_scale(self) -> np.ndarray | None:
        """The float32 scale of each line, or one for all, as float64."""
        q = self.quantized
        if q.tensor_scale is not None:
            return np.full(1, q.tensor_scale, np.float64)
        if q.scales is None or self.has_blocks:
            return None
        return q.scales.reshape(-1).astype(np.float64)

    @property
    def has_blocks(self) -> bool:
        return self.quantized.block is not None

    def turned(self, stored: np.ndarray) -> np.ndarray:
        """An array in the order of memory, in the operand's shape."""
        return stored.T if self.is_turned else stored

    def by_line(self, stored: np.ndarray, reduce: Any) -> np.ndarray:
        """One number for each line of one for each block."""
        return reduce(stored, axis=1 if self.lines_are_rows else 0)

    def run(self, kernel: Any, n_rows: int, per_row: int) -> None:
        """kernel(start, stop) over rows of memory."""
        threads.run(kernel, threads.chunks(n_rows, per_row, CHUNK_ELEMENTS), self.n_threads)


def without_line_scale(q: Quantized) -> Quantized:
    """The same elements under their block scales alone."""
    if q.block is not None:
        return Quantized(q.codes, q.scales, q.format, q.axis, shape=q.shape)
    return Quantized(q.codes, None, q.element, q.axis, shape=q.shape)
