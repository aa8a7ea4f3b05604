"""What matrices are multiplied over: their entries, how fastmul is asked for the product, and the true product.

    float64, float32         + and * of floats, which round
    int64 ... int8           + and * of integers; narrow ones accumulate in int32
    bool                     or, and
    mod 998244353, ...       the integers modulo p
    GF(2^8)                  the field of 256 elements
    min_plus int32, ...      semirings

Of all but the dtypes' own + and *, a float GEMM is no other way to the product, only a yardstick of speed.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from fastmul.comparison import operands, truth

#: A prime of 30 bits with many roots of unity; the largest below 2^50; a Mersenne prime; and GF(2).
MODULI = {
    "mod 2": 2,
    "mod 998244353": 998244353,
    "mod 2^50-27": 2**50 - 27,
    "mod 2^61-1": 2**61 - 1,
}
#: (+) and (x) of the semirings compared, as NumPy has them.
SEMIRINGS: dict[str, tuple[np.ufunc, Callable[..., Any]]] = {
    "min_plus": (np.minimum, np.add),
    "max_plus": (np.maximum, np.add),
    "max_min": (np.maximum, np.minimum),
    "max_times": (np.maximum, np.multiply),
    "GF(2^8)": (np.bitwise_xor, truth.byte_products),
}
FIELD = "GF(2^8)"
#: Entries of integer semirings: sums of two are far from the infinities.
SEMIRING_MAGNITUDE = 10**6


@dataclass(frozen=True)
class Kind:
    """One kind of matrix product."""

    name: str
    dtype: np.dtype  # of the operands
    result: np.dtype
    draw: Callable[[int, np.random.Generator], np.ndarray]  # an n x n operand
    truth: Callable[[np.ndarray, np.ndarray], np.ndarray]  # of some rows of A, and B
    rounds: bool = False  # floats under + and *: no result is the true product, order shows
    p: int | None = None
    semiring: str = ""  # of SEMIRINGS; the field of 256 elements is one of them here

    @property
    def is_machine(self) -> bool:
        """Whether it is a dtype's own + and *."""
        return self.p is None and not self.semiring

    @property
    def keywords(self) -> dict[str, Any]:
        """Of fastmul.matmul."""
        if self.p is not None:
            return {"mod": self.p}
        if self.semiring == FIELD:
            from fastmul.matrices import GF256

            return {"semiring": GF256(truth.FIELD_POLYNOMIAL)}
        if self.semiring:
            import fastmul

            return {"semiring": getattr(fastmul, self.semiring)}
        return {} if self.result == self.dtype else {"dtype": self.result}

    @property
    def title(self) -> str:
        if self.p is not None:
            return f"integers modulo {self.name.removeprefix('mod ')}"
        if self.semiring == FIELD:
            return f"elements of {FIELD}"
        if self.semiring:
            return f"{self.dtype} over {self.semiring}"
        return self.name if self.result == self.dtype else f"{self.name} into {self.result}"


def _floats(name: str) -> Kind:
    dtype = np.dtype(name)

    def draw(n: int, rng: np.random.Generator) -> np.ndarray:
        return operands.random_floats((n, n), dtype, rng)

    return Kind(name, dtype, dtype, draw, truth.float_product, rounds=True)


def _integers(name: str) -> Kind:
    """Entries as large as can be without a true entry leaving the result's dtype."""
    dtype = np.dtype(name)
    result = np.dtype(f"{dtype.kind}4") if dtype.itemsize < 4 else dtype

    def draw(n: int, rng: np.random.Generator) -> np.ndarray:
        return operands.random_integers((n, n), dtype, magnitude(dtype, result, n), rng)

    return Kind(name, dtype, result, draw, truth.integer_product)


def magnitude(dtype: np.dtype, result: np.dtype, n: int) -> int:
    """The largest entry: n * magnitude^2 fits the result."""
    largest = int(np.iinfo(result).max)
    return min(math.isqrt(largest // n), int(np.iinfo(dtype).max))


def _booleans() -> Kind:
    def draw(n: int, rng: np.random.Generator) -> np.ndarray:
        # so sparse that both values are frequent in the product
        return np.asarray(rng.random((n, n)) < math.sqrt(1 / n))

    return Kind("bool", np.dtype(bool), np.dtype(bool), draw, truth.boolean_product)


def _modulo(name: str, p: int) -> Kind:
    dtype = np.dtype(np.int64)

    def draw(n: int, rng: np.random.Generator) -> np.ndarray:
        return rng.integers(0, p, (n, n), dtype)

    return Kind(name, dtype, dtype, draw, partial(truth.modular_product, p=p), p=p)


def _semiring(semiring: str, name: str) -> Kind:
    dtype = np.dtype(name)

    def draw(n: int, rng: np.random.Generator) -> np.ndarray:
        if dtype.kind == "f":
            return rng.random((n, n), dtype)
        return rng.integers(0, 256 if semiring == FIELD else SEMIRING_MAGNITUDE, (n, n), dtype)

    add, mul = SEMIRINGS[semiring]
    product = partial(truth.semiring_product, add=add, mul=mul)
    label = semiring if semiring == FIELD else f"{semiring} {name}"
    return Kind(label, dtype, dtype, draw, product, semiring=semiring)


KINDS = {
    kind.name: kind
    for kind in (
        *map(_floats, ("float64", "float32")),
        *map(_integers, ("int64", "int32", "int16", "int8", "uint64", "uint32", "uint16", "uint8")),
        _booleans(),
        *(_modulo(name, p) for name, p in MODULI.items()),
        _semiring(FIELD, "uint8"),
        _semiring("min_plus", "int32"),
        _semiring("min_plus", "float32"),
        _semiring("max_plus", "int64"),
        _semiring("max_min", "float32"),
        _semiring("max_times", "float64"),
    )
}
