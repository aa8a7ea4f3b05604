"""Linear forms as straight-line programs: what several forms share is formed once.

Values 0, 1, ... are the inputs; every `Sum` makes the next one. Taking out, again and again, the pair of terms that
most forms share (Paar, ISIT 1997) finds, of Winograd's coefficients, Winograd's fifteen additions.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations
from math import gcd, lcm

Row = Sequence[Fraction]


@dataclass(frozen=True)
class Sum:
    """value = x + factor * y; without y, value = factor * x."""

    value: int
    x: int
    y: int | None
    factor: Fraction


@dataclass(frozen=True)
class Program:
    """`sums` make the values `inputs`, `inputs` + 1, ...; form i is factors[i] times the value results[i]."""

    inputs: int
    sums: tuple[Sum, ...]
    results: tuple[int, ...]
    factors: tuple[Fraction, ...]

    @property
    def additions(self) -> int:
        return sum(s.y is not None for s in self.sums)


def primitive(row: Row) -> tuple[tuple[Fraction, ...], Fraction]:
    """A form without its content: integers with no common factor, not all negative; and the content.

    >>> row, content = primitive((Fraction(0), Fraction(-1, 2), Fraction(-1)))
    >>> [int(c) for c in row], content
    ([0, 1, 2], Fraction(-1, 2))
    """
    nonzero = [c for c in row if c]
    content = Fraction(gcd(*(c.numerator for c in nonzero)), lcm(*(c.denominator for c in nonzero)))
    if all(c < 0 for c in nonzero):
        content = -content
    return tuple(c / content for c in row), content


def program(rows: Sequence[Row], ready: Sequence[int], share: bool = True) -> Program:
    """A program for the forms, each up to a factor; `ready` says when each input comes, and terms are summed in that
    order. Unless `share`, each form is summed by itself.

    Sums have integer factors, so that every ring can form them.
    """
    times = list(ready)
    sums: list[Sum] = []

    def make(x: int, y: int | None, factor: Fraction) -> int:
        sums.append(Sum(len(times), x, y, factor))
        times.append(times[x] if y is None else max(times[x], times[y]))
        return sums[-1].value

    normal = [primitive(row) for row in rows]
    forms = [{i: c for i, c in enumerate(row) if c} for row, _ in normal]
    while share and (shared := _most_shared_pair(forms, times)):
        x, y, sign = shared
        value = make(x, y, sign)
        for form in forms:
            if x in form and form.get(y) == sign * form[x]:
                form[value] = form.pop(x)
                del form[y]
    results, factors = [], []
    for form, (_, content) in zip(forms, normal, strict=True):
        waiting = sorted(form, key=lambda value: (times[value], value))
        total = next((value for value in waiting if form[value] == 1), waiting[0])
        waiting.remove(total)
        if not waiting:
            content *= form[total]
        elif form[total] != 1:
            total = make(total, None, form[total])
        for value in waiting:
            total = make(total, value, form[value])
        results.append(total)
        factors.append(content)
    return Program(len(ready), tuple(sums), tuple(results), tuple(factors))


def accumulation(rows: Sequence[Row]) -> Program:
    """A program that adds each input, as soon as it comes, to all forms that contain it: it is needed no longer.

    A form begins with its first input itself, unless another form does already; then with a multiple or a copy of it.
    """
    inputs = len(rows[0])
    sums: list[Sum] = []
    totals: list[int | None] = [None] * len(rows)
    for x in range(inputs):
        first_uses = [i for i, row in enumerate(rows) if row[x] and totals[i] is None]
        heir = next((i for i in first_uses if rows[i][x] == 1), None)
        for i, row in enumerate(rows):
            total = totals[i]
            if i == heir:
                totals[i] = x
            elif row[x]:
                value = inputs + len(sums)
                sums.append(
                    Sum(value, x, None, row[x]) if total is None else Sum(value, total, x, row[x])
                )
                totals[i] = value
    results = tuple(total for total in totals if total is not None)
    return Program(inputs, tuple(sums), results, (Fraction(1),) * len(results))


def with_factors(made: Program) -> Program:
    """The program whose results are the forms themselves, each with a value of its own."""
    sums, results = list(made.sums), []
    for result, factor in zip(made.results, made.factors, strict=True):
        if factor != 1 or result in results:
            sums.append(Sum(made.inputs + len(sums), result, None, factor))
            result = sums[-1].value
        results.append(result)
    return Program(made.inputs, tuple(sums), tuple(results), (Fraction(1),) * len(results))


def _most_shared_pair(
    forms: list[dict[int, Fraction]], times: list[int]
) -> tuple[int, int, Fraction] | None:
    """(x, y, sign) such that x + sign y, up to a factor, is part of most forms, and at least of two.

    Among equals the pair whose terms come together and whose readers are close: it is kept shortest.
    """
    readers: dict[tuple[int, int, int], list[int]] = {}
    for number, form in enumerate(forms):
        for x, y in combinations(sorted(form), 2):
            if abs(form[x]) == abs(form[y]):
                sign = 1 if form[x] == form[y] else -1
                readers.setdefault((x, y, sign), []).append(number)
    if not readers:
        return None

    def key(pair: tuple[int, int, int]) -> tuple[int, ...]:
        forms = readers[pair]
        return -len(forms), abs(times[pair[0]] - times[pair[1]]), forms[-1] - forms[0], *pair

    x, y, sign = min(readers, key=key)
    return (x, y, Fraction(sign)) if len(readers[x, y, sign]) > 1 else None
