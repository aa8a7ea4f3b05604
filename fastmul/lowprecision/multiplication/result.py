"""The result: exact sums scaled, rounded once to the output format, and handed to the epilogue while in cache."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from fastmul.exceptions import ResultOverflowError
from fastmul.lowprecision import formats, packing
from fastmul.lowprecision.formats import BlockFormat
from fastmul.lowprecision.multiplication.problem import ProductProblem
from fastmul.lowprecision.quantization import quantize
from fastmul.lowprecision.quantized import Quantized
from fastmul.runtime import threads

#: Entries of a block of rows that stays in the second-level cache from the sums to the epilogue.
BLOCK_ENTRIES = 1 << 16
#: Output formats that are no rows of the table of formats.
MACHINE_FORMATS = ("float64", "int32")
#: What an epilogue works on.
EPILOGUE_FORMAT = "float32"

Epilogue = Callable[[np.ndarray, int], None]


def checked_format(name: Any) -> str:
    """The name of an output format; block formats have a scale to choose and are none."""
    if name in MACHINE_FORMATS:
        return name
    fmt = formats.get(name)
    if isinstance(fmt, BlockFormat) or fmt.kind == "scale":
        raise ValueError(
            f"matmul(out_format={fmt.name!r}): a product is rounded to elements without a scale of their own; "
            f"quantize(matmul(..., out_format='float64'), {fmt.name!r}) chooses scales"
        )
    return fmt.name


class Result:
    """Where a row of the table puts its product. `rounded` is (m, n), what every entry is rounded to once."""

    def __init__(self, problem: ProductProblem, out_format: str, epilogue: Epilogue | None) -> None:
        self.problem, self.out_format, self.epilogue = problem, out_format, epilogue
        self.rounded = np.empty((problem.m, problem.n), _dtype(problem.rounded_to))
        self.is_float = problem.rounded_to in ("float32", "float64", "float16")
        #: A float64 that is not the result itself is rounded to odd, so that the next rounding is the only one.
        self.to_odd = problem.rounded_to != "float64"
        self.rows, self.columns = (
            np.broadcast_to(x.scales, (x.n_lines,)).copy() for x in (problem.a, problem.b)
        )
        self.special_rows, self.special_columns = problem.a.special_lines, problem.b.special_lines
        self.is_finite = not (self.special_rows.size or self.special_columns.size)
        self._is_finished = False

    def room(self, dtype: Any) -> np.ndarray:
        """(m, n) memory for sums: the result's own, if it is as wide."""
        dtype = np.dtype(dtype)
        if self.rounded.itemsize == dtype.itemsize:
            return self.rounded.view(dtype)
        return np.empty(self.rounded.shape, dtype)

    def cast(self, values: np.ndarray) -> np.ndarray:
        """float64s, rounded to odd unless they are the result, in the dtype of `rounded`."""
        name = self.problem.rounded_to
        if self.is_float:
            with np.errstate(over="ignore"):
                return values.astype(self.rounded.dtype, copy=False)
        return quantize(values, name).unpacked()

    def blocks(self) -> list[tuple[int, int]]:
        """Blocks of rows, for `threads.run`."""
        return threads.chunks(self.problem.m, self.problem.n, BLOCK_ENTRIES)

    def take(self, sums: np.ndarray) -> None:
        """Of exact sums, int32 or floats (m, n), perhaps in `room`; or (m, n, n_limbs) limbs in two's complement."""
        if self.problem.rounded_to == "int32":
            self._take_integers(sums)
            return
        from fastmul.kernels.cpu.lowprecision import finish

        direct = self.rounded.dtype if self.rounded.dtype.char in "fd" else np.dtype(np.float64)
        if sums.ndim == 3:
            direct = np.dtype(np.float64)
            scale = finish.scale_limbs
        else:
            scale = finish.scale_rows[sums.dtype.name, direct.name]

        def take_block(start: int, stop: int) -> None:
            rows = self.rounded[start:stop]
            in_place = direct == self.rounded.dtype
            to = rows if in_place else np.empty(rows.shape)
            scale(
                sums[start:stop],
                self.rows[start:stop],
                self.columns,
                to,
                self.to_odd,
                0,
                stop - start,
            )
            if not in_place:
                rows[...] = self.cast(to)
            if self.epilogue is not None and self.is_finite:
                self.epilogue(rows, start)

        threads.run(take_block, self.blocks(), self.problem.threads)
        self._is_finished = self.is_finite

    def _take_integers(self, sums: np.ndarray) -> None:
        """int32 is the sums themselves."""
        if sums.ndim == 3:
            sums = sums[..., 0].view(np.int64)
        if sums.dtype != np.int32:
            limits = np.iinfo(np.int32)
            if sums.size and not (limits.min <= sums.min() and sums.max() <= limits.max):
                raise ResultOverflowError(
                    f"matmul of {self.problem}: an entry does not fit int32; out_format='float64' or 'float32' would do"
                )
            self.rounded[...] = sums
        elif sums.base is not self.rounded:
            self.rounded[...] = sums

    def finish(self) -> Any:
        """The rows and columns with NaN and infinities, the epilogue unless done, and the output's own type."""
        if not self.is_finite:
            self._fill_specials()
        if self.epilogue is not None and not self._is_finished:
            for start, stop in self.blocks():
                self.epilogue(self.rounded[start:stop], start)
        return presented(self.rounded, self.problem.rounded_to, self.out_format)

    def _fill_specials(self) -> None:
        """As IEEE's sum of the exact products would have them."""
        from fastmul.matrices.multiplication import special_values

        a, b = self.problem.a.values(), self.problem.b.values()
        signs = np.sign(self.rows)[:, None], np.sign(self.columns)
        for rows, columns in (
            (self.special_rows, slice(None)),
            (slice(None), self.special_columns),
        ):
            x, y = a[rows], b[:, columns]
            some = np.empty((x.shape[0], y.shape[1]))
            special_values.fill(x, y, np.arange(x.shape[0]), np.arange(0), some)
            self.rounded[rows, columns] = self.cast(some * signs[0][rows] * signs[1][columns])


def presented(rounded: np.ndarray, rounded_to: str, out_format: str) -> Any:
    """What `rounded` holds, rounded to the output format if that is another, in its own type."""
    if out_format in MACHINE_FORMATS:
        return rounded.astype(out_format, copy=False)
    fmt = formats.get(out_format)
    assert isinstance(fmt, formats.Format)
    codes = rounded if rounded_to == out_format else quantize(rounded, fmt).unpacked()
    if fmt.dtype is not None:
        return codes.view(fmt.dtype)
    codes = packing.pack(codes, fmt.bits, 1) if fmt.is_packed else codes
    return Quantized(codes, None, fmt, 1, shape=rounded.shape)


def with_epilogue(c: np.ndarray, out_format: str | None, epilogue: Epilogue | None) -> Any:
    """Floats c, the result of an accumulator: the epilogue, on float32, and the rounding to the output format."""
    name = c.dtype.name if out_format is None else out_format
    if epilogue is not None:
        c = c.astype(EPILOGUE_FORMAT, copy=False)
        for start, stop in threads.chunks(c.shape[0], c.shape[1], BLOCK_ENTRIES):
            epilogue(c[start:stop], start)
    return presented(c, c.dtype.name, name)


def _dtype(name: str) -> np.dtype:
    """What holds results in a format: floats and integers of the machine as they are, codes otherwise."""
    if name in MACHINE_FORMATS:
        return np.dtype(name)
    fmt = formats.get(name)
    assert isinstance(fmt, formats.Format)
    return np.dtype(name) if name in ("float32", "float16") else fmt.code_dtype
