"""One transform size: products in one ring, in one kernel or in tasks on several threads."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from fastmul.bounds import signed_sums
from fastmul.integers.multiplication.ntt.rings import MIN_BLOCK, Ring
from fastmul.planning import memory
from fastmul.runtime import scratch
from fastmul.runtime.threads import run
from fastmul.transforms import ntt as transforms
from fastmul.transforms.residues import crt_words, leave_constants

#: A product of so many points runs in one kernel on one thread: at most a few milliseconds without an answer to Ctrl-C.
ONE_KERNEL_POINTS = 1 << 18
#: Below this many points, threads cost more than they save.
THREADED_POINTS = 1 << 16
#: Columns of the first and last pass that make one task of a large product.
TASK_COLUMNS = 1 << 14
#: From so many points on, three rows for the second operand must not be much longer than the product: with those of
#: the first and with the tables all stays below eight times its bytes.
LARGE_POINTS, ROOMY = 1 << 17, 1.06
#: Doubles between two rows of scratch, so that equal places of two rows do not compete for one set of a cache.
ROW_GAP = 64 + 8

#: What is added to the residues of each prime: nothing, or what makes signed coefficients positive.
NO_LIFTS, LIFTS = np.empty(0), np.array(signed_sums.LIFTS)


def multiply_once(
    ring: Ring, a: np.ndarray, b: np.ndarray, out: np.ndarray, square: bool, threads: int
) -> None:
    """out = a * b in one transform of this ring."""
    workspace = Workspace(ring, 0 if square else rows_of_y(ring, out.size, threads), threads)
    with scratch.lease(workspace.n_bytes) as raw:
        workspace.multiply(raw, a, b, out, square)


def rows_of_y(ring: Ring, n_limbs: int, threads: int) -> int:
    """Rows of scratch for the transform of a second operand whose product has n_limbs limbs."""
    if threads > 1 and ring.points >= THREADED_POINTS:
        roomy = ring.points < LARGE_POINTS or ring.points <= ROOMY * n_limbs
        return 3 if roomy else 1
    fresh = 8 * 4 * ring.points > scratch.LARGEST_KEPT  # four rows would be fresh pages every time
    lends = fresh and n_limbs >= ring.points and ring.points > ONE_KERNEL_POINTS
    return 0 if lends else 1


def column_tasks(ring: Ring, threads: int) -> list[tuple[int, int]]:
    """The columns of a ring in ranges (start, stop) for the tasks of its first and last pass."""
    step = min(TASK_COLUMNS, max(MIN_BLOCK, ring.block // threads // MIN_BLOCK * MIN_BLOCK))
    return [(i, min(i + step, ring.block)) for i in range(0, ring.block, step)]


class Workspace:
    """How products in one ring use their scratch.

    A row for each prime; then one for the second operand, which the primes use in turn, or three, which several
    threads use at once; then a table. With no row of its own the second operand uses those of the next primes and at
    last that of the product:

        prime       x       y
          0       row 0   row 1
          1       row 1   row 2
          2       row 2    out       which has a limb for each point, or the product is a square

    A second operand whose transform is kept brings three rows of its own.
    """

    def __init__(self, ring: Ring, rows_of_y: int, threads: int) -> None:
        from fastmul.kernels.cpu import ntt_product

        self.kernels = ntt_product
        self.ring = ring
        self.threads = threads if ring.points >= THREADED_POINTS else 1
        self.in_tasks = self.threads > 1 or ring.points > ONE_KERNEL_POINTS
        self.rows_of_y = rows_of_y
        self.width = self.row_width(ring)
        self.count = (3 + self.rows_of_y) * self.width + ntt_product.TURNED
        self.n_bytes = 8 * self.count
        if (
            self.n_bytes > scratch.KEPT_BYTES
        ):  # less may lie ready, and asking costs as much as 2^20 bits
            memory.require(self.n_bytes, "a product by number-theoretic transforms")
        inner = ring.block
        while inner > ntt_product.NODE:
            inner >>= 3
        self.tables = transforms.tables(ring.full_points)
        self.factors = transforms.factors(ring.full_points, inner)
        self.constants = leave_constants(ring.block, ring.children)

    @staticmethod
    def row_width(ring: Ring) -> int:
        """Doubles from one row to the next."""
        return ring.points + ROW_GAP

    @contextmanager
    def turned(self) -> Iterator[np.ndarray]:
        """A leased table for turned roots."""
        n_bytes = 8 * self.kernels.TURNED
        with scratch.lease(n_bytes) as raw:
            yield raw[:n_bytes].view(np.float64)

    def multiply(
        self,
        raw: np.ndarray,
        a: np.ndarray,
        b: np.ndarray,
        out: np.ndarray,
        square: bool = False,
        kept: np.ndarray | None = None,
    ) -> None:
        """out = a * b, or a times the operand whose transform `kept` is, in the leased bytes `raw`.

        Limbs of out from ring.points on are those of what runs over: zeros before, if there are any.
        """
        kernels, ring, t, width = self.kernels, self.ring, self.tables, self.width
        mode = kernels.SQUARE if square else kernels.FRESH if kept is None else kernels.PREPARED
        space = raw[: self.n_bytes].view(np.float64)
        if self.in_tasks:
            x = self.x_rows(space)
            if kept is not None:
                y = list(kept.reshape(3, -1))
            elif self.rows_of_y:
                y = self.y_rows(space)
            else:
                y = [x[1], x[2], out.view(np.float64)]
            self.convolve(x, y, a, b, mode)
            self.leave(x, out, signed=ring.first > 0)
            return
        state = np.empty(kernels.STATE_WORDS, np.int64)
        if kept is None and not ring.first:
            kernels.product(
                a, b, mode, out, ring.block, ring.children, space, width, self.rows_of_y,
                t.roots, t.packed, t.inv_roots, t.inv_packed, self.factors, t.moduli,
                self.constants, crt_words(), state,
            )  # fmt: skip
        else:
            from fastmul.kernels.cpu import ntt_kept

            row = space[3 * width : -kernels.TURNED] if kept is None else kept
            ntt_kept.product_in_ring(
                a, b, mode, space[: 3 * width], width, row, 0 if kept is None else row.size // 3,
                out, ring.first, ring.block, ring.children,
                t.roots, t.packed, t.inv_roots, t.inv_packed, self.factors, t.moduli,
                self.constants, LIFTS if ring.first else NO_LIFTS, crt_words(),
                state, space[-kernels.TURNED :],
            )  # fmt: skip

    def x_rows(self, space: np.ndarray) -> list[np.ndarray]:
        """The rows of the first operand, and of the product."""
        return [space[k * self.width : (k + 1) * self.width] for k in range(3)]

    def y_rows(self, space: np.ndarray) -> list[np.ndarray]:
        """The rows of the second operand: three, or one three times."""
        rows = [min(k, self.rows_of_y - 1) for k in range(3)]
        return [space[(3 + k) * self.width : (4 + k) * self.width] for k in rows]

    def convolve(
        self, x: list[np.ndarray], y: list[np.ndarray], a: np.ndarray, b: np.ndarray, mode: int
    ) -> None:
        """x = the coefficients of a * b before the last pass, in tasks of milliseconds.

        Primes whose second operands share a row take turns, with two barriers each; else there are two in all.
        """
        from fastmul.kernels.cpu import ntt_kept

        kernels, ring, t = self.kernels, self.ring, self.tables
        columns = column_tasks(ring, self.threads)

        def enter(k: int, operand: np.ndarray, row: np.ndarray, start: int, stop: int) -> None:
            ntt_kept.enter_nodes(
                operand, row, ring.first, ring.block, ring.children, start, stop, t.roots[k],
                t.moduli[k],
            )  # fmt: skip

        def convolve(k: int, j: int) -> None:
            with self.turned() as turned:
                kernels.convolve_node(
                    x[k], y[k], mode, j * ring.block, ring.block, ring.first + j,
                    t.roots[k], t.packed[k], t.inv_roots[k], t.inv_packed[k], self.factors[k],
                    t.moduli[k], turned,
                )  # fmt: skip

        at_once = self.threads > 1 and (self.rows_of_y == 3 or mode != kernels.FRESH)
        for group in [(0, 1, 2)] if at_once else [(0,), (1,), (2,)]:
            entering = [(k, a, x[k], *c) for k in group for c in columns]
            if mode == kernels.FRESH:
                entering += [(k, b, y[k], *c) for k in group for c in columns]
            run(enter, entering, self.threads)
            run(convolve, [(k, j) for k in group for j in range(ring.children)], self.threads)

    def leave(self, x: Any, out: np.ndarray, signed: bool) -> None:
        """The last pass, in tasks: rows of coefficients become limbs, with the lifts added to signed ones."""
        from fastmul.kernels.cpu import ntt_wrapped

        kernels, ring = self.kernels, self.ring
        columns = column_tasks(ring, self.threads)
        states = np.empty((len(columns), kernels.STATE_WORDS), np.int64)

        def leave(start: int, stop: int, state: np.ndarray) -> None:
            if signed:
                ntt_wrapped.leave_lifted(
                    *x, out, ring.first, ring.block, ring.children, start, stop, self.constants,
                    LIFTS, crt_words(), state,
                )  # fmt: skip
            else:
                kernels.leave(
                    *x, out, ring.block, ring.children, start, stop, self.constants, crt_words(),
                    state,
                )  # fmt: skip

        run(leave, [(*c, state) for c, state in zip(columns, states, strict=True)], self.threads)
        for (_, stop), state in zip(columns, states, strict=True):
            kernels.settle(out, ring.block, ring.children, stop, state)
