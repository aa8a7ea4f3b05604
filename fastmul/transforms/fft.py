"""Plans of the complex FFT: its length and digits for a product, and its table of twiddles.

L = r * 2**m complex points, r = 4..7, take 2*L real digits (see `fastmul.kernels.cpu.fft_root`), so lengths grow
in steps of a quarter, sixth or seventh. Among the digit widths that the window admits, the widest is best.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property, lru_cache
from typing import Any

import numpy as np

from fastmul.bounds import fft as bounds
from fastmul.runtime import scratch

#: log2 of the smallest child of the root: one leaf of 64 points.
MIN_CHILD_BITS = 6
#: log2 of the largest: its table takes 64 to 112 MiB, and the NTT is faster long before.
MAX_CHILD_BITS = 20
ROWS = (4, 5, 6, 7)


@dataclass(frozen=True)
class Plan:
    """A product of a_limbs x b_limbs limbs by rows * 2**child_bits complex points.

    `limit` is what the product of the sums of squares of the digits may be at most; it is infinite where the window
    holds for every operand of these sizes.
    """

    rows: int
    child_bits: int
    digit_bits: int
    a_digits: int
    b_digits: int
    limit: float

    def __str__(self) -> str:
        digits = f"{self.a_digits} x {self.b_digits} digits of {self.digit_bits} bits"
        return f"the fft of {digits} in {self.points} complex points"

    @cached_property
    def numbers(self) -> np.ndarray:
        """What the kernel `multiply` asks for, in its order."""
        nodes, leaves, _ = table_places(self.rows, self.child_bits)
        shape = (self.rows, self.digit_bits, self.a_digits, self.b_digits, nodes, leaves)
        return np.array((*shape, *bounds.levels(self.child_bits)), np.int64)

    @property
    def points(self) -> int:
        return self.rows << self.child_bits

    @property
    def wrapped(self) -> bool:
        """Whether the coefficient of both last digits, 0 or 1 each, falls on coefficient 0."""
        return self.a_digits + self.b_digits > 2 * self.points

    @property
    def length(self) -> int:
        """Coefficients of each of the eight runs in which the product is carried."""
        return (min(self.a_digits + self.b_digits, 2 * self.points) + 63) // 64 * 8

    @property
    def max_limbs(self) -> int:
        """Limbs that the kernel `carry` can give: all the runs' and what is carried out of the last."""
        return self.length * self.digit_bits // 8 + 2

    @property
    def child_points(self) -> int:
        return 1 << self.child_bits

    @property
    def key(self) -> tuple[int, int, int]:
        """What must agree for values of transforms to be multiplied."""
        return self.rows, self.child_bits, self.digit_bits

    def node(self, table: Table, child: int) -> tuple[Any, ...]:
        """The arguments of the kernels of one child: its first point, and where its twiddles are."""
        leaf = child << (self.child_bits - 6)
        start = child << self.child_bits
        return start, table.levels, table.nodes, 16 * leaf, table.leaves, 128 * leaf

    @cached_property
    def padded_bytes(self) -> int:
        """Bytes of a padded operand, or of the buffer of the carry."""
        return 8 * ((2 * self.points * self.digit_bits) // 64 + 48)

    @cached_property
    def work_words(self) -> int:
        """Words of scratch of the kernel: two transforms, and two padded operands or a buffer."""
        return 4 * self.points + 2 * self.padded_bytes // 8

    @cached_property
    def work_bytes(self) -> int:
        return 8 * self.work_words


def digit_count(n_limbs: int, bits: int) -> int:
    """Balanced digits of n_limbs limbs; where `bits` divides 64 * n_limbs the last one is 0 or 1."""
    return 64 * n_limbs // bits + 1


@lru_cache(maxsize=4096)
def plan(a_limbs: int, b_limbs: int, guaranteed: bool, terms: int = 1) -> Plan | None:
    """The shortest transform for a product of this size, or None if no digit width is admitted.

    guaranteed: for every operand; otherwise for operands whose digits are no larger than random ones', which only
    the kernel can tell. terms: how many products of this size are added up before the inverse transform.
    """
    for bits in range(bounds.MAX_BITS, bounds.MIN_BITS - 1, -1):
        found = _with_digits(a_limbs, b_limbs, bits, guaranteed, terms)
        if found:
            return found
    return None


def _with_digits(
    a_limbs: int, b_limbs: int, bits: int, guaranteed: bool, terms: int
) -> Plan | None:
    a_digits, b_digits = digit_count(a_limbs, bits), digit_count(b_limbs, bits)
    last_is_bit = a_limbs == b_limbs and 64 * a_limbs % bits == 0
    rows, m = shortest_length(a_digits + b_digits - 2 * last_is_bit)
    if m > MAX_CHILD_BITS:
        return None
    wrapped = a_digits + b_digits > 2 * (rows << m)
    whole = max(a_digits, b_digits) > rows << m and not wrapped
    limit = bounds.max_norm_product(rows, m, whole, terms)
    if terms**2 * bounds.worst_norm_product(a_digits, b_digits, bits) <= limit:
        return Plan(rows, m, bits, a_digits, b_digits, np.inf)
    measurable = bounds.has_exact_norm(max(a_digits, b_digits), bits)
    likely = terms**2 * bounds.likely_norm_product(a_digits, b_digits, bits)
    if not guaranteed and measurable and likely <= limit:
        return Plan(rows, m, bits, a_digits, b_digits, limit)
    return None


def shortest_length(digits: int) -> tuple[int, int]:
    """The least (rows, m) with 2 * rows * 2**m >= digits.

    For two operands of n digits each whose last ones are 0 or 1, 2*n - 2 digits suffice: coefficient 2*n - 2 of the
    product is that of the last digits alone, and what it takes from coefficient 0 one bit gives back.

    >>> shortest_length(1000), shortest_length(2048), shortest_length(2049)
    ((4, 7), (4, 8), (5, 8))
    """
    points = -(-digits // 2)
    m = max(MIN_CHILD_BITS, (points - 1).bit_length() - 3)
    rows = max(ROWS[0], -(-points // (1 << m)))
    return (4, m + 1) if rows == 8 else (rows, m)


# ---------------------------------------------------------------- twiddles


def table_places(rows: int, m: int) -> tuple[int, int, int]:
    """Where nodes and leaves begin in the twiddles of one length, and where they end."""
    nodes, n_leaves = 2 * rows * 16, rows << (m - 6)
    return nodes, nodes + 16 * n_leaves, nodes + (16 + 128) * n_leaves


class Table:
    """Twiddles of one length, as the kernels lay them out: roots, nodes, leaves, in one array."""

    def __init__(self, rows: int, m: int) -> None:
        nodes, leaves, end = table_places(rows, m)
        self.twiddles = scratch.aligned_empty(end)
        self.levels = np.array(bounds.levels(m), np.int64)
        self.roots = self.twiddles[:nodes]
        self.nodes = self.twiddles[nodes:leaves]
        self.leaves = self.twiddles[leaves:]

    @property
    def n_bytes(self) -> int:
        return int(self.twiddles.nbytes)


def table(rows: int, child_bits: int) -> Table:
    """The twiddles of rows * 2**child_bits points, built at first use."""
    return scratch.table(
        ("fft", rows, child_bits), lambda: build_table(rows, child_bits), lambda t: t.n_bytes
    )


def build_table(rows: int, m: int, quarters: int = 1) -> Table:
    """Every twiddle, each part rounded to nearest (see `unit_roots`).

    Node i at depth d below child k of the root is a polynomial modulo x**(2**(m - d)) - e(t), with
    t = ((k + quarters/4)/rows + reversed_bits(d)[i]) / 2**d; its record holds the powers of e(t/8).
    """
    leaf_depth, lane_depth = m - 6, m - 3
    order = 32 * rows << lane_depth  # of all roots of unity here
    reversed_lanes = reversed_bits(lane_depth)
    made = Table(rows, m)
    made.twiddles[:] = 0.0
    made.roots[:] = build_roots(rows, m)
    nodes, leaves = made.nodes.reshape(rows, -1, 16), made.leaves.reshape(rows, -1, 128)
    factors = unit_root_factors(order)

    def powers(child: int, depth: int) -> tuple[np.ndarray, np.ndarray]:
        i = reversed_lanes[: 1 << depth] >> (lane_depth - depth)
        turns = (quarters + 4 * child + 4 * rows * i) << (
            lane_depth - depth
        )  # in e(1/order), of each node's w
        return unit_roots(np.arange(1, 8)[:, None] * turns[None, :] % order, factors)

    for child in range(rows):
        for depth in range(leaf_depth):
            re, im = powers(child, depth)
            nodes[child, 1 << depth : 2 << depth, 0:7] = re.T
            nodes[child, 1 << depth : 2 << depth, 8:15] = im.T
        re, im = powers(child, leaf_depth)
        leaves[child, :, 0:7], leaves[child, :, 8:15] = re.T, im.T
        for part, first in zip(powers(child, lane_depth), (16, 72), strict=True):
            lanes = part.reshape(7, -1, 8).transpose(1, 0, 2)  # leaf, power, lane
            leaves[child, :, first : first + 56] = lanes.reshape(-1, 56)
    return made


def build_roots(rows: int, m: int) -> np.ndarray:
    """The powers of the children's roots c = e((k + 1/4)/rows), and once more divided by the number of points."""
    roots = np.zeros((2, rows, 16))
    with _precisely():
        for scaled, divisor in enumerate((1, rows << m)):
            for child in range(rows):
                for power in range(8):
                    re, im = _unit_root(Fraction((1 + 4 * child) * power, 4 * rows), divisor)
                    roots[scaled, child, (power - 1) % 8] = float(re)
                    roots[scaled, child, (power - 1) % 8 + 8] = float(im)
    return roots.ravel()


def reversed_bits(depth: int) -> np.ndarray:
    """i with its `depth` bits in reverse, for all i below 2**depth.

    >>> reversed_bits(3)
    array([0, 4, 2, 6, 1, 5, 3, 7])
    """
    result = np.zeros(1, np.int64)
    for _ in range(depth):
        result = np.concatenate((2 * result, 2 * result + 1))
    return result


def _precisely() -> Any:
    """A with block of 160 bits, rounded to nearest, whatever the caller's own context of gmpy2 says."""
    import gmpy2

    return gmpy2.context(precision=160)


def _unit_root(turns: Fraction, divisor: int = 1) -> tuple[Any, Any]:
    """cos and sin of 2*pi*turns, divided, in the precision of the context."""
    import gmpy2

    angle = 2 * gmpy2.const_pi() * gmpy2.mpq(turns.numerator, turns.denominator)
    return gmpy2.cos(angle) / divisor, gmpy2.sin(angle) / divisor


def unit_root_factors(order: int) -> tuple[np.ndarray, np.ndarray]:
    """Two double-double tables of shape (4, n): e(i * n / order) and e(j / order), re and im, each high and low."""
    step = 1 << (order.bit_length() // 2)
    with _precisely():
        coarse = [_unit_root(Fraction(i * step, order)) for i in range(-(-order // step))]
        fine = [_unit_root(Fraction(j, order)) for j in range(step)]
        return _double_doubles(coarse), _double_doubles(fine)


def _double_doubles(values: list[tuple[Any, Any]]) -> np.ndarray:
    high = np.array([[float(part) for part in value] for value in values])
    low = [
        [float(p - h) for p, h in zip(v, hs, strict=True)]
        for v, hs in zip(values, high.tolist(), strict=True)
    ]
    return np.array([high[:, 0], np.array(low)[:, 0], high[:, 1], np.array(low)[:, 1]])


def unit_roots(
    turns: np.ndarray, factors: tuple[np.ndarray, np.ndarray]
) -> tuple[np.ndarray, np.ndarray]:
    """cos and sin of 2*pi*turns/order, rounded to nearest from values that err by less than 2**-95.

    turns = i * n + j, so that one product of two table entries gives each: in double-double arithmetic, whose terms
    left out are below 2**-104, a few of them.
    """
    coarse, fine = factors
    i, j = np.divmod(turns, fine.shape[1])
    ar, ar_low, ai, ai_low = coarse[:, i]
    br, br_low, bi, bi_low = fine[:, j]
    re = _sum_of_products(ar, br, -ai, bi, ar * br_low + ar_low * br - (ai * bi_low + ai_low * bi))
    im = _sum_of_products(ar, bi, ai, br, ar * bi_low + ar_low * bi + (ai * br_low + ai_low * br))
    return re, im


def _sum_of_products(a: Any, b: Any, c: Any, d: Any, small: Any) -> Any:
    """a*b + c*d + small, nearly in twice the precision, rounded once."""
    p, q = a * b, c * d
    total = p + q
    part = total - p
    lost = (p - (total - part)) + (q - part)  # Knuth's exact sum
    return total + (lost + (_lost(a, b, p) + _lost(c, d, q) + small))


def _lost(a: Any, b: Any, product: Any) -> Any:
    """a*b - product, exactly (Dekker)."""
    a_high, b_high = _upper_half(a), _upper_half(b)
    a_low, b_low = a - a_high, b - b_high
    return a_low * b_low - (((product - a_high * b_high) - a_low * b_high) - a_high * b_low)


def _upper_half(a: Any) -> Any:
    """The upper 26 bits (Veltkamp)."""
    scaled = a * (2.0**27 + 1)
    return scaled - (scaled - a)
