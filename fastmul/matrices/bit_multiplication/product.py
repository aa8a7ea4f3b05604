"""The algorithms of the product of packed bits, and the choice among them."""

from __future__ import annotations

import random
from functools import lru_cache
from typing import Any

import numpy as np

from fastmul.matrices.bit_multiplication import four_russians, gfni
from fastmul.matrices.bit_multiplication.problem import BitProblem
from fastmul.planning import cost
from fastmul.planning import verify as verification
from fastmul.planning.algorithm import Algorithm, Operation, never
from fastmul.planning.pick import pick

TABLE = (
    Algorithm(
        name="gfni",
        run=gfni.run,
        refuses=gfni.refuses,
        cost=gfni.cost,
        summary="The packed product over the ring of 8 x 8 bit matrices, eight of them to an instruction.",
        complexity="O(mkn / 4096) instructions; operands and result once more as blocks, and the packed panels.",
        source="Intel, Galois Field New Instructions (2018): GF2P8AFFINEQB; Goto, van de Geijn, TOMS 34:3 (2008).",
    ),
    Algorithm(
        name="four_russians",
        run=four_russians.run,
        refuses=never,
        cost=four_russians.cost,
        summary="Sums of four rows of b tabulated in the first-level cache and looked up by nibbles of a.",
        complexity="O(mkn / (4 * 512)) additions of 512 bits; 16 KiB of tables and a stripe of c per thread.",
        source="Arlazarov, Dinic, Kronrod, Faradzev (1970); Albrecht, Bard, Hart, ACM TOMS 37:1 (2010).",
    ),
)


def _problem(a: Any, b: Any, /, *, threads: int | None = None, **keywords: Any) -> BitProblem:
    return BitProblem(a.shape[0], a.shape[1], b.shape[1], threads)


WORD_BITS = 64

BITS = Operation("matmul of BitMatrix", TABLE, _problem)


def multiply(
    a: np.ndarray,
    b: np.ndarray,
    out: np.ndarray | None = None,
    *,
    add: bool = False,
    algorithm: str = "auto",
    threads: int | None = None,
    n_checks: int = 0,
) -> np.ndarray:
    """a b of packed words (kernels/cpu/bits draws them): returned, or put or added to `out`.

    Parameters
    ----------
    a : (m, ceil(k / 64)) uint64 words, at any distance of rows; the bits beyond column k - 1 are zeros.
    b : (k, w) uint64 words.
    out : (m, w) uint64 words, that overlap neither; needed to add.
    n_checks : how often the product is verified; then it is a new one.
    """
    problem = BitProblem(a.shape[0], b.shape[0], WORD_BITS * b.shape[1], threads)
    if 0 in (problem.m, problem.k, problem.n):
        if out is None:
            return np.zeros((problem.m, b.shape[1]), np.uint64)
        if not add:
            out[...] = 0
        return out
    row = _cheapest(problem) if algorithm == "auto" else pick(BITS, problem, algorithm)
    if not n_checks:
        return row.run(problem, a, b, out, add)

    def is_right(c: np.ndarray, rng: random.Random) -> bool:
        return _is_right(a, b, c, rng)

    return verification.verified(BITS, problem, row, (a, b), is_right, n_checks)


multiply.operation = BITS  # type: ignore[attr-defined]


def _is_right(a: np.ndarray, b: np.ndarray, c: np.ndarray, rng: random.Random) -> bool:
    """Freivalds' check with 64 random vectors, a word: a wrong product passes with probability 2^-64.

    Of an error e != 0, a row is not zero, and its product by a random vector is zero for half of them.
    """
    width = c.shape[1]
    vectors = np.array([[rng.getrandbits(64)] for _ in range(WORD_BITS * width)], np.uint64)

    def times(x: np.ndarray, y: np.ndarray) -> np.ndarray:
        return four_russians.run(BitProblem(x.shape[0], y.shape[0], WORD_BITS), x, y)

    return np.array_equal(times(a, times(b, vectors)), times(c, vectors))


@lru_cache(maxsize=1024)
def _cheapest(problem: BitProblem) -> Algorithm:
    return pick(BITS, problem)


cost.clear_with_curves(_cheapest.cache_clear)
