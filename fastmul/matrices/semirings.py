"""Semirings: what `semiring=` puts in the place of + and *.

    min_plus     shortest paths              min_l a[i, l] + b[l, j]
    max_plus     longest (critical) paths    max_l a[i, l] + b[l, j]
    max_min      widest paths                max_l min(a[i, l], b[l, j])
    max_times    most likely paths           max_l a[i, l] * b[l, j]
    or_and       whether there is a path     any_l a[i, l] and b[l, j]

A semiring is two scalar Python functions and their neutral elements. The functions are traced (`kernels/tracing.py`)
and inlined into the packed product's micro-kernel; the ready ones above are made in no other way.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from typing import Any

import numpy as np

from fastmul.kernels import tracing
from fastmul.kernels.expressions import Expression, Untraceable, as_scalar
from fastmul.kernels.reference import semirings as reference

#: Rows that one check of `verify=` computes again.
CHECKED_ROWS = 40


class Semiring:
    """A semiring of numbers, from two scalar Python functions.

    ``matmul(a, b, semiring=s)`` is c[i, j] = zero (+) a[i, 0] (x) b[0, j] (+) a[i, 1] (x) b[1, j] (+) ..., with
    x (+) y = add(x, y) and x (x) y = mul(x, y), in an order and association that are not specified.

    Parameters
    ----------
    add : function of two scalars; associative and commutative.
    mul : function of two scalars; associative, distributes over add.
    zero : number; the neutral element of add, and absorbing: mul(zero, x) = zero. In integer dtypes inf means the
        dtype's greatest value and -inf its least, and fastmul makes it absorb.
    one : number; the neutral element of mul.
    name : str, optional
        What messages call it.

    Notes
    -----
    The functions see scalars of the product's dtype and compute as NumPy's scalars do: integers wrap, floats round.
    What is made of ``+ - * /``, ``//`` and ``%`` by constants, bitwise and, or, xor and not, shifts by constants,
    comparisons, `and`, `or`, `not`, if-expressions, min, max, abs, and of `numpy.minimum`, `maximum`, `where`, `clip`,
    `sqrt` and the like, is compiled into a vector kernel. Anything else runs in a scalar loop:
    ``fastmul.explain(fastmul.matmul, a, b,
    semiring=s)`` says which, and why. The functions must depend on their arguments alone.

    Integers of the ready semirings never wrap: sums or products that leave the dtype, or that could be mistaken for
    its infinity, raise ResultOverflowError. In floats NaN propagates through numpy.minimum and maximum, not through
    Python's min and max; which of 0.0 and -0.0 is the less is not specified.

    Raises
    ------
    ValueError : zero and one break the laws among themselves.
    TypeError : add or mul fail on them.

    Examples
    --------
    >>> import numpy as np, fastmul
    >>> longest = fastmul.Semiring(max, lambda x, y: x + y, zero=-np.inf, one=0, name="longest")
    >>> steps = np.array([[0.0, 3.0], [-np.inf, 0.0]])
    >>> fastmul.matmul(steps, steps, semiring=longest)
    array([[  0.,   3.],
           [-inf,   0.]])
    """

    kind = "semiring"
    has_subtraction = False

    def __init__(
        self,
        add: Callable[[Any, Any], Any],
        mul: Callable[[Any, Any], Any],
        zero: Any,
        one: Any,
        name: str | None = None,
    ) -> None:
        self.add, self.mul, self.zero, self.one = add, mul, zero, one
        self.name = name or f"Semiring({_name(add)}, {_name(mul)}, {zero!r}, {one!r})"
        #: Whether integers must not wrap, and negative entries are none of its elements.
        self.is_checked = self.is_nonnegative = False
        self._traces: dict[np.dtype, tuple[Expression, Expression] | Untraceable] = {}
        self._dtypes: set[np.dtype] = set()  # those that it is known to have elements of
        self._check_laws()

    def __repr__(self) -> str:
        return self.name

    def _check_laws(self) -> None:
        zero, one = self.zero, self.one
        laws = {
            "add(zero, zero)": (self.add, zero, zero, zero),
            "add(zero, one)": (self.add, zero, one, one),
            "add(one, zero)": (self.add, one, zero, one),
            "mul(one, one)": (self.mul, one, one, one),
            "mul(zero, one)": (self.mul, zero, one, zero),
            "mul(one, zero)": (self.mul, one, zero, zero),
        }
        for law, (function, x, y, expected) in laws.items():
            try:
                value = function(x, y)
                holds = bool(value == expected)
            except Exception as error:
                raise TypeError(
                    f"{self.name}: {law} with zero={zero!r}, one={one!r} fails: {type(error).__name__}: {error}"
                ) from error
            if not holds:
                raise ValueError(
                    f"{self.name} is no semiring: {law} is {value!r} with zero={zero!r}, one={one!r}, "
                    f"and must be {expected!r}"
                )

    # ---------------------------------------------------------------- elements

    @property
    def has_infinite_zero(self) -> bool:
        return isinstance(self.zero, float) and math.isinf(self.zero)

    def zero_in(self, dtype: np.dtype) -> Any:
        """The zero as an element of the dtype."""
        return self._element("zero", self.zero, dtype)

    def one_in(self, dtype: np.dtype) -> Any:
        """The one as an element of the dtype."""
        return self._element("one", self.one, dtype)

    def _element(self, which: str, number: Any, dtype: np.dtype) -> Any:
        if dtype.kind in "iu" and isinstance(number, float):
            if math.isinf(number):
                return int(np.iinfo(dtype).max if number > 0 else np.iinfo(dtype).min)
            if number.is_integer():
                number = int(number)
        try:
            if isinstance(number, (bool, np.bool_)) and dtype.kind != "b":
                raise Untraceable
            return as_scalar(number, dtype)
        except Untraceable:
            raise TypeError(f"{self.name}: {which}={number!r} is no {dtype}") from None

    def check_dtype(self, dtype: np.dtype) -> None:
        """TypeError unless the semiring has elements of this dtype."""
        if dtype in self._dtypes:
            return
        if not (dtype.kind in "biu" or dtype.char in "fd"):
            raise TypeError(
                f"matmul(semiring={self.name}) multiplies booleans, integers of at most 64 bits, float32 and "
                f"float64; the product here is {dtype}"
            )
        zero, one = self.zero_in(dtype), self.one_in(dtype)
        if zero == one and self.zero != self.one:  # -inf and 0 of unsigned integers
            raise TypeError(
                f"{self.name}: {dtype} has no value for {self.zero} apart from {self.one}"
            )
        self._dtypes.add(dtype)

    # ---------------------------------------------------------------- operands

    def prepare(
        self, a: np.ndarray, b: np.ndarray, dtype: np.dtype | None
    ) -> tuple[np.ndarray, np.ndarray, np.dtype]:
        """Both operands in the result's dtype, NumPy's promotion of theirs, or `dtype`."""
        from fastmul.matrices.multiplication.operands import result_dtype

        result = np.dtype(result_dtype(a.dtype, b.dtype, dtype)).newbyteorder("=")
        self.check_dtype(result)
        for x in (a, b):
            if x.dtype.kind == "b" and result.kind != "b" and self.has_infinite_zero:
                raise TypeError(
                    f"{self.name}: an operand of bool beside {result} has no {self.zero}"
                )
            if x.dtype.kind in "iuf" and not np.can_cast(x.dtype, result, "safe"):
                raise TypeError(
                    f"matmul(semiring={self.name}, dtype={result}): {x.dtype} does not fit into {result}"
                )
        return self.convert(a, result), self.convert(b, result), result

    def convert(self, x: np.ndarray, dtype: np.dtype) -> np.ndarray:
        """x in another dtype, with infinite elements as that one has them."""
        if x.dtype == dtype:
            return x
        with np.errstate(invalid="ignore"):  # infinity as an integer, replaced below
            converted = x.astype(dtype)
        for element in (self.zero, self.one):
            if (
                isinstance(element, float)
                and math.isinf(element)
                and "b" not in (x.dtype.kind, dtype.kind)
            ):
                converted[x == self._element("", element, x.dtype)] = self._element(
                    "", element, dtype
                )
        return converted

    # ---------------------------------------------------------------- functions

    def traced(self, dtype: np.dtype) -> tuple[Expression, Expression]:
        """add and mul as expressions over the dtype.

        Raises
        ------
        Untraceable : one of them does not type over vectors; says which and why.
        """
        if dtype not in self._traces:
            try:
                add, mul = (_trace(*pair, dtype) for pair in (("add", self.add), ("mul", self.mul)))
                self._traces[dtype] = add, mul
            except Untraceable as reason:
                self._traces[dtype] = reason
        found = self._traces[dtype]
        if isinstance(found, Untraceable):
            raise found
        return found

    def is_right(
        self, problem: Any, a: np.ndarray, b: np.ndarray, c: np.ndarray, rng: random.Random
    ) -> bool:
        """Compute random rows of every matrix again; a wrong row among m passes with probability 1 - 40 / m."""
        from fastmul.matrices.semiring_products import rows_again

        floating = problem.dtype.kind == "f"
        if floating and not self.adds_exactly(problem.dtype):
            raise ValueError(
                f"matmul(verify=...) checks exact products; addition over {self.name} may round"
            )
        rows = sorted({rng.randrange(c.shape[-2]) for _ in range(CHECKED_ROWS)})
        return bool(
            np.array_equal(c[..., rows, :], rows_again(self, a, b, rows), equal_nan=floating)
        )

    def adds_exactly(self, dtype: np.dtype) -> bool:
        """Whether sums of floats do not depend on their order: add only chooses."""
        try:
            add, _ = self.traced(dtype)
        except Untraceable:
            return False
        return {*add.operations()} <= {"input", "constant", "min", "max", "select", "lt", "le"}


def _trace(which: str, function: Callable[..., Any], dtype: np.dtype) -> Expression:
    """The function's expression, if it also says the same as the function wherever both are asked."""
    try:
        expression = tracing.trace(function, dtype)
    except Untraceable as reason:
        raise Untraceable(f"{which} does not type over vectors of {dtype}: {reason}") from None
    pairs, results = tracing.at_samples(function, dtype)
    if pairs:
        x, y = (np.array(side, dtype) for side in zip(*pairs, strict=True))
        values = np.broadcast_to(reference.evaluate(expression, x, y), x.shape)
        if not np.array_equal(values, np.array(results, dtype), equal_nan=dtype.kind == "f"):
            raise Untraceable(f"{which} computes otherwise on scalars of {dtype} than on symbols")
    return expression


def _name(function: Any) -> str:
    return getattr(function, "__name__", repr(function))


min_plus = Semiring(np.minimum, np.add, math.inf, 0, "min_plus")
max_plus = Semiring(np.maximum, np.add, -math.inf, 0, "max_plus")
max_min = Semiring(np.maximum, np.minimum, -math.inf, math.inf, "max_min")
max_times = Semiring(np.maximum, np.multiply, 0, 1, "max_times")
or_and = Semiring(np.bitwise_or, np.bitwise_and, False, True, "or_and")
for _ready in (min_plus, max_plus, max_min, max_times):
    _ready.is_checked = True
max_times.is_nonnegative = True
