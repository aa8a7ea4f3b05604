"""The algebra of a product: what `mod=` and `semiring=` put in the place of a dtype's own + and *.

    matmul(a, b)                        machine integers and floats: no algebra object at all
    matmul(a, b, mod=p)                 modular.Modulo(p)
    matmul(a, b, semiring=min_plus)     the object given

An algebra says how operands are read and what the result is; rows of the table say, by its `kind`, whether they
can compute in it.
"""

from __future__ import annotations

import random
from typing import Any, Protocol, runtime_checkable

import numpy as np


@runtime_checkable
class Algebra(Protocol):
    """What an object given as `semiring=`, or made of `mod=`, offers; hashable, since choices are remembered by it."""

    @property
    def name(self) -> str:
        """As messages say it: "min_plus", "integers modulo 7"."""

    @property
    def kind(self) -> str:
        """The family that rows ask for: "modulo", "semiring", "field"."""

    @property
    def has_subtraction(self) -> bool:
        """Whether it is a ring, so that Strassen-like schemes and Freivalds' check apply."""

    def prepare(
        self, a: np.ndarray, b: np.ndarray, dtype: np.dtype | None
    ) -> tuple[np.ndarray, np.ndarray, np.dtype]:
        """The stacked operands as rows take them, and the result's dtype; TypeError for dtypes it has not."""

    def is_right(
        self, problem: Any, a: np.ndarray, b: np.ndarray, c: np.ndarray, rng: random.Random
    ) -> bool:
        """One check of a stacked product, for `verify=`."""


#: Types whose objects are algebras: asking a protocol takes as long as a small product.
_known: set[type] = set()


def _is_algebra(x: Any) -> bool:
    if type(x) in _known:
        return True
    if not isinstance(x, Algebra):
        return False
    _known.add(type(x))
    return True


def resolve(function: str, mod: Any, semiring: Any) -> Algebra | None:
    """The algebra that the keywords ask for; None for a dtype's own arithmetic.

    Raises
    ------
    ValueError : both are given, or `mod` is no modulus.
    TypeError : `semiring` is no algebra, or `mod` no integer.
    """
    if mod is None and semiring is None:
        return None
    if mod is not None and semiring is not None:
        raise ValueError(
            f"{function}(mod={mod!r}, semiring={semiring!r}): a modulus is a ring of its own; give one of the two"
        )
    if mod is not None:
        from fastmul.matrices.modular import modulo

        return modulo(function, mod)
    if not _is_algebra(semiring):
        raise TypeError(
            f"{function}(semiring={semiring!r}): a semiring is one of fastmul's (fastmul.min_plus, ...) or a "
            "fastmul.Semiring(add, mul, zero, one)"
        )
    return semiring
