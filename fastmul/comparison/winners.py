"""Where each algorithm wins: of every kind and size, the fastest of fastmul's rows, beside the best peer."""

from __future__ import annotations

from collections.abc import Iterable

from fastmul.comparison import text
from fastmul.comparison.records import Findings, Record
from fastmul.comparison.text import BOLD, GREEN, YELLOW, note, significant, styled

KIND_WIDTH, CELL_WIDTH = 18, 15
#: Of a row's name, in a cell with a ratio.
NAME_WIDTH = 10


def winner(records: Iterable[Record], rows: tuple[str, ...]) -> tuple[Record, Record | None] | None:
    """The fastest right record of the table's rows on the fewest threads, and the fastest of the peers."""
    timed = [r for r in records if r.seconds and r.is_right]
    least = min((r.threads for r in timed), default=1)
    ours = [r for r in timed if r.threads == least and r.home == "fastmul" and r.contestant in rows]
    peers = [r for r in timed if r.threads == least and r.home != "fastmul"]
    if not ours:
        return None
    return min(ours, key=_seconds), min(peers, key=_seconds, default=None)


def _seconds(record: Record) -> float:
    return record.seconds or 0.0


def section(comparison: Findings) -> list[str]:
    """A table of kinds by sizes."""
    from fastmul.matrices.multiplication import MATMUL

    of_case: dict[tuple[str, int], list[Record]] = {}
    for r in comparison:
        if r.operation == "matmul":
            of_case.setdefault((r.dtype, r.size), []).append(r)
    sizes = sorted({size for _, size in of_case})
    kinds = list(dict.fromkeys(kind for kind, _ in of_case))
    columns = [("", "n =", KIND_WIDTH, "<"), *(("", str(n), CELL_WIDTH, "<") for n in sizes)]
    rows = [
        [kind, *(_cell(winner(of_case.get((kind, n), ()), MATMUL.names)) for n in sizes)]
        for kind in kinds
    ]
    return [styled("Where each algorithm wins", BOLD), *text.table(columns, rows), *note(_MEANING)]


_MEANING = (
    "The fastest row of fastmul's table on the fewest threads, and how many times as fast as the fastest right peer "
    "it is (float GEMM among them where its product is right)."
)


def _cell(found: tuple[Record, Record | None] | None) -> str:
    if found is None:
        return "-"
    ours, peer = found
    name = ours.contestant
    if len(name) > NAME_WIDTH:
        name = name[: NAME_WIDTH - 1] + "…"
    if peer is None:
        return name
    ratio = _seconds(peer) / _seconds(ours)
    return f"{name} " + styled(significant(ratio, 2), GREEN if ratio >= 1 else YELLOW)
