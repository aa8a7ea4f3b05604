"""Ternary weights (BitNet b1.58) times 8-bit activations, from the 2-bit codes as they are stored.

Weights (n, k) are quantised along k, so that their codes lie four to a byte, row after row: 16 times fewer bytes than
float32, which is how much faster one token can be, for it waits for memory. Many tokens multiply by instructions that
sum products of bytes. Nothing is repacked: the activations are laid out to suit the weights (the kernel draws how).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from fastmul.bounds import accumulators

if TYPE_CHECKING:
    from fastmul.lowprecision.quantized import Quantized

#: The longest sum that an int32 holds: (-1) * (-128), so often.
DEEPEST = accumulators.exact_depth("int8", "ternary")


def refuses(a: Quantized, b: Quantized) -> str | None:
    """Why the product of these operands, each quantised along the axis that is summed, is none of these; or None."""
    names = (a.element.name, b.element.name)
    if sorted(names) != ["int8", "ternary"]:
        return f"it multiplies ternary weights by int8 activations, not {names[0]} by {names[1]}"
    if a.shape[-1] > DEEPEST:
        return f"a sum of {a.shape[-1]} products may leave int32, which holds any {DEEPEST} of them"
    return None


def integer_product(a: Quantized, b: Quantized, threads: int | None = None) -> np.ndarray:
    """The product of the integers of two operands that are not refused: (m, k) by (k, n), int32, exact."""
    if a.element.name == "ternary":
        return _product(b.codes.T, a.codes, threads).T
    return _product(a.codes, b.codes.T, threads)


def _product(x: np.ndarray, codes: np.ndarray, threads: int | None) -> np.ndarray:
    from fastmul.kernels.cpu.lowprecision import ternary

    return ternary.multiply(x, codes, threads)
