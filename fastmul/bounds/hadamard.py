"""How large determinants, solutions and characteristic polynomials of integer matrices can be.

Hadamard: |det A| <= product of the rows' Euclidean norms, and of the columns'. With A replaced by its transpose the
same bound holds, so the smaller of both does. By Cramer's rule the solution of A x = b is x[j] = det(A with column j
replaced by b) / det A, so numerators are bounded by |b| times the norms of the other columns; a column norm of a
nonsingular integer matrix is at least 1, so leaving none out, with |b| >= 1, is a bound too.

The coefficient of x^(n-k) in det(x - A) is, up to sign, the sum of the comb(n, k) principal minors of k rows. Each is
at most (sqrt(k) amax)^k by Hadamard, since a row of k entries has norm at most sqrt(k) amax.

Everything in exact integers: products of squared norms, and one square root, rounded up.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np


def squared_norms(a: np.ndarray, axis: int) -> list[int]:
    """The sums of squares along an axis of a matrix of integers, as Python ints.

    >>> squared_norms(np.array([[3, 4], [2**62, 1]]), axis=1) == [25, 2**124 + 1]
    True
    """
    exact: Any = a.astype(object)
    return [int(x) for x in (exact * exact).sum(axis=axis)]


def root_above(x: int) -> int:
    """The least integer that is at least the square root of x."""
    root = math.isqrt(x)
    return root + (root * root < x)


def largest_determinant(a: np.ndarray) -> int:
    """A bound of |det a|; zero only if a row or column is.

    >>> largest_determinant(np.array([[1, 1], [1, -1]]))
    2
    """
    return min(root_above(math.prod(squared_norms(a, axis))) for axis in (0, 1))


def largest_solution(a: np.ndarray, b: np.ndarray) -> tuple[int, int]:
    """Bounds of numerators and denominators of the x of a @ x = b, for nonsingular a and (n, q) b, over det a."""
    product = math.prod(squared_norms(a, 0))
    right = max([1, *squared_norms(b, 0)])
    return root_above(product * right), root_above(product)


def largest_coefficient(n: int, a_max: int) -> int:
    """A bound of the coefficients of det(x - a), for an (n, n) matrix with entries up to a_max.

    >>> largest_coefficient(2, 4)  # 16 + 16 by the determinant, 8 by the trace
    32
    """
    sizes = (math.comb(n, k) * root_above((k * a_max * a_max) ** k) for k in range(1, n + 1))
    return max([1, *sizes])
