"""Expressions: what a traced scalar function computes, as a graph of operations on the lanes of one dtype.

    lambda x, y: min(x, y + 1)     %0 = input 0;  %1 = input 1;  %2 = constant 1;  %3 = add %1 %2;  %4 = min %0 %3

A node is a *value* (of the graph's dtype) or a *mask* (true or false in each lane). Nodes that compute the same are
the same object, and equal functions written in different ways come out alike where that is cheap to see: x > y is
y < x, a choice of the lesser of two integers is their minimum. So a text of the graph is a key of what it computes.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

#: Operations on two values and the kinds of dtype ("b", "i", "u", "f") that have them.
BINARY = {
    "add": "biuf", "sub": "iuf", "mul": "biuf", "div": "f", "floordiv": "iu", "mod": "iu",
    "min": "biuf", "max": "biuf", "and": "biu", "or": "biu", "xor": "biu", "shl": "iu", "shr": "iu",
}  # fmt: skip
UNARY = {"neg": "iuf", "abs": "iuf", "invert": "biu", "sqrt": "f"}
#: Of two values, or of two masks ("eq" and "ne"), a mask; x > y is y < x.
COMPARISONS = ("lt", "le", "eq", "ne")
COMMUTATIVE = frozenset({"add", "mul", "min", "max", "and", "or", "xor", "eq", "ne"})
#: What these are among the numbers 0 and 1.
_OF_TRUTHS = {"add": "or", "max": "or", "mul": "and", "min": "and"}


class Untraceable(Exception):
    """The function does something that vectors of this dtype do not have; says what."""


@dataclass(frozen=True, eq=False, slots=True)
class Node:
    """One operation; equal only to itself (`Graph` makes no two that compute the same)."""

    op: str
    args: tuple[Node, ...]
    number: Any  # the value of a constant; which argument of the function an input is
    is_mask: bool
    position: int  # in order of making: arguments come before what uses them


@dataclass(frozen=True)
class Expression:
    """A function of values of `dtype`, traced: the node of its result."""

    result: Node
    dtype: str

    def nodes(self) -> list[Node]:
        """All that the result needs, arguments before what uses them."""
        found: dict[Node, None] = {}
        waiting = [self.result]
        while waiting:
            node = waiting.pop()
            if node not in found:
                found[node] = None
                waiting.extend(node.args)
        return sorted(found, key=lambda node: node.position)

    @property
    def text(self) -> str:
        """The whole meaning as a line: equal texts, equal functions."""
        names: dict[Node, str] = {}
        lines = []
        for node in self.nodes():
            names[node] = f"%{len(names)}"
            words = [node.op, *(names[arg] for arg in node.args)]
            words += [_number_text(node.number)] if node.number is not None else []
            lines.append(f"{names[node]} = {' '.join(words)}")
        return f"{self.dtype}: " + "; ".join(lines)

    @property
    def n_operations(self) -> int:
        """Instructions of one evaluation, roughly."""
        return sum(node.op not in ("input", "constant") for node in self.nodes())

    def is_plain(self, op: str) -> bool:
        """Whether it is this operation on the function's two arguments and nothing else."""
        return self.result.op == op and [arg.op for arg in self.result.args] == ["input", "input"] and (
            self.result.args[0] is not self.result.args[1]
        )  # fmt: skip

    def operations(self) -> Iterator[str]:
        return (node.op for node in self.nodes())


