"""Lines of an array along one axis, as kernels take them: rows, or columns of planes.

    axis last (or made last):  rows (lines, length)
    an axis before:            planes (planes, length, columns), at least sixteen columns, neighbours in memory

An array in Fortran's order is read as its transpose, so that nothing is copied; results keep the operand's order.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

#: Elements that a kernel takes at a time.
LANES = 16


@dataclass(frozen=True, slots=True)
class Layout:
    """How lines along `axis` of arrays of `shape` are presented to kernels."""

    shape: tuple[int, ...]
    axis: int
    is_transposed: bool  # shape and axis are those of the transpose
    is_moved: bool  # the axis is copied to the end
    by_rows: bool

    @classmethod
    def of(cls, x: np.ndarray, axis: int) -> Layout:
        """The layout of an array with at least one axis."""
        transposed = x.flags.f_contiguous and not x.flags.c_contiguous
        shape = x.shape[::-1] if transposed else x.shape
        axis = x.ndim - 1 - axis if transposed else axis
        columns = math.prod(shape[axis + 1 :])
        return cls(shape, axis, transposed, axis < len(shape) - 1 and columns < LANES, columns < LANES)  # fmt: skip

    def lines(self, x: np.ndarray) -> np.ndarray:
        """x as (lines, length) or (planes, length, columns); a view where its order allows.

        The length may be another than that of the array which the layout is of.
        """
        x = np.ascontiguousarray(x.T if self.is_transposed else x)
        length = x.shape[self.axis]
        if not self.by_rows:
            return x.reshape(
                math.prod(self.shape[: self.axis]), length, math.prod(self.shape[self.axis + 1 :])
            )
        if self.is_moved:
            x = np.ascontiguousarray(np.moveaxis(x, self.axis, -1))
        return x.reshape(math.prod(self._others()), length)

    def restored(self, lines: np.ndarray) -> np.ndarray:
        """An array of lines of any length as `lines` made them, in the operand's axes and order."""
        length = lines.shape[1]
        if self.is_moved:
            found = np.moveaxis(lines.reshape(*self._others(), length), -1, self.axis)
            found = np.ascontiguousarray(found)
        else:
            found = lines.reshape(*self.shape[: self.axis], length, *self.shape[self.axis + 1 :])
        return found.T if self.is_transposed else found

    def _others(self) -> list[int]:
        return [n for i, n in enumerate(self.shape) if i != self.axis]
