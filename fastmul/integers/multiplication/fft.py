"""Multiplication by a float64 complex FFT of our own, exact by proof.

    limbs --balanced digits--> complex points --transform, multiply, invert--> coefficients --carry--> limbs

Operands become balanced digits, as wide as the window of `fastmul.bounds.fft` admits for their length. Two widths are
tried: one that suits digits no larger in quadratic mean than random ones', where the kernel measures the norms and
declines operands that exceed the window; and one that suits every operand. `fft_values` has the same steps one by
one, for operands whose transform is kept and for sums of products.
"""

from __future__ import annotations

from functools import cache, lru_cache
from typing import Any

import numpy as np

from fastmul.exceptions import AlgorithmError
from fastmul.integers import layout
from fastmul.integers.limbs import mpz
from fastmul.integers.multiplication.doors import Door, through_limbs
from fastmul.integers.multiplication.problem import MulProblem
from fastmul.planning.memory import require
from fastmul.runtime.scratch import lease
from fastmul.runtime.threads import run
from fastmul.transforms import fft as transforms
from fastmul.transforms.fft import Plan

#: Complex points from which on several threads pay for three forks and joins of about 75 us each.
THREADED_POINTS = 1 << 17
#: Limbs of a product from which on the microseconds that arrays around two mpz take are not felt.
DIRECT_LIMBS = 1 << 14


def refuses(problem: MulProblem) -> str | None:
    """Why the product might be inexact; None where the bound holds for all operands."""
    if transforms.plan(problem.a_limbs, problem.b_limbs, True) is None:
        return (
            f"no transform of at most 7 * 2**{transforms.MAX_CHILD_BITS} points holds it in digits that survive "
            "float64 rounding"
        )
    return None


def mul_limbs(a: np.ndarray, b: np.ndarray, out: np.ndarray, threads: int) -> None:
    """out = a * b on limb arrays.

    Parameters
    ----------
    a, b : (m,), (n,) uint64 arrays, contiguous, lowest limb first, m, n >= 1; `b is a` means a square.
    out : (m + n,) uint64 array that shares no memory with a or b.
    threads : int
        How many threads; large products use them.

    Raises
    ------
    AlgorithmError : no digits are small enough for a transform this long (see `refuses`).
    MemoryError : the scratch would not fit.

    Exactness
    ---------
    Every coefficient errs by less than 1/2 before it is rounded to the nearest integer: for all operands by the
    bound of `fastmul.bounds.fft`, or for these by the same bound with the norms of their digits, which the kernel
    has summed exactly.

    Complexity
    ----------
    Time O(N log N) for N = 64*(m + n)/b digits of b bits, b about (53 - 1.5*log2(N))/2; memory O(N).

    Source
    ------
    Schoenhage, Strassen (1971); Percival (2003); Brent, Percival, Zimmermann (2007); the right-angle
    convolution: Crandall, Fagin, Math. Comp. 62 (1994) 305-324.
    """
    for plan in plans(a.size, b.size):
        if run_plan(plan, a, b, out, threads):
            return
    raise AlgorithmError(
        f"fft of {a.size} x {b.size} limbs: {refuses(MulProblem(a.size, b.size))}; 'ntt' would do"
    )


@lru_cache(maxsize=1024)
def plans(a_limbs: int, b_limbs: int, terms: int = 1) -> tuple[Plan, ...]:
    """The plans to try in turn: the last one holds for every operand; none where there is no such plan.

    terms: how many products of these sizes are added up.
    """
    certain = transforms.plan(a_limbs, b_limbs, True, terms)
    if certain is None:
        return ()
    likely = transforms.plan(a_limbs, b_limbs, False, terms)
    return (certain,) if likely is None or likely == certain else (likely, certain)


def run_plan(plan: Plan, a: np.ndarray, b: np.ndarray, out: np.ndarray, threads: int) -> bool:
    """Multiply by this plan; False where the operands' digits exceed its window."""
    require(plan.work_bytes, plan)
    table = transforms.table(plan.rows, plan.child_bits)
    with lease(plan.work_bytes) as block:
        if threads > 1 and plan.points >= THREADED_POINTS:
            work = block[: plan.work_bytes].view(np.float64)
            return _run_threaded(_kernels(), plan, table, a, b, out, work, threads)
        multiply = _kernels().multiply
        return multiply(a, b, a is b, out, plan.numbers, plan.limit, table.twiddles, block)


@cache
def _kernels() -> Any:
    from fastmul.kernels.cpu import fft  # imports numba

    return fft


def _run_threaded(
    kernels: Any,
    plan: Plan,
    table: transforms.Table,
    a: np.ndarray,
    b: np.ndarray,
    out: np.ndarray,
    work: np.ndarray,
    threads: int,
) -> bool:
    """`kernels.multiply` in its steps: both operands, the root's children, and its columns side by side."""
    rows, bits, n, points = plan.rows, plan.digit_bits, 1 << plan.child_bits, plan.points
    x, y = work[: 2 * points], work[2 * points : 4 * points]
    padded = work[4 * points :].view(np.uint64).reshape(2, -1)
    square = a is b
    norms = [1.0, 1.0]

    def forward(i: int, limbs: np.ndarray, digits: int, children: np.ndarray) -> None:
        whole = digits > points and not plan.wrapped
        norms[i] = kernels.forward(limbs, whole, padded[i], children, rows, n, bits, table.roots)

    def multiply(child: int) -> None:
        leaf = child * (n >> 6)
        kernels.multiply_node(
            x, y, int(square), child * n, table.levels, table.nodes, 16 * leaf, table.leaves, 128 * leaf
        )  # fmt: skip

    def inverse(first: int, last: int) -> None:
        kernels.inverse_root(x, first, last, table.roots[16 * rows :], y, rows, n)

    operands = ((0, a, plan.a_digits, x), (1, b, plan.b_digits, y))
    run(forward, operands[: 1 if square else 2], threads)
    if norms[0] * (norms[0] if square else norms[1]) > plan.limit:
        return False
    run(multiply, ((child,) for child in range(rows)), threads)
    step = max(64, n // threads & -8)
    run(inverse, ((first, min(first + step, n)) for first in range(0, n, step)), threads)
    wraps = int(a[-1] & b[-1]) >> 63 if plan.wrapped else 0
    kernels.carry(y, plan.length, bits, 4 * points, wraps, work.view(np.uint64), out)
    return True


def run_numbers(problem: MulProblem, a: Any, b: Any) -> Any:
    """a * b for two ints or two mpz."""
    if type(a) is mpz and problem.n_limbs < DIRECT_LIMBS and a and b and layout.mpz_readable():
        return _multiply_mpz(problem.a_limbs, problem.b_limbs, a, b)
    return through_limbs(mul_limbs, a, b, problem)


def _multiply_mpz(m: int, n: int, a: Any, b: Any) -> Any:
    """a * b for two mpz of m and n limbs, without an array around them."""
    out = layout.blank_mpz(m + n)
    for plan in plans(m, n):
        twiddles = transforms.table(plan.rows, plan.child_bits).twiddles
        with lease(plan.work_bytes) as block:
            if _multiply_mpz_kernel()(
                id(a), id(b), id(out), plan.numbers, plan.limit, twiddles, block
            ):
                return out
    raise AssertionError("short operands have a guaranteed plan")


@cache
def _multiply_mpz_kernel() -> Any:
    from fastmul.kernels.cpu.fft_mpz import multiply_mpz

    return multiply_mpz


mul = Door("fft", run_numbers, mul_limbs)
