"""Integer matrices by Kronecker substitution: a row of A and all of B as two big integers, one product for a row of C.

With X = 2^(64 s), s limbs enough for every entry of the product and its sign,

    a(X) = a[0] + a[1] X + ... + a[k-1] X^(k-1)                            row i of A
    b(X) = sum over j of X^(2kj) (b[k-1] + b[k-2] X + ... + b[0] X^(k-1))  columns j of B, reversed
    a(X) b(X) has c[i, j] at X^(2kj + k - 1)

Digits of a two's complement are those of a(X) after borrows; they are taken back by subtracting X^(l+1) for every
negative a[l]. In the product, 2^(64 s - 1) at every power of X makes all digits positive, for reading them.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from fastmul.integers.multiplication import MUL, mul
from fastmul.integers.multiplication.problem import MulProblem
from fastmul.matrices.multiplication.numbers import Numbers, NumbersProblem
from fastmul.planning import memory

#: Nanoseconds of Python and of copying for each product, and for each limb of it (AMD Zen 4, 2026-11-24).
CALL_NS, LIMB_NS = 10_000, 2.0


def matmul(a: Any, b: Any) -> Any:
    """a @ b of integers, by Kronecker substitution."""
    from fastmul.matrices.multiplication import matmul

    return matmul(a, b, algorithm="kronecker")


def refuses(problem: NumbersProblem) -> str | None:
    return None


def cost(problem: NumbersProblem) -> float:
    digits = problem.n_limbs + 1
    row, all_columns = problem.k * digits, 2 * problem.k * problem.n * digits
    product = MulProblem(max(1, row), max(1, all_columns), kind="mpz")
    one = min(algorithm.cost(product) for algorithm in MUL.table if not algorithm.refuses(product))
    return problem.m * (one + 1e-9 * (CALL_NS + LIMB_NS * all_columns))


def run(problem: NumbersProblem, a: Numbers, b: Numbers, out: np.ndarray) -> np.ndarray:
    """out = the (m, n, n_limbs) limbs, in two's complement, of the product; C-contiguous."""
    m, k, n = problem.m, problem.k, problem.n
    if not (m and k and n):
        out[...] = 0
        return out
    size = problem.n_limbs + 1  # a digit more than the entries need, for what is between them
    length = 2 * k * n + k  # digits of the product
    memory.require(4 * 8 * size * length, problem)
    rows = a.limbs
    columns = np.zeros((n, 2 * k, *b.limbs.shape[2:]), np.uint64)
    columns[:, :k] = b.limbs.transpose(1, 0, 2)[:, ::-1]
    all_columns = evaluate(columns.reshape(2 * k * n, -1), size, b.signed)
    offset = _offset(size, length)
    for i in range(m):
        c = mul(evaluate(rows[i], size, a.signed), all_columns, threads=problem.threads) + offset
        digits = np.frombuffer(c.to_bytes(8 * size * length + 8, "little"), np.uint64)
        digits = digits[: size * length].reshape(length, size)
        entries = digits[k - 1 : 2 * k * n : 2 * k].copy()
        entries[:, -1] ^= np.uint64(1 << 63)
        out[i] = entries[:, : problem.n_limbs]
    return out


def evaluate(coefficients: np.ndarray, size: int, signed: bool):  # type: ignore[no-untyped-def]
    """sum of coefficients[l] X^l, X = 2^(64 size), as an mpz; coefficients are limbs."""
    from gmpy2 import mpz

    count, n_limbs = coefficients.shape
    digits = np.zeros((count, size), np.uint64)
    kept = min(size, n_limbs)
    digits[:, :kept] = coefficients[:, :kept]
    value = mpz.from_bytes(digits.tobytes(), "little")
    negative = coefficients[:, -1] >> np.uint64(63) if signed else None
    if negative is None or not negative.any():
        return value
    digits[:] = (
        0  # a negative coefficient, not extended beyond its limbs, is 2^(64 kept) more than itself
    )
    if kept < size:
        digits[:, kept] = negative
        return value - mpz.from_bytes(digits.tobytes(), "little")
    digits[:, 0] = negative
    return value - (mpz.from_bytes(digits.tobytes(), "little") << 64 * size)


def _offset(size: int, length: int):  # type: ignore[no-untyped-def]
    """2^(64 size - 1) at each of `length` powers of X."""
    from gmpy2 import mpz

    digits = np.zeros((length, size), np.uint64)
    digits[:, -1] = 1 << 63
    return mpz.from_bytes(digits.tobytes(), "little")
