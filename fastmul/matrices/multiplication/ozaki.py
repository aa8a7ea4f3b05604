"""Float products from exact integer products: Ozaki's scheme, rounded once.

    a, b  ->  integers under one exponent per row of A and column of B  ->  exact product V  ->  round V once

`accuracy="reproducible"` is that, on a grid two bits finer than the format: a definition in which order, blocking,
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
from fastmul.runtime import threads

#: Bytes of limbs of the integer product that exist at a time, about.
LIMB_BYTES = 256 << 20
#: Products with so few rows or columns, or multiplications, are faster entry by entry than by residues (EPYC Zen 4).
FEW_LINES, FEW_PRODUCTS = 4, 1 << 18
#: Products that one chunk of them adds up: about 5 ms.
CHUNK_PRODUCTS = 1 << 22
#: Entries that one chunk encodes or rounds: about 5 ms.
CHUNK_ENTRIES = 1 << 20


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
    n_threads = threads.get_threads(problem.threads)

    def product(x: np.ndarray, y: np.ndarray, z: np.ndarray) -> None:
        _product(x, y, z, problem.accuracy or "", n_threads)

    return stacks.run_each(problem, a, b, out, product)


@dataclass(frozen=True, slots=True)
class OnGrid:
    """One operand: its floats, the integers they are cut to, and of each line exponent and discarded parts.

    Lines with an infinity or NaN are `specials`; they count as zeros.
    """

    floats: np.ndarray
    integers: np.ndarray
    exponents: np.ndarray
    discarded: np.ndarray
    specials: np.ndarray


def encode(x: np.ndarray, axis: int, beta: int, n_threads: int) -> OnGrid:
    """Rows (axis=1) or columns (axis=0) of x on grids of `beta` bits (kernels/cpu/ozaki_encode.py)."""
    from fastmul.kernels.cpu import ozaki_encode as kernels

    of = "row" if axis == 1 else "column"
    find_exponents = getattr(kernels, f"{of}_exponents")
    cut = getattr(kernels, f"cut_{of}s")
    floats = np.ascontiguousarray(x, np.float64)
    lines, length = x.shape[1 - axis], x.shape[axis]
    exponents, discarded = np.empty(lines, np.int64), np.empty(lines, np.int64)
    integers = np.empty(x.shape, np.int64)
    chunks = threads.chunks(lines, length, CHUNK_ENTRIES)
    bits = floats.view(np.uint64)
    threads.run(lambda *chunk: find_exponents(bits, exponents, *chunk), chunks, n_threads)
    specials = np.flatnonzero(exponents == kernels.SPECIAL)
    finite = floats
    if specials.size:
        finite = floats.copy()
        np.moveaxis(finite, 1 - axis, 0)[specials] = 0
        exponents[specials] = 0
    threads.run(
        lambda *chunk: cut(finite, exponents, integers, discarded, beta, *chunk), chunks, n_threads
    )
    return OnGrid(floats, integers, exponents, discarded, specials)


def _product(a: np.ndarray, b: np.ndarray, out: np.ndarray, accuracy: str, n_threads: int) -> None:
    """out = a @ b, 2-D, of out's dtype."""
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
    rows: OnGrid, columns: OnGrid, beta: int, accuracy: str, out: np.ndarray, dtype: np.dtype, n_threads: int,
) -> None:  # fmt: skip
    """out = the product of encoded operands, as float64s that `dtype` holds."""
    from fastmul.kernels.cpu import ozaki_round

    limbs = multiply(rows.integers, columns.integers, beta, n_threads)
    discarded = [rows.discarded, columns.discarded]
    if accuracy == "reproducible":  # what the grid discards is not asked for
        discarded = [np.zeros_like(x) for x in discarded]
    undecided = np.empty(out.shape, np.uint8)
    form = long_accumulator.float_format(dtype)

    def round_chunk(start: int, stop: int) -> None:
        ozaki_round.round_rows(
            limbs, rows.exponents, columns.exponents, *discarded, rows.floats, columns.floats.T, out, undecided,
            beta, *form, start, stop,
        )  # fmt: skip

    m, n = out.shape
    threads.run(round_chunk, threads.chunks(m, n, CHUNK_ENTRIES), n_threads)
    finite = undecided
    finite[rows.specials], finite[:, columns.specials] = 0, 0
    long_accumulator.compute(rows.floats, columns.floats, finite, out, dtype, n_threads)
    special_values.fill(rows.floats, columns.floats, rows.specials, columns.specials, out)


def multiply(a: np.ndarray, b: np.ndarray, beta: int, n_threads: int) -> np.ndarray:
    """The exact product of int64 matrices of magnitudes below 2^beta, as (m, n, n_limbs) two's complement limbs."""
    (m, k), n = a.shape, b.shape[1]
    if k <= bounds.depth_in_int64(beta):
        product = np.empty((m, n), np.int64)
        packed.matmul_2d(a, b, product, n_threads)
        return product.view(np.uint64)[..., np.newaxis]
    if min(m, n) <= FEW_LINES or m * k * n <= FEW_PRODUCTS:
        return _multiply_directly(a, b, n_threads)
    return residues.multiply_int64(a, b, beta, beta, n_threads)


def _multiply_directly(a: np.ndarray, b: np.ndarray, n_threads: int) -> np.ndarray:
    from fastmul.kernels.cpu import wide_products

    (m, k), n = a.shape, b.shape[1]
    limbs = np.empty((m, n, wide_products.WORDS), np.uint64)

    def multiply_chunk(start: int, stop: int) -> None:
        wide_products.multiply_entries(a, b.T, limbs, start, stop)

    threads.run(multiply_chunk, threads.chunks(m * n, k, CHUNK_PRODUCTS), n_threads)
    return limbs
