"""The elementary functions in NumPy: the same formulas, with a fused multiply-add that is exact by construction.

>>> exp(np.array([0.0, 1.0, -np.inf], np.float32))
array([1.       , 2.7182817, 0.       ], dtype=float32)
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from fastmul.kernels import elementary


def fma(a: np.ndarray, b: np.ndarray, c: np.ndarray) -> np.ndarray:
    """a * b + c of float32, rounded once.

    The product is exact in float64 (48 bits), their sum is not. It is rounded to odd there: the error e of the
    rounded sum s is known exactly (Knuth), and where e is not 0 and s is even, s steps to the neighbour on e's side.
    An odd s never lies on a float32 or halfway between two, since these have at least 2 bits fewer than float64's 53
    (subnormal ones, too), so rounding s to float32 is rounding the exact sum.
    """
    with np.errstate(all="ignore"):
        product, c = a.astype(np.float64) * b, c.astype(np.float64)
        s = product + c
        back = s - product
        e = (product - (s - back)) + (c - back)
        is_even = (s.view(np.int64) & 1) == 0
        towards = np.where(e > 0, np.inf, -np.inf)
        odd = np.where((e != 0) & is_even & np.isfinite(s), np.nextafter(s, towards), s)
        return odd.astype(np.float32)


class Floats:
    """float32 arrays with the operations that `kernels.elementary` is written in."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = np.asarray(value, np.float32)

    def constant(self, number: float) -> Floats:
        return Floats(np.full(self.value.shape, number, np.float32))

    def _lifted(self, other: Floats | float) -> np.ndarray:
        return (other if isinstance(other, Floats) else self.constant(other)).value

    def __add__(self, other: Floats | float) -> Floats:
        return Floats(self.value + self._lifted(other))

    def __sub__(self, other: Floats | float) -> Floats:
        return Floats(self.value - self._lifted(other))

    def __mul__(self, other: Floats | float) -> Floats:
        return Floats(self.value * self._lifted(other))

    def __truediv__(self, other: Floats | float) -> Floats:
        return Floats(self.value / self._lifted(other))

    def __neg__(self) -> Floats:
        return Floats(-self.value)

    def fma(self, factor: Floats | float, addend: Floats | float) -> Floats:
        return Floats(fma(self.value, self._lifted(factor), self._lifted(addend)))

    def sqrt(self) -> Floats:
        return Floats(np.sqrt(self.value))

    def __abs__(self) -> Floats:
        return Floats(np.abs(self.value))

    def with_sign_of(self, other: Floats) -> Floats:
        return Floats(np.copysign(self.value, other.value))

    def __lt__(self, other: Floats | float) -> Any:
        return self.value < self._lifted(other)

    def __gt__(self, other: Floats | float) -> Any:
        return self.value > self._lifted(other)

    def __eq__(self, other: Any) -> Any:
        return self.value == self._lifted(other)

    def choose(self, mask: Any, yes: Floats | float, no: Floats | float) -> Floats:
        return Floats(np.where(mask, self._lifted(yes), self._lifted(no)))

    def at_least(self, low: float) -> Floats:
        return self.choose(self < low, low, self)

    def at_most(self, high: float) -> Floats:
        return self.choose(self > high, high, self)

    def bits(self) -> Words:
        return Words(self.value.view(np.int32))


class Words:
    """The 32-bit integers of such arrays; sums wrap."""

    __slots__ = ("value",)

    def __init__(self, value: np.ndarray) -> None:
        self.value = value

    @staticmethod
    def _lifted(other: Words | int) -> Any:
        return other.value if isinstance(other, Words) else np.int32(other)

    def __add__(self, other: Words | int) -> Words:
        return Words(self.value + self._lifted(other))

    def __sub__(self, other: Words | int) -> Words:
        return Words(self.value - self._lifted(other))

    def __and__(self, other: Words | int) -> Words:
        return Words(self.value & self._lifted(other))

    def __lshift__(self, count: int) -> Words:
        return Words(self.value << np.int32(count))

    def __rshift__(self, count: int) -> Words:
        return Words(self.value >> np.int32(count))

    def floats(self) -> Floats:
        return Floats(self.value.view(np.float32))

    def to_floats(self) -> Floats:
        return Floats(self.value.astype(np.float32))


def _of_arrays(function: Callable[..., Any]) -> Callable[..., np.ndarray]:
    def evaluate(*arrays: np.ndarray) -> np.ndarray:
        with np.errstate(all="ignore"):
            return function(*map(Floats, arrays)).value

    evaluate.__name__, evaluate.__doc__ = function.__name__, function.__doc__
    return evaluate


exp = _of_arrays(elementary.exp)
exp_nonpositive = _of_arrays(elementary.exp_nonpositive)
log = _of_arrays(elementary.log)
sigmoid = _of_arrays(elementary.sigmoid)
tanh = _of_arrays(elementary.tanh)
normal_cdf = _of_arrays(elementary.normal_cdf)
erf = _of_arrays(elementary.erf)
reciprocal = _of_arrays(elementary.reciprocal)
rsqrt = _of_arrays(elementary.rsqrt)
relu = _of_arrays(elementary.relu)
gelu = _of_arrays(elementary.gelu)
gelu_tanh = _of_arrays(elementary.gelu_tanh)
silu = _of_arrays(elementary.silu)
relu_gradient = _of_arrays(elementary.relu_gradient)
gelu_gradient = _of_arrays(elementary.gelu_gradient)
gelu_tanh_gradient = _of_arrays(elementary.gelu_tanh_gradient)
silu_gradient = _of_arrays(elementary.silu_gradient)
