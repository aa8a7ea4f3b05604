"""Strassen's algorithm in Winograd's form: seven half-size products and fifteen additions a level.

    [C11 C12]   [A11 A12] [B11 B12]       S1 = A21 + A22   T1 = B12 - B11   P1 = A11 B11   U2 = P1 + P6
    [C21 C22] = [A21 A22] [B21 B22]       S2 = S1 - A11    T2 = B22 - T1    P2 = A12 B21   U3 = U2 + P7
                                          S3 = A11 - A21   T3 = B22 - B12   P3 = S4 B22    U4 = U2 + P5
    C11 = P1 + P2    C12 = U4 + P3        S4 = A12 - S2    T4 = T2 - B21    P4 = A22 T4    P5 = S1 T1
    C21 = U3 - P4    C22 = U3 + P5                                          P6 = S2 T2     P7 = S3 T3

Products are computed into the quarters of C and two temporaries X and Y; additions are bound by memory, so those
that share operands run together, on panels small enough to stay in the cache. Sizes that do not halve are peeled:
the largest part that does is multiplied so, the rest classically.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from fastmul.bounds.strassen import workspace_entries
from fastmul.matrices.multiplication import gemm, packed, stacks
from fastmul.matrices.multiplication.problem import MatmulProblem
from fastmul.planning import cost as costs
from fastmul.planning import memory
from fastmul.runtime import blas, scratch, threads

MAX_LEVELS = 3
#: Leaves smaller than this lose more by additions than they save (EPYC Zen 4, int64 and float64 alike).
SMALLEST_LEAF = 1024
#: Bytes of each operand of a fused addition that one step works on: five of them fit a second-level cache of 1 MiB.
PANEL_BYTES = 128 << 10

#: base(a, b, out): out = a @ b, classically.
Base = Callable[[np.ndarray, np.ndarray, np.ndarray], None]


def matmul(a: Any, b: Any) -> Any:
    """a @ b by Strassen-Winograd; for floats without the classical componentwise bound."""
    from fastmul.matrices.multiplication import matmul

    return matmul(a, b, algorithm="strassen")


def levels_for(m: int, k: int, n: int) -> int:
    """Levels worth taking; at least one, so that the named algorithm is what it says."""
    smallest, levels = min(m, k, n), 1
    while levels < MAX_LEVELS and smallest >> (levels + 1) >= SMALLEST_LEAF:
        levels += 1
    return levels


def refuses(problem: MatmulProblem) -> str | None:
    if problem.beyond_machine:
        return problem.beyond_machine
    if problem.kind == "bool":
        return "or/and has no subtraction"
    if problem.kind == "float" and not problem.may_reassociate:
        return "it has no componentwise error bound for floats and spreads NaN; accuracy='fast' allows it"
    if min(problem.m, problem.k, problem.n) < 2:
        return "a single row or column has no halves"
    return packed.refuses(problem)  # its base case


def cost(problem: MatmulProblem) -> float:
    kind = problem.dtype.name.removeprefix("u")
    return problem.batch * costs.seconds(f"matmul.strassen.{kind}", problem.size)


def run(
    problem: MatmulProblem, a: np.ndarray, b: np.ndarray, out: np.ndarray | None = None
) -> np.ndarray:
    levels = levels_for(problem.m, problem.k, problem.n)
    entries = workspace_entries(problem.m, problem.k, problem.n, levels)
    memory.require(entries * problem.dtype.itemsize, problem)
    base = _float_base if problem.kind == "float" else _packed_base(problem.threads)
    count = threads.get_threads(problem.threads)

    def product(x: np.ndarray, y: np.ndarray, z: np.ndarray) -> None:
        x, y = (v.astype(problem.dtype, copy=False) for v in (x, y))
        multiply(x, y, z, levels, base, count)

    with blas.limit(problem.threads):
        return stacks.run_each(problem, a, b, out, product)


def _float_base(a: np.ndarray, b: np.ndarray, out: np.ndarray) -> None:
    np.matmul(gemm.as_blas_operand(a, out.dtype), gemm.as_blas_operand(b, out.dtype), out=out)


def _packed_base(n_threads: int | None) -> Base:
    def base(a: np.ndarray, b: np.ndarray, out: np.ndarray) -> None:
        packed.matmul_2d(a, b, out, n_threads)

    return base


def multiply(
    a: np.ndarray, b: np.ndarray, out: np.ndarray, levels: int, base: Base, n_threads: int = 1
) -> None:
    """out = a @ b by `levels` levels over `base`; any sizes, one dtype, out overlaps neither."""
    (m, k), n = a.shape, b.shape[1]
    step = 1 << levels
    me, ke, ne = (size // step * step for size in (m, k, n))
    if min(me, ke, ne) == 0:
        base(a, b, out)
        return
    entries = workspace_entries(me, ke, ne, levels)
    with scratch.lease(entries * out.itemsize) as block:
        workspace = block[: entries * out.itemsize].view(out.dtype)
        _winograd(a[:me, :ke], b[:ke, :ne], out[:me, :ne], levels, base, workspace, n_threads)
    if ke < k:
        _add_product(a[:me, ke:], b[ke:, :ne], out[:me, :ne], base)
    if ne < n:
        base(a[:me], b[:, ne:], out[:me, ne:])
    if me < m:
        base(a[me:], b, out[me:])


def _winograd(
    a: np.ndarray,
    b: np.ndarray,
    c: np.ndarray,
    levels: int,
    base: Base,
    workspace: np.ndarray,
    n_threads: int,
) -> None:
    """The two-temporary schedule: every comment names what the line leaves in its target."""
    if levels == 0:
        base(a, b, c)
        return
    (m, k), n = (size // 2 for size in a.shape), b.shape[1] // 2
    a11, a12, a21, a22 = a[:m, :k], a[:m, k:], a[m:, :k], a[m:, k:]
    b11, b12, b21, b22 = b[:k, :n], b[:k, n:], b[k:, :n], b[k:, n:]
    c11, c12, c21, c22 = c[:m, :n], c[:m, n:], c[m:, :n], c[m:, n:]
    x_entries = m * max(k, n)
    xk, xn = (workspace[: m * side].reshape(m, side) for side in (k, n))
    y = workspace[x_entries : x_entries + k * n].reshape(k, n)
    deeper = workspace[x_entries + k * n :]

    def product(p: np.ndarray, q: np.ndarray, to: np.ndarray) -> None:
        _winograd(p, q, to, levels - 1, base, deeper, n_threads)

    def fused(step: Callable[..., None], *operands: np.ndarray) -> None:
        _on_panels(step, operands, n_threads)

    fused(_subtract, a11, a21, xk)  # S3
    fused(_subtract, b22, b12, y)  # T3
    product(xk, y, c21)  # P7
    fused(_add, a21, a22, xk)  # S1
    fused(_subtract, b12, b11, y)  # T1
    product(xk, y, c22)  # P5
    fused(_subtract, xk, a11, xk)  # S2
    fused(_subtract, b22, y, y)  # T2
    product(xk, y, c12)  # P6
    fused(_subtract, a12, xk, xk)  # S4
    product(xk, b22, c11)  # P3
    product(a11, b11, xn)  # P1
    fused(_combine, xn, c11, c12, c21, c22)  # c12 = U4 + P3, c21 = U3, c22 = U3 + P5
    fused(_subtract, y, b21, y)  # T4
    product(a22, y, c11)  # P4
    fused(_subtract, c21, c11, c21)  # U3 - P4
    product(a12, b21, c11)  # P2
    fused(_add, xn, c11, c11)  # P1 + P2


def _add(x: np.ndarray, y: np.ndarray, to: np.ndarray) -> None:
    np.add(x, y, out=to)


def _subtract(x: np.ndarray, y: np.ndarray, to: np.ndarray) -> None:
    np.subtract(x, y, out=to)


def _combine(
    p1: np.ndarray, p3: np.ndarray, c12: np.ndarray, c21: np.ndarray, c22: np.ndarray
) -> None:
    """From P6 in c12, P7 in c21, P5 in c22: c12 = P1 + P6 + P5 + P3, c21 = P1 + P6 + P7, c22 = c21 + P5."""
    np.add(c12, p1, out=c12)
    np.add(c21, c12, out=c21)
    np.add(c12, c22, out=c12)
    np.add(c12, p3, out=c12)
    np.add(c22, c21, out=c22)


def _on_panels(step: Callable[..., None], operands: tuple[np.ndarray, ...], n_threads: int) -> None:
    """step(*operands), a few rows at a time: what one addition writes, the next finds in the cache."""
    rows, row_bytes = operands[0].shape[0], operands[0].shape[1] * operands[0].itemsize
    height = max(1, PANEL_BYTES // row_bytes)

    def work(start: int, stop: int) -> None:
        for i in range(start, stop, height):
            step(*(x[i : min(i + height, stop)] for x in operands))

    share = max(height, -(-rows // n_threads))
    threads.run(work, [(i, min(i + share, rows)) for i in range(0, rows, share)], n_threads)


def _add_product(a: np.ndarray, b: np.ndarray, c: np.ndarray, base: Base) -> None:
    """c += a @ b, through a temporary of a few rows."""
    height = max(1, (8 << 20) // (c.shape[1] * c.itemsize))
    update = np.empty((min(height, c.shape[0]), c.shape[1]), c.dtype)
    for i in range(0, c.shape[0], height):
        rows = c[i : i + height]
        base(a[i : i + height], b, update[: rows.shape[0]])
        rows += update[: rows.shape[0]]
