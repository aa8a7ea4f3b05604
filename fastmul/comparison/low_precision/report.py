"""The printed report: a table per layer, errors of each format, accumulators against depth, orders of summation."""

from __future__ import annotations

from itertools import groupby

from fastmul.comparison import text
from fastmul.comparison.low_precision import errors as error_parts
from fastmul.comparison.low_precision.errors import Errors, Width
from fastmul.comparison.low_precision.findings import LowPrecisionComparison
from fastmul.comparison.low_precision.orders import Spread
from fastmul.comparison.low_precision.speed import Speed
from fastmul.comparison.report import heading
from fastmul.comparison.text import (
    BOLD,
    DIM,
    GREEN,
    RED,
    YELLOW,
    duration,
    note,
    significant,
    styled,
)

NAME = 20


def render(found: LowPrecisionComparison, *, color: bool = False) -> str:
    """The whole report, at most 100 columns wide."""
    lines = heading("fastmul compare lowprecision", found.machine, found.warnings)
    for _, group in groupby(found.speeds, key=lambda s: s.layer):
        lines += ["", *_layer(list(group), found)]
    lines += ["", *_errors(found.errors), "", *_widths(found.widths), "", *_orders(found.spreads)]
    lines += ["", styled("How to read this", BOLD), *note(_LEGEND), *note(f"Took {found.seconds:.0f} s.")]  # fmt: skip
    report = "\n".join(lines)
    return report if color else text.plain(report)


def _layer(speeds: list[Speed], found: LowPrecisionComparison) -> list[str]:
    first = speeds[0]
    title = (f"{first.layer}: {found.tokens} tokens times {first.weights} weights, "
             f"{found.threads} thread{'s' * (found.threads > 1)}")  # fmt: skip
    columns = [("", "", NAME, "<"), ("bits per", "weight", 8, ">"), ("weights", "MiB", 8, ">"),
               ("product", "time", 9, ">"), ("", "GOP/s", 7, ">"), ("", "×sgemm", 7, ">"),
               ("encoding", "activations", 11, ">"), ("", " by", 12, "<"), ("", "", 8, "<")]  # fmt: skip
    rows: list[list[str] | None] = []
    for home, group in groupby(speeds, key=lambda s: s.home == "fastmul"):
        if home:
            rows.append(None)
        rows += [_speed(s) for s in group]
    return [styled(title, BOLD), *text.table(columns, rows)]


def _speed(s: Speed) -> list[str]:
    verdict = {True: styled("exact", GREEN), False: styled("WRONG", RED), None: styled("rounds", DIM)}  # fmt: skip
    return [
        styled(s.recipe, BOLD) if s.home == "fastmul" else s.recipe,
        significant(s.bits_per_weight),
        significant(s.weight_bytes / 2**20),
        duration(s.seconds),
        significant(s.gops),
        significant(s.against_sgemm, 2),
        duration(s.encode_seconds) if s.encode_seconds else "",
        " " + s.algorithm,
        verdict[s.is_right],
    ]


def _errors(errors: list[Errors]) -> list[str]:
    title = f"Relative errors by cause, {error_parts.INPUTS} terms an entry; normal data, and outlier channels"
    columns = [("", "", NAME, "<"), ("encoding", "normal", 9, ">"), ("", "outliers", 9, ">"),
               ("accumulating", "normal", 12, ">"), ("", "outliers", 9, ">"), ("", " on", 16, "<"),
               ("signal", "normal", 9, ">"), ("to noise", "outliers", 9, ">")]  # fmt: skip
    by_name: dict[str, dict[bool, Errors]] = {}
    for e in errors:
        by_name.setdefault(e.recipe, {})[e.outliers] = e
    rows = []
    for name, pair in by_name.items():
        plain, planted = pair[False], pair[True]
        rows.append([
            styled(name, BOLD), _error(plain.encoding), _error(planted.encoding), _error(plain.accumulation),
            _error(planted.accumulation), " " + plain.accumulator, f"{plain.sqnr:.1f} dB", f"{planted.sqnr:.1f} dB",
        ])  # fmt: skip
    lines = [styled(title, BOLD), *text.table(columns, rows)]
    if errors:
        rounding = max(e.rounding for e in errors)
        lines += note(f"Rounding the exact sums to {error_parts.OUT_FORMAT} costs {_error(rounding)}.")  # fmt: skip
    return lines


def _widths(widths: list[Width]) -> list[str]:
    depths = sorted({w.k for w in widths})
    columns = [("", "", NAME, "<"), ("accumulator", "", 20, "<")]
    columns += [("k =" if i == 0 else "", str(k), 6, ">") for i, k in enumerate(depths)]
    by_row: dict[tuple[str, str], dict[int, float]] = {}
    for w in widths:
        by_row.setdefault((w.format, w.accumulator), {})[w.k] = w.error
    rows: list[list[str] | None] = []
    for format_name, group in groupby(by_row.items(), key=lambda item: item[0][0]):
        if rows:
            rows.append(None)
        for (_, accumulator), row in group:
            cells = (_error(row[k]) if k in row else "" for k in depths)
            rows.append([format_name, accumulator, *cells])
    title = "Relative error that an accumulator makes of exact products, by depth (non-negative operands)"
    return [styled(title, BOLD), *text.table(columns, rows)]


def _orders(spreads: list[Spread]) -> list[str]:
    columns = [("", "", 32, "<"), ("entries", "that differ", 16, ">"), ("widest", "spread", 9, ">"),
               ("largest", "error", 9, ">"), ("entries that differ", "of fastmul's", 20, ">")]  # fmt: skip
    rows = [
        [s.product, styled(f"{s.differ:,} of {s.entries:,}", YELLOW), _error(s.widest), _error(s.error),
         styled(str(s.exact_differ), GREEN if not s.exact_differ else RED)]
        for s in spreads
    ]  # fmt: skip
    title = "The same numbers added up in other orders, and on all threads"
    return [styled(title, BOLD), *text.table(columns, rows)]


def _error(value: float) -> str:
    return "0" if value == 0 else f"{value:.0e}" if value < 1e-3 else f"{value:.1%}"


_LEGEND = (
    "Times are the fastest of a few rounds in which all took turns, from quantised operands to float32; fastmul's "
    "products are exact between encoding and one rounding, and a few entries of each are compared with sums found "
    "without fastmul. ×sgemm: sgemm's time / this time. Errors are relative, in the Frobenius norm, to the exact "
    "product of the operands before encoding; accumulating: what the hardware's accumulator, by its published model, "
    "makes of the exact products; signal to noise: of encoding and output rounding, with exact sums. Here 8-bit and "
    "smaller floats are multiplied exactly, by other means than hardware made for them: their speed says nothing "
    "about that hardware. Spread and error of the orders are relative to the root mean square of the product."
)
