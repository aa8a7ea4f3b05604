"""What compare("lowprecision") finds."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from fastmul.comparison.low_precision.errors import Errors, Width
from fastmul.comparison.low_precision.orders import Spread
from fastmul.comparison.low_precision.speed import Speed
from fastmul.comparison.records import SCHEMA


@dataclass
class LowPrecisionComparison:
    """Speeds, errors and their causes; its repr is the report."""

    machine: dict[str, Any]
    warnings: list[str]
    threads: int
    tokens: int
    speeds: list[Speed]
    errors: list[Errors]
    widths: list[Width]
    spreads: list[Spread]
    seconds: float

    @property
    def failures(self) -> list[Speed]:
        """Products of fastmul's that are not the exact ones, rounded once."""
        return [speed for speed in self.speeds if speed.is_right is False]

    def as_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        lists = {
            name: [asdict(item) for item in getattr(self, name)]
            for name in ("speeds", "errors", "widths", "spreads")
        }
        return {
            "schema": SCHEMA, "machine": self.machine, "warnings": self.warnings, "threads": self.threads,
            "tokens": self.tokens, "seconds": self.seconds, **lists,
        }  # fmt: skip

    def __repr__(self) -> str:
        from fastmul.comparison.low_precision.report import render

        return render(self)
