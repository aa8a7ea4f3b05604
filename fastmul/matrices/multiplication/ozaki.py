"""Float products from exact integer products: Ozaki's scheme, rounded once.

    a, b  ->  integers under one exponent per row of A and column of B  ->  exact product V  ->  round V once

`accuracy="reproducible"` is that, on a grid one bit finer than the format: a definition in which order, blocking,
threads and instructions do not occur. `accuracy="correctly_rounded"` takes the finest grid that int64 holds; entries
whose radius holds a point midway between two floats are computed again, without any rounding (bounds/ozaki.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from fastmul.bounds import ozaki as bounds
from fastmul.matrices.multiplication import (
    long_accumulator,
    packed,
    residues,
    special_values,
    stacks,
)
from fastmul.matrices.multiplication.problem import EXACT_ACCURACIES, MatmulProblem
from fastmul.planning import cost as costs
from fastmul.planning import memory
from fastmul.runtime import threads as pool

#: Bytes of limbs of the integer product that exist at a time, about.
LIMB_BYTES = 256 << 20
#: Entries that one chunk encodes or rounds: about 5 ms.
CHUNK_ENTRIES = 1 << 20
#: Entries times k that one chunk repairs: at most about 20 ms.
CHUNK_PRODUCTS = 1 << 21


def matmul(a: Any, b: Any, *, accuracy: str = "correctly_rounded") -> Any:
    """a @ b of floats by Ozaki's scheme, correctly rounded or reproducible."""
    from fastmul.matrices.multiplication import matmul

    return matmul(a, b, accuracy=accuracy, algorithm="ozaki")


def refuses(problem: MatmulProblem) -> str | None:
    if problem.kind != "float":
        return f"it rounds floats, and the result is {problem.dtype}"
    if problem.accuracy not in EXACT_ACCURACIES:
        return "it takes accuracy='reproducible' or accuracy='correctly_rounded'"
    return None


def cost(problem: MatmulProblem) -> float:
    curve = f"matmul.ozaki.{problem.dtype}.{problem.accuracy}"
    return problem.batch * costs.seconds(curve, problem.size)


def run(
    problem: MatmulProblem, a: np.ndarray, b: np.ndarray, out: np.ndarray | None = None
) -> np.ndarray:
    n_words = 3 * (problem.m * problem.k + problem.k * problem.n) + 5 * problem.m * problem.n
    memory.require(8 * n_words, problem)

    def product(x: np.ndarray, y: np.ndarray, z: np.ndarray) -> None:
        _product(x, y, z, problem.accuracy or "", problem.threads)

    return stacks.run_each(problem, a, b, out, product)


@dataclass(frozen=True, slots=True)
class OnGrid:
    """One operand: its floats, their integers, the exponents of its lines, and which entries are inexact."""

    floats: np.ndarray
    integers: np.ndarray
    exponents: np.ndarray
    inexact: np.ndarray
    discarded: np.ndarray


def encode(x: np.ndarray, axis: int, beta: int, threads: int) -> OnGrid:
    """Rows (axis=1) or columns (axis=0) of x on grids of `beta` bits (kernels/cpu/ozaki_encode.py)."""
    from fastmul.kernels.cpu import ozaki_encode

    kernel = ozaki_encode.encode_rows if axis == 1 else ozaki_encode.encode_columns
    floats = np.ascontiguousarray(x, np.float64)
    lines, length = x.shape[1 - axis], x.shape[axis]
    blocks = -(-length // ozaki_encode.BLOCK)
    integers = np.empty(x.shape, np.int64)
    inexact = np.empty((lines, blocks) if axis == 1 else (blocks, lines), np.uint64)
    exponents, discarded = np.empty(lines, np.int64), np.empty(lines, np.int64)
    bits = floats.view(np.uint64)

    def encode_chunk(start: int, stop: int) -> None:
        kernel(bits, floats, integers, exponents, inexact, discarded, beta, start, stop)

    pool.run(encode_chunk, pool.chunks(lines, length, CHUNK_ENTRIES), threads)
    return OnGrid(floats, integers, exponents, inexact, discarded)


def _product(
    a: np.ndarray, b: np.ndarray, out: np.ndarray, accuracy: str, threads: int | None
) -> None:
    """out = a @ b, 2-D, of out's dtype."""
    n_threads = pool.get_threads(threads)
    beta = bounds.grid_bits(out.dtype.name, accuracy)
    columns = encode(b, 0, beta, n_threads)
    step = max(1, LIMB_BYTES // (8 * 3 * out.shape[1]))
    for start in range(0, out.shape[0], step):
        rows = encode(a[start : start + step], 1, beta, n_threads)
        part = out[start : start + step]
        c = part if part.dtype == np.float64 else np.empty(part.shape)
        _round(rows, columns, beta, accuracy, c, part.dtype, n_threads)
        long_accumulator.store(c, part)


def _round(
    rows: OnGrid, columns: OnGrid, beta: int, accuracy: str, out: np.ndarray, dtype: np.dtype, threads: int,
) -> None:  # fmt: skip
    """out = the product of encoded operands, as float64s that `dtype` holds."""
    from fastmul.kernels.cpu import ozaki_encode, ozaki_round

    limbs = multiply(rows.integers, columns.integers, beta, threads)
    m, n = out.shape
    discarded = [rows.discarded, columns.discarded]
    if accuracy == "reproducible":  # what the grid discards is not asked for
        discarded = [np.zeros_like(x) for x in discarded]
    undecided = np.empty((m, n), np.uint8)
    form = long_accumulator.float_format(dtype)
    operands = rows.floats, columns.floats.T

    def round_chunk(start: int, stop: int) -> None:
        ozaki_round.round_rows(
            limbs, rows.exponents, columns.exponents, *discarded, *operands, out, undecided, beta, *form, start, stop,
        )  # fmt: skip

    pool.run(round_chunk, pool.chunks(m, n, CHUNK_ENTRIES), threads)
    entries = np.flatnonzero(undecided)
    inexact = np.ascontiguousarray(columns.inexact.T)
    operands = rows.floats, long_accumulator.transposed_for(columns.floats, entries.size)

    def repair_chunk(start: int, stop: int) -> None:
        ozaki_round.repair_entries(
            entries, limbs, rows.exponents, columns.exponents, rows.inexact, inexact,
            *operands, out, beta, *form, start, stop,
        )  # fmt: skip

    pool.run(repair_chunk, pool.chunks(entries.size, rows.floats.shape[1], CHUNK_PRODUCTS), threads)
    special_rows, special_columns = (
        np.flatnonzero(x.exponents == ozaki_encode.SPECIAL) for x in (rows, columns)
    )
    special_values.fill(rows.floats, columns.floats, special_rows, special_columns, out)


def multiply(a: np.ndarray, b: np.ndarray, beta: int, threads: int) -> np.ndarray:
    """The exact product of int64 matrices of magnitudes up to 2^beta, as (m, n, n_limbs) two's complement limbs."""
    if a.shape[1] <= bounds.depth_in_int64(beta):
        product = np.empty((a.shape[0], b.shape[1]), np.int64)
        packed.matmul_2d(a, b, product, threads)
        return product.view(np.uint64)[..., np.newaxis]
    return residues.multiply_int64(a, b, beta, beta, threads)
