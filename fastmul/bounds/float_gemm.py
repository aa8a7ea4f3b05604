"""The window inside which a float GEMM computes an integer matrix product exactly.

A float of p significant bits (24 for float32, 53 for float64) represents every integer of magnitude at most 2^p.
Let |a| <= A, |b| <= B be integers and c = sum of k products a*b. If k*A*B <= 2^p then every subset of the products,
in any order and any grouping, sums to an integer of magnitude at most 2^p: every partial sum, fused or not, is
representable, so every operation of the GEMM is exact and its order, blocking, threads and SIMD width do not matter.

The window is sharp: at k*A*B = 2^p + 1 the true result may be 2^p + 1, which is not representable.

(This holds for a classical GEMM, which only adds products. Strassen-like ones add operands first: bounds/strassen.py.)
"""

from __future__ import annotations

#: Significant bits of the float types that BLAS multiplies.
SIGNIFICANT_BITS = {"float32": 24, "float64": 53}


def window(dtype: str) -> int:
    """The largest M such that all integers of magnitude <= M are floats of `dtype`.

    >>> window("float32") == 2**24, window("float64") == 2**53
    (True, True)
    """
    return 1 << SIGNIFICANT_BITS[dtype]


def is_exact(k: int, a_max: int, b_max: int, dtype: str) -> bool:
    """Whether a GEMM of `dtype` is exact on integers |a| <= a_max, |b| <= b_max with k products per entry."""
    return k * a_max * b_max <= window(dtype) and max(a_max, b_max) <= window(dtype)


def exact_depth(a_max: int, b_max: int, dtype: str) -> int:
    """The largest k for which `is_exact` holds; 0 if none does. Longer products are cut into such pieces.

    >>> exact_depth(2**21, 2**21, "float64")
    2048
    """
    if max(a_max, b_max) > window(dtype):
        return 0
    return window(dtype) // max(1, a_max * b_max)


def narrowest(k: int, a_max: int, b_max: int) -> str | None:
    """The fastest float type whose window holds the product, or None."""
    for dtype in SIGNIFICANT_BITS:
        if is_exact(k, a_max, b_max, dtype):
            return dtype
    return None


def digit_max(width: int) -> int:
    """The largest magnitude of a balanced digit of `width` bits: digits lie in [-2^(w-1), 2^(w-1)]."""
    return 1 << (width - 1)


def estimate_error(k: int, a_max: float, b_max: float) -> float:
    """How far a float64 GEMM of *rounded* integer operands can be from the true integer product.

    With u = 2^-53: each operand is rounded once, a product once, and is added at most k - 1 times, so
    |error| <= ((1 + u)^(k+2) - 1) * k * A * B <= 2 (k + 2) u * k * A * B while (k + 2) u <= 1/2.
    The factor 2 also covers the rounding of this very expression.
    """
    return 2.0 * (k + 2) * 2.0**-53 * k * float(a_max) * float(b_max)
