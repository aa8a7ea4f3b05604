"""What a comparison runs: the caller's choices, checked, as cases and contestants."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np

from fastmul.comparison import cases
from fastmul.comparison.cases import Case, IntegerCase, MatrixCase
from fastmul.comparison.contestants import Contestant, own_contestant
from fastmul.comparison.contestants import contestants as known_contestants
from fastmul.comparison.contestants.matrices import DGEMM, SGEMM
from fastmul.comparison.kinds import KINDS
from fastmul.runtime.threads import available_cpus

#: All that is compared when nothing is chosen; and matmul in its whole breadth.
OPERATIONS, BREADTH = ("matmul", "mul"), "matrices"
#: Contestants that also run on all CPUs when the caller names no thread count.
ON_ALL_CPUS = ("auto", DGEMM, SGEMM)

Functions = Mapping[str, Callable[[Any, Any], Any]]


def operations_of(operations: str | Iterable[str]) -> tuple[str, ...]:
    chosen = (operations,) if isinstance(operations, str) else tuple(operations)
    for name in chosen:
        if name not in (*OPERATIONS, BREADTH):
            known = ", ".join((*OPERATIONS, BREADTH))
            raise ValueError(f"compare knows the operations {known}, not {name!r}")
    return chosen


def thread_counts(threads: int | Iterable[int] | None) -> tuple[int, ...]:
    if threads is None:
        return tuple(sorted({1, available_cpus()}))
    counts = (threads,) if isinstance(threads, (int, np.integer)) else tuple(threads)
    if not counts or min(counts) < 1:
        raise ValueError(f"threads must be positive integers, got {threads!r}")
    return counts


def cases_of(
    operations: tuple[str, ...], sizes: Iterable[int] | None, dtypes: Iterable[str] | None
) -> list[Case]:
    found: list[Case] = []
    if BREADTH in operations:
        for name in _kinds(dtypes, cases.BREADTH_DTYPES):
            large = cases.SCHEME_SIZES if name in cases.SCHEME_DTYPES else ()
            found += [MatrixCase(n, name) for n in sizes_of(sizes, (*cases.MATRIX_SIZES, *large))]
    elif "matmul" in operations:
        for name in _kinds(dtypes, cases.MATRIX_DTYPES):
            found += [MatrixCase(n, name) for n in sizes_of(sizes, cases.MATRIX_SIZES)]
    if "mul" in operations:
        found += [IntegerCase(bits) for bits in sizes_of(sizes, cases.INTEGER_SIZES)]
    return found


def _kinds(names: Iterable[str] | None, default: tuple[str, ...]) -> tuple[str, ...]:
    chosen = default if names is None else tuple(names)
    for name in chosen:
        if name not in KINDS:
            raise ValueError(f"compare knows the dtypes {', '.join(KINDS)}, not {name!r}")
    return chosen


def sizes_of(sizes: Iterable[int] | None, default: tuple[int, ...]) -> list[int]:
    ordered = sorted(set(default if sizes is None else sizes))
    if not ordered or ordered[0] < 1:
        raise ValueError(f"sizes must be positive integers, got {ordered}")
    return ordered


def entrants(case: Case, in_breadth: bool, counts: tuple[int, ...], by_default: bool,
             algorithms: Iterable[str] | None, own: Functions) -> list[tuple[Contestant, int]]:  # fmt: skip
    """Who runs this case, on how many threads."""
    broad = in_breadth and case.operation == "matmul"
    everyone = known_contestants(BREADTH if broad else case.operation)
    if algorithms is not None:
        wanted = set(algorithms)
        known = {_algorithm(c) for c in everyone if c.home == "fastmul"}
        if unknown := wanted - known:
            raise ValueError(
                f"no algorithm {sorted(unknown)}; {case.operation} has {sorted(known)}"
            )
        everyone = [c for c in everyone if c.home != "fastmul" or _algorithm(c) in wanted]
    else:
        peers = {c.name for c in everyone if c.takes(case)}
        everyone = [c for c in everyone if c.same_as not in peers]
    everyone += [own_contestant(case.operation, name, function) for name, function in own.items()]
    found = []
    for contestant in everyone:
        if not contestant.takes(case):
            continue
        for count in counts:
            if count == min(counts) or (
                contestant.threaded and (not by_default or contestant.name in ON_ALL_CPUS)
            ):
                found.append((contestant, count if contestant.threaded else 1))
    return found


def _algorithm(contestant: Contestant) -> str:
    """The table's name in a contestant's: "auto (int)" is "auto"."""
    return contestant.name.partition(" (")[0]
