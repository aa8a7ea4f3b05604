"""The FFT row in its steps: values of operands that may be kept, and sums of products with one inverse transform.

    plan --> encode(plan, a) = x --> multiply(plan, x, y) = z --> decode(plan, z, out)

`fft.mul_limbs` is `decode(plan, multiply(plan, encode(plan, a), encode(plan, b)), out)` in one kernel; `multiply_kept`
is the fused form of a product with one kept operand. Values of one `Plan.key` go together, whatever the sizes of the
operands they came from.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from fastmul.bounds import fft as bounds
from fastmul.integers.multiplication.fft import plans
from fastmul.integers.multiplication.problem import MulProblem
from fastmul.planning.memory import require
from fastmul.runtime.scratch import aligned_empty, lease
from fastmul.runtime.threads import run
from fastmul.transforms import fft as transforms
from fastmul.transforms.fft import Plan


@dataclass(frozen=True)
class Values:
    """An operand, or a sum of products of operands, as its values at the roots of a transform.

    norm: of an operand, the sum of its digits' squares; of a product, the product of both; of a sum, as of
    `bounds.add_norm_products`. top: of an operand that fills the real parts of a transform, its highest bit; of a
    sum of products, what coefficient 0 has lost to the products of those bits.
    """

    array: np.ndarray
    norm: float
    top: int


def plan(problem: MulProblem, *, terms: int = 1, guaranteed: bool = False) -> Plan | None:
    """A plan for a product, or for the sum of `terms` products, of these sizes; None if the window holds none.

    Not guaranteed: the widest digits that suit all but adversarial operands, for which `decode` says False: then
    encode anew by the guaranteed plan.
    """
    found = plans(problem.a_limbs, problem.b_limbs, terms)
    return (found[-1] if guaranteed else found[0]) if found else None


def encode(plan: Plan, a: np.ndarray, threads: int = 1) -> Values:
    """The values of a limb array of at most the limbs of the plan's larger operand."""
    require(8 * 2 * plan.points + plan.work_bytes, plan)
    steps, table = _kernels(), transforms.table(plan.rows, plan.child_bits)
    values = aligned_empty(2 * plan.points)
    with lease(plan.padded_bytes) as block:
        padded = block[: plan.padded_bytes].view(np.uint64)
        norm = steps.forward(
            a, _is_whole(plan, a), padded, values, plan.rows, plan.child_points, plan.digit_bits,
            table.roots,
        )  # fmt: skip
    run(
        lambda child: steps.evaluate_node(values, *plan.node(table, child)),
        _children(plan),
        threads,
    )
    return Values(values, norm, int(a[-1]) >> 63 if _fills(plan, a) else 0)


def multiply(
    plan: Plan, x: Values, y: Values, add_to: Values | None = None, negative: bool = False
) -> Values:
    """The values of x * y, or of add_to + x * y, or with - for +: into the array of add_to, which is used up."""
    norm, top = x.norm * y.norm, x.top * y.top * (-1 if negative else 1)
    if add_to is None:
        array = aligned_empty(2 * plan.points)
    else:
        array = add_to.array
        norm, top = bounds.add_norm_products(add_to.norm, norm), top + add_to.top
    sign, adds = -1.0 if negative else 1.0, add_to is not None
    _kernels().multiply_values(x.array, y.array, sign, adds, array, 0, plan.points)
    return Values(array, norm, top)


def add_product(
    plan: Plan,
    a: np.ndarray | Values,
    b: np.ndarray | Values,
    add_to: Values | None = None,
    negative: bool = False,
    threads: int = 1,
) -> Values:
    """As `multiply`, of operands that may still be limb arrays."""
    x = a if isinstance(a, Values) else encode(plan, a, threads)
    y = x if b is a else b if isinstance(b, Values) else encode(plan, b, threads)
    return multiply(plan, x, y, add_to, negative)


def decode(plan: Plan, z: Values, out: np.ndarray, threads: int = 1) -> bool:
    """out = the number with these values, two's complement, of at most plan.max_limbs limbs.

    False, with out untouched, where the operands' digits exceed the window of the plan.
    """
    if z.norm > plan.limit:
        return False
    require(plan.work_bytes, plan)
    table = transforms.table(plan.rows, plan.child_bits)
    with lease(plan.work_bytes) as block:
        work = block[: plan.work_bytes].view(np.float64)
        _interpolate(plan, table, z, work, threads)
        _finish(plan, table, work, z.top, out)
    return True


