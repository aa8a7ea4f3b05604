"""How digits are split: a perfect binary tree, so that one power of the base serves each level.

    level 2   |                       4 k digits                      |      d(j) = k * 2**j digits on level j
    level 1   |         2 k digits        |         2 k digits        |
    level 0   |  k digits   |  k digits   |  k digits   |  k digits   |      the leaves, by quadratic kernels

A number of D digits gets leading zeros up to d(J) >= D. The leaves are made as short as that allows, in steps of
64 digits: then base**d(j) = odd**d(j) * 2**(64 * s(j)) with a whole number s(j) of limbs, so that powers of two
are no more than places in an array.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import gmpy2

import fastmul
from fastmul.integers.limbs import limb_count, mpz
from fastmul.integers.radix.bases import WORD_BITS, Base

#: Words in a leaf, at most: longer ones cost more in the quadratic kernels than a level of products.
LEAF_WORDS = 360
LEAF_STEP = WORD_BITS
#: Subtrees for each thread, so that none waits long for another's last one.
SUBTREES_PER_THREAD = 4


@dataclass(frozen=True)
class Splitting:
    """Leaves of `leaf_digits` digits, 2**levels of them."""

    base: Base
    leaf_digits: int
    levels: int

    @staticmethod
    def of(base: Base, n_digits: int) -> Splitting:
        """The splitting of n_digits >= 1 digits.

        >>> tree = Splitting.of(Base.of(10), 10_000)
        >>> tree.leaf_digits, tree.levels, tree.digits(tree.levels)
        (5056, 1, 10112)
        """
        longest = LEAF_WORDS * base.word_digits
        levels = (-(-n_digits // longest) - 1).bit_length()
        leaf_digits = -(-n_digits // (LEAF_STEP << levels)) * LEAF_STEP
        return Splitting(base, leaf_digits, levels)

    def digits(self, level: int) -> int:
        """Digits of a node."""
        return self.leaf_digits << level

    def zero_limbs(self, level: int) -> int:
        """Limbs of the power of two in base**digits(level)."""
        return self.base.twos * self.digits(level) // WORD_BITS

    def odd_power(self, level: int) -> gmpy2.mpz:
        """odd**digits(level), kept."""
        while len(self._odd_powers) <= level:
            self._odd_powers.append(fastmul.square(self._odd_powers[-1]))
        return self._odd_powers[level]

    @cached_property
    def _odd_powers(self) -> list[gmpy2.mpz]:
        return [mpz(self.base.odd) ** self.leaf_digits]

    def limbs(self, level: int) -> int:
        """Limbs of base**digits(level), which hold every number of so many digits."""
        return self.zero_limbs(level) + limb_count(self.odd_power(level))

    def fork_level(self, threads: int) -> int:
        """The level of the nodes that threads share out among them."""
        if threads == 1:
            return self.levels
        return max(0, self.levels - (SUBTREES_PER_THREAD * threads - 1).bit_length())
