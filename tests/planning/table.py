"""A made-up operation with a table, to test planning apart from any real algorithm."""

from __future__ import annotations

from dataclasses import dataclass

from fastmul.planning.algorithm import Algorithm, Operation, never


@dataclass(frozen=True)
class Size:
    n: int

    def __str__(self) -> str:
        return f"size {self.n}"


def even_only(problem: Size) -> str | None:
    return "the size is odd" if problem.n % 2 else None


def small_only(problem: Size) -> str | None:
    return f"{problem.n} exceeds 100" if problem.n > 100 else None


def row(name, refuses, cost):
    return Algorithm(name, lambda problem: name, refuses, cost, "summary", "O(n)", "source")


SIMPLE = row("simple", never, lambda problem: 1e-6 * problem.n)
EVEN = row("even", even_only, lambda problem: 1e-7 * problem.n + 1e-6)
SMALL = row("small", small_only, lambda problem: 0.0)
TOY = Operation("toy", (SIMPLE, EVEN, SMALL), Size)
FUSSY = Operation("fussy", (EVEN, SMALL), Size)


def toy(n: int) -> str:
    raise AssertionError("explaining must not compute")


toy.operation = TOY  # type: ignore[attr-defined]
