"""Tracing: a scalar Python function run on symbols, to learn the expression that it computes.

    min(x, y) runs `y < x` and asks for its truth: neither True nor False alone would do, so the function runs once
    for each answer, and what it returned is chosen between:

        y < x?  ── yes: returned y
                └─ no:  returned x             select(y < x, y, x), which is min(x, y)

So if-expressions, `and`, `or`, `not`, chained comparisons and the builtins min, max and abs need nothing special.
NumPy's functions reach the symbols through its own protocols. Whatever else a function does (a loop over unknown
trips, a call of math.exp, a table) ends the trace with the reason.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from fastmul.kernels.expressions import Expression, Graph, Node, Untraceable

#: Runs of the function for one trace: five independent questions. Each question of a run adds at least one run.
MAX_PATHS = 32


def trace(function: Callable[..., Any], dtype: Any, n_arguments: int = 2) -> Expression:
    """The expression of a function of values of one dtype.

    Raises
    ------
    Untraceable : it computes what the vectors do not have; the message says what.
    """
    graph = Graph(dtype)
    inputs = [graph.input(i) for i in range(n_arguments)]
    runs = 0

    def explore(answers: tuple[bool, ...]) -> Node:
        """What the function returns after these answers, whatever the further ones."""
        nonlocal runs
        runs += 1
        if runs > MAX_PATHS:
            raise Untraceable(f"it has more than {MAX_PATHS} paths")
        path = _Path(graph, answers)
        result = path.run(function, inputs)
        questions = path.questions
        for i in reversed(range(len(answers), len(questions))):
            otherwise = explore((*path.answers[:i], False))
            result = graph.select(questions[i], result, otherwise)
        return result

    return Expression(graph.value(explore(())), graph.dtype.name)


class _Path:
    """One run of a function: the questions that it asks, and the answers that it gets."""

    def __init__(self, graph: Graph, answers: tuple[bool, ...]) -> None:
        self.graph = graph
        self.answers = list(answers)  # to the first questions; True to all others
        self.questions: list[Node] = []

    def decide(self, mask: Node) -> bool:
        if mask.op == "not":
            return not self.decide(mask.args[0])
        if mask in self.questions:  # the same question again has the same answer
            return self.answers[self.questions.index(mask)]
        if len(self.questions) == MAX_PATHS:  # a loop that a True keeps going
            raise Untraceable(f"it has more than {MAX_PATHS} paths")
        self.questions.append(mask)
        if len(self.questions) > len(self.answers):
            self.answers.append(True)
        return self.answers[len(self.questions) - 1]

    def run(self, function: Callable[..., Any], inputs: list[Node]) -> Node:
        try:
            result = function(*(Symbol(self, node) for node in inputs))
            return self.node(result)
        except Untraceable:
            raise
        except Exception as error:  # of the caller's code: whatever it is, it is the reason
            raise Untraceable(f"{type(error).__name__}: {error}") from None

    def node(self, x: Any) -> Node:
        """The node of a symbol or of a number beside one."""
        if isinstance(x, Symbol):
            return x.node
        if isinstance(x, (bool, np.bool_)):
            return self.graph.mask_constant(bool(x))
        return self.graph.constant(x)


def _binary(op: str, swapped: bool = False) -> Callable[[Symbol, Any], Symbol]:
    def method(self: Symbol, other: Any) -> Symbol:
        x, y = self.node, self.path.node(other)
        return self.made(self.path.graph.binary(op, *((y, x) if swapped else (x, y))))

    return method


def _compare(op: str) -> Callable[[Symbol, Any], Symbol]:
    def method(self: Symbol, other: Any) -> Symbol:
        return self.made(self.path.graph.compare(op, self.node, self.path.node(other)))

    return method


def _unary(op: str) -> Callable[[Symbol], Symbol]:
    return lambda self: self.made(self.path.graph.unary(op, self.node))


class Symbol:
    """A value, or the truth of something, that is not known while a function is traced."""

    __slots__ = ("node", "path")
    __hash__ = None  # type: ignore[assignment]

    def __init__(self, path: _Path, node: Node) -> None:
        self.path, self.node = path, node

    def made(self, node: Node) -> Symbol:
        return Symbol(self.path, node)

    def __bool__(self) -> bool:
        return self.path.decide(self.path.graph.truth(self.node))

    __add__, __radd__ = _binary("add"), _binary("add", True)
    __sub__, __rsub__ = _binary("sub"), _binary("sub", True)
    __mul__, __rmul__ = _binary("mul"), _binary("mul", True)
    __truediv__, __rtruediv__ = _binary("div"), _binary("div", True)
    __floordiv__, __rfloordiv__ = _binary("floordiv"), _binary("floordiv", True)
    __mod__, __rmod__ = _binary("mod"), _binary("mod", True)
    __and__, __rand__ = _binary("and"), _binary("and", True)
    __or__, __ror__ = _binary("or"), _binary("or", True)
    __xor__, __rxor__ = _binary("xor"), _binary("xor", True)
    __lshift__, __rlshift__ = _binary("shl"), _binary("shl", True)
    __rshift__, __rrshift__ = _binary("shr"), _binary("shr", True)
    __lt__, __le__, __gt__, __ge__ = _compare("lt"), _compare("le"), _compare("gt"), _compare("ge")
    __eq__, __ne__ = _compare("eq"), _compare("ne")  # type: ignore[assignment]
    __neg__, __abs__, __invert__ = _unary("neg"), _unary("abs"), _unary("invert")

    def __pos__(self) -> Symbol:
        return self

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **keywords: Any) -> Any:
        known = _UFUNCS.get(ufunc)
        if known is None or method != "__call__" or keywords:
            raise Untraceable(f"numpy.{ufunc.__name__} has no vector form here")
        return known(self.path, *inputs)

    def __array_function__(self, function: Any, kinds: Any, args: Any, keywords: Any) -> Any:
        if function is np.where and len(args) == 3 and not keywords:
            return _where(self.path, *args)
        if function is np.clip and len(args) == 3 and not keywords:
            return np.minimum(np.maximum(args[0], args[1]), args[2])
        raise Untraceable(f"numpy.{function.__name__} has no vector form here")


# ---------------------------------------------------------------- NumPy's functions


def _where(path: _Path, mask: Any, x: Any, y: Any) -> Symbol:
    graph = path.graph
    return Symbol(path, graph.select(graph.truth(path.node(mask)), path.node(x), path.node(y)))


def _of_two(op: str) -> Callable[..., Symbol]:
    return lambda path, x, y: Symbol(path, path.graph.binary(op, path.node(x), path.node(y)))


def _comparison(op: str) -> Callable[..., Symbol]:
    return lambda path, x, y: Symbol(path, path.graph.compare(op, path.node(x), path.node(y)))


def _of_one(op: str) -> Callable[..., Symbol]:
    return lambda path, x: Symbol(path, path.graph.unary(op, path.node(x)))


def _logical(op: str) -> Callable[..., Symbol]:
    def function(path: _Path, *xs: Any) -> Symbol:
        truths = [path.graph.truth(path.node(x)) for x in xs]
        made = path.graph.binary(op, *truths) if len(truths) == 2 else path.graph.negated(truths[0])
        return Symbol(path, made)

    return function


def _that_ignores_nan(op: str) -> Callable[..., Symbol]:
    """fmin and fmax: the other one where one is NaN."""

    def function(path: _Path, x: Any, y: Any) -> Symbol:
        graph, x, y = path.graph, path.node(x), path.node(y)
        both = graph.binary(op, x, y)
        if graph.dtype.kind != "f":
            return Symbol(path, both)
        without_x = graph.select(graph.compare("ne", x, x), y, both)
        return Symbol(path, graph.select(graph.compare("ne", y, y), x, without_x))

    return function


_UFUNCS: dict[Any, Callable[..., Symbol]] = {
    np.add: _of_two("add"), np.subtract: _of_two("sub"), np.multiply: _of_two("mul"),
    np.true_divide: _of_two("div"), np.floor_divide: _of_two("floordiv"), np.remainder: _of_two("mod"),
    np.minimum: _of_two("min"), np.maximum: _of_two("max"),
    np.fmin: _that_ignores_nan("min"), np.fmax: _that_ignores_nan("max"),
    np.bitwise_and: _of_two("and"), np.bitwise_or: _of_two("or"), np.bitwise_xor: _of_two("xor"),
    np.left_shift: _of_two("shl"), np.right_shift: _of_two("shr"),
    np.less: _comparison("lt"), np.less_equal: _comparison("le"), np.greater: _comparison("gt"),
    np.greater_equal: _comparison("ge"), np.equal: _comparison("eq"), np.not_equal: _comparison("ne"),
    np.negative: _of_one("neg"), np.absolute: _of_one("abs"), np.invert: _of_one("invert"),
    np.sqrt: _of_one("sqrt"),
    np.logical_and: _logical("and"), np.logical_or: _logical("or"), np.logical_xor: _logical("xor"),
    np.logical_not: _logical("not"),
}  # fmt: skip


# ---------------------------------------------------------------- belief


def samples(dtype: Any) -> np.ndarray:
    """Values at which functions tend to differ: the ends of the range, around zero, NaN, infinities."""
    dtype = np.dtype(dtype)
    if dtype.kind == "b":
        return np.array([False, True])
    if dtype.kind == "f":
        values = [np.nan, np.inf, -np.inf, 0.0, 1.0, -1.0, 0.7, -2.5, 3.0, np.finfo(dtype).max]
    else:
        info = np.iinfo(dtype)
        values = [
            info.min,
            info.min + 1,
            info.max - 1,
            info.max,
            0,
            1,
            2,
            3,
            7,
            max(-1, info.min),
            max(-5, info.min),
        ]
    return np.array(sorted(set(values), key=str), dtype)


def at_samples(function: Callable[..., Any], dtype: Any) -> tuple[list[tuple[Any, Any]], list[Any]]:
    """The pairs of samples that the scalar function takes, and what it makes of them in the dtype."""
    dtype, pairs, results = np.dtype(dtype), [], []
    with np.errstate(all="ignore"):
        for x in samples(dtype):
            for y in samples(dtype):
                try:
                    result = np.asarray(function(x, y)).astype(dtype)[()]
                except Exception:
                    continue
                pairs.append((x, y))
                results.append(result)
    return pairs, results
