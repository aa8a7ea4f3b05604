"""Multiplication by number-theoretic transforms: limbs as coefficients, three primes, exact at any length.

The product of two limb arrays is a product of polynomials, whose coefficients are below 2^150 and are computed
modulo three primes just above 2^50 in float64 (`kernels.cpu.ntt_product` draws how). Here lengths become plans:

* a transform takes 4 to 8 blocks of 64, 128, 256... points, so lengths between powers of two cost what they should;
* a much longer operand is cut into pieces, and the short one is transformed once;
* beyond the window of the three primes (2^22 limbs in the shorter operand, `bounds.crt`) both are cut.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from fastmul.bounds.crt import max_terms
from fastmul.integers.multiplication.doors import door
from fastmul.planning import memory
from fastmul.planning.algorithm import never
from fastmul.runtime import scratch
from fastmul.runtime.threads import run
from fastmul.transforms import ntt as transforms
from fastmul.transforms.residues import crt_words, leave_constants

#: Doing no more than pointing at this algorithm: every pair of lengths can be multiplied.
refuses = never

#: A transform has between 4 and 8 blocks, none shorter than a leaf.
MIN_CHILDREN, MAX_CHILDREN, MIN_BLOCK = 4, 8, 64
#: The longest transform: two operands that fill the window of the primes.
MAX_POINTS = 1 << 23
#: A product of so many points runs in one kernel on one thread: at most a few milliseconds without an answer to Ctrl-C.
ONE_KERNEL_POINTS = 1 << 18
#: Below this many points, threads cost more than they save.
THREADED_POINTS = 1 << 16
#: Columns of the first and last pass that make one task of a large product.
TASK_COLUMNS = 1 << 14
#: Operands whose lengths differ by less than this factor are not cut.
MIN_RATIO = 2
#: Doubles between two rows of scratch, so that equal places of two rows do not compete for one set of a cache.
ROW_GAP = 64 + 8


@dataclass(frozen=True)
class Ring:
    """The transform of a product: `children` blocks of `block` points."""

    block: int
    children: int

    @property
    def points(self) -> int:
        return self.block * self.children

    @property
    def full_points(self) -> int:
        """The power of two whose tables it takes."""
        return self.block * MAX_CHILDREN

    @staticmethod
    @lru_cache(maxsize=1024)
    def of(n_limbs: int) -> Ring:
        """The smallest that holds a product of n_limbs limbs.

        >>> Ring.of(256), Ring.of(257), Ring.of(600)
        (Ring(block=64, children=4), Ring(block=64, children=5), Ring(block=128, children=5))
        """
        block = max(MIN_BLOCK, 1 << (-(-n_limbs // MAX_CHILDREN) - 1).bit_length())
        return Ring(block, max(MIN_CHILDREN, -(-n_limbs // block)))


def mul_limbs(a: np.ndarray, b: np.ndarray, out: np.ndarray, threads: int = 1) -> None:
    """out = a * b for little-endian uint64 limbs.

    Parameters
    ----------
    a, b : (n,), (m,) contiguous uint64 arrays; may be read-only. ``a is b`` takes the way of a square.
    out : (n + m,) uint64 array that overlaps neither.
    threads : how many threads at most.

    Exactness
    ---------
    The coefficients of the product polynomial are at most min(n, m) (2^64 - 1)^2, below p1 p2 p3 for
    min(n, m) <= `bounds.crt.max_terms()`; longer operands are cut. All arithmetic modulo the primes is on
    integers below 2^53 in float64 (`bounds.ntt`).

    Complexity
    ----------
    Time O(N log N), N = n + m; nine transforms, six for a square. Memory 24 N to 32 N bytes, 48 N on several
    threads.

    Source
    ------
    Pollard, Math. Comp. 25 (1971) 365-374; the transforms of `fastmul.transforms.ntt`.
    """
    square = a is b
    if a.size < b.size:
        a, b = b, a
    if not b.size:
        out[:] = 0
    elif b.size > max_terms():
        _cut_both(a, b, out, threads)
    elif a.size < MIN_RATIO * b.size and out.size <= MAX_POINTS:
        _multiply_once(a, b, out, square, threads)
    else:
        piece = piece_limbs(a.size, b.size)
        if piece < a.size:
            _cut_long(a, b, out, piece, threads)
        else:
            _multiply_once(a, b, out, square, threads)


mul = door(mul_limbs, "ntt")


# ------------------------------------------------------------------------------------- cutting


def piece_limbs(long: int, short: int) -> int:
    """Into pieces of how many limbs the longer operand is cut; `long` if it is not.

    A piece costs two transforms where the whole costs three, but each carries `short` limbs of overlap.
    """

    def cost(ring: Ring, pieces: int, transforms_each: int) -> float:
        levels = float(ring.full_points.bit_length() - 1)
        return (
            ring.points
            * (pieces * transforms_each + (1 if pieces > 1 else 0))
            * (levels + _CARRY_LEVELS)
        )

    best, best_cost = long, float("inf")
    if long + short <= MAX_POINTS:
        best_cost = cost(Ring.of(long + short), 1, 3)
    block = MIN_BLOCK
    while block * MAX_CHILDREN <= MAX_POINTS:
        for children in range(MIN_CHILDREN + 1, MAX_CHILDREN + 1):
            room = block * children - short
            if room <= 0:
                continue
            pieces = -(-long // room)
            if pieces > 1:
                this = cost(Ring(block, children), pieces, 2)
                if this < _GAIN * best_cost:
                    best, best_cost = room, this
        block *= 2
    return best


#: The work of entering, leaving and carrying, in levels of a transform; what a cut must win to be worth it.
_CARRY_LEVELS, _GAIN = 6.0, 0.97


def _cut_long(a: np.ndarray, b: np.ndarray, out: np.ndarray, piece: int, threads: int) -> None:
    """Piece by piece of a, against the kept transform of b; the overlaps are added."""
    from fastmul.kernels.cpu.ntt_product import add_limbs

    out[:] = 0
    workspace = _Workspace(Ring.of(piece + b.size), 3, threads)
    size = 8 * (piece + b.size)
    with scratch.lease(workspace.n_bytes) as raw, scratch.lease(size) as raw_part:
        part = raw_part[:size].view(np.uint64)
        for start in range(0, a.size, piece):
            now = a[start : start + piece]
            product = part[: now.size + b.size]
            workspace.multiply(raw, now, b, product, square=False)
            add_limbs(out, start, product)


def _cut_both(a: np.ndarray, b: np.ndarray, out: np.ndarray, threads: int) -> None:
    """The shorter operand in parts that fit the window."""
    from fastmul.kernels.cpu.ntt_product import add_limbs

    parts = -(-b.size // max_terms())
    step = -(-b.size // parts)
    memory.require(8 * (a.size + step), f"ntt product of {a.size} x {b.size} limbs")
    out[:] = 0
    part = np.empty(a.size + step, np.uint64)
    for start in range(0, b.size, step):
        now = b[start : start + step]
        product = part[: a.size + now.size]
        mul_limbs(a, now, product, threads)
        add_limbs(out, start, product)


# ------------------------------------------------------------------------------------- one transform size


def _multiply_once(
    a: np.ndarray, b: np.ndarray, out: np.ndarray, square: bool, threads: int
) -> None:
    ring = Ring.of(out.size)
    fresh = 8 * 4 * ring.points > scratch.LARGEST_KEPT  # four rows would be fresh pages every time
    lends = square or (fresh and out.size == ring.points)
    saves_row = lends and threads == 1 and ring.points > ONE_KERNEL_POINTS
    workspace = _Workspace(ring, 0 if saves_row else 1, threads)
    with scratch.lease(workspace.n_bytes) as raw:
        workspace.multiply(raw, a, b, out, square)


class _Workspace:
    """How products in one ring use their scratch.

    A row for each prime; then one for the second operand, which the primes use in turn, or three: several
    threads need them, and so does a second operand whose transform is kept for further products; then a table.
    With no row of its own the second operand uses those of the next primes and at last that of the product:

        prime       x       y
          0       row 0   row 1
          1       row 1   row 2
          2       row 2    out       which has a limb for each point, or the product is a square
    """

    def __init__(self, ring: Ring, rows_of_y: int, threads: int) -> None:
        from fastmul.kernels.cpu import ntt_product

        self.kernels = ntt_product
        self.ring = ring
        self.threads = threads if ring.points >= THREADED_POINTS else 1
        self.in_tasks = self.threads > 1 or ring.points > ONE_KERNEL_POINTS
        self.keeps_y, self.has_y = rows_of_y == 3, False
        self.rows_of_y = 3 if self.threads > 1 else rows_of_y
        self.width = ring.points + ROW_GAP
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

    def multiply(
        self, raw: np.ndarray, a: np.ndarray, b: np.ndarray, out: np.ndarray, square: bool
    ) -> None:
        """out = a * b in the leased bytes `raw`; if y is kept, b and raw must be the same every time."""
        kernels = self.kernels
        mode = kernels.SQUARE if square else kernels.PREPARED if self.has_y else kernels.FRESH
        space = raw[: self.n_bytes].view(np.float64)
        if self.in_tasks:
            self._in_tasks(space, a, b, out, mode)
        else:
            t = self.tables
            kernels.product(
                a, b, mode, out, self.ring.block, self.ring.children, space, self.width, self.rows_of_y,
                t.roots, t.packed, t.inv_roots, t.inv_packed, self.factors, t.moduli,
                self.constants, crt_words(), np.empty(kernels.STATE_WORDS, np.int64),
            )  # fmt: skip
        self.has_y = self.keeps_y

    def _in_tasks(
        self, space: np.ndarray, a: np.ndarray, b: np.ndarray, out: np.ndarray, mode: int
    ) -> None:
        """The same in tasks of milliseconds; two barriers on several threads."""
        kernels, ring, t, width = self.kernels, self.ring, self.tables, self.width
        rows = [space[k * width : (k + 1) * width] for k in range(3 + self.rows_of_y)]
        x = rows[:3]
        if self.rows_of_y:
            y = [rows[3 + min(k, self.rows_of_y - 1)] for k in range(3)]
        else:
            y = [x[1], x[2], out.view(np.float64)]
        step = min(
            TASK_COLUMNS, max(MIN_BLOCK, ring.block // self.threads // MIN_BLOCK * MIN_BLOCK)
        )
        columns = [(i, min(i + step, ring.block)) for i in range(0, ring.block, step)]

        def enter(k: int, operand: np.ndarray, row: np.ndarray, start: int, stop: int) -> None:
            kernels.enter(
                operand, row, ring.block, ring.children, start, stop, t.roots[k], t.moduli[k]
            )

        def convolve(k: int, j: int) -> None:
            with scratch.lease(8 * kernels.TURNED) as raw:
                kernels.convolve_node(
                    x[k], y[k], mode, j * ring.block, ring.block, j,
                    t.roots[k], t.packed[k], t.inv_roots[k], t.inv_packed[k], self.factors[k], t.moduli[k],
                    raw[: 8 * kernels.TURNED].view(np.float64),
                )  # fmt: skip

        def leave(start: int, stop: int, state: np.ndarray) -> None:
            kernels.leave(
                *x, out, ring.block, ring.children, start, stop, self.constants, crt_words(), state
            )

        for group in [(0, 1, 2)] if self.threads > 1 else [(0,), (1,), (2,)]:
            entering = [(k, a, x[k], *c) for k in group for c in columns]
            if mode == kernels.FRESH:
                entering += [(k, b, y[k], *c) for k in group for c in columns]
            run(enter, entering, self.threads)
            run(convolve, [(k, j) for k in group for j in range(ring.children)], self.threads)
        states = np.empty((len(columns), kernels.STATE_WORDS), np.int64)
        run(leave, [(*c, state) for c, state in zip(columns, states, strict=True)], self.threads)
        for (_, stop), state in zip(columns, states, strict=True):
            kernels.settle(out, ring.block, ring.children, stop, state)
