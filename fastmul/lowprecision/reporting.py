"""error_report: what a low-precision product loses, and where: in the encoding, in the sums, in the output.

T = A B              exact product of the operands as given
Q = A' B'            exact product of what quantisation made of them       quantization  Q - T
S                    what the accumulator makes of Q                       accumulation  S - Q
R                    S rounded to the output format                        rounding      R - S
                                                                           total         R - T, their sum
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any, overload

import numpy as np

from fastmul.lowprecision import accumulators as rows
from fastmul.lowprecision import formats as table
from fastmul.lowprecision.accumulators import Accumulator
from fastmul.lowprecision.formats import BlockFormat, Format
from fastmul.lowprecision.quantization import quantize
from fastmul.lowprecision.quantized import Quantized

#: What is asked about where nothing is said.
FORMATS = ("bfloat16", "float8_e4m3fn", "mxfp8_e4m3", "nvfp4")
ACCUMULATORS = ("exact", "float32")
PARTS = ("quantization", "accumulation", "rounding", "total")


@dataclass(frozen=True, slots=True)
class ErrorRecord:
    """The errors of one product, in the Frobenius norm, relative to that of the exact product T."""

    formats: tuple[str, str]  # of A and of B
    accumulator: str
    out_format: str
    shape: tuple[int, int, int]  # m, k, n
    quantization: float
    accumulation: float
    rounding: float
    total: float

    @property
    def k(self) -> int:
        return self.shape[1]

    @property
    def format(self) -> str:
        """The name of the format, or of both."""
        return " x ".join(dict.fromkeys(self.formats))

    @property
    def sqnr(self) -> float:
        """Signal to noise, 20 log10(|T| / |R - T|), in decibels."""
        with np.errstate(divide="ignore"):
            return float(-20 * np.log10(self.total))


class ErrorReport(Sequence[ErrorRecord]):
    """The records of `error_report`, in the order of formats, accumulators, depths."""

    def __init__(self, records: Iterable[ErrorRecord]) -> None:
        self.records = tuple(records)

    def __len__(self) -> int:
        return len(self.records)

    def __iter__(self) -> Iterator[ErrorRecord]:
        return iter(self.records)

    @overload
    def __getitem__(self, index: int) -> ErrorRecord: ...
    @overload
    def __getitem__(self, index: slice) -> ErrorReport: ...
    def __getitem__(self, index: int | slice) -> ErrorRecord | ErrorReport:
        found = self.records[index]
        return found if isinstance(found, ErrorRecord) else ErrorReport(found)

    def __repr__(self) -> str:
        return self.table()

    def table(self) -> str:
        """The records as text, a line each."""
        lines: list[tuple[str, ...]] = [("format", "accumulator", "k", *PARTS, "SQNR dB")]
        for r in self:
            errors = (f"{getattr(r, part):.2e}" if getattr(r, part) else "0" for part in PARTS)
            lines.append((r.format, r.accumulator, str(r.k), *errors, f"{r.sqnr:.1f}"))
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        texts = (
            [cell.ljust(w) if i < 2 else cell.rjust(w) for i, (cell, w) in enumerate(zip(line, widths, strict=True))]
            for line in lines
        )  # fmt: skip
        return "\n".join("  ".join(cells).rstrip() for cells in texts)

    def to_json(self) -> str:
        """The records as a JSON list of objects, `sqnr` included; infinities and NaN as JSON's readers know them."""
        return json.dumps([{**asdict(r), "sqnr": r.sqnr} for r in self], indent=1)

    def plot(self, path: Any) -> None:
        """Draw the errors and the signal-to-noise ratio against k, a column of two panels for each format.

        Parameters
        ----------
        path : str, path or binary file; its ending (.png, .svg, .pdf) is the kind of picture, PNG for a file.

        Raises
        ------
        ImportError : matplotlib is not installed (``pip install fastmul[cli]``).
        """
        from fastmul.lowprecision.report_plot import save

        save(self, path)


