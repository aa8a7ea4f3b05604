"""GMP, through gmpy2: assembly kernels for every size, on one thread, and not interruptible by Ctrl-C."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastmul.integers.limbs import limb_count, magnitude, mpz, number, numbers_bytes
from fastmul.integers.multiplication.doors import Door
from fastmul.integers.multiplication.problem import MulProblem
from fastmul.planning.algorithm import never as refuses
from fastmul.planning.memory import require

#: GMP's FFT works in about this many limbs of scratch per limb of the product (measured, rounded up).
SCRATCH_PER_LIMB = 4


def scratch_bytes(n_limbs: int) -> int:
    """Memory that GMP takes for itself: it aborts the process where it cannot have it."""
    return 8 * SCRATCH_PER_LIMB * n_limbs


def run(problem: MulProblem, a: Any, b: Any) -> Any:
    """a * b for two ints or two mpz."""
    require(scratch_bytes(problem.n_limbs) + numbers_bytes(problem.n_limbs), problem)
    if type(a) is mpz:
        return a * b
    x = mpz(a)
    return int(x * (x if b is a else mpz(b)))


def mul_limbs(a: np.ndarray, b: np.ndarray, out: np.ndarray, threads: int) -> None:
    """out = a * b on limb arrays."""
    require(scratch_bytes(out.size), f"gmp on {a.size} x {b.size} limbs")
    x = number(a, mpz)
    product = x * (x if b is a else number(b, mpz))
    used = limb_count(product)
    out[used:] = 0
    if used:
        out[:used] = magnitude(product)


mul = Door("gmp", run, mul_limbs)

__all__ = ["mul", "mul_limbs", "refuses", "run"]
