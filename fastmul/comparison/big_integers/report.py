"""The printed report: ns per bit, where which way is fastest, threads, memory, errors of the float transform."""

from __future__ import annotations

import math

from fastmul.comparison import text
from fastmul.comparison.big_integers.crossovers import Crossover
from fastmul.comparison.big_integers.errors import TransformError
from fastmul.comparison.big_integers.findings import IntegerComparison, curves
from fastmul.comparison.big_integers.memory import Peak
from fastmul.comparison.records import SKIPPED, WRONG, Record
from fastmul.comparison.report import heading
from fastmul.comparison.text import BOLD, DIM, GREEN, RED, YELLOW, note, significant, styled

NAME, CELL = 22, 7


def render(found: IntegerComparison, *, color: bool = False) -> str:
    """The whole report, at most 100 columns wide."""
    lines = heading("fastmul compare integers", found.machine, found.warnings)
    lines += ["", *_speeds(found.records), "", *_crossovers(found.crossovers)]
    for section in (_threads(found.records), _memory(found.peaks), _errors(found.errors)):
        lines += ["", *section] if section else []
    lines += ["", styled("How to read this", BOLD), *note(_LEGEND), *note(f"Took {found.seconds:.0f} s.")]  # fmt: skip
    lines += _failures(found)
    report = "\n".join(lines)
    return report if color else text.plain(report)


def power(bits: float) -> str:
    """A number of bits as a power of two.

    >>> power(4096), power(3000)
    ('2^12', '2^11.6')
    """
    return f"2^{math.log2(bits):.3g}"


def _speeds(records: list[Record]) -> list[str]:
    title = "Products of two integers: nanoseconds per bit of one of them, one thread"
    sizes = sorted({r.size for r in records})
    columns = [("", "bits", NAME, "<"), *(("", power(n), CELL, ">") for n in sizes)]
    best = {
        n: min((r.seconds for r in records if r.size == n and r.seconds and r.threads == 1), default=0.0)
        for n in sizes
    }  # fmt: skip
    rows: list[list[str] | None] = []
    home = ""
    for name in dict.fromkeys(r.contestant for r in records):
        of_one = {r.size: r for r in records if r.contestant == name and r.threads == 1}
        first = next(iter(of_one.values()))
        if home and (first.home == "fastmul") != (home == "fastmul"):
            rows.append(None)
        home = first.home
        shown = styled(name, BOLD) if home == "fastmul" else name
        rows.append([shown, *(_speed(of_one.get(n), best[n]) for n in sizes)])
    return [styled(title, BOLD), *text.table(columns, rows)]


def _speed(r: Record | None, best: float) -> str:
    if r is None or not r.seconds:
        said = {WRONG: "WRONG", SKIPPED: "slow"}.get(r.status, "-") if r else ""
        return styled(said, RED if said == "WRONG" else DIM)
    cell = significant(1e9 * r.seconds / r.size)
    return styled(cell, GREEN) if r.seconds == best else cell if r.exact else styled(cell, YELLOW)


def _crossovers(crossovers: list[Crossover]) -> list[str]:
    columns = [("", "faster", NAME, "<"), ("", "than", NAME, "<"), ("", "from bits", 10, ">")]
    rows = [
        [c.to, c.before, "nowhere here" if c.bits is None else power(c.bits)] for c in crossovers
    ]
    return [styled("Where one overtakes another for good", BOLD), *text.table(columns, rows)]


def _threads(records: list[Record]) -> list[str]:
    count = max((r.threads for r in records), default=1)
    if count == 1:
        return []
    alone, together = curves(records), curves(records, threads=count)
    sizes = sorted({n for curve in together.values() for n in curve})
    columns = [("", "bits", NAME, "<"), *(("", power(n), CELL, ">") for n in sizes)]
    rows = [
        [name, *(significant(alone[name][n] / curve[n], 2) if n in alone[name] and n in curve else "" for n in sizes)]
        for name, curve in together.items()
    ]  # fmt: skip
    title = f"{count} threads: how many times as fast as one"
    return [styled(title, BOLD), *text.table(columns, rows)]


def _memory(peaks: list[Peak]) -> list[str]:
    if not peaks:
        return []
    columns = [
        ("", "", NAME, "<"),
        ("", "MiB", CELL, ">"),
        ("times the", "product's size", 14, ">"),
    ]
    rows: list[list[str]] = []
    for p in peaks:
        share = p.n_bytes / (2 * p.bits / 8)
        rows.append([p.contestant, significant(p.n_bytes / 2**20), significant(share)])
    title = f"Memory of a product of two integers of {power(peaks[0].bits)} bits, result, scratch and tables"
    return [styled(title, BOLD), *text.table(columns, rows)]


def _errors(errors: list[TransformError]) -> list[str]:
    if not errors:
        return []
    columns = [("", "bits", 8, ">"), ("", " operands", 16, "<"), ("digits", "of bits", 8, ">"),
               ("complex", "points", 9, ">"), ("largest", "error", 9, ">"), ("proven", "bound", 9, ">"),
               ("bound /", "error", 8, ">"), ("NumPy's FFT,", "same digits", 13, ">")]  # fmt: skip
    rows = [
        [power(e.bits), " " + e.operands, str(e.digit_bits), f"{e.points:,}", f"{e.error:.1e}",
         f"{e.bound:.2f}", significant(e.bound / e.error) if e.error else "", f"{e.numpy_error:.1e}"]
        for e in errors
    ]  # fmt: skip
    title = "The float transform (fft): errors of coefficients before they are rounded, which needs less than 0.5"
    return [styled(title, BOLD), *text.table(columns, rows)]


def _failures(found: IntegerComparison) -> list[str]:
    lines = []
    for failure in found.failures:
        if isinstance(failure, Record):
            said = f"{failure.contestant} of {power(failure.size)} bits: {failure.note}"
        else:
            said = f"fft of {power(failure.bits)} bits errs by {failure.error:.3g}, its bound is {failure.bound:.3g}"
        lines.append(styled(f"WRONG RESULT: {said}", RED))
    return lines


_LEGEND = (
    "Times are the fastest of a few rounds in which all took turns; every product was compared with GMP's first. "
    "Green: the fastest of a size; slow: predicted to take too long, so not run. auto takes and gives gmpy2's "
    "integers, auto (int) Python's, auto (limbs) arrays of 64-bit limbs. numpy.fft rounds its coefficients, and "
    "nothing proves that rounding right. Memory: the process's largest resident size during one call, less what it "
    "was before. A bound holds for all operands with digits of these norms, whatever roundings conspire: errors of "
    "a few operands stay far below."
)
