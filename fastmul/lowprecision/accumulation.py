"""Products in an emulated accumulator: decode operands into panels, run the kernel on chunks of rows, scale once.

for each strip of rows of A:            elements and powers as float64 (or float32), rows x depth
    for each strip of columns of B:     the same, panels x depth x lanes
        chunks of rows, on any thread
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

from fastmul.kernels.reference import casting
from fastmul.lowprecision.accumulators import OUTPUTS, Accumulator
from fastmul.lowprecision.formats import BlockFormat, Format
from fastmul.lowprecision.quantized import Quantized
from fastmul.runtime.threads import get_threads, run

#: Bytes of one decoded strip of an operand, and multiply-adds of one chunk: at most 50 ms.
STRIP_BYTES = 32 << 20
CHUNK_WORK = 1 << 25
#: The NaN that tensor cores make.
NAN_BITS: dict[str, np.ndarray] = {
    "float32": np.array(0x7FFFFFFF, np.uint32),
    "float16": np.array(0x7FFF, np.uint16),
}
EXPONENT_FIELD = np.int64(0x7FF << 52)
#: Formats of so many bits are decoded by a table of all codes.
TABLE_BITS = 16


def accumulate(a: Quantized, b: Quantized, row: Accumulator, threads: int | None) -> np.ndarray:
    """C = A B; `row` takes both formats."""
    scales = outer_scales(a, b)
    c = sums(a, b, row, threads)
    return c if all(scale is None for scale in scales) else _scaled(c, *scales)


def sums(a: Quantized, b: Quantized, row: Accumulator, threads: int | None) -> np.ndarray:
    """C = A B without the scales of whole rows and columns."""
    (m, k), n = a.shape, b.shape[1]
    left, right = _Lines(a), _Lines(b.T)
    c = np.zeros((m, n), row.result)
    engine = _Engine(row, k)
    strip = max(1, STRIP_BYTES // (16 * engine.depth * engine.lanes)) * engine.lanes
    for i in range(0, m, strip):
        rows = engine.decode(left, i, min(m, i + strip), lanes=1)
        for j in range(0, n, strip):
            panels = engine.decode(right, j, min(n, j + strip), engine.lanes)
            engine.run(rows, panels, c[i : i + strip, j : j + strip], get_threads(threads))
    _make_canonical(c, row)
    return c


def outer_scales(a: Quantized, b: Quantized) -> tuple[Any, Any]:
    """The float32 scales of rows of A and columns of B, after the checks of shapes and axes."""
    if a.ndim != 2 or b.ndim != 2 or a.shape[1] != b.shape[0]:
        raise ValueError(f"product of {a!r} and {b!r}: the shapes (m, k) and (k, n) do not fit")
    return _outer_scale(a, "A", 1), _outer_scale(b, "B", 0)


def _outer_scale(x: Quantized, name: str, contracted: int) -> Any:
    if x.block is not None:
        if x.axis != contracted:
            raise ValueError(
                f"blocks of {name} run along axis {x.axis}, and the product contracts axis {contracted}: "
                f"quantize along axis={contracted}"
            )
        return None if x.tensor_scale == 1 else x.tensor_scale
    if x.scales is not None and x.scales.shape[contracted] not in (1, min(1, x.shape[contracted])):
        raise ValueError(
            f"scales of {name} of shape {x.scales.shape} change along axis {contracted}, which the product "
            f"contracts: quantize along axis={contracted}"
        )
    return x.scales


def _make_canonical(c: np.ndarray, row: Accumulator) -> None:
    """One NaN; and the hardware's sums have no -0."""
    if row.fraction_bits is None:
        c[np.isnan(c)] = np.nan
        return
    c += c.dtype.type(0)
    bits = NAN_BITS[row.result]
    c.view(bits.dtype)[np.isnan(c)] = bits


class _Lines:
    """The rows of A, or the columns of B: codes one by one, and scales of their blocks."""

    def __init__(self, x: Quantized) -> None:
        self.element, self.format = x.element, x.format
        self.codes = x.unpacked()
        self.block = x.block or 1
        self.scales = x.scales if x.block is not None else None


