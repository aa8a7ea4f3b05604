"""Where NaN cannot arise: what floats may become as a traced semiring computes with them.

A value is one or more of six things, and each operation on things gives things: oo + -oo and 0 * oo give NaN, finite
sums may overflow to oo. The things that an entry of the product may be grow, from the semiring's zero on, by every
addition; six bits grow at most six times.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any

NAN, PLUS_INFINITY, MINUS_INFINITY, POSITIVE, NEGATIVE, ZERO = (1 << i for i in range(6))
ANYTHING = (1 << 6) - 1
_INFINITE = PLUS_INFINITY | MINUS_INFINITY
_FINITE = POSITIVE | NEGATIVE | ZERO


def of_numbers(numbers: Iterable[float]) -> int:
    """What these are.

    >>> of_numbers([1.0, math.inf]) == POSITIVE | PLUS_INFINITY
    True
    """
    things = 0
    for x in numbers:
        if math.isnan(x):
            things |= NAN
        elif math.isinf(x):
            things |= PLUS_INFINITY if x > 0 else MINUS_INFINITY
        else:
            things |= POSITIVE if x > 0 else NEGATIVE if x < 0 else ZERO
    return things


def cannot_arise(add: Any, mul: Any, zero: float, a: int, b: int) -> bool:
    """Whether no NaN comes up in sums, from `zero` on by `add`, of mul(x, y) with x among a and y among b.

    `add` and `mul` are expressions (`fastmul.kernels.expressions`).
    """
    total = of_numbers([zero])
    product, seen = _follow(mul, a, b)
    while True:
        grown, met = _follow(add, total, product)
        joined, met_joining = _follow(add, total, total)  # partial sums of blocks
        seen |= met | met_joining
        if (total | grown | joined) == total:
            return not seen & NAN
        total |= grown | joined


def _follow(expression: Any, *arguments: int) -> tuple[int, int]:
    """What the expression may be at such arguments, and what any of its nodes may be."""
    things: dict[Any, int] = {}
    for node in expression.nodes():
        if node.is_mask:
            things[node] = 0
        elif node.op == "input":
            things[node] = arguments[node.number]
        elif node.op == "constant":
            things[node] = of_numbers([node.number])
        else:
            rule = _RULES.get(node.op, lambda *xs: ANYTHING)
            things[node] = rule(*(things[arg] for arg in node.args))
    seen = 0
    for value in things.values():
        seen |= value
    return things[expression.result], seen


def _add(x: int, y: int) -> int:
    things = (x | y) & NAN
    if (x & PLUS_INFINITY and y & MINUS_INFINITY) or (x & MINUS_INFINITY and y & PLUS_INFINITY):
        things |= NAN
    things |= (x | y) & _INFINITE
    if x & _FINITE and y & _FINITE:
        things |= (x | y) & (POSITIVE | NEGATIVE) | (x & y & ZERO)
        if (x & POSITIVE and y & NEGATIVE) or (x & NEGATIVE and y & POSITIVE):
            things |= ZERO
        things |= PLUS_INFINITY if x & y & POSITIVE else 0
        things |= MINUS_INFINITY if x & y & NEGATIVE else 0
    return things


def _negated(x: int) -> int:
    swapped = x & (NAN | ZERO)
    for one, other in ((PLUS_INFINITY, MINUS_INFINITY), (POSITIVE, NEGATIVE)):
        swapped |= (other if x & one else 0) | (one if x & other else 0)
    return swapped


def _mul(x: int, y: int) -> int:
    things = (x | y) & NAN
    if (x & _INFINITE and y & ZERO) or (x & ZERO and y & _INFINITE):
        things |= NAN
    things |= ZERO if (x | y) & ZERO or (x & _FINITE and y & _FINITE) else 0
    above, below = PLUS_INFINITY | POSITIVE, MINUS_INFINITY | NEGATIVE
    if (x & above and y & above) or (x & below and y & below):
        things |= above
    if (x & above and y & below) or (x & below and y & above):
        things |= below
    return things


def _abs(x: int) -> int:
    return (x | _negated(x)) & ~(MINUS_INFINITY | NEGATIVE)


def _sqrt(x: int) -> int:
    return x | NAN if x & (MINUS_INFINITY | NEGATIVE) else x


def _either(x: int, y: int) -> int:
    return x | y


_RULES: dict[str, Callable[..., int]] = {
    "add": _add, "sub": lambda x, y: _add(x, _negated(y)), "mul": _mul, "neg": _negated, "abs": _abs,
    "sqrt": _sqrt, "min": _either, "max": _either, "select": lambda mask, x, y: x | y,
}  # fmt: skip
