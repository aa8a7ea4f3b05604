"""Products modulo 2 on packed bits: of BitMatrix operands, and of integer arrays, packed and unpacked.

The algorithms of packed bits are a table of their own, `matrices.bit_multiplication`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from fastmul.matrices import bit_matrix
from fastmul.matrices.bit_matrix import BitMatrix
from fastmul.matrices.bit_multiplication import product
from fastmul.matrices.bit_packing import pack, unpack
from fastmul.matrices.modular import modulo
from fastmul.matrices.multiplication.problem import MatmulProblem
from fastmul.matrices.multiplication.stacks import run_each
from fastmul.planning import cost as costs
from fastmul.planning import verify as verification


def matmul(a: Any, b: Any) -> Any:
    """a @ b modulo 2, on packed bits."""
    from fastmul.matrices.multiplication import matmul

    return matmul(a, b, mod=2, algorithm="bits")


# ---------------------------------------------------------------- BitMatrix operands


def matmul_packed(
    a: Any, b: Any, *, mod: Any, algorithm: str, threads: int | None, verify: Any, **keywords: Any
) -> BitMatrix:
    """matmul where an operand is a BitMatrix; `keywords` are those that mean nothing there, with their defaults.

    Raises
    ------
    TypeError : the other operand is no BitMatrix.
    ValueError : shapes that do not multiply, or a keyword that a product of bits has no use for.
    """
    if not (isinstance(a, BitMatrix) and isinstance(b, BitMatrix)):
        other = next(type(x).__qualname__ for x in (a, b) if not isinstance(x, BitMatrix))
        raise TypeError(
            f"matmul of a BitMatrix and a {other}: an array is never taken for bits; pass BitMatrix(x) of it, "
            "or the other operand's to_array()"
        )
    if mod is not None and modulo("matmul", mod).p != 2:
        raise ValueError(f"matmul(mod={mod!r}) of BitMatrix operands: they multiply modulo 2")
    for name, (value, default) in keywords.items():
        if value is not default and not (isinstance(value, str) and value == default):
            raise ValueError(
                f"matmul({name}=...) does not go with BitMatrix operands, whose product is a BitMatrix"
            )
    return bit_matrix.matmul(a, b, algorithm, threads, verification.checks(verify))


# ---------------------------------------------------------------- arrays modulo 2


def _is_modulo_2(problem: MatmulProblem) -> bool:
    return problem.kind == "modulo" and problem.modulus == 2


def refuses(problem: MatmulProblem) -> str | None:
    if not _is_modulo_2(problem):
        over = problem.algebra.name if problem.algebra is not None else str(problem.dtype)
        return f"it multiplies modulo 2, and the product is over {over}"
    return None


def cost(problem: MatmulProblem) -> float:
    if not _is_modulo_2(problem):  # not to be asked first of all rows
        return float("inf")
    return problem.batch * costs.seconds("matmul.bits", problem.size)


def run(
    problem: MatmulProblem, a: np.ndarray, b: np.ndarray, out: np.ndarray | None = None
) -> np.ndarray:
    def multiply(x: np.ndarray, y: np.ndarray, to: np.ndarray) -> None:
        threads = problem.threads
        (left, _), (right, _) = pack(x, threads), pack(y, threads)
        words = product.multiply(left, right, threads=threads)
        if to.strides[-1] == to.itemsize:
            unpack(words, to, threads)
        else:
            made = np.empty(to.shape, to.dtype)
            unpack(words, made, threads)
            to[...] = made

    return run_each(problem, a, b, out, multiply)
