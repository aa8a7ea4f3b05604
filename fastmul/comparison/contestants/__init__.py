"""Who multiplies: one list per operation, of fastmul's table rows and of every peer found here."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fastmul.comparison.contestants.contestant import Contestant, Refusal
from fastmul.comparison.contestants.own import own_contestant

__all__ = ["Contestant", "Refusal", "contestants", "own_contestant"]


def contestants(operation: str) -> list[Contestant]:
    """Every contestant of "mul", "matmul" or "matrices" (matmul in its whole breadth) that can run here."""
    from fastmul.comparison.contestants import integers, matrices, picture

    found: dict[str, Callable[[], list[Any]]] = {
        "mul": integers.contestants,
        "matmul": matrices.contestants,
        "matrices": lambda: [*matrices.contestants(), *picture.contestants()],
    }
    return found[operation]()
