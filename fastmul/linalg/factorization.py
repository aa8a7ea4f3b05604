"""lu: the triangular factors of a matrix modulo p."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastmul.linalg import arguments
from fastmul.linalg.elimination import eliminate
from fastmul.linalg.over_bits import compute, is_over_bits


def lu(
    a: Any, *, mod: Any = None, threads: int | None = None
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Factors a[order] = L U modulo p, for a matrix of any shape and rank r.

    Parameters
    ----------
    a : (m, n) array-like of integers of any sign, or a BitMatrix: over GF(2), and BitMatrix results.
    mod : int, 2 to 2**63; best a prime. Of a BitMatrix it is 2.
    threads : int, optional
        As in `fastmul.matmul`.

    Returns
    -------
    order : (m,) int64, the rows of `a` in the order of the factors' rows.
    l : (m, r) int64 in [0, mod): ones on the diagonal, zeros above it.
    u : (r, n) int64 in [0, mod): echelon form; row i begins at a column to the right of row i - 1's.

    Raises
    ------
    ZeroDivisorError : the modulus is composite and a pivot shares a factor with it; names the factor.
    ValueError, TypeError : no matrix of integers, or no modulus.

    Exactness
    ---------
    Exact: arithmetic modulo p.

    Complexity
    ----------
    O(m n r) time, nearly all of it in products modulo p; memory for two copies of `a`.

    Source
    ------
    Jeannerod, Pernet, Storjohann, J. Symb. Comp. 56 (2013) 46-68, in columns.

    Examples
    --------
    >>> order, l, u = lu([[0, 2], [3, 4]], mod=7)
    >>> order, l, u
    (array([1, 0]), array([[1, 0],
           [0, 1]]), array([[3, 4],
           [0, 2]]))
    """
    if is_over_bits("lu", a, mod):
        return compute("lu", a, threads=threads)
    x = arguments.matrix("lu", a)
    p = arguments.modulus("lu", mod)
    found = eliminate(arguments.residues(x, p, threads), p, "lu", threads)
    return found.order, found.lower.view(np.int64), found.echelon.view(np.int64)
