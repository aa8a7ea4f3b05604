"""Checking a product modulo p in O(n^2): A (B x) = C x for random vectors x (odds in bounds/freivalds)."""

from __future__ import annotations

import random
from typing import Any

import numpy as np

from fastmul.bounds import freivalds, modular
from fastmul.matrices.multiplication import stacks
from fastmul.runtime import threads

#: Multiplications of one chunk: about 10 ms.
_CHUNK = 1 << 23
#: Below it, products with 16-bit pieces of a vector add up in words without reduction.
_NARROW = 1 << 32


def is_right(
    p: int,
    a: np.ndarray,
    b: np.ndarray,
    c: np.ndarray,
    rng: random.Random,
    n_threads: int | None = None,
) -> bool:
    """One check of a stacked product: entries in [0, p), and congruent, but for the odds of `miss_modulo`."""
    if p <= modular.HALF and (int(c.min(initial=0)) < 0 or int(c.max(initial=0)) >= p):
        return False
    generator = np.random.Generator(np.random.PCG64(rng.getrandbits(128)))
    count = freivalds.vectors_modulo(p)
    for index, x, y in stacks.each(a, b):
        v = generator.integers(0, p - 1, (y.shape[1], count), np.uint64, endpoint=True)
        left = times(x, times(y, v, p, n_threads), p, n_threads)
        if not np.array_equal(left, times(c[index], v, p, n_threads)):
            return False
    return True


def times(matrix: np.ndarray, v: np.ndarray, p: int, n_threads: int | None = None) -> np.ndarray:
    """The integer matrix times a few columns v in [0, p), modulo p, as uint64 in [0, p)."""
    from fastmul.kernels.cpu import freivalds as kernels

    flip = modular.HALF if matrix.dtype.kind == "i" else 0
    words = matrix.astype(np.int64 if flip else np.uint64, copy=False).view(np.uint64)
    out = np.empty((matrix.shape[0], v.shape[1]), np.uint64)
    if p > modular.HALF:
        run = kernels.multiply_by_vectors
        operands: tuple[Any, ...] = (words, v, out)
    elif p <= _NARROW:
        numbers = (flip, -flip % p, modular.reciprocal(p), p)
        run = kernels.multiply_by_vectors_narrow
        operands = (words, v, *map(np.uint64, numbers), out)
    else:
        # (x + flip) v is added up: flip times the sum of v is too much
        excess = [-flip * sum(column) % p for column in v.T.tolist()]
        shoups = [[modular.shoup(x, p) for x in row] for row in v.tolist()]
        run = kernels.multiply_by_vectors_wide
        constants = np.array(shoups, np.uint64).reshape(v.shape), np.array(excess, np.uint64)
        operands = (words, v, *constants, np.uint64(flip), np.uint64(p), out)
    rows = max(1, _CHUNK // max(1, matrix.shape[1] * v.shape[1]))
    spans = [(i, min(i + rows, out.shape[0])) for i in range(0, out.shape[0], rows)]
    threads.run(run, [(*operands, *span) for span in spans], threads.get_threads(n_threads))
    return out
