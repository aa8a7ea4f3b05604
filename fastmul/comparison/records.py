"""What a comparison finds: one record per contestant and case, and the facts around them."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from fastmul.comparison.contestants.matrices import SGEMM
from fastmul.comparison.kinds import KINDS

#: Version of the JSON layout; it changes when a field changes its meaning.
SCHEMA = 1

OK, WRONG, SKIPPED, REFUSED = "ok", "wrong", "skipped", "refused"


@dataclass
class Record:
    """One contestant on one case."""

    operation: str  # "mul" or "matmul"
    contestant: str
    home: str  # "fastmul", "float", "peer" or "yours"
    dtype: str  # of matrix entries; "integer" for mul
    size: int  # n of n x n matrices; bits of each integer
    threads: int
    status: str  # OK, WRONG, SKIPPED or REFUSED
    note: str = ""  # why, unless OK
    seconds: float | None = None  # the fastest run
    median_seconds: float | None = None
    runs: int = 0
    first_call_seconds: float | None = None  # compilation, or loading from the cache, included
    rate: float | None = None  # matmul: GOP/s = 2 n^3 / t / 1e9; mul: ns per limb of the product
    ratios: dict[str, float] = field(default_factory=dict)  # baseline name -> its time / ours
    exact: bool | None = None
    max_abs_error: float | None = None
    max_rel_error: float | None = None  # max_abs_error over the largest entry of the true product
    wrong_entries: int | None = None  # of matrices; of integers, wrong limbs

    @property
    def is_right(self) -> bool:
        """Exact; or, of floats, computed in no narrower type than the operands'."""
        if self.operation == "matmul" and KINDS[self.dtype].rounds:
            return self.status == OK and not (self.contestant == SGEMM and self.dtype == "float64")
        return self.status == OK and bool(self.exact)


@dataclass
class Changes:
    """How many entries of one contestant's product differ when only the circumstances do."""

    contestant: str
    dtype: str
    size: int
    entries: int
    threads: int | None = None  # None: does not apply here
    k_order: int | None = None
    kernel_set: int | None = None
    kernel_set_name: str = ""


@dataclass
class FirstWrong:
    """The first size at which a float method's product of integers is not exact."""

    contestant: str
    operation: str
    dtype: str
    first_wrong: int | None  # None: right at every size tried
    largest_tried: int
    operands: str


@dataclass
class Compilation:
    """What was compiled before the first case."""

    kernels: int
    processes: int  # that compiled side by side
    seconds: float  # until all were done
    families: dict[str, float] = field(default_factory=dict)  # seconds, of all processes together


@dataclass
class Findings(Sequence[Record]):
    """All that a comparison finds: a sequence of records."""

    records: list[Record]
    machine: dict[str, Any]
    warnings: list[str]
    changes: list[Changes]
    first_wrong: list[FirstWrong]
    seconds: float
    compilation: Compilation | None = None

    def __getitem__(self, index: Any) -> Any:
        return self.records[index]

    def __len__(self) -> int:
        return len(self.records)

    def __iter__(self) -> Iterator[Record]:
        return iter(self.records)

    @property
    def in_breadth(self) -> bool:
        """Whether it is more than the dtypes' own products."""
        return any(r.operation == "matmul" and not KINDS[r.dtype].is_machine for r in self.records)

    @property
    def failures(self) -> list[Record]:
        """Contestants that claim a result they did not deliver."""
        return [r for r in self.records if r.status == WRONG]

    def as_dict(self) -> dict[str, Any]:
        """Plain data for JSON; an infinite error becomes None."""
        return {
            "schema": SCHEMA,
            "machine": self.machine,
            "warnings": self.warnings,
            "seconds": self.seconds,
            "records": [
                {name: finite(value) for name, value in asdict(r).items()} for r in self.records
            ],
            "changes": [asdict(c) for c in self.changes],
            "first_wrong": [asdict(f) for f in self.first_wrong],
            "compilation": asdict(self.compilation) if self.compilation else None,
        }


def finite(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value
