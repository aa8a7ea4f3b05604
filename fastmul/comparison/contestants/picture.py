"""Contestants of `compare matrices` beyond those of every comparison: accuracies, types, the user's own semiring."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from fastmul.comparison.contestants.contestant import Contestant
from fastmul.comparison.contestants.matrices import as_is, ask_fastmul

#: What `accuracy=` may ask of floats, and the name shown.
ACCURACIES = {
    "fast": "fast",
    "reproducible": "reproducible",
    "correctly_rounded": "correctly rounded",
}
OWN_SEMIRING = "min_plus"


def contestants() -> list[Contestant]:
    return [*_accuracies(), _own_semiring(), _bit_matrix()]


def _accuracies() -> list[Contestant]:
    return [
        Contestant(name, "fastmul", partial(ask_fastmul, {"accuracy": accuracy}), as_is, threaded=True,
                   takes=lambda case: case.is_float)
        for accuracy, name in ACCURACIES.items()
    ]  # fmt: skip


def _own_semiring() -> Contestant:
    """A ready semiring written down by a user: two functions of scalars."""

    def prepare(case: Any, threads: int) -> Callable[[], Any]:
        import fastmul

        own = fastmul.Semiring(np.minimum, lambda x, y: x + y, zero=float("inf"), one=0)
        return partial(fastmul.matmul, *case.operands, semiring=own)

    return Contestant("your Semiring", "fastmul", prepare, as_is, threaded=True,
                      takes=lambda case: case.kind.semiring == OWN_SEMIRING)  # fmt: skip


def _bit_matrix() -> Contestant:
    """Packed operands, where NumPy's arrays are packed inside the time."""

    def prepare(case: Any, threads: int) -> Callable[[], Any]:
        from fastmul.matrices import BitMatrix

        a, b = (BitMatrix(x) for x in case.operands)
        return lambda: a @ b

    return Contestant("BitMatrix @", "fastmul", prepare, lambda c: c.to_array(), threaded=True,
                      takes=lambda case: case.kind.p == 2)  # fmt: skip
