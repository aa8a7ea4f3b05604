"""matmul: integer matrix products, bit for bit NumPy's, at the speed of float hardware."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from typing import Any

import numpy as np

from fastmul.matrices.multiplication import gemm, numpy
from fastmul.matrices.multiplication.operands import Operands, analyse
from fastmul.matrices.multiplication.problem import MatmulProblem
from fastmul.planning import memory
from fastmul.planning.algorithm import Algorithm, Operation, never
from fastmul.planning.pick import pick
from fastmul.runtime import arrays

__all__ = ["MATMUL", "TABLE", "MatmulProblem", "matmul"]

TABLE = (
    Algorithm(
        name="gemm",
        run=gemm.run,
        refuses=gemm.refuses,
        cost=gemm.cost,
        summary="One float GEMM; integers only inside the window where it is exact.",
        complexity="O(mkn) float operations; (mk + kn + mn) floats of memory for integers.",
        source="Dumas, Giorgi, Pernet, ACM TOMS 35:3 (2008), section 3.",
    ),
    Algorithm(
        name="numpy",
        run=numpy.run,
        refuses=never,
        cost=numpy.cost,
        summary="np.matmul as it is.",
        complexity="O(mkn), a plain loop for integers.",
        source="NumPy.",
    ),
)


def _problem(
    a: Any,
    b: Any,
    /,
    *,
    out: Any = None,
    algorithm: str = "auto",
    verify: Any = False,
    **keywords: Any,
) -> MatmulProblem:
    return analyse(a, b, algorithm=algorithm, **keywords).problem


MATMUL = Operation("matmul", TABLE, _problem)


def matmul(
    a: Any,
    b: Any,
    /,
    *,
    out: Any = None,
    dtype: Any = None,
    overflow: str = "wrap",
    accuracy: str | None = None,
    algorithm: str = "auto",
    threads: int | None = None,
    verify: bool | int = False,
) -> Any:
    """The matrix product a @ b: c[i, j] = sum over l of a[i, l] * b[l, j]."""
    call = analyse(
        a,
        b,
        dtype=dtype,
        overflow=overflow,
        accuracy=accuracy,
        algorithm=algorithm,
        threads=threads,
    )
    target = None if out is None else _usable_out(call, arrays.as_out("matmul", out))
    product = compute(call, algorithm, verify, target)
    if out is not None and product is not out:
        np.copyto(out, product.squeeze(call.drop) if call.drop else product, casting="same_kind")
    if out is not None:
        return out
    return product.squeeze(call.drop)[()] if call.drop else product


matmul.operation = MATMUL  # type: ignore[attr-defined]


def _usable_out(call: Operands, out: np.ndarray) -> np.ndarray | None:
    """`out` if the product may be written straight into it; None if it must be copied there afterwards."""
    shape = tuple(s for i, s in enumerate(call.shape, -len(call.shape)) if i not in call.drop)
    dtype = call.problem.dtype
    core = len(shape) - (len(call.shape) - 2)
    fits = out.ndim >= core and out.shape[out.ndim - core :] == shape[len(shape) - core :]
    try:
        fits = fits and np.broadcast_shapes(shape, out.shape) == out.shape
    except ValueError:
        fits = False
    if not fits:
        raise ValueError(f"matmul(out=...): the product has shape {shape}, out has {out.shape}")
    if not np.can_cast(dtype, out.dtype, "same_kind"):
        raise TypeError(f"matmul(out=...): {dtype} does not cast to {out.dtype} under 'same_kind'")
    same = (
        (out.dtype, out.shape) == (dtype, call.shape) and out.dtype.isnative and out.flags.aligned
    )
    computed_at_once = call.overflow == "wrap" and not call.to_objects and not call.drop
    if same and computed_at_once and not arrays.may_overlap(out, call.a, call.b):
        return out
    return None


def compute(
    call: Operands, algorithm: str, verify: bool | int, out: np.ndarray | None
) -> np.ndarray:
    """The stacked product of a checked call."""
    problem = call.problem
    memory.require(problem.result_bytes, f"matmul {problem}")
    row = choose(problem, algorithm)
    return row.run(problem, call.a, call.b, out)


def choose(problem: MatmulProblem, algorithm: str = "auto") -> Algorithm:
    """The named row, or the cheapest that does not refuse (`planning.pick`, asking no more rows than needed)."""
    if algorithm != "auto" or problem.kind == "other":
        return pick(MATMUL, problem, algorithm)
    for row in _by_cost(replace(problem, operands=None)):
        if row.refuses(problem) is None:  # may scan the values: only of a row that would be taken
            return row
    return pick(MATMUL, problem)


@lru_cache(maxsize=1024)
def _by_cost(problem: MatmulProblem) -> tuple[Algorithm, ...]:
    return tuple(sorted(TABLE, key=lambda row: row.cost(problem)))
