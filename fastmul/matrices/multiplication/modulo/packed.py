"""Packed products modulo p: reduced while packed, multiplied in registers, reduced again when stored.

Up to 2^51 by a ring that takes p as a parameter (`kernels.cpu.gemm.modular`), beyond by three such products
(`three_moduli`). Modulo 2^k also by the machine's own rings: the narrowest word of at least k bits wraps modulo a
multiple of 2^k.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from fastmul.bounds import modular as bounds
from fastmul.matrices.multiplication import packed
from fastmul.matrices.multiplication.modulo import three_moduli, words
from fastmul.matrices.multiplication.problem import MatmulProblem
from fastmul.matrices.multiplication.stacks import run_each
from fastmul.planning import cost as costs
from fastmul.runtime.scratch import lease

#: The way of the largest moduli, and what it costs beside its three products, in nanoseconds for each entry.
THREE, COMBINE_NS = "three_moduli", 10.0


def refuses(problem: MatmulProblem) -> str | None:
    if not ways(problem.modulus, problem.k):
        return f"no packed kernel here takes {problem.k} products modulo {problem.modulus}"
    return None


def cost(problem: MatmulProblem) -> float:
    found = ways(problem.modulus, problem.k)
    return problem.batch * min((_seconds(way, problem) for way in found), default=float("inf"))


def _seconds(way: str, problem: MatmulProblem) -> float:
    if way == THREE:
        each = costs.seconds(f"matmul.packed.{three_moduli.RING}", problem.size)
        return 3 * each + 1e-9 * COMBINE_NS * problem.m * problem.n
    return costs.seconds(f"matmul.packed.{way}", problem.size)


@lru_cache(maxsize=1024)
def ways(p: int, k: int) -> tuple[str, ...]:
    """How to multiply k deep modulo p: a ring with p as a parameter, three of them, or one of machine words.

    >>> ways(2**64, 1)
    ('int64',)
    """
    from fastmul.kernels.cpu.gemm import modular

    found, bits = [], p.bit_length() - 1
    if (ring := modular.ring_of(p)) is not None:
        found.append(ring.name)
    elif (
        p <= bounds.HALF and three_moduli.RING in modular.rings() and k <= bounds.longest_of_three()
    ):
        found.append(THREE)
    if p == 1 << bits:
        found.append(next(f"int{width}" for width in (8, 16, 32, 64) if bits <= width))
    return tuple(found)


def run(
    problem: MatmulProblem, a: np.ndarray, b: np.ndarray, out: np.ndarray | None = None
) -> np.ndarray:
    p = problem.modulus
    way = min(ways(p, problem.k), key=lambda w: _seconds(w, problem))
    if way.startswith("int"):
        return _run_in_words(np.dtype(way), problem, a, b, out)
    x, y = (as_int64(v, p, problem.threads) for v in (a, b))

    def product(x: np.ndarray, y: np.ndarray, to: np.ndarray) -> None:
        multiply(x, y, to, p, problem.threads)

    return run_each(problem, x, y, out, product, takes_stacks=True)


def multiply(
    a: np.ndarray, b: np.ndarray, out: np.ndarray, p: int, threads: int | None = None
) -> None:
    """out = a @ b modulo p, of int64 matrices, or stacks (s, m, k), (s, k, n) of them; out overlaps neither.

    Entries may have any value; out's are in [0, p).

    Raises
    ------
    ValueError : no packed kernel takes p (`ways`).
    """
    from fastmul.kernels.cpu import gemm
    from fastmul.kernels.cpu.gemm import modular

    ring = modular.ring_of(p)
    if ring is not None:
        gemm.multiply(a, b, out, ring, threads, modular.parameters(p))
    elif THREE in ways(p, a.shape[-1]):
        three_moduli.multiply(a, b, out, p, threads)
    else:
        raise ValueError(f"no packed kernel here takes {a.shape[-1]} products modulo {p}")


def subtract_product(
    a: np.ndarray, b: np.ndarray, out: np.ndarray, p: int, threads: int | None = None
) -> bool:
    """out -= a @ b modulo p, of int64 matrices in [0, p), none empty; or False, where no ring takes p.

    The product is added while it is stored: -a is as good an operand as a, since entries are reduced when packed.
    """
    from fastmul.kernels.cpu import gemm
    from fastmul.kernels.cpu.gemm import modular

    ring = modular.ring_of(p)
    if ring is None:
        return False
    smaller = min(a, b, key=np.size)
    with lease(8 * smaller.size) as scratch:
        opposite = np.negative(
            smaller, scratch[: 8 * smaller.size].view(np.int64).reshape(smaller.shape)
        )
        a, b = (opposite, b) if smaller is a else (a, opposite)
        gemm.multiply_add(a, b, out, ring, threads, modular.parameters(p))
    return True


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
    mask = np.uint64(problem.modulus - 1)

    def product(x: np.ndarray, y: np.ndarray, to: np.ndarray) -> None:
        wrapped = np.empty(to.shape, machine)
        packed.matmul_2d(x, y, wrapped, problem.threads)
        whole = wrapped.astype(np.int64, copy=False).view(np.uint64)
        np.bitwise_and(whole, mask, out=to.view(np.uint64))

    x, y = (v.astype(machine, copy=False) for v in (a, b))
    return run_each(problem, x, y, out, product, takes_stacks=True)
