"""The picture: speed against size and error against size, for matrices and for integers."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, BinaryIO

from fastmul.comparison import plot_breadth
from fastmul.comparison.contestants.integers import FLOAT_FFT, GMP
from fastmul.comparison.contestants.matrices import DGEMM, SGEMM
from fastmul.comparison.kinds import KINDS
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
from fastmul.comparison.records import OK, WRONG, Findings, Record

#: Rows that hand their operands to a peer, which has its own line.
PASSED_ON = ("gmp", "python")
SIZE_INCHES, DPI = (12.0, 9.0), 130
STYLE: Any = {
    "font.size": 10, "axes.spines.top": False, "axes.spines.right": False, "axes.grid": True,
    "grid.color": "#e6e6e6", "axes.titleweight": "bold", "axes.titlesize": 11, "axes.titlelocation": "left",
    "legend.frameon": False, "legend.fontsize": 8.5, "svg.fonttype": "none",
}  # fmt: skip


def save(comparison: Findings, file: BinaryIO, kind: str) -> None:
    """Draw into `file`; kind is "png", "svg" or "pdf"."""
    figure = draw(comparison)
    figure.savefig(file, format=kind, dpi=DPI, bbox_inches="tight", facecolor="white")


def draw(comparison: Findings) -> Any:
    """A matplotlib figure with two panels for each operation compared, more for the breadth of matrices."""
    import matplotlib
    from matplotlib.figure import Figure  # no pyplot: no window, no global state

    panels: list[Callable[[Any, Findings], None]] = []
    operations = {r.operation for r in comparison}
    if comparison.in_breadth:
        panels += plot_breadth.panels()
    elif "matmul" in operations:
        panels += [_matrix_speed, _matrix_error]
    if "mul" in operations:
        panels += [_integer_speed, _integer_error]
    with matplotlib.rc_context(STYLE):
        rows = max(1, len(panels) // 2)
        width, height = SIZE_INCHES
        figure = Figure(figsize=(width, height * rows / 2), layout="constrained")
        for axes, panel in zip(figure.subplots(rows, 2, squeeze=False).flat, panels, strict=True):
            panel(axes, comparison)
        about = comparison.machine
        figure.suptitle(
            f"fastmul {about['versions']['fastmul']} beside float GEMM, GMP and peers: {about['cpu']}, "
            f"one thread, {about['date']}", fontsize=10, color="#555555", x=0.01, ha="left",
        )  # fmt: skip
    return figure


def _exact_sizes(records: Iterable[Record]) -> list[int]:
    """Sizes at which every row of fastmul that ran was exact."""
    ran = [r for r in records if r.home == "fastmul" and r.status in (OK, WRONG)]
    return sorted({r.size for r in ran} - {r.size for r in ran if not r.exact})


def _dtypes(comparison: Findings) -> list[str]:
    return list(dict.fromkeys(r.dtype for r in comparison if r.operation == "matmul"))


# ---------------------------------------------------------------- matrices


def _matrix_speed(axes: Any, comparison: Findings) -> None:
    for i, dtype in enumerate(_dtypes(comparison)):
        sizes, rates = line(select(comparison, "matmul", "auto", dtype), lambda r: r.rate)
        axes.plot(sizes, rates, color=COLORS[i % len(COLORS)], marker=MARKERS[i % len(MARKERS)], ms=5,
                  label=f"fastmul {dtype}")  # fmt: skip
    for name, style in ((DGEMM, "-"), (SGEMM, "--")):
        sizes, rates = baseline(comparison, name)
        axes.plot(sizes, rates, color=FLOAT, ls=style, lw=1.3, label=name)
    sizes, rates = line(
        select(comparison, "matmul", "NumPy @ (integers)", "int64"), lambda r: r.rate
    )
    if sizes:
        axes.plot(sizes, rates, color=PEER, marker=".", label="NumPy int64 @")
    show_peak(axes, comparison)
    axes.set(
        title="Matrices: speed, higher is better", xlabel="n  (n × n times n × n)", ylabel="GOP/s"
    )
    axes.set_xscale("log", base=2)
    axes.set_yscale("log")
    plain_ticks(axes, comparison, "matmul")
    axes.legend(ncols=2)


def _matrix_error(axes: Any, comparison: Findings) -> None:
    dtypes = [dtype for dtype in _dtypes(comparison) if not KINDS[dtype].rounds]
    largest = 1.0
    for i, dtype in enumerate(_dtypes(comparison)):
        for name, style in ((DGEMM, "-"), (SGEMM, "--")) if dtype in dtypes else ():
            found = select(comparison, "matmul", name, dtype)
            sizes, errors = line(found, lambda r: r.max_abs_error)
            if any(errors):  # what is exact lies under the line at zero
                largest = max(largest, *errors)
                axes.plot(sizes, errors, color=COLORS[i % len(COLORS)], ls=style, marker="x",
                          label=f"{name} on {dtype}")  # fmt: skip
    exact = _exact_sizes(r for r in comparison if r.operation == "matmul" and r.dtype in dtypes)
    axes.plot(exact, [0] * len(exact), color=COLORS[2], marker="o", lw=2,
              label=f"fastmul on {', '.join(dtypes)}: exact")  # fmt: skip
    axes.set(title="Integer matrices: error, lower is better", xlabel="n",
             ylabel="largest absolute error of an entry")  # fmt: skip
    axes.set_xscale("log", base=2)
    axes.set_yscale("symlog", linthresh=1)
    axes.set_ylim(-0.3, largest * 1e4)
    plain_ticks(axes, comparison, "matmul")
    axes.legend(loc="upper right")


# ---------------------------------------------------------------- integers


def _integer_names(comparison: Findings) -> list[str]:
    return list(
        dict.fromkeys(
            r.contestant for r in comparison if r.operation == "mul" and r.home == "fastmul"
        )
    )


def _integer_speed(axes: Any, comparison: Findings) -> None:
    own = [name for name in _integer_names(comparison) if name not in PASSED_ON]
    for i, name in enumerate(own):
        sizes, rates = line(select(comparison, "mul", name), lambda r: r.rate)
        automatic = name.startswith("auto")
        axes.plot(sizes, rates, color=COLORS[i % len(COLORS)], marker=MARKERS[i % len(MARKERS)],
                  lw=3 if automatic else 1.2, ms=5 if automatic else 4, alpha=0.9,
                  label=f"fastmul {name}")  # fmt: skip
    sizes, rates = line(select(comparison, "mul", GMP), lambda r: r.rate)
    axes.plot(sizes, rates, color=FLOAT, lw=1.6, label=GMP)
    peers = dict.fromkeys(
        r.contestant for r in comparison if r.operation == "mul" and r.home != "fastmul"
    )
    for name, style in zip(
        [p for p in peers if p != GMP], ("--", ":", "-.", (0, (1, 3)), "-"), strict=False
    ):
        sizes, rates = line(select(comparison, "mul", name), lambda r: r.rate)
        axes.plot(sizes, rates, color="#777777", ls=style, lw=1.2, label=name)
    axes.set(title="Integers: time, lower is better", xlabel="bits of each operand",
             ylabel="ns per limb of the product")  # fmt: skip
    axes.set_xscale("log", base=2)
    axes.set_yscale("log")
    axes.set_ylim(top=20 * axes.get_ylim()[1])  # room for the legend
    axes.legend(ncols=2)


def _integer_error(axes: Any, comparison: Findings) -> None:
    sizes, wrong = line(select(comparison, "mul", FLOAT_FFT), lambda r: r.wrong_entries)
    axes.plot(sizes, wrong, color="#777777", ls="--", marker="x", label=FLOAT_FFT)
    exact = _exact_sizes(r for r in comparison if r.operation == "mul")
    axes.plot(
        exact,
        [0] * len(exact),
        color=COLORS[2],
        marker="o",
        lw=2,
        label="fastmul, every algorithm: exact",
    )
    for found in comparison.first_wrong:
        if found.operation == "mul" and found.first_wrong:
            axes.axvline(found.first_wrong, color=PEER, lw=0.9, ls=":")
            said = f"{found.contestant} \nwrong on {found.operands.split(',')[0]} "
            axes.text(found.first_wrong, 0.97, said, transform=axes.get_xaxis_transform(),
                      ha="right", va="top", fontsize=7.5, color="#777777")  # fmt: skip
    axes.set(
        title="Integers: error, lower is better",
        xlabel="bits of each operand",
        ylabel="wrong limbs of the product",
    )
    axes.set_xscale("log", base=2)
    axes.set_yscale("symlog", linthresh=1)
    axes.set_ylim(-0.3, 10 * max([1.0, *wrong]))
    axes.legend(loc="upper left")
