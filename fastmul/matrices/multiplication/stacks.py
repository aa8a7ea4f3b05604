"""Stacks of matrices, for algorithms that multiply one pair at a time."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from fastmul.matrices.multiplication.problem import MatmulProblem

Product = Callable[[np.ndarray, np.ndarray, np.ndarray], None]


def run_each(
    problem: MatmulProblem, a: np.ndarray, b: np.ndarray, out: np.ndarray | None, product: Product
) -> np.ndarray:
    """Call product(a_i, b_i, out_i) for every matrix of the broadcast stack; returns the stacked result.

    A stack of a times one b is a single tall product.
    """
    batch = np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
    if out is None:
        out = np.empty((*batch, problem.m, problem.n), problem.dtype)
    if out.size == 0:
        return out
    if problem.k == 0:
        out[...] = 0
        return out
    if b.ndim == 2 and a.ndim > 2 and a.flags.c_contiguous and out.flags.c_contiguous:
        product(a.reshape(-1, problem.k), b, out.reshape(-1, problem.n))
        return out
    if not batch:
        product(a, b, out)
        return out
    a = np.broadcast_to(a, (*batch, problem.m, problem.k))
    b = np.broadcast_to(b, (*batch, problem.k, problem.n))
    for index in np.ndindex(batch):
        product(a[index], b[index], out[index])
    return out
