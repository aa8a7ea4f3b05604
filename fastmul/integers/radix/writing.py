"""Digits of a number: fractions are multiplied by powers of the base, and the integer parts are the digits.

A node holds its d digits X as the fraction x = X / base**d, cut off behind the bits that matter:

    upper half of the digits    x itself, cut off sooner
    lower half                  x * base**(d/2) without its integer part, cut off too

One product for two halves, and no division but those for the root (`scaling`). With base = odd * 2**twos
the power of two is a place in the array, and the bits that it shifts over the point need not be multiplied:

    node         |zero_limbs|                 G                  |         p limbs, the point is left of them
    G * odd**(d/2)   | integer part |   lower half    |  cut off |

Cutting off makes fractions too small, so a leaf followed by zeros may come out one too small. Where its rest is so
near 1 that this may be, it says so, and is mended when the leaves to its right are known (`bounds.radix`).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import gmpy2
import numpy as np

from fastmul.bounds.radix import doubt
from fastmul.integers.radix.bases import Base
from fastmul.integers.radix.factors import Factor, prepared
from fastmul.integers.radix.scaling import Scale
from fastmul.integers.radix.splitting import Splitting
from fastmul.runtime.threads import run

#: Limbs of a fraction beyond those of base**digits: its rounding is then below 2**-64 of a digit.
GUARD_LIMBS = 1
_ZERO = ord("0")


def digits_of(x: gmpy2.mpz, base: Base, threads: int, room: int) -> tuple[np.ndarray, int]:
    """(text, start): text[start:] spells x >= 1, and text[:start], of `room` bytes at least, is free."""
    n_digits = x.num_digits(base.base)  # or one too many
    tree = Splitting.of(base, n_digits)
    text = np.empty(room + tree.digits(tree.levels), np.uint8)
    _Writer(tree, text[room:], threads).write(x)
    start = text.size - n_digits
    return text, start + int(text[start] == _ZERO)


class _Powers:
    """The powers of the base on every level of a splitting below its root."""

    def __init__(self, tree: Splitting, threads: int) -> None:
        self.level = max(0, tree.levels - 1)
        self.limbs = [tree.limbs(level) + GUARD_LIMBS for level in range(self.level + 1)]
        # fractions of the next level up are multiplied without what the power of two shifts out
        self.factors = [
            Factor(tree.odd_power(level), self.limbs[level + 1] - tree.zero_limbs(level))
            for level in range(self.level)
        ]
        self.scale = Scale(tree, self.level, self.limbs[-1], threads)
        self.nbytes = self.scale.nbytes + sum(factor.nbytes for factor in self.factors)


class _Writer:
    """Writes the digits of one number, with leading zeros as many as the splitting `tree` has, to `text`."""

    def __init__(self, tree: Splitting, text: np.ndarray, threads: int) -> None:
        from fastmul.kernels.cpu import radix_digits

        self.kernels = radix_digits
        self.tree = tree
        self.text = text
        self.threads = threads
        self.powers = prepared("writing", tree, lambda: _Powers(tree, threads))
        words = -(-tree.leaf_digits // tree.base.word_digits)
        self.doubt = np.uint64(doubt(tree.levels, words))
        self.doubtful = np.empty(1 << tree.levels, np.bool_)

    def write(self, x: gmpy2.mpz) -> None:
        """Write all the digits of x."""
        scale, level = self.powers.scale, self.powers.level
        parts = scale.divmod(x) if self.tree.levels else [x]
        subtrees = [
            subtree
            for node, part in enumerate(parts)
            for subtree in self.subtrees(scale.fraction(part), level, node)
        ]
        run(self.descend, subtrees, self.threads)
        self.mend()

    def subtrees(self, fraction: np.ndarray, level: int, node: int) -> Iterator[tuple[Any, ...]]:
        """The nodes from which on threads go separate ways, as arguments of `descend`."""
        if level <= self.tree.fork_level(self.threads):
            yield fraction, level, node
            return
        upper, lower = self.halves(fraction, level, self.threads)
        yield from self.subtrees(lower, level - 1, 2 * node + 1)
        yield from self.subtrees(upper, level - 1, 2 * node)

    def descend(self, fraction: np.ndarray, level: int, node: int) -> None:
        """Write the digits of a node, whose fraction is used up."""
        if not level:
            self.write_leaf(fraction, node)
            return
        upper, lower = self.halves(fraction, level, 1)
        self.descend(lower, level - 1, 2 * node + 1)
        self.descend(upper, level - 1, 2 * node)

    def halves(
        self, fraction: np.ndarray, level: int, threads: int
    ) -> tuple[np.ndarray, np.ndarray]:
        """The fractions of both children."""
        below, factor = self.powers.limbs[level - 1], self.powers.factors[level - 1]
        matters = fraction[: factor.problem.a_limbs]
        product = np.empty(factor.problem.n_limbs, np.uint64)
        factor.multiply(matters, product, threads)
        return fraction[fraction.size - below :], product[matters.size - below : matters.size]

    def write_leaf(self, fraction: np.ndarray, leaf: int) -> None:
        base, k = self.tree.base, self.tree.leaf_digits
        self.doubtful[leaf] = self.kernels.fraction_to_text(
            fraction, self.text[leaf * k : (leaf + 1) * k], base.word, base.word_digits,
            base.constants, self.doubt,
        )  # fmt: skip

    def mend(self) -> None:
        """Add 1 to every leaf that may be one too small, and is followed by a zero or is the last of a half."""
        k, text = self.tree.leaf_digits, self.text
        ends = (text.size // 2, text.size)
        for leaf in np.flatnonzero(self.doubtful)[::-1].tolist():
            stop = (leaf + 1) * k
            if stop in ends or text[stop] == _ZERO:
                self.kernels.increment_text(text, stop - k, stop, self.tree.base.constants)
