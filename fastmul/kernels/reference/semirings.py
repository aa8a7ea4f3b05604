"""What a product over a semiring computes, in NumPy: the meaning of `kernels/cpu/gemm/semirings`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from fastmul.kernels.expressions import Expression

_OPERATIONS: dict[str, Callable[..., Any]] = {
    "add": np.add, "sub": np.subtract, "mul": np.multiply, "div": np.true_divide,
    "floordiv": np.floor_divide, "mod": np.remainder, "min": np.minimum, "max": np.maximum,
    "and": np.bitwise_and, "or": np.bitwise_or, "xor": np.bitwise_xor,
    "shl": np.left_shift, "shr": np.right_shift, "neg": np.negative, "abs": np.absolute,
    "invert": np.invert, "not": np.logical_not, "sqrt": np.sqrt, "select": np.where,
    "lt": np.less, "le": np.less_equal, "eq": np.equal, "ne": np.not_equal,
}  # fmt: skip


def evaluate(expression: Expression, *arguments: Any) -> Any:
    """The expression's value at arrays (which broadcast) of its dtype."""
    dtype = np.dtype(expression.dtype)
    values: dict[Any, Any] = {}
    with np.errstate(all="ignore"):
        for node in expression.nodes():
            if node.op == "input":
                values[node] = arguments[node.number]
            elif node.op == "constant":
                values[node] = np.bool_(node.number) if node.is_mask else dtype.type(node.number)
            else:
                values[node] = _OPERATIONS[node.op](*(values[arg] for arg in node.args))
    return values[expression.result]


def multiply(
    a: np.ndarray, b: np.ndarray, c: np.ndarray, add: Expression, mul: Expression, zero: Any
) -> None:
    """C = A B over a semiring: c[i, j] = zero + a[i, 0] * b[0, j] + ..., l from left to right."""
    c[...] = zero
    for l in range(a.shape[1]):
        c[...] = evaluate(add, c, evaluate(mul, a[:, l, np.newaxis], b[l]))
