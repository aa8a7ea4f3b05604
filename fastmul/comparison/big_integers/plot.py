"""The picture: ns per bit, speed beside GMP's, memory, and the float transform's error beside its bound."""

from __future__ import annotations

from typing import Any, BinaryIO

from fastmul.comparison.big_integers.errors import LARGEST, RANDOM
from fastmul.comparison.big_integers.findings import IntegerComparison, curves
from fastmul.comparison.contestants.integers import GMP
from fastmul.comparison.plot import DPI, PASSED_ON, SIZE_INCHES, STYLE
from fastmul.comparison.plotting import COLORS, FLOAT, MARKERS, PEER

#: Peers' lines are grey, told apart by their dashes.
DASHES = ("--", ":", "-.", (0, (6, 1, 1, 1, 1, 1)))
#: Room above the lines for the legend.
HEADROOM = 60


def save(found: IntegerComparison, file: BinaryIO, kind: str) -> None:
    """Draw into `file`; kind is "png", "svg" or "pdf"."""
    figure = draw(found)
    figure.savefig(file, format=kind, dpi=DPI, bbox_inches="tight", facecolor="white")


def draw(found: IntegerComparison) -> Any:
    """A matplotlib figure of four panels."""
    import matplotlib
    from matplotlib.figure import Figure

    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=SIZE_INCHES, layout="constrained")
        panels = (_speed, _beside_gmp, _memory, _errors)
        for axes, panel in zip(figure.subplots(2, 2).flat, panels, strict=True):
            panel(axes, found)
        about = found.machine
        figure.suptitle(
            f"fastmul {about['versions']['fastmul']}, products of big integers: {about['cpu']}, {about['date']}",
            fontsize=10, color="#555555", x=0.01, ha="left",
        )  # fmt: skip
    return figure


def _looks(found: IntegerComparison) -> dict[str, dict[str, Any]]:
    """How each contestant's line is drawn, the same in all panels."""
    homes = {r.contestant: r.home for r in found.records if r.contestant not in PASSED_ON}
    ours = [name for name, home in homes.items() if home == "fastmul"]
    others = [name for name in homes if name not in ours and name != GMP]
    return {
        GMP: {"color": FLOAT, "lw": 1.3},
        **{name: {"color": COLORS[i % len(COLORS)], "marker": MARKERS[i % len(MARKERS)], "ms": 4}
           for i, name in enumerate(ours)},
        **{name: {"color": PEER, "ls": DASHES[i % len(DASHES)], "lw": 1.3}
           for i, name in enumerate(others)},
    }  # fmt: skip


def _speed(axes: Any, found: IntegerComparison) -> None:
    found_curves = curves(found.records)
    for name, look in _looks(found).items():
        sizes = sorted(found_curves.get(name, {}))
        axes.plot(sizes, [1e9 * found_curves[name][n] / n for n in sizes], label=name, **look)
    axes.set_xscale("log", base=2)
    axes.set_yscale("log")
    axes.set(title="Time, lower is better", xlabel="bits of each integer", ylabel="ns per bit")
    axes.set_ylim(top=axes.get_ylim()[1] * HEADROOM)
    axes.legend(ncols=2, fontsize=7.5)


def _beside_gmp(axes: Any, found: IntegerComparison) -> None:
    looks, gmp = _looks(found), curves(found.records).get(GMP, {})
    count = max((r.threads for r in found.records), default=1)
    for threads in sorted({1, count}):
        for name, curve in curves(found.records, threads=threads).items():
            if name not in looks:
                continue
            sizes = sorted(curve.keys() & gmp.keys())
            look = looks[name] if threads == 1 else {**looks[name], "mfc": "white", "alpha": 0.6}
            axes.plot(sizes, [gmp[n] / curve[n] for n in sizes], **look)
    if count > 1:
        axes.plot([], [], "o", color=PEER, mfc="white", label=f"hollow: {count} threads")
        axes.legend()
    axes.set_xscale("log", base=2)
    axes.set_yscale("log")
    axes.set(title="Beside GMP, higher is better", xlabel="bits of each integer",
             ylabel="GMP's time on one thread / time")  # fmt: skip


def _memory(axes: Any, found: IntegerComparison) -> None:
    peaks = sorted(found.peaks, key=lambda p: p.n_bytes)
    names = [p.contestant for p in peaks]
    colors = [COLORS[0] if p.home == "fastmul" else PEER for p in peaks]
    axes.barh(names, [p.n_bytes / (2 * p.bits / 8) for p in peaks], color=colors)
    axes.grid(axis="y", visible=False)
    axes.set_axisbelow(True)
    bits = f", {peaks[0].bits:,} bits" if peaks else ""
    axes.set(
        title=f"Memory of one product{bits}, lower is better", xlabel="times the product's size"
    )


def _errors(axes: Any, found: IntegerComparison) -> None:
    for color, operands in zip(COLORS, (RANDOM, LARGEST), strict=False):
        chosen = [e for e in found.errors if e.operands == operands]
        sizes = [e.bits for e in chosen]
        axes.plot(sizes, [e.bound for e in chosen], color=color, label=f"proven bound, {operands}")
        axes.plot(sizes, [e.error for e in chosen], color=color, ls="", marker="o", ms=5,
                  label=f"largest error, {operands}")  # fmt: skip
        axes.plot(sizes, [e.numpy_error for e in chosen], color=color, ls="", marker="x", ms=5,
                  label=f"NumPy's FFT, {operands}")  # fmt: skip
    axes.axhline(0.5, color=FLOAT, lw=0.9, ls=":")
    axes.set_xscale("log", base=2)
    axes.set_yscale("log")
    axes.set(title="Errors of the float transform's coefficients", xlabel="bits of each integer",
             ylabel="distance from the integer (rounded right below 0.5)")  # fmt: skip
    axes.legend(fontsize=7.5)
