"""The first size at which a float method's product of integers is not exact, by trying doubled sizes.

The operands are the worst that fit, not random ones: a method that errs on any numbers errs here early. They are
chosen per method, and named in the report.
"""

from __future__ import annotations

import numpy as np

from fastmul.comparison.contestants.integers import FFT_DIGIT_BITS, FLOAT_FFT, fft_product
from fastmul.comparison.contestants.matrices import DGEMM, SGEMM
from fastmul.comparison.records import FirstWrong

#: Entries of so many bits, all odd and of one sign, in the matrices tried.
MATRIX_BITS = {"float64": 24, "float32": 9}
LARGEST_K = 1 << 14
LARGEST_BITS = 1 << 22


def find(operations: tuple[str, ...]) -> list[FirstWrong]:
    found = []
    if "matmul" in operations or "matrices" in operations:
        found += [_gemm(DGEMM, np.float64), _gemm(SGEMM, np.float32)]
    if "mul" in operations:
        found.append(_fft())
    return found


def _gemm(name: str, dtype: type) -> FirstWrong:
    """Rows of k odd entries against columns of k: the sum passes 2^53 (2^24), where odd numbers are not floats."""
    bits = MATRIX_BITS[np.dtype(dtype).name]
    entry = (1 << bits) - 1
    k = 1
    while k <= LARGEST_K:
        row: np.ndarray = np.full((1, k), entry, dtype)
        row[0, 0] = entry - 2  # not all equal: the sum must not be a round number
        value = int((row @ np.full((k, 1), entry, dtype))[0, 0])
        if value != entry * (entry * k - 2):
            break
        k *= 2
    first = k if k <= LARGEST_K else None
    return FirstWrong(
        name, "matmul", np.dtype(dtype).name, first, LARGEST_K, f"entries of {bits} bits, k doubled"
    )


def _fft() -> FirstWrong:
    import gmpy2

    rng = np.random.default_rng(1)
    bits = 1 << 12
    while bits <= LARGEST_BITS:
        a, b = (_large_digits(bits // FFT_DIGIT_BITS, rng) for _ in range(2))
        if fft_product(a, b) != gmpy2.mpz(a) * b:
            break
        bits *= 2
    first = bits if bits <= LARGEST_BITS else None
    return FirstWrong(
        FLOAT_FFT, "mul", "integer", first, LARGEST_BITS, "digits near 2^16, bits doubled"
    )


def _large_digits(count: int, rng: np.random.Generator) -> int:
    digits = rng.integers(0xFFF0, 0x10000, count).astype("<u2")
    return int.from_bytes(digits.tobytes(), "little")
