"""Toom-3: five products of a third of the size for nine, down to Karatsuba.

The recursion runs inside one kernel; only above CALL_LIMBS does it run here, level by level, so that no kernel
call keeps Ctrl-C waiting.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from fastmul.integers.multiplication.doors import door
from fastmul.integers.multiplication.halves import CALL_LIMBS, multiply_halves, with_scratch
from fastmul.planning.algorithm import never as refuses


@cache
def _kernels() -> Any:
    from fastmul.kernels.cpu import limbs

    return limbs


def mul_limbs(a: np.ndarray, b: np.ndarray, out: np.ndarray, threads: int) -> None:
    """out = a * b, on one thread."""
    with_scratch(_multiply, _kernels().toom3_scratch, a, b, out)


def _multiply(a: np.ndarray, b: np.ndarray, out: np.ndarray, scratch: np.ndarray) -> None:
    """out = a * b for len(a) >= len(b): what the kernel `toom3_range` does, with its scratch and its cases."""
    kernels, m, n = _kernels(), a.size, b.size
    if m + n <= CALL_LIMBS:
        kernels.toom3(a, b, out, scratch)
        return
    if 4 * n <= 3 * m:
        multiply_halves(_multiply, a, b, out, scratch)
        return
    k = (m + 2) // 3
    e, size = k + 1, 2 * k + 2  # limbs of an evaluation, of a product of two
    at_one, at_minus_one, at_two = (scratch[i * size : (i + 1) * size] for i in range(3))
    rest = scratch[3 * size :]
    negative = kernels.toom3_evaluate_at_one(a, k, out[: 2 * e])
    negative ^= kernels.toom3_evaluate_at_one(b, k, out[2 * e : 4 * e])
    _multiply(out[:e], out[2 * e : 3 * e], at_one, rest)
    _multiply(out[e : 2 * e], out[3 * e : 4 * e], at_minus_one, rest)
    kernels.toom3_evaluate_at_two(a, k, out[:e])
    kernels.toom3_evaluate_at_two(b, k, out[2 * e : 3 * e])
    _multiply(out[:e], out[2 * e : 3 * e], at_two, rest)
    _multiply(a[:k], b[:k], out[: 2 * k], rest)
    _multiply(a[2 * k :], b[2 * k :], out[4 * k :], rest)
    kernels.toom3_interpolate(out, k, scratch[: 3 * size], negative)


mul = door(mul_limbs, "toom3")

__all__ = ["mul", "mul_limbs", "refuses"]
