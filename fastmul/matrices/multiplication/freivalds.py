"""Checking a product in O(n^2): compare A (B x) with C x for random x (Freivalds 1977; odds in bounds/freivalds)."""

from __future__ import annotations

import random

import numpy as np

from fastmul.bounds.freivalds import VECTORS
from fastmul.matrices.multiplication import stacks
from fastmul.matrices.multiplication.problem import MatmulProblem
from fastmul.planning.verify import random_prime
from fastmul.runtime import threads

#: Entries of a matrix that one chunk multiplies by all vectors: about 10 ms.
_CHUNK = 1 << 21


def is_right(
    problem: MatmulProblem, a: np.ndarray, b: np.ndarray, c: np.ndarray, rng: random.Random
) -> bool:
    """One check of a stacked product in problem.dtype; a wrong one passes with the odds of bounds/freivalds."""
    if c.size == 0:
        return True
    if problem.algebra is not None:
        return problem.algebra.is_right(problem, a, b, c, rng)
    if problem.kind == "bool":
        return _rows_are_right(a, b, c, rng)
    if problem.dtype.kind == "O":
        return all(is_right_modulo_prime(x, y, c[i], rng) for i, x, y in stacks.each(a, b))
    bits = np.iinfo(problem.dtype).bits
    generator = np.random.Generator(np.random.PCG64(rng.getrandbits(128)))
    for index, x, y in stacks.each(a, b):
        v = generator.integers(0, 1 << 64, (problem.n, VECTORS), np.uint64)
        expected = _times(x, _times(y, v, problem.threads), problem.threads)
        got = _times(c[index], v, problem.threads)
        if ((expected - got) << np.uint64(64 - bits)).any():  # equal modulo 2^bits
            return False
    return True


def is_right_modulo_prime(a: np.ndarray, b: np.ndarray, c: np.ndarray, rng: random.Random) -> bool:
    """One check of a 2-D product of Python ints, modulo a random 61-bit prime."""
    return _holds_modulo(random_prime(rng), a, b, c, rng)


def _holds_modulo(p: int, a: np.ndarray, b: np.ndarray, c: np.ndarray, rng: random.Random) -> bool:
    """Whether A (B x) = C x modulo p for one random x, in Python ints."""
    x = np.array([rng.randrange(p) for _ in range(c.shape[1])] or [0][:0], object)
    a, b, c = (v.astype(object) % p for v in (a, b, c))
    return bool(np.array_equal(a @ (b @ x % p) % p, c @ x % p))


def _times(matrix: np.ndarray, vectors: np.ndarray, n_threads: int | None) -> np.ndarray:
    from fastmul.kernels.cpu.freivalds import multiply_by_vectors

    matrix = matrix.astype(np.uint64, copy=False)
    out = np.empty((matrix.shape[0], vectors.shape[1]), np.uint64)
    rows = max(1, _CHUNK // max(1, matrix.shape[1]))
    chunks = [
        (matrix, vectors, out, start, min(start + rows, matrix.shape[0]))
        for start in range(0, matrix.shape[0], rows)
    ]
    threads.run(multiply_by_vectors, chunks, threads.get_threads(n_threads))
    return out


def _rows_are_right(a: np.ndarray, b: np.ndarray, c: np.ndarray, rng: random.Random) -> bool:
    """Or/and has no subtraction, so no Freivalds: random rows are computed again."""
    rows = sorted({rng.randrange(c.shape[-2]) for _ in range(VECTORS)})
    return bool(np.array_equal(np.matmul(a[..., rows, :], b), c[..., rows, :]))
