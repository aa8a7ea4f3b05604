"""Running schemes: one level after the other, down to products by another algorithm.

Every level runs its schedule (schedule.py) on blocks of its operands; a product of blocks is the next level. Sizes that
a level's shape does not divide are peeled: the largest part that all levels divide is multiplied so, the rest by the
base algorithm. Operands whose columns are contiguous instead of their rows are taken as they are; others are copied.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from fastmul.bounds import strassen as bounds
from fastmul.matrices.schemes.arithmetic import Arithmetic, Multiply
from fastmul.matrices.schemes.schedule import (
    Block,
    Pass,
    Product,
    Schedule,
    add_blocks,
    schedule,
)
from fastmul.matrices.schemes.scheme import Scheme
from fastmul.runtime import scratch

#: Bytes of an update that is added to c.
_UPDATE_BYTES = 8 << 20


def multiply(
    a: np.ndarray, b: np.ndarray, out: np.ndarray, levels: Sequence[Scheme], arithmetic: Arithmetic
) -> None:
    """out = a b by one scheme after the other, `levels`, over the arithmetic's own product.

    Parameters
    ----------
    a, b : (m, k), (k, n) arrays of any strides.
    out : (m, n) array of any strides, that overlaps neither.
    levels : the scheme of each level, the outermost first.

    Raises
    ------
    ValueError : the arithmetic cannot divide by a scheme's denominators.
    """
    check(levels, arithmetic)

    def product(x: np.ndarray, y: np.ndarray, to: np.ndarray) -> None:
        run(x, y, to, levels, arithmetic)

    multiply_whole(a, b, out, levels, arithmetic, product)


def check(levels: Sequence[Scheme], arithmetic: Arithmetic) -> None:
    """Raise ValueError if a scheme has fractions that the ring has not."""
    for scheme in levels:
        if not arithmetic.divides_by(scheme.denominator):
            raise ValueError(
                f"scheme {scheme.name!r} divides by {scheme.denominator}, which has no inverse in this ring"
            )


def multiply_whole(
    a: np.ndarray,
    b: np.ndarray,
    out: np.ndarray,
    levels: Sequence[Scheme],
    arithmetic: Arithmetic,
    product: Multiply,
) -> None:
    """out = a b: the largest part that all levels divide by `product`, the rest by the arithmetic's own.

    [ A  x ]   [ B | ]     [ A B + x y |   ]
    [------] . [---| z ] = [-----------| z']     A B by `product`, x y added, z' and w' products by themselves
    [  w   ]   [ y | ]     [      w'       ]
    """
    if _needs_copy(out):
        copy = np.empty(out.shape, out.dtype)
        multiply_whole(a, b, copy, levels, arithmetic, product)
        out[...] = copy
        return
    a, b = (np.ascontiguousarray(x) if _needs_copy(x) else x for x in (a, b))
    (m, k), n = a.shape, b.shape[1]
    me, ke, ne = whole((m, k, n), levels)
    if min(me, ke, ne) == 0:
        arithmetic.multiply(a, b, out)
        return
    product(a[:me, :ke], b[:ke, :ne], out[:me, :ne])
    if ke < k:
        _add_product(a[:me, ke:], b[ke:, :ne], out[:me, :ne], arithmetic)
    if ne < n:
        arithmetic.multiply(a[:me], b[:, ne:], out[:me, ne:])
    if me < m:
        arithmetic.multiply(a[me:], b, out[me:])


def run(
    a: np.ndarray, b: np.ndarray, out: np.ndarray, levels: Sequence[Scheme], arithmetic: Arithmetic
) -> None:
    """out = a b, all sizes divided by all levels."""
    item_bytes = {"A": a.itemsize, "B": b.itemsize, "C": out.itemsize}
    n_bytes = workspace_bytes((*a.shape, b.shape[1]), levels, item_bytes)
    with scratch.lease(n_bytes) as workspace:
        plans = [schedule(scheme) for scheme in levels]
        Run(plans, arithmetic, workspace[:n_bytes]).level(0, a, b, out, 0)


def whole(sizes: tuple[int, int, int], levels: Sequence[Scheme]) -> tuple[int, int, int]:
    """The largest sizes that all levels divide."""
    steps = (math.prod(scheme.shape[axis] for scheme in levels) for axis in range(3))
    m, k, n = (size // step * step for size, step in zip(sizes, steps, strict=True))
    return m, k, n


def workspace_bytes(
    sizes: tuple[int, int, int], levels: Sequence[Scheme], item_bytes: Mapping[str, int]
) -> int:
    """Bytes of the temporaries of all levels, for sizes that these divide (bounds/strassen.py)."""
    plans = [schedule(scheme) for scheme in levels]
    return bounds.workspace_bytes(*sizes, [(s.shape, s.temporaries) for s in plans], item_bytes)


def passes(sizes: tuple[int, int, int], levels: Sequence[Scheme]) -> list[tuple[int, int]]:
    """Of every level, the number of passes, and the mean number of entries that one reads and writes."""
    (m, k, n), found, runs = sizes, [], 1
    for scheme in levels:
        m, k, n = m // scheme.shape[0], k // scheme.shape[1], n // scheme.shape[2]
        plan = schedule(scheme)
        entries = {"A": m * k, "B": k * n, "C": m * n}
        moved = [
            entries[p.side] * (len(p.reads) + len(p.writes))
            for p in plan.instructions
            if isinstance(p, Pass)
        ]
        if moved:
            found.append((runs * len(moved), sum(moved) // len(moved)))
        runs *= scheme.rank
    return found


class Run:
    """One call: the schedules of the levels, the ring, and the memory of the temporaries."""

    def __init__(
        self, schedules: Sequence[Schedule], arithmetic: Arithmetic, workspace: np.ndarray
    ) -> None:
        self.schedules, self.arithmetic, self.workspace = schedules, arithmetic, workspace

    def level(self, depth: int, a: np.ndarray, b: np.ndarray, c: np.ndarray, used: int) -> None:
        """c = a b by the schedules from `depth` on; the first `used` bytes of the workspace are taken."""
        if depth == len(self.schedules):
            self.arithmetic.multiply(a, b, c)
            return
        plan = self.schedules[depth]
        m, k, n = plan.shape
        sides = {"A": split(a, m, k), "B": split(b, k, n), "C": split(c, m, n)}
        flipped = {side: not rows_are_contiguous(x) for side, x in (("A", a), ("B", b), ("C", c))}
        sizes = [
            _round_up(max(sides[side][0].nbytes for side in held)) for held in plan.temporaries
        ]
        starts = [used + sum(sizes[:i]) for i in range(len(sizes))]

        def block(side: str, name: Block) -> np.ndarray:
            home, number = name
            if home != "T":
                return sides[home][number]
            like = sides[side][0]
            memory = self.workspace[starts[number] : starts[number] + like.nbytes].view(like.dtype)
            return (
                memory.reshape(like.shape[::-1]).T if flipped[side] else memory.reshape(like.shape)
            )

        for step in plan.instructions:
            if isinstance(step, Product):
                operands = block("A", step.a), block("B", step.b), block("C", step.c)
                self.level(depth + 1, *operands, used + sum(sizes))
                continue
            reads = [block(step.side, name) for name in step.reads]
            writes = [block(step.side, name) for _, name in step.writes]
            if flipped[step.side]:
                reads, writes = [x.T for x in reads], [x.T for x in writes]
            self.arithmetic.sums(step, reads, writes)


def split(x: np.ndarray, rows: int, columns: int) -> list[np.ndarray]:
    """The blocks of x, row by row."""
    height, width = x.shape[0] // rows, x.shape[1] // columns
    return [
        x[i * height : (i + 1) * height, j * width : (j + 1) * width]
        for i in range(rows)
        for j in range(columns)
    ]


def rows_are_contiguous(x: np.ndarray) -> bool:
    return x.shape[1] == 1 or x.strides[1] == x.itemsize


def _needs_copy(x: np.ndarray) -> bool:
    return not (rows_are_contiguous(x) or rows_are_contiguous(x.T))


def _round_up(n_bytes: int) -> int:
    return -(-n_bytes // scratch.ALIGNMENT) * scratch.ALIGNMENT


def _add_product(a: np.ndarray, b: np.ndarray, c: np.ndarray, arithmetic: Arithmetic) -> None:
    """c += a b, a few rows at a time."""
    height = max(1, _UPDATE_BYTES // (c.shape[1] * c.itemsize))
    for i in range(0, c.shape[0], height):
        rows = c[i : i + height]
        update = np.empty_like(rows)
        arithmetic.multiply(a[i : i + height], b, update)
        if not rows_are_contiguous(rows):
            rows, update = rows.T, update.T
        arithmetic.sums(add_blocks(), [rows, update], [rows])
