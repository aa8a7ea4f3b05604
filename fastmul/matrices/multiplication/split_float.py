"""Integer products from float GEMMs: digits in, exact products, shifts and adds out.

Every entry is written in balanced digits of w bits, and the product collects equal powers of 2^w:

    a = a0 + a1 2^w + a2 2^2w        a b = a0 b0                                <- diagonal 0
    b = b0 + b1 2^w + b2 2^2w            + (a0 b1 + a1 b0) 2^w                  <- diagonal 1
                                         + (a0 b2 + a1 b1 + a2 b0) 2^2w + ...   <- diagonal 2, ...

Each digit product is one float GEMM inside its exact window (bounds/float_gemm.py), cut along k where it is too
long. Modulo 2^bits the diagonals from w d >= bits on vanish: 6 GEMMs instead of 9 for 64-bit integers in 3 digits.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from fastmul.bounds import float_gemm
from fastmul.matrices.multiplication import stacks
from fastmul.matrices.multiplication.gemm import as_blas_operand
from fastmul.matrices.multiplication.problem import MatmulProblem
from fastmul.planning import cost as costs
from fastmul.planning import memory
from fastmul.runtime import blas

#: Relative time of one GEMM.
_GEMM_COST = {"float32": 1, "float64": 2}
#: Pieces of k shorter than this make GEMM slow.
_SHORTEST_PIECE = 256


def matmul(a: Any, b: Any) -> Any:
    """a @ b for integers, by float GEMMs on digits."""
    from fastmul.matrices.multiplication import matmul

    return matmul(a, b, algorithm="split_float")


@dataclass(frozen=True, slots=True)
class Plan:
    """`a_digits` and `b_digits` digits of `width` bits, multiplied as `dtype`, at most `depth` terms at once."""

    dtype: str
    width: int
    a_digits: int
    b_digits: int
    depth: int
    diagonals: int

    @property
    def gemms(self) -> int:
        return sum(
            i + j < self.diagonals for i in range(self.a_digits) for j in range(self.b_digits)
        )


@lru_cache(maxsize=256)
def plan(k: int, a_max: int, b_max: int, bits: int) -> Plan:
    """The cheapest digits for |a| <= a_max, |b| <= b_max, both in `bits` signed bits, and a product modulo 2^bits."""
    a_bits, b_bits = (min(1 + x.bit_length(), bits) for x in (a_max, b_max))
    plans = []
    for dtype in _GEMM_COST:
        for width in range(4, float_gemm.SIGNIFICANT_BITS[dtype] // 2 + 1):
            a_digits, b_digits = -(-a_bits // width), -(-b_bits // width)
            digit_max = float_gemm.digit_max(width)
            depth = float_gemm.exact_depth(
                digit_max if a_digits > 1 else a_max, digit_max if b_digits > 1 else b_max, dtype
            )
            if depth >= min(k, _SHORTEST_PIECE):
                diagonals = min(-(-bits // width), a_digits + b_digits - 1)
                plans.append(Plan(dtype, width, a_digits, b_digits, depth, diagonals))
    return min(plans, key=lambda p: (p.gemms * _GEMM_COST[p.dtype] * (1 + 64 / p.depth), p.width))


def plan_of(problem: MatmulProblem) -> Plan:
    bits = 8 * problem.dtype.itemsize
    a_max, b_max = (min(x, 1 << (bits - 1)) for x in problem.value_bounds)
    return plan(problem.k, a_max, b_max, bits)


def _modulo() -> Any:
    """The same row modulo p; a module of its own, which uses this one."""
    from fastmul.matrices.multiplication.modulo import split_float

    return split_float


def refuses(problem: MatmulProblem) -> str | None:
    if problem.kind == "modulo":
        return _modulo().refuses(problem)
    if problem.beyond_machine:
        return problem.beyond_machine
    if problem.kind != "int":
        return f"it splits integers, and the result is {problem.dtype}"
    return None


def cost(problem: MatmulProblem) -> float:
    if problem.kind == "modulo":
        return _modulo().cost(problem)
    bits = f"int{8 * problem.dtype.itemsize}"
    return problem.batch * costs.seconds(f"matmul.split_float.{bits}", problem.size)


def run(
    problem: MatmulProblem, a: np.ndarray, b: np.ndarray, out: np.ndarray | None = None
) -> np.ndarray:
    if problem.kind == "modulo":
        return _modulo().run(problem, a, b, out)
    chosen = plan_of(problem)
    n_floats = (chosen.a_digits * problem.m + chosen.b_digits * problem.n) * problem.k
    memory.require(
        n_floats * np.dtype(chosen.dtype).itemsize + 3 * 8 * problem.m * problem.n,
        problem,
    )
    bits = 8 * problem.dtype.itemsize
    with blas.limit(problem.threads):
        return stacks.run_each(problem, a, b, out, lambda x, y, z: _product(chosen, bits, x, y, z))


def _product(chosen: Plan, bits: int, a: np.ndarray, b: np.ndarray, out: np.ndarray) -> None:
    x = encode(signed(a, bits), chosen.width, chosen.a_digits, chosen.dtype)
    y = encode(signed(b, bits), chosen.width, chosen.b_digits, chosen.dtype)
    total = np.zeros(out.shape, np.uint64)
    for d in range(chosen.diagonals):
        total += diagonal(x, y, d, chosen.depth).view(np.uint64) << np.uint64(chosen.width * d)
    np.copyto(out, total.view(np.int64), casting="unsafe")


def signed(x: np.ndarray, bits: int) -> np.ndarray:
    """The int64 array in [-2^(bits-1), 2^(bits-1)) that is congruent to x modulo 2^bits."""
    return x.astype(f"i{bits // 8}", copy=False).astype(np.int64, copy=False)


def encode(x: np.ndarray, width: int, count: int, dtype: str) -> list[np.ndarray]:
    """Balanced digits of int64 or uint64 entries, as floats: x = sum of digit[i] * 2^(width i).

    Digit i < count - 1 lies in [-2^(width-1), 2^(width-1)); the last one is whatever remains. If |x| is at most
    2^(width count - 1), each step leaves |x'| <= (|x| + 2^(width-1)) / 2^width <= 2^(width (count-1) - 1) + 1/2, so the
    last digit has magnitude at most 2^(width-1) too (`float_gemm.digit_max`).
    """
    half, mask = (x.dtype.type(v) for v in (1 << (width - 1), (1 << width) - 1))
    digits = []
    for _ in range(count - 1):
        low = x & mask
        carry = low >= half
        # (x >> width) + 1 cannot overflow: x >> width is at most 2^(64-width) - 1
        digits.append((low.astype(np.int64) - (carry.astype(np.int64) << width)).astype(dtype))
        x = (x >> x.dtype.type(width)) + carry
    digits.append(as_blas_operand(x, np.dtype(dtype)))
    return digits


def diagonal(x: Sequence[np.ndarray], y: Sequence[np.ndarray], d: int, depth: int) -> np.ndarray:
    """Sum of x[i] @ y[d - i], exact in int64: each GEMM at most `depth` long is inside its window."""
    k = x[0].shape[1]
    total = np.zeros((x[0].shape[0], y[0].shape[1]), np.int64)
    for i in range(max(0, d - len(y) + 1), min(d + 1, len(x))):
        for start in range(0, k, depth):
            piece = slice(start, start + depth)
            total += np.matmul(x[i][:, piece], y[d - i][piece]).astype(np.int64)
    return total
