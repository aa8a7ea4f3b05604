"""The printed report: the machine, a table per kind of product, what changes floats, what went wrong."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterable
from itertools import groupby
from typing import Any

from fastmul.comparison import text, winners
from fastmul.comparison.cases import CHECKED_ROWS
from fastmul.comparison.contestants.integers import GMP
from fastmul.comparison.contestants.matrices import DGEMM, SGEMM
from fastmul.comparison.kinds import KINDS
from fastmul.comparison.measure import SLOW_SECONDS
from fastmul.comparison.records import OK, REFUSED, SKIPPED, WRONG, Findings, Record
from fastmul.comparison.text import (
    BOLD,
    DIM,
    GREEN,
    RED,
    WIDTH,
    YELLOW,
    duration,
    note,
    significant,
    styled,
)

#: First calls are told where they took this much longer than a warm call, and twice as long.
COMPILED_SECONDS = 0.1
#: More sizes leave no room for two columns of ratios.
SIZES_WITH_BOTH = 4
#: Of each contestant that failed; the rest of a long message is in the JSON.
FAILURE_LINES = 3


class Comparison(Findings):
    """What `fastmul.compare` returns: findings that print as their report."""

    def __repr__(self) -> str:
        return render(self)


def render(comparison: Findings, *, color: bool = False) -> str:
    """The whole report, at most 100 columns wide."""
    lines = [
        *heading("fastmul compare", comparison.machine, comparison.warnings),
        *_failures(comparison),
    ]
    for _, group in groupby(comparison.records, key=lambda r: (r.operation, r.dtype)):
        records = list(group)
        if any(r.status != REFUSED for r in records):
            lines += ["", *section(records)]
    if comparison.in_breadth:
        lines += ["", *winners.section(comparison)]
    lines += [
        *_changes(comparison),
        *_first_wrong(comparison),
        *_compilation(comparison),
        *_legend(comparison),
    ]
    lines += _failures(comparison)
    report = "\n".join(lines)
    return report if color else text.plain(report)


def heading(title: str, about: dict[str, Any], warnings: list[str]) -> list[str]:
    """The machine, and what makes its figures unfair."""
    versions = ", ".join(f"{name} {number}" for name, number in about["versions"].items())
    peak = about["peak_gflops"]["float64"]
    lines = [
        styled(title, BOLD),
        f"  {about['cpu']} ({about['target']}), {about['cpus']} CPUs, {about['system']}, {about['date']}",
        f"  peak of one core, measured on registers: {peak:.1f} GFLOP/s float64; twice that in float32",
        f"  BLAS: {about['blas']}",
        *(styled(line, DIM) for line in note(f"Python {about['python']}, {versions}")),
    ]
    return lines + [styled(f"  WARNING: {warning}", YELLOW) for warning in warnings]


def _failures(comparison: Findings) -> list[str]:
    if not comparison.failures:
        return []
    lines = ["", styled("!" * WIDTH, RED)]
    found: dict[tuple[str, str, str], list[Record]] = {}
    for r in comparison.failures:
        found.setdefault((r.contestant, r.operation, r.dtype), []).append(r)
    for records in found.values():
        first = records[0]
        sizes = ", ".join(dict.fromkeys(_size(r) for r in records))
        said = (
            f"WRONG RESULT: {_name(first)}, {first.operation} {first.dtype} {sizes}: {first.note}"
        )
        wrapped = textwrap.wrap(said, WIDTH, subsequent_indent="  ", max_lines=FAILURE_LINES)
        lines += [styled(line, RED) for line in wrapped]
    return [*lines, styled("!" * WIDTH, RED)]


# ---------------------------------------------------------------- one table


def section(records: list[Record]) -> list[str]:
    """The table of one operation and dtype."""
    matrices = records[0].operation == "matmul"
    sizes = sorted({r.size for r in records})
    largest = sizes[-1]
    baselines: tuple[str, ...] = (DGEMM, SGEMM) if matrices else (GMP,)
    if matrices and len(sizes) > SIZES_WITH_BOTH:
        baselines = (DGEMM,)
    best = {size: _best(records, size, matrices) for size in sizes}
    width = 6 if matrices else 5
    columns = [("", "", 25, "<"), ("", "thr", 3, ">")]
    columns += [
        (_above(size, matrices, i), _label(size, matrices), width, ">")
        for i, size in enumerate(sizes)
    ]
    columns += [("time at", _label(largest, matrices), 8, ">")]
    columns += [("", f"×{short_name(name)}", 6 if matrices else 5, ">") for name in baselines]
    columns += [
        ("exact, or largest", "error abs / rel", 17, "<")
        if matrices
        else ("", "exact, or off", 14, "<")
    ]
    rows: list[list[str] | None] = []
    lines = [styled(_title(records[0]), BOLD)]
    groups = [[r for r in records if (r.home == "fastmul") == ours] for ours in (True, False)]
    refused: list[Record] = []
    for group in groups:
        for by_size in _ranked(group, largest):
            if all(r.status == REFUSED for r in by_size.values()):
                refused += list(by_size.values())[-1:]
                continue
            rows.append(_row(by_size, sizes, best, baselines))
        rows.append(None)
    lines += text.table(columns, rows[:-1])
    return [*lines, *_refusals(refused), *_wrong_from(records)]


def _refusals(records: list[Record]) -> list[str]:
    """Who refuses at every size, by reason."""
    by_reason: dict[str, list[str]] = {}
    for r in records:
        by_reason.setdefault(_short(r.note), []).append(_name(r))
    said = [f"{', '.join(names)}: {reason}" for reason, names in by_reason.items()]
    return note("Refuse: " + "; ".join(said)) if said else []


def _wrong_from(records: list[Record]) -> list[str]:
    """From which of the sizes tried each float method's product of integers is not exact."""
    if records[0].operation == "matmul" and KINDS[records[0].dtype].rounds:
        return []
    first: dict[str, Record] = {}
    for r in records:
        if r.home == "float" and r.exact is False:
            first.setdefault(r.contestant, r)
    said = ", ".join(f"{name} from {_size(r)} on" for name, r in first.items())
    return note(f"Not exact, among the sizes tried: {said}") if said else []


