"""What a matrix product looks like to the planner."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np

from fastmul.matrices.algebra import Algebra
from fastmul.matrices.modular import Modulo

#: Accuracies that a float product in any order and blocking does not have.
EXACT_ACCURACIES = ("reproducible", "correctly_rounded")


@dataclass(frozen=True)
class MatmulProblem:
    """`batch` products (m, k) @ (k, n) in `dtype`: integers modulo 2^bits, booleans under or/and, or floats;
    with an `algebra`, in that one.

    Bounds from dtypes are free; bounds from values are an O(mk + kn) scan of `operands`, made when first asked.
    """

    m: int
    k: int
    n: int
    batch: int
    a_dtype: np.dtype
    b_dtype: np.dtype
    dtype: np.dtype
    accuracy: str | None = None  # floats only
    algebra: Algebra | None = None  # None: the dtype's own arithmetic
    threads: int | None = None
    operands: tuple[np.ndarray, np.ndarray] | None = field(default=None, compare=False, repr=False)

    @property
    def kind(self) -> str:
        """'bool', 'int', 'float' (float32 and float64), 'other': only NumPy's own business, or the algebra's kind."""
        if self.algebra is not None:
            return self.algebra.kind
        if self.dtype.char in "fd":
            return "float"
        return {"b": "bool", "i": "int", "u": "int"}.get(self.dtype.kind, "other")

    @property
    def modulus(self) -> int:
        """The p of a product modulo p."""
        assert isinstance(self.algebra, Modulo), f"{self} has no modulus"
        return self.algebra.p

    @property
    def may_reassociate(self) -> bool:
        """Floats: whether algorithms without the classical componentwise bound will do."""
        return self.accuracy == "fast"

    @property
    def beyond_machine(self) -> str | None:
        """Why arithmetic in the dtype itself, in whatever order, is not what is asked for; None if it is."""
        if self.algebra is not None:
            return f"the product is over {self.algebra.name}"
        if self.accuracy in EXACT_ACCURACIES:
            return f"accuracy={self.accuracy!r} is more than float sums in any order have"
        return None

    @property
    def key(self) -> tuple[Any, ...]:
        """What costs depend on: MatmulProblem(*key) is this problem without its operands."""
        return (
            self.m, self.k, self.n, self.batch,
            self.a_dtype, self.b_dtype, self.dtype, self.accuracy, self.algebra,
        )  # fmt: skip

    @property
    def pair(self) -> tuple[np.ndarray, np.ndarray]:
        """The operands of a problem that has them."""
        if self.operands is None:
            raise ValueError(f"the problem {self} was stated without operands")
        return self.operands

    @property
    def result_bytes(self) -> int:
        return self.batch * self.m * self.n * self.dtype.itemsize

    @property
    def size(self) -> float:
        """The cube root of the number of multiplications: n of an n x n product as expensive."""
        return float(self.m * self.k * self.n) ** (1 / 3)

    @cached_property
    def dtype_bounds(self) -> tuple[int, int]:
        """Largest magnitudes that the operands' dtypes allow."""
        return largest_magnitude(self.a_dtype), largest_magnitude(self.b_dtype)

    @cached_property
    def value_bounds(self) -> tuple[int, int]:
        """Largest magnitudes that the operands hold."""
        if self.operands is None:
            return self.dtype_bounds
        return max_abs(self.operands[0]), max_abs(self.operands[1])

    @cached_property
    def is_nonnegative(self) -> bool:
        """Whether no entry of either operand is negative."""
        return all(
            dtype.kind in "bu" or (x is not None and (x.size == 0 or int(x.min()) >= 0))
            for dtype, x in zip(
                (self.a_dtype, self.b_dtype), self.operands or (None, None), strict=True
            )
        )

    def with_dtype(self, dtype: np.dtype) -> MatmulProblem:
        """The same operands with another result; what was learned of their values is kept."""
        return self._with(dtype=dtype)

    def over(self, algebra: Algebra, dtype: np.dtype) -> MatmulProblem:
        """The same operands in an algebra that takes them as they are; what was learned of them is kept."""
        return self._with(algebra=algebra, dtype=dtype)

    def _with(self, **changes: Any) -> MatmulProblem:
        other = replace(self, **changes)
        for name in ("dtype_bounds", "value_bounds", "is_nonnegative"):
            if name in self.__dict__:
                other.__dict__[name] = self.__dict__[name]
        return other

    def __str__(self) -> str:
        batch = f"{self.batch} x " if self.batch != 1 else ""
        names = f"{self.a_dtype} @ {self.b_dtype} -> {self.dtype}"
        over = f" over {self.algebra.name}" if self.algebra is not None else ""
        return f"{batch}({self.m}, {self.k}) @ ({self.k}, {self.n}), {names}{over}"


def largest_magnitude(dtype: np.dtype) -> int:
    """The largest |x| of an integer or boolean dtype.

    >>> largest_magnitude(np.dtype(np.int8)), largest_magnitude(np.dtype(np.uint8))
    (128, 255)
    """
    if dtype.kind == "b":
        return 1
    info = np.iinfo(dtype)
    return max(-int(info.min), int(info.max))


def max_abs(x: np.ndarray) -> int:
    """The largest |x| as a Python int (|-2^63| has no int64); 0 for an empty array."""
    if x.size == 0:
        return 0
    return max(int(x.max()), -int(x.min()))
