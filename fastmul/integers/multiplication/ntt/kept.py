"""The NTT row in its steps: values of operands that may be kept, and sums of products with one inverse transform.

    plan --> encode(plan, a) = x --> multiply(plan, x, y) = z --> decode(plan, z, out)

`mul_limbs` is their composition, fused; `multiply_kept` is the fused form of a product with one kept operand. The
values of an operand are its residues modulo each prime at the roots of the ring, 24 bytes for each point. Signs live
here: a product may be subtracted from a sum (`bounds.signed_sums`).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from fastmul.bounds.signed_sums import BORROWED, fits
from fastmul.exceptions import AlgorithmError
from fastmul.integers.multiplication.ntt.rings import MIN_KEPT_BLOCK, Ring
from fastmul.integers.multiplication.ntt.workspace import Workspace, column_tasks
from fastmul.integers.multiplication.problem import MulProblem
from fastmul.planning import memory
from fastmul.runtime import scratch
from fastmul.runtime.threads import chunks, run

#: The longest transform of operands that are kept.
MAX_POINTS = 1 << 23
#: Points whose values are multiplied in one task.
TASK_POINTS = 1 << 18


@dataclass(frozen=True)
class Values:
    """An operand, or a sum of products of operands, as its values modulo the three primes.

    terms: of an operand its limbs, of products how many products of limbs a coefficient adds up. signed: whether
    any was subtracted.
    """

    array: np.ndarray
    terms: int
    signed: bool = False


@cache
def _kernels() -> Any:
    from fastmul.kernels.cpu import ntt_kept

    return ntt_kept


def plan(problem: MulProblem, *, terms: int = 1, guaranteed: bool = True) -> Ring | None:
    """The ring for a product, or for the signed sum of `terms` products, of these sizes; None if the primes hold none.

    It suits all operands: `guaranteed` is there for rows whose plans may not.
    """
    signed = terms > 1
    ring = Ring.of(problem.n_limbs, MIN_KEPT_BLOCK)
    held = fits(terms * problem.small_limbs, signed) and ring.points <= MAX_POINTS
    return ring if held else None


def values_bytes(ring: Ring) -> int:
    """What the values of one operand take."""
    return 8 * 3 * Workspace.row_width(ring)


def encode(ring: Ring, a: np.ndarray, threads: int = 1) -> Values:
    """The values of a limb array of at most ring.points limbs."""
    memory.require(values_bytes(ring), f"a kept transform of {a.size} limbs")
    array = scratch.aligned_empty(values_bytes(ring) // 8)
    _encode_into(array, ring, a, threads)
    return Values(array, a.size)


@contextmanager
def borrowed(ring: Ring, a: np.ndarray, threads: int) -> Iterator[Values]:
    """The values of a limb array for a with block, in leased memory."""
    n_bytes = values_bytes(ring)
    memory.require(n_bytes, f"the transform of {a.size} limbs")
    with scratch.lease(n_bytes) as raw:
        array = raw[:n_bytes].view(np.float64)
        _encode_into(array, ring, a, threads)
        yield Values(array, a.size)


def _encode_into(array: np.ndarray, ring: Ring, limbs: np.ndarray, threads: int) -> None:
    kernels, work = _kernels(), Workspace(ring, 0, threads)
    t = work.tables
    if not work.in_tasks:
        with work.turned() as turned:
            kernels.encode(
                limbs, array, work.width, ring.first, ring.block, ring.children,
                t.roots, t.packed, work.factors, t.moduli, turned,
            )  # fmt: skip
        return
    x = array.reshape(3, -1)

    def enter(k: int, start: int, stop: int) -> None:
        kernels.enter_nodes(
            limbs, x[k], ring.first, ring.block, ring.children, start, stop, t.roots[k], t.moduli[k]
        )

    def split(k: int, j: int) -> None:
        with work.turned() as turned:
            kernels.split_deep(
                x[k], j * ring.block, ring.block, ring.first + j,
                t.roots[k], t.packed[k], work.factors[k], t.moduli[k], turned,
            )  # fmt: skip

    run(enter, [(k, *c) for k in range(3) for c in column_tasks(ring, work.threads)], work.threads)
    run(split, [(k, j) for k in range(3) for j in range(ring.children)], work.threads)


def multiply(
    ring: Ring,
    x: Values,
    y: Values,
    add_to: Values | None = None,
    negative: bool = False,
    threads: int = 1,
) -> Values:
    """The values of x * y, or of add_to + x * y, or with - for +: into the array of add_to, which is used up."""
    kernels, work = _kernels(), Workspace(ring, 0, threads)
    z = _sum_with(ring, x, y, add_to, negative)
    rows = [v.reshape(3, -1) for v in (z.array, x.array, y.array)]

    def multiply_values(k: int, start: int, stop: int) -> None:
        kernels.add_products(
            *(row[k] for row in rows), start, stop, -1.0 if negative else 1.0, add_to is None,
            work.tables.moduli[k],
        )  # fmt: skip

    run(
        multiply_values,
        [(k, *c) for k in range(3) for c in chunks(ring.points, 1, TASK_POINTS)],
        work.threads,
    )
    return z


def add_product(
    ring: Ring,
    a: np.ndarray | Values,
    b: np.ndarray | Values,
    add_to: Values | None = None,
    negative: bool = False,
    threads: int = 1,
) -> Values:
    """As `multiply`, of operands that may still be limb arrays: these are transformed in leased memory."""
    work = Workspace(ring, 0, threads)
    if work.in_tasks:
        with _transformed(ring, a, threads) as x:
            if b is a:
                return multiply(ring, x, x, add_to, negative, threads)
            with _transformed(ring, b, threads) as y:
                return multiply(ring, x, y, add_to, negative, threads)
    z = _sum_with(ring, a, b, add_to, negative)
    t, width = work.tables, work.width
    with scratch.lease(16 * width) as raw, work.turned() as turned:
        rows = raw[: 16 * width].view(np.float64)
        limbs_a, x_rows, x_width = _source(a, rows[:width], width)
        limbs_b, y_rows, y_width = _source(b, rows[width:], width)
        _kernels().accumulate(
            z.array, limbs_a, x_rows, x_width, limbs_b[:0] if b is a else limbs_b, y_rows, y_width,
            -1.0 if negative else 1.0, add_to is None, ring.first, ring.block, ring.children,
            t.roots, t.packed, work.factors, t.moduli, turned,
        )  # fmt: skip
    return z


#: What stands for the limbs of an operand that is transformed already.
_NO_LIMBS = np.zeros(1, np.uint64)


def _source(a: np.ndarray | Values, row: np.ndarray, width: int) -> tuple[Any, np.ndarray, int]:
    return (_NO_LIMBS, a.array, width) if isinstance(a, Values) else (a, row, 0)


@contextmanager
def _transformed(ring: Ring, a: np.ndarray | Values, threads: int) -> Iterator[Values]:
    if isinstance(a, Values):
        yield a
    else:
        with borrowed(ring, a, threads) as values:
            yield values


def _sum_with(
    ring: Ring,
    a: np.ndarray | Values,
    b: np.ndarray | Values,
    add_to: Values | None,
    negative: bool,
) -> Values:
    """What a sum becomes with one product more: its terms, and its array, which is new for the first."""
    terms = min(x.terms if isinstance(x, Values) else x.size for x in (a, b))
    if add_to is not None:
        return Values(add_to.array, terms + add_to.terms, negative or add_to.signed)
    memory.require(values_bytes(ring), "a product of kept transforms")
    return Values(scratch.aligned_empty(values_bytes(ring) // 8), terms, negative)


def decode(ring: Ring, z: Values, out: np.ndarray, threads: int = 1) -> bool:
    """out = the number with these values, in two's complement if signed; z is used up.

    Always True: every plan is guaranteed.

    Raises
    ------
    AlgorithmError : the sum has more terms than the primes hold.
    """
    if not fits(z.terms, z.signed):
        raise AlgorithmError(
            f"a sum of {z.terms} products of limbs exceeds the window of the primes"
        )
    kernels, work = _kernels(), Workspace(ring, 0, threads)
    t, x = work.tables, z.array.reshape(3, -1)

    def join(k: int, j: int) -> None:
        with work.turned() as turned:
            kernels.join_deep(
                x[k], j * ring.block, ring.block, ring.first + j,
                t.inv_roots[k], t.inv_packed[k], work.factors[k], t.moduli[k], turned,
            )  # fmt: skip

    run(join, [(k, j) for k in range(3) for j in range(ring.children)], work.threads)
    out[ring.points :] = 0
    work.leave(x, out, z.signed)
    if z.signed:
        _take_back(out, ring.points)
    return True


def _take_back(out: np.ndarray, points: int) -> None:
    """out -= BORROWED (X^points - 1), modulo the limbs that out has: what signed coefficients were lifted by."""
    from fastmul.kernels.cpu.ntt_wrapped import add_low_limbs, subtract_low_limbs

    lift = np.array([BORROWED & (2**64 - 1), BORROWED >> 64], np.uint64)
    add_low_limbs(out, lift[: out.size])
    above = out[points:]
    subtract_low_limbs(above, lift[: above.size])


def multiply_kept(ring: Ring, x: Values, b: np.ndarray, out: np.ndarray, threads: int = 1) -> bool:
    """out = x * b: two transforms in place of three; always True."""
    work = Workspace(ring, 0, threads)
    with scratch.lease(work.n_bytes) as raw:
        work.multiply(raw, b, b, out, kept=x.array)
    return True


def multiply_both(ring: Ring, x: Values, y: Values, out: np.ndarray, threads: int = 1) -> bool:
    """out = x * y: one transform in place of three; always True."""
    kernels, work = _kernels(), Workspace(ring, 0, threads)
    t, rows = work.tables, [v.array.reshape(3, -1) for v in (x, y)]

    def multiply_node(z: np.ndarray, k: int, j: int) -> None:
        start = j * ring.block
        kernels.add_products(
            z[k], rows[0][k], rows[1][k], start, start + ring.block, 1.0, 1, t.moduli[k]
        )
        with work.turned() as turned:
            kernels.join_deep(
                z[k], start, ring.block, ring.first + j,
                t.inv_roots[k], t.inv_packed[k], work.factors[k], t.moduli[k], turned,
            )  # fmt: skip

    n_bytes = values_bytes(ring)
    with scratch.lease(n_bytes) as raw:
        z = raw[:n_bytes].view(np.float64).reshape(3, -1)
        run(
            multiply_node, [(z, k, j) for k in range(3) for j in range(ring.children)], work.threads
        )
        work.leave(z, out, signed=False)
    return True
