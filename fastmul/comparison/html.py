"""One self-contained page: the picture, every table, and each record behind them."""

from __future__ import annotations

import io
from collections.abc import Callable
from html import escape
from typing import Any, BinaryIO

from fastmul.comparison import plot, report, text
from fastmul.comparison.records import Findings, Record
from fastmul.comparison.text import duration

STYLE = """
:root { color-scheme: light; }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 1180px; margin: 2rem auto; padding: 0 1rem; color: #1c1c1c }
h1 { font-size: 1.6rem; margin: 0 } h2 { font-size: 1.15rem; margin: 2.2rem 0 .6rem }
.about { color: #666 } .warning { background: #fff6e0; border-left: 4px solid #e6a100; padding: .5rem .8rem }
.wrong { background: #ffe9e9; border-left: 4px solid #c00; padding: .5rem .8rem; font-weight: 600 }
svg { width: 100%; height: auto } pre { overflow-x: auto; font-size: 12.5px; line-height: 1.35;
  background: #fafafa; padding: 1rem; border: 1px solid #eee; border-radius: 6px }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; width: 100%; font-size: 13px }
th, td { padding: .22rem .55rem; text-align: right; border-bottom: 1px solid #eee; white-space: nowrap }
th { position: sticky; top: 0; background: #fff; border-bottom: 2px solid #ccc }
td:nth-child(-n+3), th:nth-child(-n+3), td:last-child, th:last-child { text-align: left }
tr.fastmul td:nth-child(3), tr.yours td:nth-child(3) { font-weight: 600 }
tr.skipped, tr.refused { color: #999 } tr.failed { background: #ffe9e9 }
.exact { color: #00734f } .off { color: #b35900 }
td:last-child { white-space: normal }
"""
COLUMNS = ("kind", "size", "contestant", "threads", "time", "speed", "how fast", "exactness",
           "abs. error", "rel. error", "note")  # fmt: skip


def page(comparison: Findings) -> str:
    """The page of a comparison of products, as text."""
    failures = "".join(
        f'<p class="wrong">Wrong result: {escape(r.contestant)}, {r.operation} {r.dtype} {r.size}: {escape(r.note)}</p>'
        for r in comparison.failures
    )
    rows = "".join(_row(r) for r in comparison)
    heads = "".join(f"<th>{name}</th>" for name in COLUMNS)
    records = f"<h2>Every record</h2><table><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>\n"
    return document(
        comparison, plot.save, text.plain(report.render(comparison)), before=failures, after=records
    )


def document(
    found: Any,
    save: Callable[[Any, BinaryIO, str], None],
    said: str,
    before: str = "",
    after: str = "",
) -> str:
    """Any comparison as a page: the machine, warnings, the picture that `save` draws, and the report."""
    about = found.machine
    warnings = "".join(f'<p class="warning">{escape(w)}</p>' for w in found.warnings)
    drawn = io.BytesIO()
    save(found, drawn, "svg")
    svg = drawn.getvalue().decode()
    svg = svg[svg.index("<svg") :]  # without the XML declaration, which HTML does not know
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>fastmul compare</title><style>{STYLE}</style></head><body>
<h1>fastmul compare</h1>
<p class="about">{escape(about["cpu"])} ({escape(about["target"])}), {about["cpus"]} CPUs, {escape(about["date"])};
BLAS: {escape(about["blas"])}; measured peak of one core {about["peak_gflops"]["float64"]:.1f} GFLOP/s float64</p>
{before}{warnings}{svg}
<h2>The report</h2><pre>{escape(said)}</pre>
{after}</body></html>
"""


def _row(r: Record) -> str:
    kind = r.dtype if r.operation == "matmul" else "integer"
    size = str(r.size) if r.operation == "matmul" else f"{r.size:,} bits"
    unit = "GOP/s" if r.operation == "matmul" else "ns/limb"
    ratios = ", ".join(
        f"{value:.3g} × {report.short_name(name)}" for name, value in r.ratios.items()
    )
    exactness = {
        True: '<span class="exact">exact</span>',
        False: '<span class="off">rounded</span>',
        None: "",
    }
    cells: list[Any] = [
        kind, size, escape(r.contestant), r.threads,
        duration(r.seconds) if r.seconds else "",
        f"{text.significant(r.rate)} {unit}" if r.rate else "",
        ratios, exactness[r.exact], _error(r.max_abs_error), _error(r.max_rel_error), escape(r.note),
    ]  # fmt: skip
    failed = "failed" if r.status == "wrong" else r.status
    return (
        f'<tr class="{r.home} {failed}">'
        + "".join(f"<td>{cell}</td>" for cell in cells)
        + "</tr>\n"
    )


def _error(value: float | None) -> str:
    return "" if value is None else "0" if value == 0 else f"{value:.2e}"
