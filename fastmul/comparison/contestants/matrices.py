"""Contestants of matrix multiplication."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from importlib.util import find_spec
from typing import Any

import numpy as np

from fastmul.comparison.contestants.contestant import Contestant, Refusal

DGEMM, SGEMM, NUMPY = "BLAS dgemm", "BLAS sgemm", "NumPy @ (integers)"
_SAME_AS = {"numpy": NUMPY}
#: Its plain loop slows down once an operand leaves the caches.
NUMPY_GROWTH = 1.1
GALOIS_PRIME = 2**31 - 1
#: Entries of a matrix that a peer which takes Python lists is still given.
LIST_ENTRIES = 1 << 20


def contestants() -> list[Contestant]:
    found = [*_fastmul(), _gemm(DGEMM, np.float64), _gemm(SGEMM, np.float32), _numpy()]
    if find_spec("flint"):
        found.append(_flint())
    if find_spec("galois"):
        found.append(_galois())
    if find_spec("torch"):
        found.append(_torch())
    return found


def _as_is(result: Any) -> Any:
    return result


def _integer(case: Any) -> bool:
    return not case.is_float


# ---------------------------------------------------------------- fastmul


def _fastmul() -> list[Contestant]:
    from fastmul.matrices.multiplication import MATMUL

    return [
        Contestant(name, "fastmul", partial(_prepare_row, name), _as_is, threaded=True,
                   same_as=_SAME_AS.get(name, ""))
        for name in ("auto", *MATMUL.names)
    ]  # fmt: skip


def _prepare_row(algorithm: str, case: Any, threads: int) -> Callable[[], Any]:
    import fastmul

    a, b = case.operands
    dtype = None if case.result_dtype == a.dtype else case.result_dtype
    return partial(fastmul.matmul, a, b, dtype=dtype, algorithm=algorithm)


# ---------------------------------------------------------------- float GEMM and NumPy


def _gemm(name: str, dtype: Any) -> Contestant:
    def prepare(case: Any, threads: int) -> Callable[[], Any]:
        a, b = (x.astype(dtype) for x in case.operands)
        return partial(np.matmul, a, b)

    return Contestant(name, "float", prepare, _as_is, exact=False, threaded=True)


def _numpy() -> Contestant:
    def prepare(case: Any, threads: int) -> Callable[[], Any]:
        return partial(np.matmul, *case.operands, dtype=case.result_dtype)

    return Contestant(NUMPY, "peer", prepare, _as_is, growth=NUMPY_GROWTH, takes=_integer)


# ---------------------------------------------------------------- other libraries


def _flint() -> Contestant:
    import flint

    def prepare(case: Any, threads: int) -> Callable[[], Any]:
        if case.size**2 > LIST_ENTRIES:
            raise Refusal("takes Python lists: too long to fill")
        flint.ctx.threads = threads
        a, b = (flint.fmpz_mat(x.tolist()) for x in case.operands)
        return lambda: a * b

    def finish(result: Any) -> np.ndarray:
        flat = np.array([int(x) for x in result.entries()], dtype=object)
        return flat.reshape(result.nrows(), result.ncols())

    return Contestant("FLINT (fmpz_mat)", "peer", prepare, finish, threaded=True,
                      takes=lambda case: case.dtype == "int64")  # fmt: skip


def _galois() -> Contestant:
    """galois multiplies modulo a prime; its entries are the case's modulo 2^31 - 1."""

    def prepare(case: Any, threads: int) -> Callable[[], Any]:
        import galois

        field = galois.GF(GALOIS_PRIME)
        a, b = (field(x.astype(np.int64) % GALOIS_PRIME) for x in case.operands)
        return lambda: a @ b

    return Contestant("galois, mod 2^31-1", "peer", prepare, _modular,
                      takes=lambda case: case.dtype == "int64")  # fmt: skip


def _modular(result: Any) -> Any:
    return Modular(np.asarray(result).astype(np.int64), GALOIS_PRIME)


class Modular:
    """A product that is right modulo p only."""

    def __init__(self, values: np.ndarray, p: int) -> None:
        self.values, self.p = values, p


def _torch() -> Contestant:
    def prepare(case: Any, threads: int) -> Callable[[], Any]:
        import torch

        torch.set_num_threads(threads)
        a, b = (torch.from_numpy(x.astype(case.result_dtype)) for x in case.operands)
        return lambda: torch.matmul(a, b)

    return Contestant("torch.matmul", "peer", prepare, lambda t: t.numpy(), threaded=True)
