"""Entries of a product found without fastmul's kernels: each exactly, then rounded once."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

#: Veltkamp's factor: splits a float64 into halves whose products are exact.
_SPLIT = float(2**27 + 1)
ROWS, COLUMNS = 3, 5


def is_right(qx: Any, qw: Any, product: np.ndarray) -> bool:
    """Whether a few entries of `product` are the exact sums, rounded to float32.

    math.fsum adds up without rounding and rounds once, to float64. The rounding from there to float32 would differ
    from a single one only if the sum lay within 2^-53 of a midpoint, relatively.
    """
    rows = np.linspace(0, product.shape[0] - 1, ROWS).astype(int)
    columns = np.linspace(0, product.shape[1] - 1, COLUMNS).astype(int)
    x, w = (_values(q, lines) for q, lines in ((qx, rows), (qw, columns)))
    return all(
        np.float32(math.fsum(np.concatenate(_exact_products(x[i], w[j])))) == product[row, column]
        for i, row in enumerate(rows)
        for j, column in enumerate(columns)
    )


def _values(quantized: Any, lines: np.ndarray) -> np.ndarray:
    """The float64 values of a few lines: exact, since a code times its scales has at most 53 bits."""
    from fastmul.lowprecision import Quantized

    scales = quantized.scales
    part = Quantized(
        np.ascontiguousarray(quantized.codes[lines]),
        scales if scales is None or scales.shape[0] == 1 else np.ascontiguousarray(scales[lines]),
        quantized.format, quantized.axis, tensor_scale=quantized.tensor_scale,
    )  # fmt: skip
    return part.dequantize(np.float64)


def _exact_products(a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(p, e) with p + e = a b exactly, by Dekker's product."""
    p = a * b
    a_high, b_high = (x * _SPLIT - (x * _SPLIT - x) for x in (a, b))
    a_low, b_low = a - a_high, b - b_high
    return p, a_low * b_low - (((p - a_high * b_high) - a_low * b_high) - a_high * b_low)
