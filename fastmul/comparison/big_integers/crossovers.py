"""From which size on one way to multiply is faster than another: measured, and where `auto` changes."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise

Curve = dict[int, float]  # seconds by bits


@dataclass
class Crossover:
    """The first size from which `to` is faster than `before` at every larger size measured."""

    before: str
    to: str
    bits: float | None  # between two sizes, where straight lines in logarithms meet; None: nowhere


def between(before: str, slow: Curve, to: str, fast: Curve) -> Crossover:
    """Where `fast` overtakes for good."""
    sizes = sorted(slow.keys() & fast.keys())
    ahead = [fast[n] < slow[n] for n in sizes]
    if not sizes or not ahead[-1]:
        return Crossover(before, to, None)
    first = len(ahead) - next((i for i, x in enumerate(reversed(ahead)) if not x), len(ahead))
    if first == 0:
        return Crossover(before, to, float(sizes[0]))
    left, right = sizes[first - 1], sizes[first]
    lead_before, lead = (math.log(slow[n] / fast[n]) for n in (left, right))
    part = -lead_before / (lead - lead_before)
    return Crossover(before, to, left * (right / left) ** part)


def of_rows(curves: dict[str, Curve], names: tuple[str, ...]) -> list[Crossover]:
    """Where the fastest of these changes."""
    sizes = sorted({n for name in names for n in curves.get(name, {})})
    fastest = [
        min((name for name in names if n in curves.get(name, {})), key=lambda x: curves[x][n])
        for n in sizes
    ]
    changes = [(a, b) for a, b in pairwise(fastest) if a != b]
    return [between(a, curves[a], b, curves[b]) for a, b in dict.fromkeys(changes)]
