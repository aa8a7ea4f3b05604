"""rank, rref and nullspace: what the echelon form tells."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastmul.linalg import arguments
from fastmul.linalg.elimination import (
    Elimination,
    eliminate,
    scale_pivots_to_one,
    solve_upper,
)
from fastmul.linalg.over_bits import compute, is_over_bits


def rank(a: Any, *, mod: Any = None, threads: int | None = None) -> int:
    """The rank of a matrix of integers, exactly: over the rationals, or modulo p.

    Parameters
    ----------
    a : (m, n) array-like of integers of any size and sign, or a BitMatrix, which is over GF(2).
    mod : int, optional
        Compute modulo this integer, 2 to 2**63; best a prime.
    threads : int, optional
        As in `fastmul.matmul`.

    Returns
    -------
    int

    Raises
    ------
    ZeroDivisorError : the modulus is composite and a pivot shares a factor with it; names the factor.
    ValueError, TypeError : no matrix of integers, or no modulus.

    Exactness
    ---------
    Exact. Over the rationals the rank modulo a prime is a lower bound; where it is less than min(m, n), the
    other columns are shown to depend on the pivot columns, by solving for the coefficients exactly.

    Complexity
    ----------
    O(m n r) operations modulo p for rank r; over the rationals, for a deficient matrix, as much as solving for
    n - r right-hand sides besides.

    Source
    ------
    Dixon, Numer. Math. 40 (1982) 137-141, for the certificate.

    Examples
    --------
    >>> rank([[1, 2], [2, 4]]), rank([[1, 2], [3, 4]], mod=2)
    (1, 1)
    """
    if is_over_bits("rank", a, mod):
        return compute("rank", a, threads=threads)
    x = arguments.matrix("rank", a)
    if mod is None:
        from fastmul.linalg.rationals import rank_over_rationals

        return rank_over_rationals(x, threads)
    p = arguments.modulus("rank", mod)
    return eliminate(arguments.residues(x, p, threads), p, "rank", threads).rank


def rref(a: Any, *, mod: Any = None, threads: int | None = None) -> tuple[np.ndarray, np.ndarray]:
    """The reduced row echelon form modulo p, and its pivot columns.

    Parameters
    ----------
    a : (m, n) array-like of integers of any sign, or a BitMatrix: over GF(2), and BitMatrix results.
    mod : int, 2 to 2**63; best a prime. Of a BitMatrix it is 2.
    threads : int, optional
        As in `fastmul.matmul`.

    Returns
    -------
    reduced : (m, n) int64 in [0, mod); the rows below the rank are zero.
    pivots : (rank,) int64, the columns where the rows begin, each with a single 1.

    Raises
    ------
    ZeroDivisorError : the modulus is composite and a pivot shares a factor with it; names the factor.
    ValueError, TypeError : no matrix of integers, or no modulus.

    Exactness
    ---------
    Exact: arithmetic modulo p.

    Complexity
    ----------
    O(m n r) operations for rank r, nearly all in products modulo p.

    Source
    ------
    As `lu`.

    Examples
    --------
    >>> rref([[2, 4, 1], [1, 2, 3]], mod=5)
    (array([[1, 2, 3],
           [0, 0, 0]]), array([0]))
    """
    if is_over_bits("rref", a, mod):
        return compute("rref", a, threads=threads)
    x = arguments.matrix("rref", a)
    p = arguments.modulus("rref", mod)
    found = eliminate(arguments.residues(x, p, threads), p, "rref", threads)
    reduced = np.zeros(x.shape, np.uint64)
    reduced[: found.rank] = reduced_rows(found, p, threads)
    return reduced.view(np.int64), found.pivots.copy()


def reduced_rows(found: Elimination, p: int, threads: int | None) -> np.ndarray:
    """The nonzero rows of the reduced echelon form, (rank, n) residues."""
    scale_pivots_to_one(found, p)
    rows, upper = found.echelon, np.ascontiguousarray(found.factors[: found.rank, found.pivots])
    solve_upper(upper, rows, p, 0, found.rank, threads)
    return rows


def nullspace(a: Any, *, mod: Any = None, threads: int | None = None) -> np.ndarray:
    """A basis of the vectors x with a @ x = 0 modulo p, as columns.

    Parameters
    ----------
    a : (m, n) array-like of integers of any sign, or a BitMatrix: over GF(2), and BitMatrix results.
    mod : int, 2 to 2**63; best a prime. Of a BitMatrix it is 2.
    threads : int, optional
        As in `fastmul.matmul`.

    Returns
    -------
    (n, n - rank) int64 in [0, mod): for each column without a pivot, the solution in which it is 1 and the other
    such columns 0.

    Raises
    ------
    ZeroDivisorError : the modulus is composite and a pivot shares a factor with it; names the factor.
    ValueError, TypeError : no matrix of integers, or no modulus.

    Exactness
    ---------
    Exact: arithmetic modulo p.

    Complexity
    ----------
    As `rref`.

    Source
    ------
    As `lu`.

    Examples
    --------
    >>> nullspace([[1, 2]], mod=5)
    array([[3],
           [1]])
    """
    if is_over_bits("nullspace", a, mod):
        return compute("nullspace", a, threads=threads)
    x = arguments.matrix("nullspace", a)
    p = arguments.modulus("nullspace", mod)
    found = eliminate(arguments.residues(x, p, threads), p, "nullspace", threads)
    rows, n = reduced_rows(found, p, threads), x.shape[1]
    free = np.setdiff1d(np.arange(n), found.pivots)
    basis = np.zeros((n, len(free)), np.uint64)
    coefficients = rows[:, free]
    basis[found.pivots] = np.where(coefficients == 0, coefficients, np.uint64(p) - coefficients)
    basis[free, np.arange(len(free))] = 1
    return basis.view(np.int64)
