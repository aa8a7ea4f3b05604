"""Integer matrices entry by entry: products of GMP's integers, for numbers so long that nothing else counts."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastmul.matrices.multiplication.numbers import LIMB_BITS, Numbers, NumbersProblem
from fastmul.planning import cost as costs

#: Nanoseconds of a multiplication's call and addition, and of the conversion of a number (AMD Zen 4, 2026-11-24).
CALL_NS, CONVERT_NS = 200, 600
#: What a call of `mul.gmp`, whose curve is used, costs beyond the multiplication itself.
CALL_OF_CURVE = 2.4e-6


def matmul(a: Any, b: Any) -> Any:
    """a @ b of integers, by products of GMP's integers."""
    from fastmul.matrices.multiplication import matmul

    return matmul(a, b, algorithm="entries")


def refuses(problem: NumbersProblem) -> str | None:
    return None


def cost(problem: NumbersProblem) -> float:
    m, k, n = problem.m, problem.k, problem.n
    small, large = sorted(
        max(1, -(-bits // LIMB_BITS)) for bits in (problem.a_bits, problem.b_bits)
    )
    one = large / small * max(0.0, costs.seconds("mul.gmp", small) - CALL_OF_CURVE)
    return m * k * n * (one + 1e-9 * CALL_NS) + 1e-9 * CONVERT_NS * (m * k + k * n + m * n)


def run(problem: NumbersProblem, a: Numbers, b: Numbers, out: np.ndarray) -> np.ndarray:
    """out = the (m, n, n_limbs) limbs, in two's complement, of the product; C-contiguous."""
    n_bytes = 8 * problem.n_limbs
    if not problem.m * problem.k * problem.n:
        out[...] = 0
        return out
    columns = list(zip(*integers(b), strict=True))
    modulus = 1 << (8 * n_bytes)
    data = b"".join(
        (sum(x * y for x, y in zip(row, column, strict=True)) % modulus).to_bytes(n_bytes, "little")
        for row in integers(a)
        for column in columns
    )
    out[...] = np.frombuffer(data, np.uint64).reshape(out.shape)
    return out


def integers(x: Numbers) -> list[list[Any]]:
    """The rows of a matrix as GMP's integers."""
    from gmpy2 import mpz

    values = x.words.view(f"V{4 * x.words.shape[1]}").ravel().tolist()
    flat = [mpz.from_bytes(value, "little", signed=x.signed) for value in values]
    return [flat[i * x.columns : (i + 1) * x.columns] for i in range(x.rows)]
