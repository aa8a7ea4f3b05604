"""matmul where an operand is sparse: which kind it is, and the keywords that mean something there."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastmul.matrices.algebra import resolve
from fastmul.matrices.modular import Modulo
from fastmul.matrices.multiplication.operands import OVERFLOWS, check_choice
from fastmul.matrices.sparse import compressed
from fastmul.matrices.sparse.blocks import BlockSparse
from fastmul.matrices.sparse.blocks import product as block_product
from fastmul.matrices.sparse.two_four import TwoFour
from fastmul.runtime import arrays
from fastmul.runtime.threads import get_threads


def is_sparse(x: Any) -> bool:
    """Whether x is a scipy.sparse matrix, a BlockSparse or a TwoFour."""
    return isinstance(x, BlockSparse | TwoFour) or compressed.is_sparse(x)


def matmul_sparse(
    a: Any, b: Any, *, out: Any, dtype: Any, mod: Any, semiring: Any, overflow: str, accuracy: str | None,
    algorithm: str, threads: int | None, verify: bool | int,
) -> Any:  # fmt: skip
    """matmul where an operand is sparse.

    Raises
    ------
    ValueError : shapes that do not multiply, or a keyword that has no meaning there, and what has.
    TypeError : dtypes that are not multiplied sparse, or operands of two kinds that do not meet.
    """
    check_choice("overflow", overflow, OVERFLOWS)
    get_threads(threads)
    if isinstance(a, TwoFour) or isinstance(b, TwoFour):
        from fastmul.matrices.multiplication import matmul

        a, b = (x.to_dense() if isinstance(x, TwoFour) else x for x in (a, b))
        return matmul(
            a, b, out=out, dtype=dtype, mod=mod, semiring=semiring, overflow=overflow, accuracy=accuracy,
            algorithm=algorithm, threads=threads, verify=verify,
        )  # fmt: skip
    given = {
        "semiring": (semiring, None), "accuracy": (accuracy, None), "algorithm": (algorithm, "auto"),
        "verify": (verify, False),
    }  # fmt: skip
    for name, (value, default) in given.items():
        if value != default:
            raise ValueError(
                f"matmul({name}={value!r}) is for dense operands; of sparse ones pass x.toarray() or x.to_dense()"
            )
    if overflow == "promote":
        raise ValueError(
            "matmul(overflow='promote') is for dense operands; of sparse ones give dtype=, or overflow='raise'"
        )
    blocks = isinstance(a, BlockSparse) or isinstance(b, BlockSparse)
    if blocks:
        made = _of_blocks(a, b, dtype, mod, overflow, threads)
    else:
        modulus = resolve("matmul", mod, None)
        assert modulus is None or isinstance(modulus, Modulo)
        made = compressed.product(a, b, dtype, modulus, overflow, threads)
    return made if out is None else _copied(made, arrays.as_out("matmul", out))


def _of_blocks(
    a: Any, b: Any, dtype: Any, mod: Any, overflow: str, threads: int | None
) -> np.ndarray:
    """The product of a BlockSparse matrix by an array, or of an array by one."""
    if mod is not None or overflow != "wrap":
        given = f"mod={mod!r}" if mod is not None else f"overflow={overflow!r}"
        raise ValueError(
            f"matmul({given}) is not for BlockSparse matrices, whose integers wrap; pass x.to_dense()"
        )
    other = b if isinstance(a, BlockSparse) else a
    if is_sparse(other):
        raise TypeError(
            f"matmul of a BlockSparse and a {type(other).__qualname__}: one of the two has to be an array; pass "
            "x.to_dense() or x.toarray()"
        )
    (dense,) = arrays.as_operands("matmul", other)
    shapes = [x.shape for x in (a, dense)] if other is b else [x.shape for x in (dense, b)]
    if dense.ndim not in (1, 2) or shapes[0][-1] != shapes[1][0]:
        raise ValueError(
            f"matmul of a BlockSparse matrix, of shapes {shapes[0]} and {shapes[1]}: it takes 1-D and 2-D arrays "
            "that meet it in as many rows as columns"
        )
    if other is b:
        made = block_product(a, dense if dense.ndim == 2 else dense[:, np.newaxis], dtype, threads)
        return made if dense.ndim == 2 else made[:, 0]
    left = dense if dense.ndim == 2 else dense[np.newaxis]
    made = block_product(b.T, left.T, dtype, threads)
    return np.ascontiguousarray(made.T) if dense.ndim == 2 else made[:, 0]


def _copied(made: Any, out: np.ndarray) -> np.ndarray:
    if not isinstance(made, np.ndarray):
        raise ValueError(
            "matmul(out=...) of two sparse matrices: their product is sparse, and fits no array"
        )
    if made.shape != out.shape:
        raise ValueError(
            f"matmul(out=...): the product has shape {made.shape}, out has {out.shape}"
        )
    np.copyto(out, made, casting="same_kind")
    return out
