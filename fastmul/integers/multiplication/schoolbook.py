"""Schoolbook: every limb of one operand by every limb of the other."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from fastmul.integers.multiplication.doors import door
from fastmul.planning.algorithm import never as refuses

#: Limb products in one kernel call: about 20 ms, after which Ctrl-C is answered.
CALL_WORK = 1 << 25


@cache
def _kernels() -> Any:
    from fastmul.kernels.cpu import limbs

    return limbs


def mul_limbs(a: np.ndarray, b: np.ndarray, out: np.ndarray, threads: int) -> None:
    """out = a * b, on one thread."""
    kernels = _kernels()
    m, n = a.size, b.size
    if m < n:
        a, b, m, n = b, a, n, m
    if m * n <= CALL_WORK:
        kernels.schoolbook(a, 0, m, b, 0, n, out, 0)
        return
    rows = max(1, CALL_WORK // m)
    kernels.schoolbook(a, 0, m, b, 0, rows, out, 0)
    for done in range(rows, n, rows):
        part = b[done : done + rows]
        kernels.schoolbook_add(a, part, out[done : done + m + part.size])


mul = door(mul_limbs, "schoolbook")

__all__ = ["mul", "mul_limbs", "refuses"]
