"""explain(operation, ...): each algorithm's refusal or predicted time, and which one `auto` takes."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from fastmul.planning.algorithm import Operation
from fastmul.planning.pick import able_rows, cheapest


@dataclass(frozen=True)
class Line:
    """One algorithm's fate: `refusal`, or `seconds` predicted."""

    algorithm: str
    refusal: str | None
    seconds: float | None

    @property
    def fate(self) -> str:
        """In words."""
        if self.refusal or self.seconds is None:
            return f"refuses: {self.refusal}"
        if math.isinf(self.seconds):
            return "not measured at such sizes, so never chosen by itself"
        return f"about {format_seconds(self.seconds)}"


@dataclass(frozen=True)
class Explanation:
    """What `explain` returns; its repr is a table."""

    operation: str
    problem: Any
    chosen: str | None
    lines: tuple[Line, ...]

    def __repr__(self) -> str:
        """What is chosen, the other able ones from fast to slow, then the refusals, those for one reason together."""
        able = [line for line in self.lines if line.seconds is not None]
        able.sort(key=lambda line: (line.algorithm != self.chosen, line.seconds))
        width = max((len(line.algorithm) for line in able), default=0)
        rows = [f"{self.operation}: {self.problem}"]
        for line in able:
            mark = "->" if line.algorithm == self.chosen else "  "
            rows.append(f"{mark} {line.algorithm:<{width}}  {line.fate}")
        reasons: dict[str | None, list[str]] = {}
        for line in self.lines:
            if line.seconds is None:
                reasons.setdefault(line.refusal, []).append(line.algorithm)
        for reason, names in reasons.items():
            verb = "refuses" if len(names) == 1 else "refuse"
            rows.append(f"   {', '.join(names)} {verb}: {reason}")
        return "\n".join(rows)


def explain(function: Callable[..., Any], *args: Any, **kwargs: Any) -> Explanation:
    """Say which algorithm ``function(*args, **kwargs)`` would take, and why not the others.

    Nothing is multiplied.

    Parameters
    ----------
    function : an operation with a table, such as `fastmul.mul` or `fastmul.matmul`.
    *args, **kwargs : its arguments.

    Returns
    -------
    Explanation : its `chosen` is the name of the algorithm, its `lines` the fate of each, its repr a table.

    Raises
    ------
    TypeError : the function has no table of algorithms.

    Examples
    --------
    >>> import fastmul
    >>> fastmul.explain(fastmul.mul, 3, 5).chosen
    'python'
    """
    operation = getattr(function, "operation", None)
    if not isinstance(operation, Operation):
        raise TypeError(
            f"explain needs an operation with algorithms, such as fastmul.mul; got {function!r}"
        )
    # one table for some operands, another for others
    if operation_of := getattr(function, "operation_of", None):
        operation = operation_of(*args, **kwargs)
    return explain_problem(operation, operation.problem(*args, **kwargs))


def explain_problem(operation: Operation, problem: Any) -> Explanation:
    lines = []
    for row in operation.table:
        refusal = row.refuses(problem)
        lines.append(Line(row.name, refusal, None if refusal else row.cost(problem)))
    able = able_rows(operation, problem)
    chosen = cheapest(operation, problem, able).name if able else None
    return Explanation(operation.name, problem, chosen, tuple(lines))


def format_seconds(seconds: float) -> str:
    """Seconds for a person: three digits and a unit.

    >>> format_seconds(0.0123), format_seconds(2.5e-7)
    ('12.3 ms', '250 ns')
    """
    for unit, scale in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        if seconds >= scale:
            return f"{seconds / scale:.3g} {unit}"
    return f"{seconds / 1e-9:.3g} ns"


def format_bytes(n_bytes: int) -> str:
    """A number of bytes for a person: three digits and a binary unit.

    >>> format_bytes(1000), format_bytes(123 << 20)
    ('1000 B', '123 MiB')
    """
    for unit, scale in (("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)):
        if n_bytes >= scale:
            return f"{n_bytes / scale:.3g} {unit}"
    return f"{n_bytes} B"
