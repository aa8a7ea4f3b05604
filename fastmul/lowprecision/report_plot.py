"""The picture of an error report: the parts of the error against k, below them signal to noise, format by format."""

from __future__ import annotations

from math import isfinite
from pathlib import Path
from typing import Any

from fastmul.lowprecision.reporting import ErrorRecord, ErrorReport

#: Of accumulators: Okabe and Ito's colours, told apart by every eye. What all share, and exact sums, are black.
COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#332288", "#882255")
MARKERS = "osD^vP*X"
COMMON, OUTPUT = "#000000", "#8a8a8a"
LINE: Any = {"ms": 4.5, "lw": 1.5}
EXACT = "exact"
COLUMN_INCHES, HEIGHT_INCHES, DPI = 4.2, 7.2, 140
STYLE: Any = {
    "font.size": 10, "axes.spines.top": False, "axes.spines.right": False, "axes.grid": True,
    "grid.color": "#e6e6e6", "axes.titleweight": "bold", "axes.titlesize": 11, "axes.titlelocation": "left",
    "legend.frameon": False, "legend.fontsize": 9, "svg.fonttype": "none",
}  # fmt: skip


def save(report: ErrorReport, path: Any) -> None:
    """Draw into a path, or a binary file as PNG."""
    kind = Path(path).suffix.lstrip(".") or "png" if isinstance(path, str | Path) else "png"
    figure = draw(report)
    figure.savefig(path, format=kind, dpi=DPI, bbox_inches="tight", facecolor="white")


def draw(report: ErrorReport) -> Any:
    """A matplotlib figure."""
    import matplotlib
    from matplotlib.figure import Figure  # no pyplot: no window, no global state

    formats = list(dict.fromkeys(r.format for r in report))
    names = dict.fromkeys(r.accumulator for r in report if r.accumulator != EXACT)
    look = {name: _look(i) for i, name in enumerate(names)}
    with matplotlib.rc_context(STYLE):
        size = COLUMN_INCHES * max(len(formats), 2), HEIGHT_INCHES
        figure = Figure(figsize=size, layout="constrained")
        grid = figure.subplots(2, len(formats), sharex=True, sharey="row", squeeze=False,
                               height_ratios=(3, 2))  # fmt: skip
        for (errors, ratios), name in zip(grid.T, formats, strict=True):
            records = [r for r in report if r.format == name]
            _draw_errors(errors, records, look)
            _draw_ratios(ratios, records, look)
            errors.set_title(name)
        _frame(grid, report)
        _add_legend(figure, grid)
    return figure


def _look(i: int) -> dict[str, Any]:
    """Of the i-th accumulator; after eight, colours return dashed."""
    style = "-" if i < len(COLORS) else "--"
    return {
        "color": COLORS[i % len(COLORS)],
        "marker": MARKERS[i % len(MARKERS)],
        "ls": style,
        **LINE,
    }


def _lines(records: list[ErrorRecord], part: str) -> dict[str, tuple[list[int], list[float]]]:
    """For each accumulator the depths and a part of the error, where there is one."""
    found: dict[str, tuple[list[int], list[float]]] = {}
    for r in records:
        value = getattr(r, part)
        if value and isfinite(value):
            ks, values = found.setdefault(r.accumulator, ([], []))
            ks.append(r.k)
            values.append(value)
    return found


def _draw_errors(axes: Any, records: list[ErrorRecord], look: dict[str, Any]) -> None:
    # the encoding is the same for all, the rounding of the output nearly so: those of the first
    for ks, values in list(_lines(records, "quantization").values())[:1]:
        axes.plot(ks, values, color=COMMON, lw=2.2, label="quantization")
    for ks, values in list(_lines(records, "rounding").values())[:1]:
        axes.plot(ks, values, color=OUTPUT, ls=":", lw=1.8, label="output rounding")
    for name, (ks, values) in _lines(records, "accumulation").items():
        axes.plot(ks, values, label=f"accumulation, {name}", **look[name])


def _draw_ratios(axes: Any, records: list[ErrorRecord], look: dict[str, Any]) -> None:
    for name, (ks, values) in _lines(records, "sqnr").items():
        style = {"color": COMMON, "lw": 2.2} if name == EXACT else look[name]
        axes.plot(ks, values, **style)


def _frame(grid: Any, report: ErrorReport) -> None:
    ks = sorted({r.k for r in report})
    for axes in grid.flat:
        axes.set_xscale("log", base=2)
        axes.set_xticks(ks, [str(k) for k in ks])
        axes.minorticks_off()
    for axes in grid[0]:
        axes.set_yscale("log")
    for axes in grid[1]:
        axes.set_xlabel("k")
    grid[0, 0].set_ylabel("error / |A B|, Frobenius norm")
    grid[1, 0].set_ylabel("signal to noise, dB")


def _add_legend(figure: Any, grid: Any) -> None:
    """One for all panels: what is common to accumulators first."""
    found: dict[str, Any] = {}
    for axes in grid[0]:
        found |= dict(zip(*reversed(axes.get_legend_handles_labels()), strict=True))
    labels = sorted(found, key=lambda label: label.startswith("accumulation"))
    figure.legend([found[label] for label in labels], labels, loc="outside lower center",
                  ncols=max(grid.shape[1], 2))  # fmt: skip