def coefficients(plan: Plan, z: Values, threads: int = 1) -> np.ndarray:
    """The coefficients of a product before they are rounded: what `bounds.fft` is about, for those who measure it."""
    require(plan.work_bytes, plan)
    table = transforms.table(plan.rows, plan.child_bits)
    with lease(plan.work_bytes) as block:
        work = block[: plan.work_bytes].view(np.float64)
        _interpolate(plan, table, z, work, threads)
        return _inverse_root(plan, table, work).copy()


def multiply_kept(plan: Plan, x: Values, b: np.ndarray, out: np.ndarray, threads: int = 1) -> bool:
    """out = x * b: two transforms in place of three. False, with out untouched, where the digits exceed the window."""
    require(plan.work_bytes, plan)
    steps, table = _kernels(), transforms.table(plan.rows, plan.child_bits)
    with lease(plan.work_bytes) as block:
        work = block[: plan.work_bytes].view(np.float64)
        y, padded = work[: 2 * plan.points], work[4 * plan.points :].view(np.uint64)
        norm = steps.forward(
            b,
            _is_whole(plan, b),
            padded,
            y,
            plan.rows,
            plan.child_points,
            plan.digit_bits,
            table.roots,
        )
        if x.norm * norm > plan.limit:
            return False
        run(
            lambda child: steps.multiply_node(y, x.array, steps.VALUES, *plan.node(table, child)),
            _children(plan),
            threads,
        )
        _finish(plan, table, work, x.top * (int(b[-1]) >> 63 if _fills(plan, b) else 0), out)
    return True


def _interpolate(
    plan: Plan, table: transforms.Table, z: Values, work: np.ndarray, threads: int
) -> None:
    """The children of the root of z, at the beginning of the scratch."""
    steps, x = _kernels(), work[: 2 * plan.points]
    np.copyto(x, z.array)
    run(
        lambda child: steps.interpolate_node(x, *plan.node(table, child)),
        _children(plan),
        threads,
    )


def _inverse_root(plan: Plan, table: transforms.Table, work: np.ndarray) -> np.ndarray:
    """From the children of the root, at the beginning of the scratch, to coefficients, behind them."""
    steps, points = _kernels(), plan.points
    x, c = work[: 2 * points], work[2 * points : 4 * points]
    n = plan.child_points
    steps.inverse_root(x, 0, n, table.roots[steps.RECORD * plan.rows :], c, plan.rows, n)
    return c


def multiply_both(plan: Plan, x: Values, y: Values, out: np.ndarray, threads: int = 1) -> bool:
    """out = x * y: one transform in place of three. False, with out untouched, where the digits exceed the window."""
    if x.norm * y.norm > plan.limit:
        return False
    require(plan.work_bytes, plan)
    steps, table = _kernels(), transforms.table(plan.rows, plan.child_bits)
    with lease(plan.work_bytes) as block:
        work = block[: plan.work_bytes].view(np.float64)
        z = work[: 2 * plan.points]
        steps.multiply_values(x.array, y.array, 1.0, False, z, 0, plan.points)
        run(
            lambda child: steps.interpolate_node(z, *plan.node(table, child)),
            _children(plan),
            threads,
        )
        _finish(plan, table, work, x.top * y.top, out)
    return True


def _finish(
    plan: Plan, table: transforms.Table, work: np.ndarray, wraps: int, out: np.ndarray
) -> None:
    """From the children of the root, at the beginning of the scratch, to limbs."""
    c, at = _inverse_root(plan, table, work), 4 * plan.points
    _kernels().carry(c, plan.length, plan.digit_bits, at, wraps, work.view(np.uint64), out)


def _fills(plan: Plan, a: np.ndarray) -> bool:
    """Whether the highest bit of an operand is a digit of its own that `Values.top` must tell."""
    return 64 * a.size == plan.points * plan.digit_bits


def _is_whole(plan: Plan, a: np.ndarray) -> bool:
    """Whether digits reach the imaginary parts, beyond the one that is the highest bit."""
    return transforms.digit_count(a.size, plan.digit_bits) > plan.points and not _fills(plan, a)


def _children(plan: Plan) -> Any:
    return ((child,) for child in range(plan.rows))


@cache
def _kernels() -> Any:
    """The kernels of every step, in one namespace."""
    from types import SimpleNamespace

    from fastmul.kernels.cpu import fft, fft_kept

    return SimpleNamespace(**{**vars(fft), **vars(fft_kept)})
