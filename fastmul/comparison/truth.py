"""The true product of two matrices, found without fastmul.

Entries are integers on a fixed-point grid; they are cut into slices so narrow that float64 GEMM multiplies
two slices without rounding at all, whatever its kernels and its order of summation.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

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


def boolean_product(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Whether a and b have a one at the same place: sums of zeros and ones, exact in float64."""
    return np.asarray(a.astype(np.float64) @ b.astype(np.float64) > 0)


def modular_product(a: np.ndarray, b: np.ndarray, p: int) -> np.ndarray:
    """a @ b modulo p of entries in [0, p), p <= 2^63, as int64.

    Horner's rule over the slices: doubled residues are below 2^64, and so is a residue plus a slice's product.
    """
    bits = slice_bits(a.shape[1])
    left, right = slices(a, bits), slices(b, bits)
    modulus = np.uint64(p)
    total = np.zeros((a.shape[0], b.shape[1]), np.uint64)
    for order in reversed(range(len(left) + len(right) - 1)):
        for _ in range(bits):
            total = (total + total) % modulus
        for i in range(len(left)):
            if 0 <= order - i < len(right):
                total = (total + (left[i] @ right[order - i]).astype(np.uint64)) % modulus
    return total.astype(np.int64)


#: Of the field of 256 elements: x^8 + x^4 + x^3 + x + 1.
FIELD_POLYNOMIAL = 0x11B


def byte_products(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """x times y in GF(2^8), entry by entry: a table of logarithms to the base 3, which generates the field."""
    powers, logarithms = _powers_of_three()
    return np.where((x == 0) | (y == 0), np.uint8(0), powers[logarithms[x] + logarithms[y]])


@cache
def _powers_of_three() -> tuple[np.ndarray, np.ndarray]:
    powers, logarithms = np.zeros(512, np.uint8), np.zeros(256, np.int64)
    element = 1
    for exponent in range(255):
        powers[exponent] = powers[exponent + 255] = element
        logarithms[element] = exponent
        element ^= element << 1  # times 3 is times x + 1
        if element > 0xFF:
            element ^= FIELD_POLYNOMIAL
    return powers, logarithms


def semiring_product(
    a: np.ndarray, b: np.ndarray, add: np.ufunc, mul: Callable[[np.ndarray, np.ndarray], np.ndarray]
) -> np.ndarray:
    """The sums, by `add`, of products by `mul`: a row of a at a time; exact where `add` only selects."""
    return np.stack([add.reduce(mul(row[:, None], b), axis=0) for row in a])


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
