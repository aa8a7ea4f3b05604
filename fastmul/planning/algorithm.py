"""The row of a table: one algorithm of one operation."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from fastmul.exceptions import AlgorithmError


@dataclass(frozen=True, slots=True)
class Algorithm:
    """One way to carry out an operation.

    ``run(problem, *operands)`` computes. ``refuses(problem)`` says why it would be inexact or impossible, or
    None: correctness, from `fastmul.bounds`. ``cost(problem)`` predicts seconds on this machine: speed. The two
    never mix, so an automatic choice can be slow but never wrong.
    """

    name: str
    run: Callable[..., Any]
    refuses: Callable[[Any], str | None]
    cost: Callable[[Any], float]
    summary: str
    complexity: str
    source: str


def itself(problem: Any) -> Any:
    return problem


@dataclass(frozen=True, slots=True)
class Operation:
    """An operation's name, its table of algorithms, and how its arguments become a problem.

    ``similar(problem)`` is the problem whose costs decide for this one: rounded sizes, where there are so many
    sizes that choices would not be worth remembering. Refusals always go by the problem itself.
    """

    name: str
    table: tuple[Algorithm, ...]
    problem: Callable[..., Any]
    similar: Callable[[Any], Any] = itself

    def __getitem__(self, name: str) -> Algorithm:
        for row in self.table:
            if row.name == name:
                return row
        raise AlgorithmError(
            f"{self.name} has no algorithm {name!r}; it has 'auto', "
            + ", ".join(repr(row.name) for row in self.table)
        )

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(row.name for row in self.table)


def never(problem: Any) -> None:
    """The `refuses` of an algorithm that is right for every problem."""
    return None
