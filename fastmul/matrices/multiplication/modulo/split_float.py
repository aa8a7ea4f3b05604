"""Products modulo p from float GEMMs: centred residues in balanced digits, their diagonals folded modulo p.

As split_float, whose digits these are, with the powers of 2^w taken modulo p instead of modulo 2^bits:

    c = (...(D_r 2^w + D_(r-1)) 2^w + ...) 2^w + D_0    modulo p,    D_d = sum of a_i @ b_(d-i).

Any p from 2 to 2^63. One digit is one float GEMM, inside its window for all p below about 2^26 / sqrt(k).
"""

from __future__ import annotations

import numpy as np

from fastmul.bounds import float_gemm, modular
from fastmul.matrices.multiplication import split_float, stacks
from fastmul.matrices.multiplication.modulo import words
from fastmul.matrices.multiplication.problem import MatmulProblem
from fastmul.planning import cost as costs
from fastmul.planning import memory
from fastmul.runtime import blas

# Nanoseconds on one core of an AMD Zen 4 (2026-11-24): for each entry of an operand and of the product and each
# diagonal of digits; and of the steps in Python.
ENCODE_NS, FOLD_NS, DIAGONAL_NS, CALL_NS = 3.0, 5.0, 10_000, 60_000
#: More bits than any product has: every diagonal is wanted.
ALL_BITS = 256


def refuses(problem: MatmulProblem) -> str | None:
    p = problem.modulus
    if p > modular.WORD >> 1:
        return "products modulo 2^64 wrap by themselves"
    return None


def cost(problem: MatmulProblem) -> float:
    chosen = plan(problem)
    per_gemm = costs.seconds(f"matmul.gemm.int_{chosen.dtype}", problem.size)
    entries = ENCODE_NS * (problem.m + problem.n) * problem.k + FOLD_NS * problem.m * problem.n
    around = CALL_NS + chosen.diagonals * (DIAGONAL_NS + entries)
    return problem.batch * (chosen.gemms * per_gemm + 1e-9 * around)


def plan(problem: MatmulProblem) -> split_float.Plan:
    """The digits of centred residues."""
    largest = problem.modulus // 2
    return split_float.plan(problem.k, largest, largest, ALL_BITS)


def run(
    problem: MatmulProblem, a: np.ndarray, b: np.ndarray, out: np.ndarray | None = None
) -> np.ndarray:
    chosen, p = plan(problem), problem.modulus
    n_floats = (chosen.a_digits * problem.m + chosen.b_digits * problem.n) * problem.k
    n_bytes = n_floats * np.dtype(chosen.dtype).itemsize
    memory.require(n_bytes + 8 * (a.size + b.size + 3 * problem.m * problem.n), problem)
    x, y = (words.centre(v, p, problem.threads) for v in (a, b))

    def product(x: np.ndarray, y: np.ndarray, to: np.ndarray) -> None:
        np.copyto(to, _product(chosen, p, x, y, problem.threads).view(np.int64))

    with blas.limit(problem.threads):
        return stacks.run_each(problem, x, y, out, product)


def _product(
    chosen: split_float.Plan, p: int, a: np.ndarray, b: np.ndarray, n_threads: int | None
) -> np.ndarray:
    x = split_float.encode(a, chosen.width, chosen.a_digits, chosen.dtype)
    y = split_float.encode(b, chosen.width, chosen.b_digits, chosen.dtype)
    digit, pairs = float_gemm.digit_max(chosen.width), min(len(x), len(y))
    longest = modular.fold_depth(pairs, *(digit if len(v) > 1 else p // 2 for v in (x, y)))
    total = np.zeros((a.shape[0], b.shape[1]), np.uint64)
    for start in range(0, a.shape[1], longest):
        piece = slice(start, start + longest)
        part = total if start == 0 else np.zeros_like(total)
        x_piece, y_piece = [v[:, piece] for v in x], [v[piece] for v in y]
        for d in reversed(range(chosen.diagonals)):
            terms = split_float.diagonal(x_piece, y_piece, d, chosen.depth)
            words.fold(part, terms, 1 << chosen.width, p, n_threads)
        if part is not total:
            words.fold(total, part.view(np.int64), 1, p, n_threads)
    return total
