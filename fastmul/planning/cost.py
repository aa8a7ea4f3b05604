"""Predicted seconds: curves measured on a machine, interpolated.

A curve is a row's time at a few sizes, straight between them in log-log scale and straight on beyond the last.
The curves that ship were measured on the machine named in costs.json; `fastmul tune` measures this machine's and
keeps them, with their provenance, in the user's cache folder.
"""

from __future__ import annotations

import contextlib
import json
import math
from bisect import bisect_right
from collections.abc import Callable, Iterator
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

SHIPPED = Path(__file__).with_name("costs.json")


#: No algorithm's time grows faster than this power of its size: the classical matrix product.
STEEPEST = 3.0


def tuned_path() -> Path:
    """Where `fastmul tune` keeps this machine's curves."""
    from fastmul.runtime.cache import root

    return root() / "costs.json"


@cache
def _measured() -> tuple[dict[str, list[list[float]]], dict[str, Any]]:
    """Every curve by name, this machine's before the shipped ones; and where they were measured."""
    found, provenance = _read(SHIPPED)
    try:
        tuned, tuned_provenance = _read(tuned_path())
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        # not tuned, or a damaged file: the shipped curves are right for choosing, only less sharp
        return found, provenance
    return {**found, **tuned}, tuned_provenance


def _read(path: Path) -> tuple[dict[str, list[list[float]]], dict[str, Any]]:
    stored = json.loads(path.read_text())
    for name, points in stored["curves"].items():
        sizes = [size for size, _ in points]
        times = [seconds for _, seconds in points]
        if (
            not points
            or sizes != sorted(set(sizes))
            or not all(0 < x < math.inf for x in sizes + times)
        ):
            raise ValueError(
                f"{path}: curve {name} is no list of increasing sizes with positive times"
            )
    return dict(stored["curves"]), dict(stored["provenance"])


def curves() -> dict[str, list[list[float]]]:
    """Every curve by name, this machine's before the shipped ones."""
    return _measured()[0]


def provenance() -> dict[str, Any]:
    """Where the curves in use were measured: machine, date, command."""
    return _measured()[1]


_asked: list[tuple[str, float]] | None = None


@contextlib.contextmanager
def asking() -> Iterator[list[tuple[str, float]]]:
    """Collect the (curve, size) pairs that costs ask for, and answer one second to each.

    So `fastmul tune` learns which curve a row's cost reads, and with which factor, from the row itself.
    """
    global _asked
    seconds.cache_clear()
    _asked = []
    try:
        yield _asked
    finally:
        _asked = None
        seconds.cache_clear()


@lru_cache(maxsize=4096)
def seconds(curve: str, size: float) -> float:
    """The predicted time of `curve` at `size`; infinite for a curve that nobody measured."""
    if _asked is not None:
        _asked.append((curve, size))
        return 1.0
    points = curves().get(curve)
    if not points:
        return math.inf
    if len(points) == 1:
        return points[0][1] * size / points[0][0]
    i = min(max(bisect_right(points, [size, math.inf]), 1), len(points) - 1)
    (x0, y0), (x1, y1) = points[i - 1], points[i]
    slope = math.log(y1 / y0) / math.log(x1 / x0)
    if size < points[0][0]:
        slope = min(slope, 1.0)  # below the first size a fixed cost remains
    elif size > points[-1][0]:
        x0, y0 = x1, y1
        slope = min(
            max(slope, 1.0), STEEPEST
        )  # two points alone: one disturbed sample must not carry far
    return y0 * (max(size, 1e-9) / x0) ** slope


_decisions: list[Callable[[], None]] = []


def clear_with_curves(clear: Callable[[], None]) -> None:
    """Have `clear` called whenever the curves change: it forgets choices that were made by them."""
    _decisions.append(clear)


def forget() -> None:
    """Read the curves anew (after `fastmul tune`)."""
    for clear in _decisions:
        clear()
    _measured.cache_clear()
    seconds.cache_clear()
