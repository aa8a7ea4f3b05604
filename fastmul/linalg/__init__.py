"""Exact linear algebra over the integers, the rationals and modulo p: `numpy.linalg`'s names, no rounding."""

from fastmul.linalg.characteristic import charpoly
from fastmul.linalg.determinants import det
from fastmul.linalg.echelon import nullspace, rank, rref
from fastmul.linalg.factorization import lu
from fastmul.linalg.systems import inv, solve

__all__ = ["charpoly", "det", "inv", "lu", "nullspace", "rank", "rref", "solve"]
