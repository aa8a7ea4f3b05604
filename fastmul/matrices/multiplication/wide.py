"""The whole integer product, however wide: in digits, so that it can be compared and converted.

    c = digit[0] + digit[1] 2^w + ... + digit[r-1] 2^(w (r-1)) + top 2^(w r)        0 <= digit[i] < 2^w

The diagonals of `split_float`, all of them, with their carries propagated.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from functools import partial, reduce

import numpy as np

from fastmul.bounds import float_gemm
from fastmul.matrices.multiplication import split_float
from fastmul.matrices.multiplication.freivalds import is_right_modulo_prime
from fastmul.matrices.multiplication.problem import max_abs
from fastmul.planning.algorithm import Algorithm, Operation
from fastmul.planning.pick import pick
from fastmul.planning.verify import verified


@dataclass(frozen=True, slots=True)
class WideProduct:
    """An integer matrix in base 2^width; `top` is signed and carries the sign of the whole."""

    digits: tuple[np.ndarray, ...]
    top: np.ndarray
    width: int

    def fits(self, dtype: np.dtype) -> bool:
        """Whether every entry is a value of the 64-bit `dtype`: equal to what is left of it modulo 2^64."""
        wrapped = self.wrap().astype(dtype)
        for digit in self.digits:
            if not np.array_equal(
                digit, (wrapped & dtype.type((1 << self.width) - 1)).astype(np.int64)
            ):
                return False
            wrapped = wrapped >> dtype.type(self.width)
        return bool(np.array_equal(self.top, wrapped.astype(np.int64)))

    def wrap(self) -> np.ndarray:
        """The matrix modulo 2^64, as int64."""
        total = np.zeros(self.top.shape, np.uint64)
        for i, digit in enumerate((*self.digits, self.top)):
            if self.width * i < 64:
                total += digit.astype(np.uint64) << np.uint64(self.width * i)
        return total.view(np.int64)

    def to_objects(self) -> np.ndarray:
        """The matrix as Python ints."""
        high_to_low = (self.top, *reversed(self.digits))
        return reduce(
            lambda c, digit: (c << self.width) + digit, (x.astype(object) for x in high_to_low)
        )


def product(a: np.ndarray, b: np.ndarray, n_checks: int = 0) -> WideProduct:
    """a @ b of 2-D int64 or uint64 arrays (true values) exactly, checked `n_checks` times.

    Raises
    ------
    AlgorithmError : k is so large that the sum of a diagonal could leave int64 (`float_gemm.is_wide_exact`).
    """
    k = a.shape[1]
    row = pick(WIDE, k)
    if not n_checks:
        return row.run(k, a, b)

    def is_right(c: WideProduct, rng: random.Random) -> bool:
        return is_right_modulo_prime(a, b, c.to_objects(), rng)

    return verified(WIDE, k, row, (a, b), is_right, n_checks)


def _multiply(k: int, a: np.ndarray, b: np.ndarray, width: int) -> WideProduct:
    counts = [-(-(1 + max_abs(x).bit_length()) // width) for x in (a, b)]
    x, y = (split_float.encode(v, width, n, "float64") for v, n in zip((a, b), counts, strict=True))
    digit_max = float_gemm.digit_max(width)
    depth = float_gemm.exact_depth(digit_max, digit_max, "float64")
    digits = []
    carry = np.zeros((a.shape[0], b.shape[1]), np.int64)
    for d in range(sum(counts) - 1):
        carry = carry + split_float.diagonal(x, y, d, depth)
        digits.append(carry & ((1 << width) - 1))
        carry = carry >> width  # arithmetic: keeps the sign
    return WideProduct(tuple(digits), carry, width)


def _row(width: int) -> Algorithm:
    def refuses(k: int) -> str | None:
        if float_gemm.is_wide_exact(k, width):
            return None
        return f"sums of {k} products of {width}-bit digits may leave int64"

    return Algorithm(
        name=f"{width}-bit digits",
        run=partial(_multiply, width=width),
        refuses=refuses,
        cost=lambda k: 1 / width**2,
        summary="The whole product from float GEMMs on digits.",
        complexity="O((64/w)^2 mkn) float operations.",
        source="As split_float.",
    )


#: Two widths, so that a product that fails verification has another way; the problem is k.
WIDE = Operation("matmul, whole", (_row(22), _row(16)), lambda a, b: a.shape[1])
