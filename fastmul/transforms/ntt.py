"""Number-theoretic transforms: the tree of nodes and the table of roots that walks it.

The transform of a polynomial modulo X**n - 1 goes down a binary tree. A node holds a polynomial modulo
X**L - c and hands its remainders modulo X**(L/2) - w and X**(L/2) + w, w**2 = c, to its two children::

                      X^8 - 1                        level 0: node 0,      w = roots[0] = 1
             X^4 - 1          X^4 + 1                level 1: nodes 0, 1   w = roots[0], roots[1]
         X^2-1    X^2+1    X^2-I    X^2+I            level 2: nodes 0..3   w = roots[0], ..., roots[3]

Node j of every level splits at the same root, ``roots[j]``: one table serves all levels and all lengths.
With e(t) = g**((p-1) t) for a fraction t, g a generator,

    roots[0] = 1,   roots[2**k + i] = roots[i] * e(2**-(k+2))   for i < 2**k,

the powers in bit-reversed order. So no step of a transform ever reverses bits: the forward transform leaves
its values in the order of the leaves, the inverse goes up from there.

Two identities spare tables: roots[2**k * j + i] = roots[2**k * j] * roots[i] for i < 2**k, and the *mirror*:
the inverse of roots[2**k + i] is -roots[2**(k+1) - 1 - i].

Source: D. Harvey, "Faster arithmetic for number-theoretic transforms", J. Symb. Comp. 60 (2014);
the order of nodes as in FLINT's fft_small (D. Schultz).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fastmul.bounds.primes import GENERATORS, PRIMES, balanced
from fastmul.runtime import scratch


def root_of_unity(p: int, order: int) -> int:
    """A primitive root of unity of the given order (a power of two) modulo p, balanced.

    Roots of different orders fit together: the square of that of order 2n is that of order n.

    Raises
    ------
    ValueError : p has no such root.
    """
    if (p - 1) % order:
        raise ValueError(f"root_of_unity(p={p}, order={order}): the order must divide p - 1")
    return balanced(pow(_generator(p), (p - 1) // order, p), p)


def _generator(p: int) -> int:
    """An element whose powers reach every root of unity of order 2**k: a non-square suffices."""
    if p in GENERATORS:
        return GENERATORS[p]
    return next(g for g in range(2, p) if pow(g, (p - 1) // 2, p) == p - 1)


def root_table(p: int, size: int) -> np.ndarray:
    """The first `size` roots in bit-reversed order, as balanced float64 residues.

    A transform of length n needs size n/2. Plain Python integers; `tables` builds the large ones.
    """
    roots = [1]
    level = 0
    while len(roots) < size:
        step = root_of_unity(p, 4 << level)
        roots += [root * step % p for root in roots]
        level += 1
    return np.array([balanced(root, p) for root in roots[:size]], np.float64)


#: Points whose lanes' roots are kept ready; beyond, they are turned into place (`kernels.cpu.ntt_tables.turn`).
PACKED_POINTS = 1 << 17
#: Tables are built for these numbers of points: the small one in well under a millisecond.
_SMALL_POINTS, _LEAF = 1 << 13, 64


@dataclass(frozen=True)
class Tables:
    """The roots that transforms of up to `points` points need, modulo each of PRIMES; first index: the prime."""

    points: int
    moduli: np.ndarray  # (3, 2): p, 1/p
    roots: np.ndarray  # (3, points/16), at least
    packed: np.ndarray  # (3, 56 * leaves): the lanes' roots, of min(points, PACKED_POINTS) points
    inv_roots: np.ndarray
    inv_packed: np.ndarray

    @property
    def n_bytes(self) -> int:
        arrays = (self.roots, self.packed, self.inv_roots, self.inv_packed)
        return sum(array.nbytes for array in arrays)


def tables(points: int) -> Tables:
    """The tables for transforms of `points` points, a power of two, kept between calls."""
    covered = PACKED_POINTS if points > _SMALL_POINTS else _SMALL_POINTS
    if points <= covered:
        return _covered_tables(covered)
    n_roots = points // 16
    roots, inv_roots = scratch.table(
        ("ntt roots", points),
        lambda: [_stack(_roots(n_roots, inverse)) for inverse in (False, True)],
        lambda made: sum(array.nbytes for array in made),
    )
    t = _covered_tables(covered)  # asked for after the roots, so that it outlives them
    return Tables(points, t.moduli, roots, t.packed, inv_roots, t.inv_packed)


def _covered_tables(points: int) -> Tables:
    """Those of no more than PACKED_POINTS points."""
    return scratch.table(("ntt", points), lambda: _build(points), lambda made: made.n_bytes)


def _build(points: int) -> Tables:
    from fastmul.kernels.cpu.ntt_tables import pack

    leaves = points // _LEAF
    ways = []
    for inverse in (False, True):
        roots = _roots(points // 2, inverse)
        packed = _stack([pack(row, leaves) for row in roots])
        ways += [_stack([row[: max(points // 16, _LEAF)] for row in roots]), packed]
    moduli = np.array([[p, 1.0 / p] for p in PRIMES])
    return Tables(points, moduli, *ways)


def _roots(size: int, inverse: bool) -> list[np.ndarray]:
    return [_fast_root_table(p, size, inverse) for p in PRIMES]


#: What `factors` gives where the tables hold all lanes' roots.
_NO_FACTORS = np.empty((len(PRIMES), 6, 0))


def factors(points: int, inner: int) -> np.ndarray:
    """(3, 6, points/inner): what turns the lanes' roots of node 0 of `inner` points into those of node k.

    For each prime roots[m k / 4], roots[m k / 2], roots[m k], m = inner/2, then their inverses.
    """

    if points <= PACKED_POINTS:
        return _NO_FACTORS

    def build() -> np.ndarray:
        shift = (inner // 2).bit_length() - 1
        return np.array([
            [_fast_root_table(p, points // inner, inverse, shift - down)
             for inverse in (False, True) for down in (2, 1, 0)]
            for p in PRIMES
        ])  # fmt: skip

    return scratch.table(("ntt factors", points, inner), build, lambda made: made.nbytes)


def _fast_root_table(p: int, size: int, inverse: bool = False, shift: int = 0) -> np.ndarray:
    """roots[2**shift * k], k < size, or their inverses."""
    from fastmul.kernels.cpu.ntt_tables import extend

    made = scratch.aligned_empty(max(size, 16))
    made[0] = 1.0
    modulus = np.array([p, 1.0 / p])
    count = 1
    while count < size:
        step = root_of_unity(p, 4 * count << shift)
        if inverse:
            step = pow(step, -1, p)
        if count < 8:
            made[count : 2 * count] = [balanced(int(r) * step, p) for r in made[:count]]
        else:
            extend(made, count, float(balanced(step, p)), modulus)
        count *= 2
    return made[:size]


def _stack(rows: list[np.ndarray]) -> np.ndarray:
    """Rows as one array, each on a cache line of its own and not at the same place of a page."""
    width = rows[0].size + 2 * _LEAF
    stacked = scratch.aligned_empty(len(rows) * width).reshape(len(rows), width)
    for target, row in zip(stacked, rows, strict=True):
        target[: row.size] = row
        target[row.size :] = 0.0
    return stacked
