"""The rings in which products are computed, and how long they are: the plans of the transforms.

A transform takes 4 to 8 blocks of 64, 128, 256... points, so lengths between powers of two cost what they should
(`transforms.ntt` draws the tree, whose first eight nodes these blocks are):

    nodes 0 ... m-1    m = 4...8 blocks hold a product of m blocks
    nodes 0 ... 3      X^(4 block) - 1: four blocks that wrap around
    nodes 0 ... 7      X^(8 block) - 1: eight that wrap around
    nodes 4 ... 7      X^(4 block) + 1: four that come back with the other sign
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

#: A transform has between 4 and 8 blocks, none shorter than a leaf.
MIN_CHILDREN, MAX_CHILDREN, MIN_BLOCK = 4, 8, 64
#: The shortest block of a transform that is kept: two leaves, which the passes take together.
MIN_KEPT_BLOCK = 2 * MIN_BLOCK


@dataclass(frozen=True)
class Ring:
    """The transform of a product: the `children` nodes from `first` on, of `block` points each."""

    block: int
    children: int
    first: int = 0

    @property
    def key(self) -> Ring:
        """What must agree for values of transforms to be multiplied."""
        return self

    @property
    def points(self) -> int:
        return self.block * self.children

    @property
    def full_points(self) -> int:
        """The power of two whose tables it takes."""
        return self.block * MAX_CHILDREN

    @staticmethod
    @lru_cache(maxsize=1024)
    def of(n_limbs: int, smallest_block: int = MIN_BLOCK) -> Ring:
        """The smallest that holds a product of n_limbs limbs.

        >>> Ring.of(256), Ring.of(257), Ring.of(600)
        (Ring(block=64, children=4, first=0), Ring(block=64, children=5, first=0), Ring(block=128, children=5, first=0))
        """
        block = max(smallest_block, 1 << (-(-n_limbs // MAX_CHILDREN) - 1).bit_length())
        return Ring(block, max(MIN_CHILDREN, -(-n_limbs // block)))

    @staticmethod
    def cyclic(n_limbs: int) -> Ring:
        """X^n_limbs - 1; n_limbs is a power of two, at least 8 * MIN_BLOCK."""
        return Ring(n_limbs // MAX_CHILDREN, MAX_CHILDREN)

    @staticmethod
    def negacyclic(n_limbs: int) -> Ring:
        """X^n_limbs + 1; n_limbs is a power of two, at least 4 * MIN_KEPT_BLOCK."""
        return Ring(n_limbs // MIN_CHILDREN, MIN_CHILDREN, first=MIN_CHILDREN)
