"""Stacks of matrices, for algorithms that multiply one pair at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from fastmul.matrices.multiplication.problem import MatmulProblem

Product = Callable[[np.ndarray, np.ndarray, np.ndarray], None]


def batch_shape(a: np.ndarray, b: np.ndarray) -> tuple[int, ...]:
    """The broadcast shape of the axes before the last two; ValueError if they do not broadcast."""
    if a.ndim == b.ndim == 2:
        return ()
    return np.broadcast_shapes(a.shape[:-2], b.shape[:-2])


def each(a: np.ndarray, b: np.ndarray) -> Iterator[tuple[tuple[int, ...], np.ndarray, np.ndarray]]:
    """Every index of the broadcast stack with its pair of matrices."""
    batch = batch_shape(a, b)
    a, b = (np.broadcast_to(x, (*batch, *x.shape[-2:])) for x in (a, b))
    for index in np.ndindex(batch):
        yield index, a[index], b[index]


def run_each(
    problem: MatmulProblem, a: np.ndarray, b: np.ndarray, out: np.ndarray | None, product: Product
) -> np.ndarray:
    """Call product(a_i, b_i, out_i) for every matrix of the broadcast stack; returns the stacked result.

    A stack of a times one b is a single tall product.
    """
    batch = batch_shape(a, b)
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
    for index, x, y in each(a, b):
        product(x, y, out[index])
    return out