class _Engine:
    """The kernel of an accumulator, and how it wants its operands decoded."""

    def __init__(self, row: Accumulator, k: int) -> None:
        from fastmul.kernels.cpu.lowprecision import accumulators as kernels

        self.row, self.kernels = row, kernels
        self.depth = -(-max(k, 1) // row.group) * row.group
        self.slice = min(row.promote_every or self.depth, self.depth)
        self.is_single = row.fraction_bits is None and row.output == "float32"
        self.lanes = kernels.singles.LANES if self.is_single else kernels.LANES
        self.dtype = np.float32 if self.is_single else np.float64

    def decode(self, x: _Lines, first: int, last: int, lanes: int) -> list[np.ndarray]:
        """What the kernel reads of these lines, in panels x depth x lanes.

        Elements; elements and powers; or elements, and scales and their powers for every `inner` of them.
        """
        inner = self.row.inner
        codes = _panels(x.codes[first:last], self.depth, lanes, zero_code(x.element))
        values, powers = _decoded(codes, x.element)
        if x.scales is not None:
            assert isinstance(x.format, BlockFormat)
            scales = _panels(x.scales[first:last], -(-self.depth // x.block), lanes, 0)
            decoded = _decoded(scales, x.format.scale)
            scales, of_scales = (
                np.repeat(s, x.block // inner, axis=1)[:, : self.depth // inner] for s in decoded
            )
            if inner > 1:
                return [values.ravel(), scales.ravel(), of_scales.ravel()]
            values = values * scales
            powers = np.where(np.isfinite(values), powers * of_scales, 0.0)
        if self.row.fraction_bits is None:
            with np.errstate(over="ignore"):
                return [values.astype(self.dtype, copy=False).ravel()]
        return [values.ravel(), powers.ravel()]

    def run(self, rows: list[np.ndarray], panels: list[np.ndarray], c: np.ndarray, threads: int) -> None:  # fmt: skip
        """C = rows times panels, on any thread."""
        m, n = c.shape
        out = np.empty((m, -(-n // self.lanes) * self.lanes), self.dtype)
        call = self._kernel(rows, panels, out)
        each = max(1, CHUNK_WORK // (self.depth * out.shape[1]))
        run(call, [(i, min(m, i + each)) for i in range(0, m, each)], threads)
        c[...] = out[:, :n]

    def _kernel(
        self, rows: list[np.ndarray], panels: list[np.ndarray], out: np.ndarray
    ) -> Callable[[int, int], None]:
        """kernel(first row, last row)."""
        row, kernels, depth, part = self.row, self.kernels, self.depth, self.slice
        bits = row.fraction_bits
        rounding = _rounding(row.output, row.rounding)
        to = rounding, _rounding(row.result, "ties_to_even")
        kernel: Any
        settings: tuple[Any, ...]
        if self.is_single:
            kernel, settings = kernels.add_each_single, (part, row.fused)
        elif bits is None:
            kernel, settings = kernels.add_each, (part, row.fused, *to)
        else:
            alignment = bits, 2.0**-bits, 2.0**row.zero_exponent
            if row.inner > 1:
                kernel, settings = kernels.add_aligned_sums, (row.group, row.inner, part, alignment, *to)  # fmt: skip
            else:
                kernel, settings = kernels.add_aligned, (row.group, part, alignment, *to)
        return lambda first, last: kernel(*rows, *panels, depth, first, last, *settings, out)


def _rounding(output: str, rounding: str) -> tuple[bool, int, float, float, float]:
    """A format as the kernels take it."""
    bits, least, limit = OUTPUTS[output]
    return rounding == "ties_to_even", bits, 2.0**-bits, 2.0**least, 2.0**limit


def _panels(x: np.ndarray, depth: int, lanes: int, fill: int) -> np.ndarray:
    """Lines as panels x depth x lanes, `fill` behind their ends and beside the last one."""
    n, length = x.shape
    x = np.pad(x, ((0, -n % lanes), (0, depth - length)), constant_values=fill)
    return np.ascontiguousarray(x.reshape(-1, lanes, depth).transpose(0, 2, 1))


def zero_code(fmt: Format) -> int:
    """The code of 0."""
    return 1 if fmt.name == "ternary" else 0


def _decoded(codes: np.ndarray, fmt: Format) -> tuple[np.ndarray, np.ndarray]:
    """Values and their powers, as float64."""
    if fmt.bits > TABLE_BITS:
        values = casting.decode(codes, fmt)
        return values, _powers(values, fmt)
    codes = codes.view(f"u{codes.itemsize}") & (2**fmt.bits - 1)
    values, powers = _tables(fmt)
    return values[codes], powers[codes]


@cache
def _tables(fmt: Format) -> tuple[np.ndarray, np.ndarray]:
    """The values and powers of all codes."""
    codes = np.arange(2**fmt.bits)
    if fmt.code_dtype == np.int8:
        codes = (codes ^ 2 ** (fmt.bits - 1)) - 2 ** (fmt.bits - 1)
    values = casting.decode(codes, fmt)
    return values, _powers(values, fmt)


def _powers(values: np.ndarray, fmt: Format) -> np.ndarray:
    """2^e of each value as hardware aligns it, subnormals at the least normal exponent; 0 for 0, Inf and NaN."""
    if fmt.kind == "scale":
        least = -fmt.bias
    else:
        least = 1 - fmt.bias if fmt.kind == "float" else fmt.lsb_exponent
    powers = np.maximum((values.view(np.int64) & EXPONENT_FIELD).view(np.float64), 2.0**least)
    return np.where((values == 0) | ~np.isfinite(values), 0.0, powers)


def _scaled(c: np.ndarray, a_scale: Any, b_scale: Any) -> np.ndarray:
    """c * a_scale * b_scale, multiplied exactly and rounded once to c's dtype, ties to even."""
    from fastmul.kernels.cpu.lowprecision.finish import scale_rows

    rows, columns = (
        np.broadcast_to(np.float64(1 if x is None else x).ravel(), count).copy()
        for x, count in zip((a_scale, b_scale), c.shape, strict=True)
    )
    to_odd = np.empty(c.shape)  # so that the rounding to c's dtype is the only one
    scale_rows["float64", "float64"](c.astype(np.float64), rows, columns, to_odd, True, 0, len(c))
    with np.errstate(over="ignore"):
        return to_odd.astype(c.dtype)
