"""The true product of two matrices, found without fastmul.

Entries are integers on a fixed-point grid; they are cut into slices so narrow that float64 GEMM multiplies
two slices without rounding at all, whatever its kernels and its order of summation.
"""

from __future__ import annotations

import numpy as np

FLOAT64_WINDOW = 53


def slice_bits(k: int) -> int:
    """The widest slice s with k * 2^(2s) <= 2^53.

    Slices lie in (-2^s, 2^s), so every partial sum of k products is an integer of magnitude below k*2^(2s)
    <= 2^53: a float64, exactly. No addition rounds, so order and fused multiply-adds change nothing.
    """
    return (FLOAT64_WINDOW - (k - 1).bit_length()) // 2


def slices(grid: np.ndarray, bits: int) -> list[np.ndarray]:
    """Float64 arrays x_i, |x_i| < 2^bits, with grid = sum x_i * 2^(bits*i); signs stay with the magnitude."""
    sign = np.sign(grid).astype(np.float64)
    magnitude = np.abs(grid).view(np.uint64) if grid.dtype == np.int64 else grid.astype(np.uint64)
    mask, step = np.uint64((1 << bits) - 1), np.uint64(bits)
    parts: list[np.ndarray] = []
    while magnitude.any() or not parts:
        parts.append((magnitude & mask).astype(np.float64) * sign)
        magnitude = magnitude >> step
    return parts


def integer_product(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """a @ b as int64, exact where the true entries fit int64 (else modulo 2^64)."""
    bits = slice_bits(a.shape[1])
    total = np.zeros((a.shape[0], b.shape[1]), np.int64)
    right = slices(b.astype(np.int64), bits)
    for i, x in enumerate(slices(a.astype(np.int64), bits)):
        for j, y in enumerate(right):
            if bits * (i + j) < 64:
                total += (x @ y).astype(np.int64) << np.int64(bits * (i + j))
    return total


def float_product(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """a @ b of floats in [-1, 1) on the grid of their dtype, as longdouble, rounded about once."""
    fraction = np.finfo(a.dtype).nmant
    grid = [np.rint(np.ldexp(x.astype(np.float64), fraction)).astype(np.int64) for x in (a, b)]
    bits = slice_bits(a.shape[1])
    left, right = (slices(g, bits) for g in grid)
    total = np.zeros((a.shape[0], b.shape[1]), np.longdouble)
    for order in range(len(left) + len(right) - 1):  # the smallest terms first
        for i in range(len(left)):
            if 0 <= order - i < len(right):
                total += np.ldexp((left[i] @ right[order - i]).astype(np.longdouble), bits * order)
    return np.ldexp(total, -2 * fraction)
