"""Going back through a quantised product: the same product twice, of operands quantised anew.

    forward      C  = Q(A, k) Q(B, k)          contracts k:   scales along A's rows, B's columns
    backward     dA = Q(G, n) Q(B, n)^T        contracts n:   scales along G's rows, B's rows
                 dB = Q(A, m)^T Q(G, m)        contracts m:   scales along A's columns, G's columns

G = dC, and Q(X, l) is X with its block scales along the axis l that the product contracts, as hardware multiplies. So
nothing quantised in the forward pass serves in the backward pass: A and B are quantised once more, along their other
axes, and G twice, along both. Rounding itself counts as the identity (straight through); what else may stand for its
derivative is in `fastmul.nn`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from fastmul.lowprecision import formats as table
from fastmul.lowprecision.formats import BlockFormat
from fastmul.lowprecision.multiplication.product import matmul
from fastmul.lowprecision.quantization import quantize
from fastmul.lowprecision.quantized import Quantized
from fastmul.runtime.philox import Philox


def matmul_backward(
    grad: Any, a: Any, b: Any, *, formats: Any, scaling: str | None = None,
    grad_rounding: str = "ties_to_even", rng: Any = None, accumulate: Any = "exact",
    threads: int | None = None,
) -> tuple[np.ndarray, np.ndarray]:  # fmt: skip
    """The gradients by A and by B of the product of A and B quantised, from the gradient by the product.

    by_a = Q(grad) Q(b)^T and by_b = Q(a)^T Q(grad), each operand quantised along the axis that the product contracts,
    which zeros fill up to whole blocks.

    Parameters
    ----------
    grad : (m, n) array
    a, b : (m, k), (k, n) arrays, or Quantized
        The operands before they were quantised, in float32: then each is rounded once. A Quantized one is dequantised
        first, and its values are rounded a second time.
    formats : format, or three of them
        That of all, or those of grad, a and b.
    scaling : str, optional
        As in `quantize`. Default: a block format's default rule, a float32 scale for each row of the left and column
        of the right operand for integers, none (a plain cast) for floats.
    grad_rounding : str
        As `quantize`'s rounding, of grad alone; "stochastic" makes both gradients unbiased where nothing of grad
        saturates: with the MX formats under scaling="rceil" (the rule "floor" cuts off up to a quarter at the top).
    rng : int, Philox or numpy.random.Generator, optional
        The random bits of a stochastic rounding; those of an element are the same in both products.
    accumulate, threads : as in `matmul`.

    Returns
    -------
    ((m, k), (k, n)) float32 arrays.

    Raises
    ------
    ValueError : shapes that do not fit; or as `quantize` and `matmul`.

    Exactness
    ---------
    accumulate="exact": each entry is the exact product of the quantised operands, rounded once.

    Complexity
    ----------
    Two products, four quantisations.

    Source
    ------
    Rouhani et al., arXiv 2310.10537 (2023), requantising for the transposed product; NVIDIA, arXiv 2509.25149 (2025),
    stochastic rounding of gradients.

    Examples
    --------
    >>> a, b, grad = np.eye(2, 3), np.ones((3, 2)), np.array([[0.5, 3.0], [0.25, 1.0]])
    >>> by_a, by_b = matmul_backward(grad, a, b, formats="mxfp4_e2m1")
    >>> by_a
    array([[3.5 , 3.5 , 3.5 ],
           [1.25, 1.25, 1.25]], dtype=float32)
    """
    grad, a, b = (_values(x) for x in (grad, a, b))
    if not grad.ndim == a.ndim == b.ndim == 2 or (*grad.shape, a.shape[1]) != (
        a.shape[0], b.shape[1], b.shape[0],
    ):  # fmt: skip
        raise ValueError(
            f"matmul_backward(grad of shape {grad.shape}, a of {a.shape}, b of {b.shape}): "
            "must be (m, n), (m, k) and (k, n)"
        )
    of_all = formats if isinstance(formats, tuple | list) else (formats,) * 3
    if len(of_all) != 3:
        raise ValueError(
            f"matmul_backward(formats={formats!r}): a format, or one for each of grad, a and b"
        )
    of_grad, of_a, of_b = of_all
    philox = None
    if grad_rounding == "stochastic":
        philox = Philox.of(rng)  # once: a Generator would give other bits to the second product
    how = {"rounding": grad_rounding, "rng": philox}
    by_a = matmul(
        along(grad, 1, of_grad, scaling, **how), along(b.T, 0, of_b, scaling),
        accumulate=accumulate, out_format="float32", threads=threads,
    )  # fmt: skip
    by_b = matmul(
        along(a.T, 1, of_a, scaling), along(grad, 0, of_grad, scaling, **how),
        accumulate=accumulate, out_format="float32", threads=threads,
    )  # fmt: skip
    return by_a, by_b


def along(x: np.ndarray, axis: int, fmt: Any, scaling: str | None = None, **how: Any) -> Quantized:
    """A matrix quantised along an axis, which zeros fill up to whole blocks: they add nothing to a product.

    >>> along(np.ones((3, 2)), 0, "mxfp8_e4m3").shape
    (32, 2)
    """
    fmt = table.get(fmt)
    if isinstance(fmt, BlockFormat):
        missing = -x.shape[axis] % max(1, fmt.block)
        if missing:
            x = np.pad(x, [(0, missing if i == axis else 0) for i in range(2)])
    elif fmt.kind == "integer" and scaling is None:
        scaling = "channel"
    return quantize(x, fmt, axis=axis, scaling=scaling, **how)


def _values(x: Any) -> np.ndarray:
    return x.dequantize() if isinstance(x, Quantized) else np.asarray(x)
