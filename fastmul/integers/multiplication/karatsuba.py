"""Karatsuba: three products of half the size for four, down to schoolbook.

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

#: Limbs of the product up to which a kernel's own scratch costs less than a leased block.
ALONE_LIMBS = 1 << 10


@cache
def _kernels() -> Any:
    from fastmul.kernels.cpu import limbs

    return limbs


def mul_limbs(a: np.ndarray, b: np.ndarray, out: np.ndarray, threads: int) -> None:
    """out = a * b, on one thread."""
    if out.size <= ALONE_LIMBS:
        if a.size >= b.size:
            _kernels().karatsuba_alone(a, b, out)
        else:
            _kernels().karatsuba_alone(b, a, out)
        return
    with_scratch(_multiply, _kernels().karatsuba_scratch, a, b, out)


def _multiply(a: np.ndarray, b: np.ndarray, out: np.ndarray, scratch: np.ndarray) -> None:
    """out = a * b for len(a) >= len(b): what the kernel `karatsuba_range` does, with its scratch and its cases."""
    kernels, m, n = _kernels(), a.size, b.size
    if m + n <= CALL_LIMBS:
        kernels.karatsuba(a, b, out, scratch)
        return
    if 3 * n <= 2 * m:
        multiply_halves(_multiply, a, b, out, scratch)
        return
    h = (m + 1) // 2
    middle, rest = scratch[: 2 * h], scratch[2 * h :]
    negative = kernels.karatsuba_evaluate(a, b, h, out)
    _multiply(out[:h], out[h : 2 * h], middle, rest)
    _multiply(a[:h], b[:h], out[: 2 * h], rest)
    _multiply(a[h:], b[h:], out[2 * h :], rest)
    kernels.karatsuba_interpolate(out, h, middle, negative)


mul = door(mul_limbs, "karatsuba")

__all__ = ["mul", "mul_limbs", "refuses"]