class Graph:
    """Makes the nodes of one expression over `dtype`."""

    def __init__(self, dtype: Any) -> None:
        self.dtype = np.dtype(dtype)
        self._made: dict[tuple[Any, ...], Node] = {}

    def input(self, index: int) -> Node:
        return self._node("input", (), index)

    def constant(self, number: Any) -> Node:
        """A number that the dtype holds (floats: rounded, as NumPy does with Python's)."""
        return self._node("constant", (), as_scalar(number, self.dtype))

    def mask_constant(self, truth: bool) -> Node:
        return self._node("constant", (), bool(truth), is_mask=True)

    def binary(self, op: str, x: Node, y: Node) -> Node:
        if x.is_mask or y.is_mask:
            if not (x.is_mask and y.is_mask and op in ("and", "or", "xor")):
                x, y = self.value(x), self.value(y)
            return self._node(op, self._ordered(op, x, y), is_mask=x.is_mask)
        kind = self.dtype.kind
        if kind not in BINARY[op]:
            raise Untraceable(f"{self.dtype} has no vector operation {op!r}")
        if kind == "b":
            op = _OF_TRUTHS.get(op, op)
        if op in ("floordiv", "mod", "shl", "shr"):
            self._check_right_side(op, y)
        if op in ("min", "max", "and", "or") and x is y:
            return x
        return self._node(op, self._ordered(op, x, y))

    def _check_right_side(self, op: str, y: Node) -> None:
        """Where LLVM's operation is undefined, or traps, for some values, those must be known not to come."""
        if y.op != "constant":
            raise Untraceable(f"{op!r} by what is not a constant")
        low, high = (1, math.inf) if op in ("floordiv", "mod") else (0, 8 * self.dtype.itemsize - 1)
        if not low <= y.number <= high:
            raise Untraceable(f"{op!r} by {y.number}")

    def unary(self, op: str, x: Node) -> Node:
        if x.is_mask:
            if op == "invert":
                return self.negated(x)
            x = self.value(x)
        kind = self.dtype.kind
        if kind not in UNARY[op]:
            raise Untraceable(f"{self.dtype} has no vector operation {op!r}")
        if op == "invert" and kind == "b":
            return self._node("xor", self._ordered("xor", x, self.constant(True)))
        if op == "abs" and kind == "u":
            return x
        return self._node(op, (x,))

    def compare(self, op: str, x: Node, y: Node) -> Node:
        if op in ("gt", "ge"):
            op, x, y = {"gt": "lt", "ge": "le"}[op], y, x
        if x.is_mask and y.is_mask and op in ("eq", "ne"):
            different = self.binary("xor", x, y)
            return different if op == "ne" else self.negated(different)
        x, y = self.value(x), self.value(y)
        return self._node(op, self._ordered(op, x, y), is_mask=True)

    def negated(self, mask: Node) -> Node:
        if mask.op == "not":
            return mask.args[0]
        return self._node("not", (mask,), is_mask=True)

    def truth(self, x: Node) -> Node:
        """What bool(x) is."""
        return x if x.is_mask else self.compare("ne", x, self.constant(0))

    def value(self, x: Node) -> Node:
        """A mask as the numbers 1 and 0; a value as it is."""
        return self.select(x, self.constant(1), self.constant(0)) if x.is_mask else x

    def select(self, mask: Node, x: Node, y: Node) -> Node:
        """x where the mask is true, else y."""
        if x is y:
            return x
        if mask.op == "constant":
            return x if mask.number else y
        if mask.op == "not":
            mask, x, y = mask.args[0], y, x
        if x.is_mask != y.is_mask:
            x, y = self.value(x), self.value(y)
        if x.is_mask and x.op == y.op == "constant":
            return mask if x.number else self.negated(mask)
        if self.dtype.kind != "f" and mask.op in ("lt", "le") and not x.is_mask:
            # no NaN: whichever of two equals is taken, it is the minimum, or the maximum
            if mask.args == (x, y):
                return self.binary("min", x, y)
            if mask.args == (y, x):
                return self.binary("max", x, y)
        if self.dtype.kind == "b" and mask.op == "ne" and mask.args[1] is self.constant(0):
            if mask.args[0] is x:
                return self.binary("or", x, y)  # x if x else y
            if mask.args[0] is y:
                return self.binary("and", x, y)  # x if y else y
        return self._node("select", (mask, x, y), is_mask=x.is_mask)

    def _ordered(self, op: str, x: Node, y: Node) -> tuple[Node, Node]:
        """The arguments in the order of inputs, operations, constants, where the order means nothing."""
        if op in COMMUTATIVE and _rank(y) < _rank(x):
            return y, x
        return x, y

    def _node(
        self, op: str, args: tuple[Node, ...], number: Any = None, is_mask: bool = False
    ) -> Node:
        key = (op, args, _number_text(number), is_mask)
        if key not in self._made:
            self._made[key] = Node(op, args, number, is_mask, len(self._made))
        return self._made[key]


def _rank(node: Node) -> tuple[bool, int]:
    return node.op == "constant", node.position


def _number_text(number: Any) -> str:
    return number.hex() if isinstance(number, float) else repr(number)


def as_scalar(number: Any, dtype: np.dtype) -> bool | int | float:
    """A number as the dtype holds it, as NumPy would take it beside a scalar of that dtype.

    Raises
    ------
    Untraceable : NumPy would compute in another dtype, or refuse.
    """
    if isinstance(number, np.generic) and np.result_type(number, dtype) != dtype:
        raise Untraceable(f"{number!r} is {number.dtype}: beside {dtype} that is another dtype")
    if dtype.kind == "f" and isinstance(number, (bool, int, float, np.number, np.bool_)):
        with np.errstate(over="ignore"):
            return float(dtype.type(number))
    if isinstance(number, (bool, np.bool_)) or (
        isinstance(number, (int, np.integer)) and dtype.kind == "b" and number in (0, 1)
    ):
        return bool(number) if dtype.kind == "b" else int(number)
    if dtype.kind in "iu" and isinstance(number, (int, np.integer)):
        info = np.iinfo(dtype)
        if info.min <= number <= info.max:
            return int(number)
    raise Untraceable(f"{number!r} beside {dtype}")