def _ranked(records: list[Record], largest: int) -> list[dict[int, Record]]:
    """Each contestant's records by size, fastest at the largest size first, the unmeasured last."""
    found: dict[tuple[str, int], dict[int, Record]] = {}
    for r in records:
        found.setdefault((r.contestant, r.threads), {})[r.size] = r

    def order(by_size: dict[int, Record]) -> tuple[float, float]:
        measured = [r for r in by_size.values() if r.seconds]
        last = max(measured, key=lambda r: r.size, default=None)
        return (-last.size, last.seconds or math.inf) if last else (0, math.inf)

    return sorted(found.values(), key=order)


def _best(records: list[Record], size: int, matrices: bool) -> float | None:
    """The fastest time at `size` on the fewest threads, among right results."""
    threads = min(r.threads for r in records)
    times = [r.seconds for r in records
             if r.size == size and r.threads == threads and r.seconds and r.is_right]  # fmt: skip
    return min(times, default=None)


def _row(by_size: dict[int, Record], sizes: list[int], best: dict[int, float | None],
         baselines: Iterable[str]) -> list[str]:  # fmt: skip
    last = (
        by_size[sizes[-1]] if sizes[-1] in by_size else max(by_size.values(), key=lambda r: r.size)
    )
    name = styled(_name(last), BOLD) if last.home in ("fastmul", "yours") else _name(last)
    cells = [name, str(last.threads)]
    for size in sizes:
        r = by_size.get(size)
        cells.append(_rate(r, best[size]))
    if last.status != OK:
        measured = [r for r in by_size.values() if r.status == OK]
        verdict = (
            ", exact"
            if last.operation == "matmul" and measured and all(r.exact for r in measured)
            else ""
        )
        style = RED if last.status == WRONG else DIM
        said = (
            "WRONG RESULT"
            if last.status == WRONG
            else last.note
            if last.status == SKIPPED
            else "refuses"
        )
        return [*cells, " " + styled(said + verdict, style)]
    cells.append(duration(last.seconds or 0.0))
    cells += [
        significant(last.ratios[name], 2) if name in last.ratios else "" for name in baselines
    ]
    return [*cells, _verdict(last)]


def _rate(r: Record | None, best: float | None) -> str:
    if r is None:
        return ""
    if r.status == WRONG:
        return styled("WRONG", RED)
    if r.rate is None:
        return styled("-", DIM)
    shown = significant(r.rate)
    return styled(f"*{shown}", BOLD, GREEN) if r.seconds == best else shown


def _verdict(r: Record) -> str:
    if r.exact is None:
        return styled("another product", DIM)
    if r.exact:
        return styled("exact", GREEN)
    if r.operation == "mul":
        return styled(f"off, {r.wrong_entries:,} limbs", YELLOW)
    said = f"{r.max_abs_error:.0e} / {r.max_rel_error:.0e}"
    return said if KINDS[r.dtype].rounds else styled(f"off {said}", YELLOW)


def _title(r: Record) -> str:
    if r.operation == "mul":
        return "Integers: ns per limb (64 bits) of the product, by bits of each operand; lower is better"
    return f"Matrices of {KINDS[r.dtype].title}: GOP/s by n (n x n times n x n); higher is better"


def _above(size: int, matrices: bool, index: int) -> str:
    return ("n =" if matrices else "bits =") if index == 0 else ""


def _label(size: int, matrices: bool) -> str:
    power = size.bit_length() - 1
    return str(size) if matrices or size != 1 << power else f"2^{power}"


def _name(r: Record) -> str:
    return f"fastmul {r.contestant}" if r.home == "fastmul" else r.contestant


