"""The tree of the products of many moduli, balanced by their lengths."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from fastmul.integers.limbs import mpz
from fastmul.integers.multiplication import mul
from fastmul.integers.trees.products import ends_of, middle_of

#: Small moduli share a leaf of so many bits: each is then divided by on its own (AMD Zen 4, 2026-11-24, timeit).
LEAF_BITS = 1 << 11


@dataclass(slots=True)
class Node:
    """The product of moduli[first:last], and how it was made; a leaf has no children."""

    first: int
    last: int
    product: Any  # mpz
    depth: int  # below the root
    left: Node | None = None
    right: Node | None = None
    precision: int = 0  # of its fraction, in bits, once known (`scaled_remainders`)

    @property
    def bits(self) -> int:
        return self.product.bit_length()

    @property
    def children(self) -> tuple[tuple[Node, Node], ...]:
        """(child, its sibling), twice; none for a leaf."""
        return ((self.left, self.right), (self.right, self.left)) if self.left and self.right else ()  # fmt: skip


def grow(moduli: Sequence[Any]) -> Node:
    """The tree of positive mpz."""
    leaves = list(_leaves(moduli))
    return _grow(leaves, ends_of([leaf.product for leaf in leaves]), 0, len(leaves), 0)


def _leaves(moduli: Sequence[Any]) -> Any:
    product, first = mpz(1), 0
    for i, modulus in enumerate(moduli):
        if i > first and product.bit_length() + modulus.bit_length() > LEAF_BITS:
            yield Node(first, i, product, 0)
            product, first = modulus, i
        else:  # a long modulus alone is not copied
            product = modulus if i == first else product * modulus
    yield Node(first, len(moduli), product, 0)


def _grow(leaves: Sequence[Node], ends: Sequence[int], first: int, last: int, depth: int) -> Node:
    if last - first == 1:
        leaves[first].depth = depth
        return leaves[first]
    middle = middle_of(ends, first, last)
    left = _grow(leaves, ends, first, middle, depth + 1)
    right = _grow(leaves, ends, middle, last, depth + 1)
    return Node(left.first, right.last, mul(left.product, right.product), depth, left, right)
