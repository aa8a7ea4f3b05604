"""Multiplication by a float64 complex FFT of our own, exact by proof.

Operands become balanced digits, as wide as the window of `fastmul.bounds.fft` admits for their length. Two widths are
tried: one that suits digits no larger in quadratic mean than random ones', where the kernel measures the norms and
declines operands that exceed the window; and one that suits every operand.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from fastmul.exceptions import AlgorithmError
from fastmul.integers.multiplication.doors import door
from fastmul.integers.multiplication.problem import MulProblem
from fastmul.planning.memory import require
from fastmul.runtime.scratch import lease
from fastmul.transforms import fft as transforms
from fastmul.transforms.fft import Plan


def refuses(problem: MulProblem) -> str | None:
    """Why the product might be inexact; None where the bound holds for all operands."""
    if transforms.plan(problem.a_limbs, problem.b_limbs, True) is None:
        return (
            f"digits of 2**{transforms.bounds.MIN_BITS} would not survive the rounding of a "
            "float64 transform this long"
        )
    return None


def mul_limbs(a: np.ndarray, b: np.ndarray, out: np.ndarray, threads: int) -> None:
    """out = a * b on limb arrays, lowest limb first; b is a means a square.

    Exactness
    ---------
    Every coefficient errs by less than 1/2 before it is rounded: `fastmul.bounds.fft`.
    """
    for plan in _plans(a.size, b.size):
        if run_plan(plan, a, b, out, threads):
            return
    raise AlgorithmError(
        f"fft of {a.size} x {b.size} limbs: {refuses(MulProblem(a.size, b.size))}; 'ntt' would do"
    )


@lru_cache(maxsize=1024)
def _plans(a_limbs: int, b_limbs: int) -> tuple[Plan, ...]:
    """The plans to try in turn: the last one holds for every operand; none where there is no such plan."""
    certain = transforms.plan(a_limbs, b_limbs, True)
    if certain is None:
        return ()
    likely = transforms.plan(a_limbs, b_limbs, False)
    return (certain,) if likely == certain else (likely, certain)


def run_plan(plan: Plan, a: np.ndarray, b: np.ndarray, out: np.ndarray, threads: int) -> Any:
    """Multiply by this plan; False where the operands' digits exceed its window."""
    from fastmul.kernels.cpu import fft as kernels

    require(8 * plan.work_words, f"fft of {a.size} x {b.size} limbs")
    table = transforms.table(plan.rows, plan.child_bits)
    with lease(8 * plan.work_words) as block:
        return kernels.multiply(
            a, b, a is b, out, plan.shape, plan.limit, table.levels, table.roots, table.nodes,
            table.leaves, block.view(np.float64),
        )  # fmt: skip


mul = door(mul_limbs, "fft")
