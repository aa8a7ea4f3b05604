"""What compare("integers") finds."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from fastmul.comparison.big_integers.crossovers import Crossover
from fastmul.comparison.big_integers.errors import TransformError
from fastmul.comparison.big_integers.memory import Peak
from fastmul.comparison.records import OK, SCHEMA, WRONG, Record, finite


@dataclass
class IntegerComparison:
    """Speeds, crossovers, memory and the errors of the float transform; its repr is the report."""

    machine: dict[str, Any]
    warnings: list[str]
    records: list[Record]
    crossovers: list[Crossover]
    peaks: list[Peak]
    errors: list[TransformError]
    seconds: float

    @property
    def failures(self) -> list[Record | TransformError]:
        """Contestants that claim a product they did not deliver, and errors beyond their bound."""
        wrong = [r for r in self.records if r.status == WRONG]
        return [*wrong, *(e for e in self.errors if not e.error <= e.bound)]

    def as_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        lists = {
            name: [
                {key: finite(x) for key, x in asdict(item).items()} for item in getattr(self, name)
            ]
            for name in ("records", "crossovers", "peaks", "errors")
        }
        return {
            "schema": SCHEMA, "machine": self.machine, "warnings": self.warnings, "seconds": self.seconds, **lists,
        }  # fmt: skip

    def __repr__(self) -> str:
        from fastmul.comparison.big_integers.report import render

        return render(self)


def curves(records: list[Record], *, threads: int = 1) -> dict[str, dict[int, float]]:
    """Seconds by contestant and bits, of right products on so many threads."""
    found: dict[str, dict[int, float]] = {}
    for r in records:
        if r.status == OK and r.threads == threads and r.seconds:
            found.setdefault(r.contestant, {})[r.size] = r.seconds
    return found