def error_report(
    a: Any,
    b: Any,
    /,
    *,
    formats: Any = FORMATS,
    accumulators: Any = ACCUMULATORS,
    ks: Iterable[int] | None = None,
    scaling: str | None = None,
    out_format: str = "float32",
    threads: int | None = None,
) -> ErrorReport:
    """The errors of low-precision products of A and B: of encoding, of accumulation, and of the output, apart.

    Parameters
    ----------
    a, b : (m, k) and (k, n) float32 or float64 arrays.
    formats : str, Format, BlockFormat, or a sequence of such
        In a sequence a pair of formats is one for A and one for B: [("mxfp8_e4m3", "mxfp4_e2m1")].
        Default: a selection from 16 to 4 bits.
    accumulators : str or Accumulator, or a sequence of them
        "exact", rows of `accumulators.accumulators`, a generation's name, or your own. A pair of formats that a row
        does not take has no record with it. Default: "exact" and "float32".
    ks : iterable of int, optional
        Depths: of the first columns of A and rows of B. Default: the whole.
    scaling : str, optional
        "tensor" or "channel" of element formats: see `quantize`. Default: integers by "channel", floats unscaled.
    out_format : str
        What products are rounded to at the end.
    threads : int, optional
        Threads of this call. Default: `fastmul.set_threads`.

    Returns
    -------
    ErrorReport
        A sequence of `ErrorRecord`, with `table()`, `to_json()` and `plot(path)`.

    Raises
    ------
    ValueError : shapes that do not multiply, unknown names, no formats, an accumulator that takes none of them, depths
        that are no multiples of a block.

    Error
    -----
    With T the exact product, Q that of the quantised operands, S what the accumulator makes of it and R the output:
    quantization = |Q - T|, accumulation = |S - Q|, rounding = |R - S|, total = |R - T|, all over |T|, in the Frobenius
    norm; so total <= quantization + accumulation + rounding. T and Q enter correctly rounded to float64: what that
    changes in any of the four is below 2^-52. An overflow makes errors infinite or NaN.

    Complexity
    ----------
    For each depth the product T; for each format Q; for each accumulator one emulated product.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> a, b = rng.random((8, 4096)), rng.random((4096, 8))
    >>> report = error_report(a, b, formats="float8_e4m3fn", accumulators=("exact", "hopper"), ks=(128, 4096))
    >>> print(report.table())
    format         accumulator     k  quantization  accumulation  rounding     total  SQNR dB
    float8_e4m3fn  exact         128      3.22e-03             0         0  3.22e-03     49.8
    float8_e4m3fn  exact        4096      6.56e-04             0  2.68e-08  6.56e-04     63.7
    float8_e4m3fn  hopper_fp8    128      3.22e-03      4.94e-04         0  3.38e-03     49.4
    float8_e4m3fn  hopper_fp8   4096      6.56e-04      6.66e-02         0  6.69e-02     23.5
    """
    a, b = (np.asarray(x, np.float64) for x in (a, b))
    if a.ndim != 2 or b.ndim != 2 or a.shape[1] != b.shape[0]:
        raise ValueError(f"error_report of shapes {a.shape} and {b.shape}, not (m, k) and (k, n)")
    depths = _depths(ks, a.shape[1])
    pairs = _pairs(formats)
    names = [accumulators] if isinstance(accumulators, str | Accumulator) else list(accumulators)
    able = {pair: _able(names, pair) for pair in pairs}
    _require_all(names, able)
    records: dict[tuple[int, int, int], ErrorRecord] = {}
    for k, depth in enumerate(depths):
        x, y = a[:, :depth], b[:depth]
        exact = _exact(x, y, threads)
        for i, pair in enumerate(pairs):
            quantized = _quantized(x, pair[0], 1, scaling), _quantized(y, pair[1], 0, scaling)
            product = _Product(*quantized, exact, out_format, threads)
            for j, row in enumerate(able[pair]):
                records[i, j, k] = product.record(row)
    return ErrorReport(records[key] for key in sorted(records))


