"""The packed product over a semiring: its two functions traced, and inlined into the register kernel."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from fastmul.kernels.expressions import Untraceable
from fastmul.matrices.multiplication.problem import MatmulProblem
from fastmul.matrices.multiplication.stacks import run_each
from fastmul.matrices.semiring_products import Arithmetic, arithmetic
from fastmul.planning import cost as costs

#: Operations of the semirings whose curves were measured, of which costs of others are multiples.
_MEASURED_OPERATIONS = 2


def refuses(problem: MatmulProblem) -> str | None:
    try:
        _semiring(problem).traced(problem.dtype)
    except Untraceable as reason:
        return str(reason)
    return None


def cost(problem: MatmulProblem) -> float:
    """The time of min_plus on as wide words, times how many more operations there are."""
    add, mul = _semiring(problem).traced(problem.dtype)
    share = max(1.0, (add.n_operations + mul.n_operations) / _MEASURED_OPERATIONS)
    bits = max(32, 8 * problem.dtype.itemsize)
    curve = f"matmul.packed.min_plus.{'float' if problem.dtype.kind == 'f' else 'int'}{bits}"
    return share * problem.batch * costs.seconds(curve, problem.size)


def run(
    problem: MatmulProblem, a: np.ndarray, b: np.ndarray, out: np.ndarray | None = None
) -> np.ndarray:
    from fastmul.kernels.cpu.gemm import semirings

    how = arithmetic(_semiring(problem), a, b)
    ring, word = _ring(how)

    def product(x: np.ndarray, y: np.ndarray, to: np.ndarray) -> None:
        semirings.multiply(x.view(word), y.view(word), to.view(word), ring, problem.threads)

    return run_in_carrier(problem, how, a, b, out, product)


def run_in_carrier(
    problem: MatmulProblem,
    how: Arithmetic,
    a: np.ndarray,
    b: np.ndarray,
    out: np.ndarray | None,
    product: Any,
) -> np.ndarray:
    """The stacked product by product(a_i, b_i, to), all of them in how.carrier."""
    if how.carrier == problem.dtype and out is not None:
        c = out
    else:
        batch = np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
        c = np.empty((*batch, problem.m, problem.n), how.carrier)
    if problem.k == 0:
        c[...] = how.zero
    else:
        run_each(problem, how.enter(a), how.enter(b), c, product)
    left = how.leave(c)
    if out is None or left is out:
        return left
    np.copyto(out, left)
    return out


@lru_cache(maxsize=256)
def _ring(how: Arithmetic) -> tuple[Any, Any]:
    """The ring, and the dtype under which it takes the carrier."""
    from fastmul.kernels.cpu.gemm import semirings
    from fastmul.kernels.cpu.gemm.rings import rings

    add, mul = how.expressions()
    if add.is_plain("or") and mul.is_plain("and") and how.carrier.kind == "b":
        return rings()["bool"], np.uint8  # by dot-product instructions, several times as fast
    if (
        how.carrier.kind in "iu"
        and how.carrier.itemsize >= 4
        and add.is_plain("add")
        and mul.is_plain("mul")
    ):
        word = f"int{8 * how.carrier.itemsize}"
        return rings()[word], word
    view = np.dtype(np.uint8) if how.carrier.kind == "b" else how.carrier
    return semirings.ring(add, mul, how.zero, how.infinity, how.nan_free), view


def _semiring(problem: MatmulProblem) -> Any:
    return problem.algebra
