"""a @ a.T: a symmetric product, of which half is computed and the other half is its mirror image.

    [A1]                  [A1 A1^T    mirrored]
    [A2] [A1^T A2^T]  =   [A2 A1^T    A2 A2^T ]

The square below the diagonal is a product like any other, by the fastest row, Strassen's too; both halves on the
diagonal are symmetric again. d levels take (1 + 2^-d) / 2 of the multiplications of the full product.

It is recognised by its operands: one is a view of the other's memory, transposed.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from fastmul.matrices.multiplication import leaves, stacks
from fastmul.matrices.multiplication.problem import MatmulProblem
from fastmul.runtime import blas

#: Rows for what lies below the diagonal.
ROWS = (*leaves.ROWS, "strassen")
#: Blocks on the diagonal below this size are not halved any more.
SMALLEST = 256
#: Rows and columns that are mirrored at a time: both squares stay in the first-level cache.
MIRRORED = 64


def matmul(a: Any, b: Any) -> Any:
    """a @ a.T by half of its products; raises AlgorithmError unless b is the transpose of a."""
    from fastmul.matrices.multiplication import matmul

    return matmul(a, b, algorithm="symmetric")


def refuses(problem: MatmulProblem) -> str | None:
    if problem.operands is None or not is_transpose(*problem.operands):
        return "the second operand is no transposed view of the first"
    if problem.beyond_machine and problem.kind != "modulo":
        return f"{problem.beyond_machine}, and a * b need not be b * a there"
    if problem.kind == "float" and not problem.may_reassociate:
        return "BLAS halves such a product by itself; accuracy='fast' lets Strassen's row in below the diagonal"
    if leaves.fastest_row(_below(problem, problem.m)) is None:
        return f"there is no other row for its parts of {problem.dtype}"
    return None


def is_transpose(a: np.ndarray, b: np.ndarray) -> bool:
    """Whether b is a.T (of each matrix of a stack), the very same memory."""
    swapped = a.swapaxes(-1, -2)
    return (
        swapped.strides == b.strides
        and swapped.shape == b.shape
        and a.dtype == b.dtype
        and a.ctypes.data == b.ctypes.data  # asked last: it takes a microsecond
    )


def cost(problem: MatmulProblem) -> float:
    """The squares below the diagonal, level by level, and the blocks that remain on it."""
    total, count, m = 0.0, 1, problem.m
    while m >= 2 * SMALLEST:
        m //= 2
        total += count * leaves.seconds(_below(problem, m), ROWS)
        count *= 2
    return problem.batch * (total + count * leaves.seconds(_below(problem, m)))


def run(
    problem: MatmulProblem, a: np.ndarray, b: np.ndarray, out: np.ndarray | None = None
) -> np.ndarray:
    def product(x: np.ndarray, y: np.ndarray, to: np.ndarray) -> None:
        _halves(problem, x, y, to)
        _mirror(to)

    with blas.limit(problem.threads):
        return stacks.run_each(problem, a, b, out, product)


def _halves(problem: MatmulProblem, a: np.ndarray, b: np.ndarray, c: np.ndarray) -> None:
    """The entries of c = a b on and below the diagonal, and some above."""
    m = a.shape[0]
    if m < 2 * SMALLEST:
        leaves.product(_below(problem, m))(a, b, c)
        return
    half = m // 2 // MIRRORED * MIRRORED  # so that squares that are mirrored lie below the diagonal
    _halves(problem, a[:half], b[:, :half], c[:half, :half])
    leaves.product(_below(problem, half), ROWS)(a[half:], b[:, :half], c[half:, :half])
    _halves(problem, a[half:], b[:, half:], c[half:, half:])


def _below(problem: MatmulProblem, m: int) -> MatmulProblem:
    """An m x m square below the diagonal."""
    return replace(problem, m=m, n=m, batch=1, operands=None)


def _mirror(c: np.ndarray) -> None:
    """What is above the diagonal := what is below."""
    for i in range(0, c.shape[0], MIRRORED):
        rows = slice(i, i + MIRRORED)
        for j in range(0, i, MIRRORED):
            columns = slice(j, j + MIRRORED)
            c[columns, rows] = c[rows, columns].T
