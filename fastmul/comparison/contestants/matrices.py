"""Contestants of matrix multiplication."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import lru_cache, partial
from importlib.util import find_spec
from typing import Any

import numpy as np

from fastmul.comparison.contestants.contestant import Contestant, Refusal
from fastmul.comparison.kinds import FIELD, SEMIRINGS, Kind
from fastmul.comparison.truth import FIELD_POLYNOMIAL

DGEMM, SGEMM, NUMPY = "BLAS dgemm", "BLAS sgemm", "NumPy @ (integers)"
_SAME_AS = {"numpy": NUMPY}
#: Its plain loop slows down once an operand leaves the caches.
NUMPY_GROWTH = 1.1
GALOIS_PRIME = 2**31 - 1
#: Moduli above it are Python objects to galois.
GALOIS_LARGEST = 2**31
#: A product that no algorithm refuses for its size or its entries.
EASY_SIZE = 16
#: Entries of a matrix that a peer which takes Python lists is still given.
LIST_ENTRIES = 1 << 20


def contestants() -> list[Contestant]:
    found = [
        *_fastmul(),
        _gemm(DGEMM, np.float64),
        _gemm(SGEMM, np.float32),
        _numpy(),
        _numpy_rows(),
    ]
    if find_spec("flint"):
        found += [_flint(), _flint_modulo()]
    if find_spec("galois"):
        found += [_galois(), _galois_field()]
    if find_spec("torch"):
        found += [_torch(), _torch_int8()]
    return found


def as_is(result: Any) -> Any:
    return result


def _machine_integer(case: Any) -> bool:
    return case.kind.is_machine and not case.is_float


def _is_another_product(case: Any) -> bool:
    """Whether a product of the entries as floats is something else."""
    return not case.kind.is_machine or case.kind.dtype.kind == "b"


# ---------------------------------------------------------------- fastmul


def _fastmul() -> list[Contestant]:
    from fastmul.matrices.multiplication import MATMUL

    automatic = Contestant("auto", "fastmul", partial(ask_fastmul, {}), as_is, threaded=True)
    return [automatic, *(
        Contestant(name, "fastmul", partial(ask_fastmul, {"algorithm": name}), as_is, threaded=True,
                   takes=partial(_is_for, name), same_as=_SAME_AS.get(name, ""))
        for name in MATMUL.names
    )]  # fmt: skip


def _is_for(row: str, case: Any) -> bool:
    """Whether the row multiplies matrices of this kind, if only small ones of small entries."""
    return row in _rows_for(case.kind)


@lru_cache
def _rows_for(kind: Kind) -> frozenset[str]:
    from fastmul.matrices.multiplication import MATMUL

    ones = np.ones((EASY_SIZE, EASY_SIZE), kind.dtype)

    def refuses(row: Any) -> str | None:
        return row.refuses(MATMUL.problem(ones, ones, algorithm=row.name, **kind.keywords))

    return frozenset(row.name for row in MATMUL.table if refuses(row) is None)


def ask_fastmul(keywords: dict[str, Any], case: Any, threads: int) -> Callable[[], Any]:
    import fastmul

    return partial(fastmul.matmul, *case.operands, **case.kind.keywords, **keywords)


# ---------------------------------------------------------------- float GEMM and NumPy


def _gemm(name: str, dtype: Any) -> Contestant:
    """Beside semirings and moduli it is given the entries all the same, and only its time counts."""

    def prepare(case: Any, threads: int) -> Callable[[], Any]:
        a, b = (x.astype(dtype) for x in case.operands)
        return partial(np.matmul, a, b)

    return Contestant(
        name, "float", prepare, as_is, exact=False, threaded=True, is_yardstick=_is_another_product
    )


def _numpy() -> Contestant:
    def prepare(case: Any, threads: int) -> Callable[[], Any]:
        return partial(np.matmul, *case.operands, dtype=case.result_dtype)

    return Contestant(NUMPY, "peer", prepare, as_is, growth=NUMPY_GROWTH, takes=_machine_integer)


def _numpy_rows() -> Contestant:
    """A semiring's product as one writes it with NumPy."""

    def prepare(case: Any, threads: int) -> Callable[[], Any]:
        (add, mul), (a, b) = SEMIRINGS[case.kind.semiring], case.operands
        return lambda: np.stack([add.reduce(mul(row[:, None], b), axis=0) for row in a])

    return Contestant("NumPy, row by row", "peer", prepare, as_is, growth=NUMPY_GROWTH,
                      takes=lambda case: bool(case.kind.semiring))  # fmt: skip


