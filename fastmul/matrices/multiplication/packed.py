"""One packed product over every dtype: integers modulo 2^bits at nearly the speed of float GEMM.

The operands are copied into the order in which a register kernel reads them, and multiplied in the arithmetic of a
ring: float64, float32, int64 modulo 2^64, int32 modulo 2^32, and narrow integers by dot-product instructions.
Reduction modulo 2^bits is a ring homomorphism, so that signed, unsigned and mixed operands share the kernels of the
result's width, and wrapping sums in any order are exact modulo 2^bits.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from fastmul.matrices.multiplication.problem import MatmulProblem
from fastmul.matrices.multiplication.stacks import run_each
from fastmul.planning import cost as costs


def matmul(a: Any, b: Any) -> Any:
    """a @ b by the packed product; raises AlgorithmError where it has no kernel."""
    from fastmul.matrices.multiplication import matmul

    return matmul(a, b, algorithm="packed")


def refuses(problem: MatmulProblem) -> str | None:
    if problem.kind == "other" or problem.dtype.itemsize < 4:
        return f"there is no packed kernel for {problem.dtype}"
    return None


def cost(problem: MatmulProblem) -> float:
    curve = "int32" if problem.dtype.itemsize < 4 else problem.dtype.name.removeprefix("u")
    return problem.batch * costs.seconds(f"matmul.packed.{curve}", problem.size)


def run(
    problem: MatmulProblem, a: np.ndarray, b: np.ndarray, out: np.ndarray | None = None
) -> np.ndarray:
    def product(x: np.ndarray, y: np.ndarray, to: np.ndarray) -> None:
        matmul_2d(x, y, to, problem.threads)

    return run_each(problem, a, b, out, product)


def matmul_2d(a: np.ndarray, b: np.ndarray, out: np.ndarray, threads: int | None = None) -> None:
    """out = a @ b in the arithmetic of out's dtype: modulo 2^bits, or/and for bool, rounded for floats.

    Parameters
    ----------
    a, b : (m, k), (k, n) arrays of any strides, floats if out is a float, else integers or bool.
    out : (m, n) array of any strides that overlaps neither a nor b.
    threads : int, optional
        As in `fastmul.matmul`.
    """
    from fastmul.kernels.cpu import gemm

    plan = _PLANS.get((a.dtype.char, b.dtype.char, out.dtype.char)) or _plan(
        a.dtype, b.dtype, out.dtype
    )
    ring, as_a, as_b, as_out = plan
    gemm.multiply(_as(a, as_a), _as(b, as_b), out.view(as_out), ring, threads)


#: (a, b, out) dtype characters -> ring, and the dtypes under which it takes a, b and out.
_PLANS: dict[tuple[str, str, str], tuple[str, np.dtype, np.dtype, np.dtype]] = {}


def _plan(a: np.dtype, b: np.dtype, out: np.dtype) -> tuple[str, np.dtype, np.dtype, np.dtype]:
    ring = out.name.removeprefix("u")
    kind = np.dtype(ring)
    plan = _PLANS[a.char, b.char, out.char] = (ring, kind, kind, kind)
    return plan


def _as(x: np.ndarray, dtype: np.dtype) -> np.ndarray:
    """x as `dtype`: a view if only the sign differs, a converted copy otherwise."""
    if x.dtype == dtype:
        return x
    if x.dtype.itemsize == dtype.itemsize and x.dtype.kind in "iu":
        return x.view(dtype)
    return x.astype(dtype)
