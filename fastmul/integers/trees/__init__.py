"""Many numbers at once: products of all, remainders by all, and one number from all its residues."""

from fastmul.integers.trees.moduli import ModuliTree, crt, remainders
from fastmul.integers.trees.products import prod

__all__ = ["ModuliTree", "crt", "prod", "remainders"]
