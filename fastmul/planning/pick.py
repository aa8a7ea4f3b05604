"""Choosing: the cheapest row that does not refuse, or the named one if it does not."""

from __future__ import annotations

from typing import Any

from fastmul.exceptions import AlgorithmError
from fastmul.planning.algorithm import Algorithm, Operation


def pick(operation: Operation, problem: Any, algorithm: str = "auto") -> Algorithm:
    """The row that runs `problem`.

    Raises
    ------
    AlgorithmError : the named row does not exist or refuses, or every row does; says why, and what would do.
    """
    if algorithm != "auto":
        row = operation[algorithm]
        if reason := row.refuses(problem):
            able = ", ".join(repr(r.name) for r in able_rows(operation, problem)) or "no algorithm"
            raise AlgorithmError(
                f"{operation.name}(algorithm={algorithm!r}) refuses {problem}: {reason}; {able} would do"
            )
        return row
    rows = able_rows(operation, problem)
    if not rows:
        reasons = "; ".join(f"{row.name}: {row.refuses(problem)}" for row in operation.table)
        raise AlgorithmError(f"{operation.name} cannot do {problem}: {reasons}")
    return cheapest(operation, problem, rows)


def cheapest(operation: Operation, problem: Any, rows: list[Algorithm]) -> Algorithm:
    """The one of these rows with the least predicted time."""
    similar = operation.similar(problem)
    return min(rows, key=lambda row: row.cost(similar))


def able_rows(operation: Operation, problem: Any) -> list[Algorithm]:
    return [row for row in operation.table if row.refuses(problem) is None]