class _Product:
    """A quantised product beside the exact one of the operands as given."""

    def __init__(
        self, a: Quantized, b: Quantized, exact: np.ndarray, out_format: str, threads: int | None
    ) -> None:
        self.a, self.b, self.exact = a, b, exact
        self.out_format, self.threads = out_format, threads
        self.of_quantized = self._multiply("exact", "float64")

    def record(self, row: Accumulator | None) -> ErrorRecord:
        """The errors with an accumulator; None is the exact product."""
        sums = self.of_quantized if row is None else self._sums(row)
        output = self._multiply(row or "exact", self.out_format)
        signal = float(np.linalg.norm(self.exact))
        with np.errstate(invalid="ignore", over="ignore"):
            parts = (
                self.of_quantized - self.exact,
                sums - self.of_quantized,
                output - sums,
                output - self.exact,
            )
            errors = (_ratio(float(np.linalg.norm(part)), signal) for part in parts)
        name = "exact" if row is None else row.name
        names = self.a.format.name, self.b.format.name
        (m, k), n = self.a.shape, self.b.shape[1]
        return ErrorRecord(names, name, self.out_format, (m, k, n), *errors)

    def _multiply(self, accumulate: str | Accumulator, out_format: str) -> np.ndarray:
        from fastmul.lowprecision.multiplication.product import matmul

        c = matmul(self.a, self.b, accumulate=accumulate, out_format=out_format, threads=self.threads)  # fmt: skip
        return c.dequantize(np.float64) if isinstance(c, Quantized) else c.astype(np.float64)

    def _sums(self, row: Accumulator) -> np.ndarray:
        """The accumulator's sums times the scales of rows and columns, not rounded again (but to float64)."""
        from fastmul.lowprecision.accumulation import outer_scales, sums

        total = sums(self.a, self.b, row, self.threads).astype(np.float64)
        for scale in outer_scales(self.a, self.b):
            total = total if scale is None else total * np.float64(scale)
        return total


def _exact(a: np.ndarray, b: np.ndarray, threads: int | None) -> np.ndarray:
    from fastmul.matrices.multiplication import matmul

    return matmul(a, b, accuracy="correctly_rounded", threads=threads)


def _quantized(
    x: np.ndarray, fmt: Format | BlockFormat, axis: int, scaling: str | None
) -> Quantized:
    if isinstance(fmt, BlockFormat):
        return quantize(x, fmt, axis=axis)
    default = "channel" if fmt.kind == "integer" else None
    return quantize(x, fmt, axis=axis, scaling=scaling or default)


def _ratio(error: float, signal: float) -> float:
    if signal:
        return error / signal
    return error if not error else float("inf")


def _depths(ks: Iterable[int] | None, k: int) -> list[int]:
    if not (ks is None or isinstance(ks, Iterable)):
        raise TypeError(f"error_report(ks={ks!r}): a sequence of depths, such as [{ks!r}]")
    depths = [k] if ks is None else sorted({int(x) for x in ks})
    if not depths or depths[0] < 1 or depths[-1] > k:
        raise ValueError(f"error_report(ks={depths}): depths from 1 to {k}, that of the operands")
    return depths


def _pairs(formats: Any) -> list[tuple[Format | BlockFormat, Format | BlockFormat]]:
    one = isinstance(formats, str | Format | BlockFormat)
    found = []
    for x in [formats] if one else formats:
        pair = (x, x) if isinstance(x, str | Format | BlockFormat) else tuple(x)
        if len(pair) != 2:
            raise ValueError(f"error_report(formats=...): {x!r} is no pair of formats for A and B")
        found.append((table.get(pair[0]), table.get(pair[1])))
    if not found:
        raise ValueError("error_report(formats=...): no formats; leave it out for a selection")
    return list(dict.fromkeys(found))


def _able(names: list[Any], pair: tuple[Any, Any]) -> list[Accumulator | None]:
    """Those of the accumulators that take a pair of formats; None for "exact"."""
    found: dict[Accumulator | None, None] = {}
    for name in names:
        if name == "exact":
            found[None] = None
        elif (row := _found(name, pair)) is not None:
            found[row] = None
    return list(found)


def _found(name: str | Accumulator, pair: tuple[Any, Any]) -> Accumulator | None:
    rows.find(name)  # raises for a name that does not exist
    try:
        return rows.find(name, *pair)
    except ValueError:
        return None


def _require_all(names: list[Any], able: dict[tuple[Any, Any], list[Accumulator | None]]) -> None:
    """Every accumulator has some pair of formats to show."""
    for name in names:
        if name != "exact" and all(_found(name, pair) is None for pair in able):
            rows.find(name, *next(iter(able)))  # raises and says what would do
