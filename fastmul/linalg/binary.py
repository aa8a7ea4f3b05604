"""Linear algebra over GF(2), on `fastmul.matrices.BitMatrix`: what `fastmul.linalg` does modulo 2."""

from __future__ import annotations

import numpy as np

from fastmul.exceptions import SingularMatrixError
from fastmul.linalg.binary_elimination import (
    Elimination,
    eliminate,
    solve_lower,
    solve_upper,
)
from fastmul.matrices.bit_matrix import BitMatrix, permutation


def lu(a: BitMatrix, threads: int | None = None) -> tuple[np.ndarray, BitMatrix, BitMatrix]:
    """Factors a[order] = L U of a matrix of any shape and rank r.

    Returns
    -------
    order : (m,) int64, the rows of `a` in the order of the factors' rows.
    l : (m, r) BitMatrix: ones on the diagonal, zeros above it.
    u : (r, n) BitMatrix in echelon form: row i begins at a column to the right of row i - 1's.

    Complexity
    ----------
    O(m n r) operations on bits, nearly all in products.

    Source
    ------
    Jeannerod, Pernet, Storjohann, J. Symb. Comp. 56 (2013) 46-68; Albrecht, Bard, Pernet, arXiv:1111.6549 (2011).

    Examples
    --------
    >>> order, l, u = lu(BitMatrix([[0, 1], [1, 1]]))
    >>> order, l @ u
    (array([1, 0]), BitMatrix([[1, 1],
               [0, 1]]))
    """
    found = _eliminate(a, threads)
    return (
        found.order,
        BitMatrix.from_words(found.lower, found.rank),
        BitMatrix.from_words(found.echelon, a.shape[1]),
    )


def rank(a: BitMatrix, threads: int | None = None) -> int:
    """The rank.

    Examples
    --------
    >>> rank(BitMatrix([[1, 1], [1, 1]]))
    1
    """
    return _eliminate(a, threads).rank


def det(a: BitMatrix, threads: int | None = None) -> int:
    """The determinant, 0 or 1.

    Raises
    ------
    ValueError : the matrix is not square.

    Examples
    --------
    >>> det(BitMatrix([[1, 1], [0, 1]]))
    1
    """
    return int(rank(_square("det", a), threads) == a.shape[0])


def solve(a: BitMatrix, b: BitMatrix, threads: int | None = None) -> BitMatrix:
    """The x of a @ x = b.

    Parameters
    ----------
    a, b : (n, n) and (n, q) BitMatrix.

    Raises
    ------
    SingularMatrixError : `a` has no inverse.
    ValueError : `a` is not square, or b has another number of rows.

    Examples
    --------
    >>> solve(BitMatrix([[1, 1], [0, 1]]), BitMatrix([[0], [1]]))
    BitMatrix([[1],
               [1]])
    """
    n = _square("solve", a).shape[0]
    if b.shape[0] != n:
        raise ValueError(
            f"solve of shapes {a.shape} and {b.shape}: {n} equations, {b.shape[0]} right-hand sides"
        )
    found = _regular("solve", a, threads)
    return _solution(found, b.words[found.order], b.shape[1], threads)


def inv(a: BitMatrix, threads: int | None = None) -> BitMatrix:
    """The inverse.

    Raises
    ------
    SingularMatrixError : there is none.
    ValueError : the matrix is not square.

    Examples
    --------
    >>> inv(BitMatrix([[1, 1], [0, 1]]))
    BitMatrix([[1, 1],
               [0, 1]])
    """
    found = _regular("inv", _square("inv", a), threads)
    return _solution(found, permutation(found.order).words.copy(), a.shape[0], threads)


def rref(a: BitMatrix, threads: int | None = None) -> tuple[BitMatrix, np.ndarray]:
    """The reduced row echelon form, and its pivot columns.

    Returns
    -------
    reduced : (m, n) BitMatrix; the rows below the rank are zero.
    pivots : (rank,) int64, the columns where the rows begin, each with a single 1.

    Examples
    --------
    >>> rref(BitMatrix([[1, 1, 0], [0, 1, 1]]))
    (BitMatrix([[1, 0, 1],
               [0, 1, 1]]), array([0, 1]))
    """
    found = _eliminate(a, threads)
    words = np.zeros(a.words.shape, np.uint64)
    words[: found.rank] = found.echelon
    solve_upper(_columns(found, found.pivots, a.shape[1]).words, words[: found.rank], threads)
    return BitMatrix.from_words(words, a.shape[1]), found.pivots


def nullspace(a: BitMatrix, threads: int | None = None) -> BitMatrix:
    """A basis of the vectors x with a @ x = 0, as columns.

    Returns
    -------
    (n, n - rank) BitMatrix: for each column without a pivot, the solution in which it is 1 and the other such columns
    are 0.

    Examples
    --------
    >>> nullspace(BitMatrix([[1, 1, 0], [0, 1, 1]]))
    BitMatrix([[1],
               [1],
               [1]])
    """
    n = a.shape[1]
    found = _eliminate(a, threads)
    free = np.setdiff1d(np.arange(n), found.pivots)
    pivoted = _columns(found, free, n).words.copy()
    solve_upper(_columns(found, found.pivots, n).words, pivoted, threads)
    words = np.empty((n, pivoted.shape[1]), np.uint64)
    words[found.pivots] = pivoted
    words[free] = BitMatrix.identity(free.size).words
    return BitMatrix.from_words(words, free.size)


# ---------------------------------------------------------------- shared steps


def _eliminate(a: BitMatrix, threads: int | None) -> Elimination:
    return eliminate(a.words, a.shape[1], threads)


def _square(function: str, a: BitMatrix) -> BitMatrix:
    if a.shape[0] != a.shape[1]:
        raise ValueError(f"{function} takes a square matrix, got shape {a.shape}")
    return a


def _regular(function: str, a: BitMatrix, threads: int | None) -> Elimination:
    """The factors of a square matrix; SingularMatrixError if it has no inverse."""
    found = _eliminate(a, threads)
    if found.rank < a.shape[0]:
        raise SingularMatrixError(
            f"{function}: the {a.shape[0]} x {a.shape[0]} matrix is singular modulo 2, of rank {found.rank}"
        )
    return found


def _solution(found: Elimination, x: np.ndarray, n_columns: int, threads: int | None) -> BitMatrix:
    """The solution for right-hand sides x, in the order of the factors' rows; x is overwritten."""
    solve_lower(found.lower, x, threads)
    solve_upper(found.echelon, x, threads)
    return BitMatrix.from_words(x, n_columns)


def _columns(found: Elimination, columns: np.ndarray, n: int) -> BitMatrix:
    """These columns of the echelon form."""
    return BitMatrix.from_words(found.echelon, n).T[columns].T
