"""Plans of the weighted FFT modulo 2**p - 1: its length, its weights, and the schedule of mirrored nodes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

import numpy as np

from fastmul.bounds import fft_weighted as bounds
from fastmul.bounds.fft import levels
from fastmul.runtime import scratch
from fastmul.transforms import fft

#: log2 of the largest child of the root: beyond, number-theoretic transforms are faster.
MAX_CHILD_BITS = 16
#: Steps of a schedule, as `fastmul.kernels.cpu.fft_mirrored` numbers them.
DOWN, UP, LEAVES, FIRST_LEAF = 0, 1, 2, 3
#: Digits of fewer bits would not pay; wider ones do not survive any transform.
MIN_DIGIT_BITS, MAX_DIGIT_BITS = 8, 24


@dataclass(frozen=True)
class Plan:
    """Products modulo 2**exponent - 1 by rows * 2**child_bits complex points."""

    exponent: int
    rows: int
    child_bits: int
    limit: float

    def __str__(self) -> str:
        return f"the weighted fft modulo 2**{self.exponent} - 1 in {self.points} complex points"

    @property
    def points(self) -> int:
        return self.rows << self.child_bits

    @property
    def n_digits(self) -> int:
        return 2 * self.points

    @cached_property
    def limits(self) -> np.ndarray:
        return np.array((self.limit,))


@lru_cache(maxsize=256)
def plan(exponent: int) -> Plan | None:
    """The shortest transform whose window holds random numbers below 2**exponent; None if there is none."""
    for child_bits in range(fft.MIN_CHILD_BITS, MAX_CHILD_BITS + 1):
        for rows in fft.ROWS:
            n_digits = 2 * rows << child_bits
            if exponent // n_digits < MIN_DIGIT_BITS:
                return None
            if exponent // n_digits > MAX_DIGIT_BITS:
                continue
            limit = bounds.max_norm_product(rows, child_bits)
            if bounds.likely_norm(n_digits, exponent) ** 2 <= limit:
                return Plan(exponent, rows, child_bits, limit)
    return None


# ---------------------------------------------------------------- weights


@dataclass(frozen=True)
class Weights:
    """2**f[16*v + i] = blocks[v] * lanes[i], halved from scale's threshold on; inverses are divided by the points.

    lanes: those of even digits, then those of odd ones.
    """

    blocks: np.ndarray
    inverse_blocks: np.ndarray
    lanes: np.ndarray
    inverse_lanes: np.ndarray
    scale: np.ndarray


def build_weights(p: int, points: int) -> Weights:
    """Every factor correctly rounded from 160 bits."""
    import gmpy2

    n_digits = 2 * points
    lane_digits = np.arange(16).reshape(8, 2).T.ravel()  # 0, 2, .. 14, 1, 3, .. 15

    def powers(phases: np.ndarray, divisor: int = 1) -> np.ndarray:
        """2**(phase/N) / divisor."""
        return np.array([float(gmpy2.exp2(gmpy2.mpq(int(f), n_digits)) / divisor) for f in phases])

    with gmpy2.context(precision=160):
        blocks = -p * np.arange(0, n_digits, 16) % n_digits
        lanes = -p * lane_digits % n_digits
        small = 2.0 ** (p // n_digits)
        half_step = gmpy2.exp2(gmpy2.mpq(-1, 2 * n_digits))
        big = float(gmpy2.exp2(gmpy2.mpq(p % n_digits, n_digits)) * half_step)
        scale = np.zeros(16)
        scale[:6] = small, 2 * small, 1 / small, 0.5 / small, float(2 * half_step), big
        scale[8] = 1.0
        return Weights(
            powers(blocks), powers(-blocks, points), powers(lanes), powers(-lanes), scale
        )


# ---------------------------------------------------------------- the schedule


class _Schedule:
    """The steps that take a child's nodes down to leaves, multiply mirrored leaves, and come up again.

    A node is (child, index at its level p); node i of child k is mirrored in node 2**d - 1 - i of child rows - k. So
    are the nodes of child rows/2 within itself; those of child 0, whose roots are those of 1, in blocks:

        0 | 1 | 2 3 | 4 5 6 7 | 8 .. 15        node 0 again holds roots of 1, the other blocks are reversed
    """

    def __init__(self, rows: int, m: int) -> None:
        self.m, self.sizes = m, levels(m)
        self.last = len(self.sizes) - 1
        self.steps: list[tuple[int, ...]] = []
        self._first(0)
        for child in range(1, rows // 2 + 1):
            other = rows - child
            if child == other:
                self._own((child, 0), 0)
            else:
                self._pair((child, 0), (other, 0), 0)

    def _start(self, node: tuple[int, int], p: int) -> int:
        return (node[0] << self.m) + (node[1] << self.sizes[p])

    def _down(self, p: int) -> int:
        return self.sizes[p] - self.sizes[p + 1]

    def _pass(self, step: int, node: tuple[int, int], p: int) -> None:
        child, i = node
        depth = self.m - self.sizes[p]
        record = 16 * ((child << (self.m - self.sizes[-1])) + (1 << depth) + i)
        self.steps.append(
            (step, self._start(node, p), 0, 1 << self.sizes[p], self._down(p), record)
        )

    def _within(self, nodes: Iterator[Any] | tuple[Any, ...], p: int, inner: Any) -> None:
        """Down, what happens inside, up."""
        nodes = tuple(nodes)
        for node in nodes:
            self._pass(DOWN, node, p)
        inner()
        for node in nodes:
            self._pass(UP, node, p)

    def _sub(self, node: tuple[int, int], p: int, q: int) -> tuple[int, int]:
        return node[0], (node[1] << self._down(p)) + q

    def _leaves(self, a: int, b: int, count: int) -> None:
        self.steps.append((LEAVES, a, b, count, 0, 0))

    def _pair(self, a: tuple[int, int], b: tuple[int, int], p: int) -> None:
        if p == self.last:
            return self._leaves(self._start(a, p), self._start(b, p), 1)
        count = 1 << self._down(p)

        def inner() -> None:
            if p + 1 == self.last:
                return self._leaves(self._start(a, p), self._start(b, p), count)
            for q in range(count):
                self._pair(self._sub(a, p, q), self._sub(b, p, count - 1 - q), p + 1)

        return self._within((a, b), p, inner)

    def _own(self, a: tuple[int, int], p: int) -> None:
        """A node that is its own mirror."""
        if p == self.last:
            start = self._start(a, p)
            return self._leaves(start, start, 1)
        count = 1 << self._down(p)

        def inner() -> None:
            for q in range(count // 2):
                self._pair(self._sub(a, p, q), self._sub(a, p, count - 1 - q), p + 1)

        return self._within((a,), p, inner)

    def _first(self, p: int) -> None:
        """The node of the roots of 1."""
        if p == self.last:
            self.steps.append((FIRST_LEAF, 0, 0, 0, 0, 0))
            return None
        a, count = (0, 0), 1 << self._down(p)

        def inner() -> None:
            self._first(p + 1)
            self._own(self._sub(a, p, 1), p + 1)
            for q in range(2, count):
                mirror = mirror_of_first(q)
                if q < mirror:
                    self._pair(self._sub(a, p, q), self._sub(a, p, mirror), p + 1)

        return self._within((a,), p, inner)


def mirror_of_first(i: int) -> int:
    """Where the conjugate of root i of 1, in bit-reversed order, stands.

    >>> [mirror_of_first(i) for i in range(8)]
    [0, 1, 3, 2, 7, 6, 5, 4]
    """
    return i if i < 2 else 3 * (1 << (i.bit_length() - 1)) - 1 - i


def schedule(rows: int, m: int) -> np.ndarray:
    """(n, 6) int64: step, point, mirrored point, size or number of leaves, levels, record of twiddles."""
    return np.array(_Schedule(rows, m).steps, np.int64)


# ---------------------------------------------------------------- all of it


@dataclass(frozen=True)
class Table:
    """What the kernels of one length ask for."""

    steps: np.ndarray
    nodes: np.ndarray
    leaves: np.ndarray
    factors: np.ndarray
    mirrors: np.ndarray

    @property
    def n_bytes(self) -> int:
        return self.steps.nbytes + self.nodes.nbytes + self.leaves.nbytes


def build_table(rows: int, m: int) -> Table:
    twiddles = fft.build_table(rows, m, quarters=0)
    order = fft.reversed_bits(6)
    re, im = fft.unit_roots(order, fft.unit_root_factors(64))
    factors = np.concatenate((-(1 + re) / 4, -im / 4))
    mirrors = np.array([mirror_of_first(i) for i in range(64)], np.int64)
    return Table(schedule(rows, m), twiddles.nodes, twiddles.leaves, factors, mirrors)


def table(rows: int, m: int) -> Table:
    """The twiddles and the schedule of one length, built at first use."""
    return scratch.table(
        ("fft_weighted", rows, m), lambda: build_table(rows, m), lambda t: t.n_bytes
    )


def weights(p: int, points: int) -> Weights:
    """The weights of one exponent, built at first use."""
    return scratch.table(
        ("fft_weights", p, points), lambda: build_weights(p, points), lambda w: 2 * w.blocks.nbytes
    )
