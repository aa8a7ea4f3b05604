"""Stacks of matrices, for algorithms that multiply one pair at a time."""

from __future__ import annotations

import math
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
    problem: MatmulProblem,
    a: np.ndarray,
    b: np.ndarray,
    out: np.ndarray | None,
    product: Product,
    takes_stacks: bool = False,
) -> np.ndarray:
    """Call product(a_i, b_i, out_i) for every matrix of the broadcast stack; returns the stacked result.

    A stack of a times one b is a single tall product. A product that `takes_stacks` is given as many matrices at a
    time as one stride reaches, in arrays of three axes.
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
    if takes_stacks:
        for x, y, z in _stacks(a, b, out):
            product(x, y, z)
        return out
    for index, x, y in each(a, b):
        product(x, y, out[index])
    return out


def _stacks(a: np.ndarray, b: np.ndarray, c: np.ndarray) -> Iterator[list[np.ndarray]]:
    """The broadcast stack c and its operands as views of three axes, few of them and long ones."""
    batch = c.shape[:-2]
    arrays = [np.broadcast_to(a, batch + a.shape[-2:]), np.broadcast_to(b, batch + b.shape[-2:]), c]
    first = len(batch) - 1  # of the axes that are walked by one stride
    while first > 0 and all(
        x.strides[first - 1] == x.shape[first] * x.strides[first] for x in arrays
    ):
        first -= 1
    if first > 0 and max(batch[:first]) > math.prod(batch[first:]):
        longest = batch.index(max(batch[:first]))
        first = len(batch) - 1
        arrays = [np.moveaxis(x, longest, first) for x in arrays]
    for index in np.ndindex(arrays[0].shape[:first]):
        yield [x[index].reshape(-1, *x.shape[-2:]) for x in arrays]
