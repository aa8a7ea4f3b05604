"""A number from its digits: upper half times a power of the base, plus lower half.

With base = odd * 2**twos, the power of two is a place in the array, and only odd**(d/2) is multiplied:

    out   |            upper half * odd**(d/2)            | zero_limbs |
                             + |                lower half             |
"""

from __future__ import annotations

from typing import Any

import numpy as np

from fastmul.integers.radix.bases import Base, digit_values
from fastmul.integers.radix.factors import Factor, prepared
from fastmul.integers.radix.splitting import Splitting
from fastmul.runtime.threads import run


def limbs_of(text: np.ndarray, base: Base, threads: int) -> np.ndarray | None:
    """The limbs of the number that the bytes of `text` spell; None where one of them is no digit of the base."""
    return _Reader(Splitting.of(base, text.size), text, threads).read()


class _Powers:
    """The powers of the base on every level of a splitting below its root."""

    def __init__(self, tree: Splitting) -> None:
        self.leaf_limbs = tree.limbs(0)
        self.factors = [
            Factor(tree.odd_power(level), tree.limbs(level)) for level in range(tree.levels)
        ]
        self.nbytes = sum(factor.nbytes for factor in self.factors)


class _Reader:
    """Reads one number; the splitting `tree` has its digits, and before them some that `text` lacks, zeros."""

    def __init__(self, tree: Splitting, text: np.ndarray, threads: int) -> None:
        from fastmul.kernels.cpu import radix_words

        self.kernels = radix_words
        self.tree = tree
        self.text = text
        self.threads = threads
        self.missing = tree.digits(tree.levels) - text.size
        self.values = digit_values(tree.base.base)
        self.powers = prepared("reading", tree, lambda: _Powers(tree))

    def read(self) -> np.ndarray | None:
        level = self.tree.fork_level(self.threads)
        nodes: list[Any] = [None] * (1 << self.tree.levels - level)

        def read_node(node: int) -> None:
            nodes[node] = self.ascend(level, node)

        try:
            run(read_node, [(node,) for node in range(len(nodes))], self.threads)
        except _NoDigitError:
            return None
        while len(nodes) > 1:
            pairs = zip(nodes[::2], nodes[1::2], strict=True)
            nodes = [self.join(upper, lower, level, self.threads) for upper, lower in pairs]
            level += 1
        return nodes[0]

    def ascend(self, level: int, node: int) -> np.ndarray:
        """The limbs of a node's number."""
        if not level:
            return self.read_leaf(node)
        upper = self.ascend(level - 1, 2 * node)
        lower = self.ascend(level - 1, 2 * node + 1)
        return self.join(upper, lower, level - 1, 1)

    def join(self, upper: np.ndarray, lower: np.ndarray, level: int, threads: int) -> np.ndarray:
        """upper * base**digits(level) + lower, of two nodes of this level."""
        factor, zeros = self.powers.factors[level], self.tree.zero_limbs(level)
        out = np.empty(zeros + factor.problem.n_limbs, np.uint64)
        out[:zeros] = lower[:zeros]
        factor.multiply(upper, out[zeros:], threads)
        self.kernels.add_limbs(out[zeros:], lower[zeros:])
        if level + 1 == self.tree.levels:
            return out
        return out[: self.powers.factors[level + 1].problem.a_limbs]

    def read_leaf(self, leaf: int) -> np.ndarray:
        base, k = self.tree.base, self.tree.leaf_digits
        start, stop = (max(0, i * k - self.missing) for i in (leaf, leaf + 1))
        x = np.empty(self.powers.leaf_limbs, np.uint64)
        largest = self.kernels.text_to_limbs(
            self.text[start:stop],
            x,
            *base.chunk,
            base.word,
            base.word_digits,
            self.values,
            base.constants,
        )
        if largest >= base.base:
            raise _NoDigitError
        return x


class _NoDigitError(Exception):
    """A character is no digit of the base; where, the caller looks up."""
