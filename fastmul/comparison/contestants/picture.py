"""Contestants of `compare matrices` beyond those of every comparison: accuracies, types, the user's own semiring."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from fastmul.comparison.contestants.contestant import Contestant, Refusal
from fastmul.comparison.contestants.matrices import as_is, ask_fastmul

#: What `accuracy=` may ask of floats, and the name shown.
ACCURACIES = {
    "fast": "fast",
    "reproducible": "reproducible",
    "correctly_rounded": "correctly rounded",
}
OWN_SEMIRING = "min_plus"
#: Schemes that `fastmul.matrices.schemes.multiply` knows beside Strassen's and Winograd's, and where they run.
SCHEMES = ("laderman", "strassen_squared", "dumas_pernet_sedoglavic", "karstadt_schwartz")
OF_SCHEMES = ("float64", "int64", "mod 998244353")
SMALLEST_OF_SCHEMES = 1024


def contestants() -> list[Contestant]:
    return [*_accuracies(), *_schemes(), _own_semiring(), _bit_matrix()]


def _accuracies() -> list[Contestant]:
    return [
        Contestant(name, "fastmul", partial(ask_fastmul, {"accuracy": accuracy}), as_is, threaded=True,
                   takes=lambda case: case.is_float)
        for accuracy, name in ACCURACIES.items()
    ]  # fmt: skip


def _schemes() -> list[Contestant]:
    """Strassen-like schemes that are no row of matmul's table, over floats, int64 and the integers modulo p."""
    return [
        Contestant(name, "fastmul", partial(_by_scheme, name), as_is, threaded=True,
                   takes=lambda case: case.kind.name in OF_SCHEMES and case.size >= SMALLEST_OF_SCHEMES)
        for name in SCHEMES
    ]  # fmt: skip


def _by_scheme(name: str, case: Any, threads: int) -> Callable[[], Any]:
    from fastmul.exceptions import AlgorithmError
    from fastmul.matrices import schemes

    a, b = case.operands
    call = partial(schemes.multiply, a, b, name, mod=case.kind.p, threads=threads)
    try:
        schemes.multiply(a[:8, :8], b[:8, :8], name, mod=case.kind.p)
    except AlgorithmError as error:
        raise Refusal(str(error)) from None
    return call


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
