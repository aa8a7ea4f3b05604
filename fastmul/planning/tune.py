"""Fitting the cost curves of table rows on this machine, and keeping them with their provenance.

A trial is a row, a problem and a call that carries it out. Which curve the row's cost reads, at which size and
with which factor, is asked of the cost itself; the measured time, divided by the factor, is a point of it.
"""

from __future__ import annotations

import datetime
import json
import os
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fastmul.planning import cost
from fastmul.planning.algorithm import Algorithm

#: A curve ends at the first size that takes longer: beyond it runs straight on.
LONGEST_SECONDS = 0.5
#: Each point is the fastest of at least so many samples, and of as many as fit this time.
SAMPLES, POINT_SECONDS = 3, 0.03
#: A sample repeats short calls until it lasts this long.
SAMPLE_SECONDS = 1e-4
#: Digits kept of a time: more would be noise.
DIGITS = 3

Curves = dict[str, list[list[float]]]


@dataclass(frozen=True)
class Trial:
    """One point to measure. ``prepare()`` makes the operands and returns the call."""

    row: Algorithm
    problem: Any
    prepare: Callable[[], Callable[[], Any]]


@dataclass(frozen=True)
class Reading:
    """What a cost reads: `factor` times the curve at `size`."""

    curve: str
    size: float
    factor: float


def reading(row: Algorithm, problem: Any) -> Reading | None:
    """The one point of one curve that the row's cost reads for `problem`; None if it reads several."""
    with cost.asking() as asked:
        factor = row.cost(problem)
    if len(set(asked)) != 1:
        return None
    (curve, size), *_ = asked
    return Reading(curve, size, factor)


def fit(
    trials: Iterable[Trial],
    tell: Callable[[str], None] = lambda text: None,
    wanted: Callable[[str], bool] = lambda curve: True,
) -> Curves:
    """The wanted curves that the trials' rows read, measured; trials come in order of growing size."""
    found: dict[str, dict[float, float]] = defaultdict(dict)
    finished: set[str] = set()
    for trial in trials:
        point = reading(trial.row, trial.problem)
        if point is None or not wanted(point.curve) or point.curve in finished:
            continue
        if point.size in found[point.curve]:
            continue
        tell(f"{point.curve} at {point.size:g}")
        seconds = fastest(trial.prepare()) / point.factor
        found[point.curve][point.size] = float(f"{seconds:.{DIGITS}g}")
        if seconds > LONGEST_SECONDS:
            finished.add(point.curve)
    return {
        name: [[size, points[size]] for size in sorted(points)]
        for name, points in found.items()
        if points
    }


def fastest(call: Callable[[], Any]) -> float:
    """Seconds of the fastest run, after one that compiles and warms."""
    call()
    start = time.perf_counter()
    call()
    warm = time.perf_counter() - start
    if warm > LONGEST_SECONDS:
        return warm
    repeats = max(1, round(SAMPLE_SECONDS / max(warm, 1e-9)))
    best, deadline = warm, time.perf_counter() + POINT_SECONDS
    for i in range(1000):
        if i >= SAMPLES and time.perf_counter() > deadline:
            break
        start = time.perf_counter()
        for _ in range(repeats):
            call()
        best = min(best, (time.perf_counter() - start) / repeats)
    return best


def provenance(machine: str, command: str) -> dict[str, str]:
    """Where and how curves were measured."""
    return {"machine": machine, "date": datetime.date.today().isoformat(), "command": command}


def save(path: Path, curves: Curves, origin: dict[str, str]) -> None:
    """Write curves and provenance to `path`, whole or not at all, one curve a line; then read costs anew."""
    lines = ",\n".join(
        f"  {json.dumps(name)}: {json.dumps(points)}" for name, points in sorted(curves.items())
    )
    text = f'{{\n "provenance": {json.dumps(origin)},\n "curves": {{\n{lines}\n }}\n}}\n'
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    with os.fdopen(handle, "w") as file:
        file.write(text)
    os.chmod(temporary, 0o644)
    os.replace(temporary, path)
    cost.forget()
