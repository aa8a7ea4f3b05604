"""The picture: speed, errors by cause, accumulators against depth, and signal to noise against bytes."""

from __future__ import annotations

from typing import Any, BinaryIO

from fastmul.comparison.low_precision.errors import Errors
from fastmul.comparison.low_precision.findings import LowPrecisionComparison
from fastmul.comparison.low_precision.speed import SGEMM, Speed
from fastmul.comparison.plot import DPI, SIZE_INCHES, STYLE
from fastmul.comparison.plotting import COLORS, FLOAT, MARKERS, PEER

BAR = 0.8  # of the room of a recipe, for all its layers together


def save(found: LowPrecisionComparison, file: BinaryIO, kind: str) -> None:
    """Draw into `file`; kind is "png", "svg" or "pdf"."""
    figure = draw(found)
    figure.savefig(file, format=kind, dpi=DPI, bbox_inches="tight", facecolor="white")


def draw(found: LowPrecisionComparison) -> Any:
    """A matplotlib figure of four panels."""
    import matplotlib
    from matplotlib.figure import Figure

    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=SIZE_INCHES, layout="constrained")
        panels = (_speed, _errors, _depth, _signal)
        for axes, panel in zip(figure.subplots(2, 2).flat, panels, strict=True):
            panel(axes, found)
        about = found.machine
        figure.suptitle(
            f"fastmul {about['versions']['fastmul']}, products of a 7B model's layers: {about['cpu']}, "
            f"{found.threads} thread{'s' * (found.threads > 1)}, {about['date']}",
            fontsize=10, color="#555555", x=0.01, ha="left",
        )  # fmt: skip
    return figure


def _speed(axes: Any, found: LowPrecisionComparison) -> None:
    by_layer: dict[str, list[Speed]] = {}
    for s in found.speeds:
        if s.recipe != SGEMM:
            by_layer.setdefault(s.layer, []).append(s)
    names = list(dict.fromkeys(s.recipe for speeds in by_layer.values() for s in speeds))
    height = BAR / max(1, len(by_layer))
    for i, (layer, speeds) in enumerate(by_layer.items()):
        places = [names.index(s.recipe) - BAR / 2 + (i + 0.5) * height for s in speeds]
        axes.barh(
            places, [s.against_sgemm for s in speeds], height, color=COLORS[i % len(COLORS)], label=layer
        )  # fmt: skip
    axes.axvline(1, color=FLOAT, lw=1.2)
    axes.text(1, -0.9, " sgemm", va="center", fontsize=8)
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(len(names) - 0.4, -1.4)
    axes.grid(axis="y", visible=False)
    axes.set(title="Speed, higher is better", xlabel="times as fast as sgemm, from quantised operands")  # fmt: skip
    if by_layer:
        axes.legend()


def _errors(axes: Any, found: LowPrecisionComparison) -> None:
    names = list(dict.fromkeys(e.recipe for e in found.errors))
    parts = (("encoding", COLORS[0], "o"), ("accumulation", COLORS[1], "s"), ("rounding", PEER, "D"))  # fmt: skip
    for part, color, marker in parts:
        for outliers in (False, True):
            chosen = [e for e in found.errors if e.outliers == outliers and getattr(e, part) > 0]
            axes.plot(
                [getattr(e, part) for e in chosen], [names.index(e.recipe) + 0.14 * (2 * outliers - 1) for e in chosen],
                ls="", marker=marker, ms=6, color=color, mfc=color if outliers else "white",
                label=f"{part}, {'outlier channels' if outliers else 'normal data'}",
            )  # fmt: skip
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.set_xscale("log")
    axes.set(title="Errors by cause, lower is better",
             xlabel="relative error of the product (none shown: exact)")  # fmt: skip
    axes.legend(fontsize=7.5, loc="lower left", frameon=True, framealpha=0.9, edgecolor="none")


def _depth(axes: Any, found: LowPrecisionComparison) -> None:
    lines: dict[tuple[str, str], list[tuple[int, float]]] = {}
    for w in found.widths:
        lines.setdefault((w.accumulator, w.format), []).append((w.k, w.error))
    for i, ((accumulator, name), points) in enumerate(lines.items()):
        shown = [(k, error) for k, error in points if error > 0]
        axes.plot(*zip(*shown, strict=True), color=COLORS[i % len(COLORS)], marker=MARKERS[i % len(MARKERS)], ms=4,
                  label=f"{accumulator} ({name})")  # fmt: skip
    axes.set_xscale("log", base=2)
    axes.set_yscale("log")
    axes.set(title="Accumulators against depth, lower is better", xlabel="k, products summed (all of one sign)",
             ylabel="relative error of accumulation")  # fmt: skip
    axes.set_ylim(top=axes.get_ylim()[1] * 300)
    axes.legend(ncols=2, fontsize=7.5)


def _signal(axes: Any, found: LowPrecisionComparison) -> None:
    bits = {s.recipe: s.bits_per_weight for s in found.speeds}
    pairs: dict[str, dict[bool, Errors]] = {}
    for e in found.errors:
        pairs.setdefault(e.recipe, {})[e.outliers] = e
    order = sorted(pairs, key=lambda name: -pairs[name][True].sqnr)
    for y, name in enumerate(order):
        ends = [pairs[name][outliers].sqnr for outliers in (False, True)]
        axes.plot(ends, [y, y], color=PEER, lw=1.5, zorder=1)
        for end, face in zip(ends, ("white", COLORS[0]), strict=True):
            axes.plot(end, y, "o", color=COLORS[0], mfc=face, ms=6)
    labels = [f"{name}: {bits[name]:.3g} bits" if name in bits else name for name in order]
    axes.set_yticks(range(len(order)), labels)
    axes.set_ylim(len(order) - 0.5, -0.5)
    axes.plot([], [], "o", color=COLORS[0], mfc="white", label="normal data")
    axes.plot([], [], "o", color=COLORS[0], label="with outlier channels")
    axes.set(title="What a weight's bits buy, higher is better",
             xlabel="signal to noise of the product, dB")  # fmt: skip
    axes.legend(loc="lower right")
