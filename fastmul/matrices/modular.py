"""The integers modulo p, for any p from 2 to 2^63 and for 2^64: what `mod=` means."""

from __future__ import annotations

import operator
import random
from dataclasses import dataclass
from typing import Any

import numpy as np

#: Residues below it fit int64, the dtype of results.
LARGEST = 1 << 63


@dataclass(frozen=True, slots=True)
class Modulo:
    """The ring of the integers modulo p; its elements are the integers of [0, p)."""

    p: int

    kind = "modulo"
    has_subtraction = True

    @property
    def name(self) -> str:
        return f"integers modulo {self.p}"

    @property
    def dtype(self) -> np.dtype:
        return np.dtype(np.uint64 if self.p > LARGEST else np.int64)

    def prepare(
        self, a: np.ndarray, b: np.ndarray, dtype: np.dtype | None
    ) -> tuple[np.ndarray, np.ndarray, np.dtype]:
        """Integers of any dtype as they are, Python ints reduced; the result is int64 (uint64 modulo 2^64)."""
        if dtype is not None and dtype != self.dtype:
            raise TypeError(f"matmul(mod={self.p}, dtype={dtype}): the result is {self.dtype}")
        return self._integers(a), self._integers(b), self.dtype

    def _integers(self, x: np.ndarray) -> np.ndarray:
        if x.dtype.kind in "biu":
            return x
        if x.dtype.kind != "O":
            raise TypeError(
                f"matmul(mod={self.p}) multiplies integers, got an operand of {x.dtype}"
            )
        reduced = [operator.index(entry) % self.p for entry in x.ravel()]
        return np.array(reduced, np.uint64).reshape(x.shape)

    def is_right(
        self, problem: Any, a: np.ndarray, b: np.ndarray, c: np.ndarray, rng: random.Random
    ) -> bool:
        """One check of Freivalds; a wrong product passes with probability at most 2^-40 (bounds/freivalds)."""
        from fastmul.matrices.multiplication.modulo import freivalds

        return freivalds.is_right(self.p, a, b, c, rng, problem.threads)


def modulo(function: str, p: Any) -> Modulo:
    """Z/p for the modulus that a caller gave.

    Raises
    ------
    TypeError : p is no integer.
    ValueError : p is below 2, or above 2^63 and not 2^64.
    """
    try:
        value = operator.index(p)
    except TypeError:
        raise TypeError(f"{function}(mod={p!r}): a modulus is an integer") from None
    if value < 2:
        raise ValueError(f"{function}(mod={value}): a modulus is at least 2")
    if value > LARGEST and value != 1 << 64:
        raise ValueError(
            f"{function}(mod={value}): a modulus is at most 2**63, or 2**64; beyond, multiply object arrays "
            "of Python ints and reduce"
        )
    return Modulo(value)
