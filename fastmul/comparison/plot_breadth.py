"""The picture of `compare matrices`: every ring's speed, schemes and accuracies of floats, what changes a product."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

from fastmul.comparison.contestants.matrices import DGEMM, SGEMM
from fastmul.comparison.contestants.picture import ACCURACIES
from fastmul.comparison.kinds import KINDS, Kind
from fastmul.comparison.plotting import (
    COLORS,
    FLOAT,
    MARKERS,
    PEER,
    baseline,
    line,
    plain_ticks,
    select,
    show_peak,
)
from fastmul.comparison.records import Findings

Panel = Callable[[Any, Findings], None]


def panels() -> list[Panel]:
    return [
        partial(_speed, "Machine dtypes: speed", lambda kind: kind.is_machine),
        partial(_speed, "Modulo p: speed", lambda kind: kind.p is not None),
        partial(_speed, "Semirings: speed", lambda kind: bool(kind.semiring)),
        _schemes,
        _float_error,
        _changes,
    ]


def _kinds(comparison: Findings) -> list[str]:
    return list(dict.fromkeys(r.dtype for r in comparison if r.operation == "matmul"))


def _draw_lines(axes: Any, lines: Iterable[tuple[str, tuple[list[int], list[float]]]]) -> None:
    """A name keeps its colour in every panel that has the same names; after eight, colours return dashed."""
    for i, (name, (sizes, values)) in enumerate(lines):
        if sizes:
            axes.plot(sizes, values, color=COLORS[i % len(COLORS)], marker=MARKERS[i % len(MARKERS)],
                      ls="-" if i < len(COLORS) else "--", ms=4.5, lw=1.3, label=name)  # fmt: skip


def _speed(title: str, wanted: Callable[[Kind], bool], axes: Any, comparison: Findings) -> None:
    """The automatic choice over each kind, beside float GEMM and the measured peak."""
    kinds = [name for name in _kinds(comparison) if wanted(KINDS[name])]
    _draw_lines(
        axes, ((name, line(select(comparison, "matmul", "auto", name), _rate)) for name in kinds)
    )
    _frame_speed(axes, comparison, title)


def _frame_speed(axes: Any, comparison: Findings, title: str) -> None:
    for name, style in ((DGEMM, "-"), (SGEMM, "--")):
        axes.plot(*baseline(comparison, name), color=FLOAT, ls=style, lw=1.3, label=name)
    show_peak(axes, comparison)
    axes.set(title=title, xlabel="n", ylabel="GOP/s")
    axes.set_xscale("log", base=2)
    axes.set_yscale("log")
    plain_ticks(axes, comparison, "matmul")
    axes.legend(ncols=2)


def _rate(r: Any) -> float | None:
    return r.rate


def _of_floats(comparison: Findings) -> list[str]:
    """fastmul's rows and accuracies on float64, the automatic choice aside."""
    names = (
        r.contestant
        for r in comparison
        if r.dtype == "float64" and r.home == "fastmul" and r.seconds
    )
    return [name for name in dict.fromkeys(names) if name not in ("auto", "numpy")]


def _schemes(axes: Any, comparison: Findings) -> None:
    found = _of_floats(comparison)
    _draw_lines(
        axes, ((name, line(select(comparison, "matmul", name, "float64"), _rate)) for name in found)
    )
    _frame_speed(axes, comparison, "float64, algorithms and accuracies: speed (2 n³ / time)")


def _float_error(axes: Any, comparison: Findings) -> None:
    def errors(name: str) -> tuple[list[int], list[float]]:
        return line(select(comparison, "matmul", name, "float64"), lambda r: r.max_rel_error)

    _draw_lines(axes, ((name, errors(name)) for name in _of_floats(comparison)))
    axes.plot(*errors(DGEMM), color=FLOAT, lw=1.3, label=DGEMM)
    axes.set(title="float64, algorithms and accuracies: error", xlabel="n",
             ylabel="largest error / largest entry")  # fmt: skip
    axes.set_xscale("log", base=2)
    axes.set_yscale("log")
    plain_ticks(axes, comparison, "matmul")
    axes.legend(ncols=2)


def _changes(axes: Any, comparison: Findings) -> None:
    """Bars: the share of entries that another order of summation or number of threads changes."""
    axes.set(title="Entries that threads, order or BLAS kernels change")
    found = [c for c in comparison.changes if KINDS[c.dtype].rounds]
    if not found:
        axes.axis("off")
        axes.text(0, 0.9, "looked at where neither sizes nor dtypes are chosen", color=PEER)
        return
    shares = [
        100 * max(c.k_order or 0, c.threads or 0, c.kernel_set or 0) / c.entries for c in found
    ]
    names = [c.contestant.removeprefix("fastmul ") for c in found]
    exact = [name.startswith(tuple(ACCURACIES.values())) for name in names]
    axes.barh(names, shares, color=[COLORS[2] if e else FLOAT for e in exact])
    for i, share in enumerate(shares):
        axes.text(share, i, f" {share:.0f} %", va="center", fontsize=8)
    axes.invert_yaxis()
    axes.set_xlim(0, 118)
    axes.set_axisbelow(True)
    axes.grid(axis="y", visible=False)
    axes.set_xlabel(f"per cent of entries, n = {found[0].size}")