# ---------------------------------------------------------------- other libraries


def _flint() -> Contestant:
    import flint

    def prepare(case: Any, threads: int) -> Callable[[], Any]:
        flint.ctx.threads = threads
        a, b = (flint.fmpz_mat(_listed(x)) for x in case.operands)
        return lambda: a * b

    return Contestant("FLINT (fmpz_mat)", "peer", prepare, _from_flint, threaded=True,
                      takes=lambda case: case.dtype == "int64")  # fmt: skip


def _flint_modulo() -> Contestant:
    import flint

    def prepare(case: Any, threads: int) -> Callable[[], Any]:
        flint.ctx.threads = threads
        a, b = (flint.nmod_mat(_listed(x), case.kind.p) for x in case.operands)
        return lambda: a * b

    return Contestant("FLINT (nmod_mat)", "peer", prepare, _from_flint, threaded=True,
                      takes=lambda case: case.kind.p is not None)  # fmt: skip


def _listed(x: np.ndarray) -> list[Any]:
    if x.size > LIST_ENTRIES:
        raise Refusal("takes Python lists: too long to fill")
    return x.tolist()


def _from_flint(result: Any) -> np.ndarray:
    flat = np.array([int(x) for x in result.entries()], dtype=object)
    return flat.reshape(result.nrows(), result.ncols())


def _galois() -> Contestant:
    """galois multiplies modulo a prime; its entries are the case's modulo 2^31 - 1."""

    def prepare(case: Any, threads: int) -> Callable[[], Any]:
        import galois

        return _galois_product(galois.GF(GALOIS_PRIME), [x % GALOIS_PRIME for x in case.operands])

    def finish(result: Any) -> Modular:
        return Modular(np.asarray(result).astype(np.int64), GALOIS_PRIME)

    return Contestant("galois, mod 2^31-1", "peer", prepare, finish,
                      takes=lambda case: case.dtype == "int64")  # fmt: skip


def _galois_field() -> Contestant:
    """galois in the case's own field."""

    def prepare(case: Any, threads: int) -> Callable[[], Any]:
        import galois

        p = case.kind.p
        field = galois.GF(p) if p else galois.GF(256, irreducible_poly=FIELD_POLYNOMIAL)
        return _galois_product(field, case.operands)

    def takes(case: Any) -> bool:
        p = case.kind.p
        return case.kind.semiring == FIELD or (p is not None and p < GALOIS_LARGEST)

    return Contestant("galois", "peer", prepare, np.asarray, takes=takes)


def _galois_product(field: Any, operands: Iterable[np.ndarray]) -> Callable[[], Any]:
    a, b = (field(x) for x in operands)
    return lambda: a @ b


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

    def takes(case: Any) -> bool:
        return case.kind.is_machine and case.result_dtype.kind in "if"

    return Contestant(
        "torch.matmul", "peer", prepare, lambda t: t.numpy(), threaded=True, takes=takes
    )


def _torch_int8() -> Contestant:
    """oneDNN's product of int8 into int32."""

    def prepare(case: Any, threads: int) -> Callable[[], Any]:
        import torch

        if not hasattr(torch, "_int_mm"):
            raise Refusal("this torch has none")
        torch.set_num_threads(threads)
        a, b = (torch.from_numpy(x.copy()) for x in case.operands)
        return lambda: torch._int_mm(a, b)

    return Contestant("torch._int_mm", "peer", prepare, lambda t: t.numpy(), threaded=True,
                      takes=lambda case: case.dtype == "int8")  # fmt: skip
