"""What all panels of the picture share: colours, lines of records, ticks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fastmul.comparison.records import OK, Findings, Record

#: Of fastmul's lines: Okabe and Ito's colours, told apart by every eye.
COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#332288", "#882255")
FLOAT, PEER = "#000000", "#9a9a9a"
MARKERS = "osD^vP*X"


def line(
    records: list[Record], value: Callable[[Record], float | None]
) -> tuple[list[int], list[float]]:
    points = sorted((r.size, v) for r in records if r.status == OK and (v := value(r)) is not None)
    return [size for size, _ in points], [v for _, v in points]


def select(
    comparison: Findings, operation: str, contestant: str, dtype: str | None = None
) -> list[Record]:
    """A contestant's records on the fewest threads; of one dtype."""
    found = [r for r in comparison if r.operation == operation and r.contestant == contestant
             and dtype in (None, r.dtype)]  # fmt: skip
    least = min((r.threads for r in found), default=1)
    return [r for r in found if r.threads == least]


def baseline(comparison: Findings, name: str) -> tuple[list[int], list[float]]:
    """A float GEMM's best rate at each size, whatever integers it was given."""
    best: dict[int, float] = {}
    for r in select(comparison, "matmul", name):
        if r.status == OK and r.rate:
            best[r.size] = max(best.get(r.size, 0.0), r.rate)
    return sorted(best), [best[size] for size in sorted(best)]


def show_peak(axes: Any, comparison: Findings) -> None:
    peak = comparison.machine["peak_gflops"]["float64"]
    for factor, name in ((1, "float64"), (2, "float32")):
        axes.axhline(factor * peak, color=PEER, lw=0.9, ls=":")
        axes.text(1.01, factor * peak, f"peak,\n{name}", transform=axes.get_yaxis_transform(),
                  ha="left", va="center", color="#777777", fontsize=7.5)  # fmt: skip


def plain_ticks(axes: Any, comparison: Findings, operation: str) -> None:
    sizes = sorted({r.size for r in comparison if r.operation == operation})
    axes.set_xticks(sizes, [str(size) for size in sizes])
    axes.minorticks_off()
