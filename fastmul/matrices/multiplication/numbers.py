"""Matrices of integers of any size, and what a product of two of them looks like to the planner.

A number is 64-bit limbs, lowest first, in two's complement where a matrix is signed; `Numbers` holds a matrix of
them as 32-bit words, the layout that kernels take.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

LIMB_BITS = 64


@dataclass(frozen=True, slots=True)
class Numbers:
    """A matrix of integers of equally many 32-bit words: `words` is (rows * columns, n_words), row by row."""

    rows: int
    columns: int
    words: np.ndarray
    signed: bool

    @classmethod
    def of(cls, x: np.ndarray, signed: bool | None = None) -> Numbers:
        """Of an (m, k) int64 or uint64 array, or of (m, k, n_limbs) uint64 limbs; signed by default as the dtype is."""
        rows, columns, *n_limbs = x.shape
        words = np.ascontiguousarray(x).reshape(rows * columns, *n_limbs or (1,)).view(np.uint32)
        return cls(rows, columns, words, x.dtype.kind == "i" if signed is None else signed)

    @property
    def limbs(self) -> np.ndarray:
        """(rows, columns, n_limbs) uint64."""
        return self.words.view(np.uint64).reshape(self.rows, self.columns, -1)


class NumbersProblem(NamedTuple):
    """(m, k) @ (k, n) of integers with |a| < 2^a_bits, |b| < 2^b_bits, into limbs in two's complement.

    Every entry of the product is at most `highest` in magnitude; `n_limbs` hold it and its sign (or hold it unsigned,
    if all entries are so).
    """

    m: int
    k: int
    n: int
    a_bits: int
    b_bits: int
    highest: int
    n_limbs: int
    threads: int | None = None

    def __str__(self) -> str:
        return f"({self.m}, {self.k}) @ ({self.k}, {self.n}) of integers of {self.a_bits} and {self.b_bits} bits"


def limbs_for(highest: int) -> int:
    """Limbs, in two's complement, of every integer of magnitude at most `highest`.

    >>> limbs_for(2**63 - 1), limbs_for(2**63)
    (1, 2)
    """
    return highest.bit_length() // LIMB_BITS + 1