def short_name(baseline: str) -> str:
    """How a baseline is called in a heading: "BLAS dgemm" is dgemm, "GMP (gmpy2.mpz)" is GMP."""
    return baseline.removeprefix("BLAS ").partition(" ")[0]


def _size(r: Record) -> str:
    return f"n = {r.size}" if r.operation == "matmul" else f"{_label(r.size, False)} bits"


def _short(reason: str) -> str:
    """A refusal without the call that it restates."""
    return reason.split(": ", 1)[-1].rsplit("; ", 1)[0]


# ---------------------------------------------------------------- below the tables


def _changes(comparison: Findings) -> list[str]:
    if not comparison.changes:
        return []
    first = comparison.changes[0]
    set_name = next((c.kernel_set_name for c in comparison.changes if c.kernel_set_name), "other")
    columns = [("", "", 28, "<"), ("threads", "1 or all", 12, ">"), ("order of", "summation", 12, ">"),
               ("BLAS kernel set", f"this or {set_name}", 20, ">")]  # fmt: skip
    rows = [
        [c.contestant, *(_count(x) for x in (c.threads, c.k_order, c.kernel_set))]
        for c in comparison.changes
    ]
    title = (f"Does the product depend on how it is computed? "
             f"Entries of {first.entries:,} (n = {first.size}) that change")  # fmt: skip
    return ["", styled(title, BOLD), *text.table(columns, rows)]


def _count(value: int | None) -> str:
    if value is None:
        return styled("-", DIM)
    return styled(f"{value:,}", YELLOW) if value else styled("0", GREEN)


def _first_wrong(comparison: Findings) -> list[str]:
    if not comparison.first_wrong:
        return []
    lines = [
        "",
        styled("Where float methods stop being exact on integers", BOLD),
        styled("─" * WIDTH, DIM),
    ]
    for found in comparison.first_wrong:
        unit = "k" if found.operation == "matmul" else "bits"
        where = (styled(f"wrong from {unit} = {found.first_wrong:,}", YELLOW) if found.first_wrong
                 else f"right up to {unit} = {found.largest_tried:,}")  # fmt: skip
        lines.append(
            f"{found.contestant:<28} {text.pad(where, 30, '<')} {styled(found.operands, DIM)}"
        )
    return lines


def _compilation(comparison: Findings) -> list[str]:
    """What was compiled ahead, and first calls that took far longer than warm ones."""
    spent: dict[str, float] = {}
    for r in comparison.records:
        if r.home == "fastmul" and r.first_call_seconds and r.seconds:
            extra = r.first_call_seconds - r.seconds
            if extra > max(COMPILED_SECONDS, r.seconds):
                key = f"{r.contestant} {r.dtype}" if r.operation == "matmul" else r.contestant
                spent[key] = spent.get(key, 0.0) + extra
    lines = []
    if (ahead := comparison.compilation) and ahead.kernels:
        families = _listed(ahead.families)
        lines += note(f"{ahead.kernels} kernels, {ahead.processes} at a time, before the first case: {families}; "
                      f"done after {duration(ahead.seconds)}")  # fmt: skip
    if spent:
        lines += note(f"First calls: {_listed(spent)}; together {duration(sum(spent.values()))}")
    if lines:
        title = "Compiling (once per machine), or loading from the cache; not in the times above"
        lines = ["", styled(title, BOLD), *lines]
    return lines


def _listed(seconds: dict[str, float]) -> str:
    return ", ".join(f"{name} {duration(value)}" for name, value in seconds.items())


def _legend(comparison: Findings) -> list[str]:
    operations = {r.operation for r in comparison.records}
    lines = ["", styled("How to read this", BOLD), *note(_OF_TIMES)]
    if "matmul" in operations:
        lines += note(_OF_MATRICES)
    if "mul" in operations:
        lines += note(_OF_INTEGERS)
    return [*lines, *note(f"Took {comparison.seconds:.0f} s.")]


_OF_TIMES = (
    "* marks the fastest right result on the fewest threads; thr: threads; ×dgemm: its best time on at most as many "
    "threads / this time, so 2 is twice as fast. Times are the fastest of a few rounds in which all took turns; "
    f"calls longer than {SLOW_SECONDS:g} s run in one of them, or in none if far behind. fastmul's rows convert inside "
    "the time, peers and float GEMM get operands of their own types."
)
_OF_MATRICES = (
    "GOP/s = 2 n^3 / time / 10^9. Errors a / r: the largest, and the same relative to the largest entry; off: not the "
    "exact integers; fastmul's row numpy hands integers to NumPy @. Integer products are compared whole, float "
    "products in "
    f"{CHECKED_ROWS} rows, with a product found without fastmul. Integer entries are as large as the result allows."
)
_OF_INTEGERS = (
    "fastmul's rows work on gmpy2.mpz, auto (int) and numpy.fft on Python's int, auto (limbs) on uint64 arrays. "
    "Its row python is Python's product. Results are compared with GMP's, and GMP's with a product modulo 2^61 - 1."
)
