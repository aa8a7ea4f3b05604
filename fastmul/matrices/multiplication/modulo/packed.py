"""Packed products modulo p: reduced while packed, multiplied in registers, reduced again when stored.

Up to 2^51 by a ring that takes p as a parameter (`kernels.cpu.gemm.modular`). Modulo 2^k also by the machine's own
rings: the narrowest word of at least k bits wraps modulo a multiple of 2^k.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from fastmul.matrices.multiplication import packed
from fastmul.matrices.multiplication.modulo import words
from fastmul.matrices.multiplication.problem import MatmulProblem
from fastmul.matrices.multiplication.stacks import run_each
from fastmul.planning import cost as costs


def refuses(problem: MatmulProblem) -> str | None:
    if not any(ways(problem.algebra.p)):
        return f"no packed kernel here takes moduli as large as {problem.algebra.p}"
    return None


def cost(problem: MatmulProblem) -> float:
    p = problem.algebra.p
    return problem.batch * min((_seconds(w, problem.size) for w in ways(p)), default=float("inf"))


def _seconds(way: str, size: float) -> float:
    return costs.seconds(f"matmul.packed.{way}", size)


def ways(p: int) -> Iterator[str]:
    """The names of the rings that multiply modulo p: one with p as a parameter, one of machine words.

    >>> list(ways(2**64)), list(ways(2**63 - 25))
    (['int64'], [])
    """
    from fastmul.kernels.cpu.gemm import modular

    if (ring := modular.ring_of(p)) is not None:
        yield ring.name
    bits = p.bit_length() - 1
    if p == 1 << bits:
        yield next(f"int{width}" for width in (8, 16, 32, 64) if bits <= width)


def run(
    problem: MatmulProblem, a: np.ndarray, b: np.ndarray, out: np.ndarray | None = None
) -> np.ndarray:
    p = problem.algebra.p
    way = min(ways(p), key=lambda w: _seconds(w, problem.size))
    if way.startswith("int"):
        return _run_in_words(np.dtype(way), problem, a, b, out)
    x, y = (as_int64(v, p, problem.threads) for v in (a, b))

    def product(x: np.ndarray, y: np.ndarray, to: np.ndarray) -> None:
        multiply(x, y, to, p, problem.threads)

    return run_each(problem, x, y, out, product)


def multiply(
    a: np.ndarray, b: np.ndarray, out: np.ndarray, p: int, threads: int | None = None
) -> None:
    """out = a @ b modulo p, of int64 matrices with entries of any value; out overlaps neither.

    Raises
    ------
    ValueError : no packed kernel takes p (`ways`).
    """
    from fastmul.kernels.cpu import gemm
    from fastmul.kernels.cpu.gemm import modular

    ring = modular.ring_of(p)
    if ring is None:
        raise ValueError(f"no packed kernel here takes moduli as large as {p}")
    gemm.multiply(a, b, out, ring, threads, modular.parameters(p))


def as_int64(x: np.ndarray, p: int, threads: int | None) -> np.ndarray:
    """x, or something congruent to it, as int64: only words from 2^63 on must be reduced for that."""
    if x.dtype == np.uint64:
        return words.reduce(x, p, threads)
    return x.astype(np.int64, copy=False)


def _run_in_words(
    machine: np.dtype,
    problem: MatmulProblem,
    a: np.ndarray,
    b: np.ndarray,
    out: np.ndarray | None,
) -> np.ndarray:
    """Modulo 2^k: the product in machine words, less the bits from k on."""
    mask = np.uint64(problem.algebra.p - 1)

    def product(x: np.ndarray, y: np.ndarray, to: np.ndarray) -> None:
        wrapped = np.empty(to.shape, machine)
        packed.matmul_2d(x, y, wrapped, problem.threads)
        whole = wrapped.astype(np.int64, copy=False).view(np.uint64)
        np.bitwise_and(whole, mask, out=to.view(np.uint64))

    x, y = (v.astype(machine, copy=False) for v in (a, b))
    return run_each(problem, x, y, out, product)
