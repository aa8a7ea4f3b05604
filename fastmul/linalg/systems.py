"""solve and inv: square systems, modulo p or over the rationals."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastmul.exceptions import SingularMatrixError
from fastmul.linalg import arguments
from fastmul.linalg.elimination import (
    Elimination,
    eliminate,
    inverse_of_lower,
    scale_pivots_to_one,
    scale_rows,
    solve_echelon,
    solve_upper,
)
from fastmul.linalg.over_bits import compute, is_over_bits, solve_over_bits
from fastmul.runtime.scratch import lease


def solve(a: Any, b: Any, *, mod: Any = None, threads: int | None = None) -> np.ndarray:
    """The x of a @ x = b, exactly.

    Parameters
    ----------
    a : (n, n) array-like of integers of any size and sign, or a BitMatrix: over GF(2), and BitMatrix results.
    b : (n,) or (n, q) array-like of integers, or an (n, q) BitMatrix.
    mod : int, optional
        Compute modulo this integer, 2 to 2**63; best a prime.
    threads : int, optional
        As in `fastmul.matmul`.

    Returns
    -------
    array of b's shape: int64 in [0, mod) if `mod` is given, otherwise `fractions.Fraction` in an object array; a
    BitMatrix if `a` and `b` are.

    Raises
    ------
    SingularMatrixError : `a` has no inverse (a numpy.linalg.LinAlgError).
    ZeroDivisorError : the modulus is composite and a pivot shares a factor with it; names the factor.
    ValueError, TypeError : shapes that do not fit, entries that are no integers, no modulus.

    Exactness
    ---------
    Exact. Over the rationals numerators and denominators are bounded by Cramer's rule and Hadamard's inequality
    (`fastmul.bounds.hadamard`); the lifting goes on until its modulus exceeds twice their product.

    Complexity
    ----------
    Modulo p: 2/3 n^3 + 2 n^2 q operations, nearly all in products modulo p. Over the rationals: one inverse modulo a
    prime of 31 bits, then h/30 steps of 4 n^2 q operations for h bits of numerators and denominators together.

    Source
    ------
    Dixon, Numer. Math. 40 (1982) 137-141.

    Examples
    --------
    >>> solve([[1, 2], [3, 4]], [5, 6])
    array([Fraction(-4, 1), Fraction(9, 2)], dtype=object)
    >>> solve([[1, 2], [3, 4]], [5, 6], mod=7)
    array([3, 1])
    """
    if is_over_bits("solve", a, mod):
        return solve_over_bits(a, b, threads)
    x = arguments.matrix("solve", a, square=True)
    y = arguments.right_hand_side("solve", b, x)
    columns = y[:, np.newaxis] if y.ndim == 1 else y
    if mod is None:
        from fastmul.linalg.rationals import solve_over_rationals

        return solve_over_rationals(x, columns, "solve", threads).reshape(y.shape)
    p = arguments.modulus("solve", mod)
    n = len(x)
    width = n + columns.shape[1]
    with lease(8 * n * width) as scratch:
        both = scratch[: 8 * n * width].view(np.uint64).reshape(n, width)
        arguments.put_residues(both[:, :n], x, p, threads)
        arguments.put_residues(both[:, n:], columns, p, threads)
        found = eliminate(both, p, "solve", threads, columns=n)
        require_inverse(found, n, "solve", f"mod={p}")
        solution = np.ascontiguousarray(both[:, n:])
        solve_echelon(found, solution, p, threads)
    return solution.view(np.int64).reshape(y.shape)


def inv(a: Any, *, mod: Any = None, threads: int | None = None) -> np.ndarray:
    """The inverse of a square matrix of integers, exactly.

    Parameters
    ----------
    a : (n, n) array-like of integers of any size and sign, or a BitMatrix: over GF(2), and BitMatrix results.
    mod : int, optional
        Compute modulo this integer, 2 to 2**63; best a prime.
    threads : int, optional
        As in `fastmul.matmul`.

    Returns
    -------
    (n, n) array: int64 in [0, mod) if `mod` is given, otherwise `fractions.Fraction` in an object array.

    Raises
    ------
    SingularMatrixError : `a` has no inverse (a numpy.linalg.LinAlgError).
    ZeroDivisorError : the modulus is composite and a pivot shares a factor with it; names the factor.
    ValueError, TypeError : no square matrix of integers, or no modulus.

    Exactness
    ---------
    As `solve`.

    Complexity
    ----------
    Modulo p: 2 n^3 operations, nearly all in products modulo p. Over the rationals: as `solve` for n right-hand sides.

    Source
    ------
    As `solve`.

    Examples
    --------
    >>> inv([[1, 2], [3, 5]], mod=7)
    array([[2, 2],
           [3, 6]])
    """
    if is_over_bits("inv", a, mod):
        return compute("inv", a, threads=threads)
    x = arguments.matrix("inv", a, square=True)
    if mod is None:
        from fastmul.linalg.rationals import solve_over_rationals

        return solve_over_rationals(x, np.eye(len(x), dtype=np.int64), "inv", threads)
    p = arguments.modulus("inv", mod)
    return inverse_modulo(arguments.residues(x, p, threads), p, "inv", threads).view(np.int64)


def inverse_modulo(a: np.ndarray, p: int, function: str, threads: int | None = None) -> np.ndarray:
    """The inverse of residues, which are overwritten."""
    found = eliminate(a, p, function, threads)
    require_inverse(found, len(a), function, f"mod={p}")
    inverse = inverse_of_lower(found.factors, p, threads)
    scale_rows(inverse, scale_pivots_to_one(found, p), p)
    solve_upper(found.factors, inverse, p, 0, len(a), threads)
    # a[order] = L U, so a^-1 = (L U)^-1 P, and P brings column i to column order[i]
    result = np.empty_like(inverse)
    result[:, found.order] = inverse
    return result


def require_inverse(found: Elimination, n: int, function: str, over: str) -> None:
    if found.rank < n:
        raise SingularMatrixError(
            f"{function}({over}): the ({n}, {n}) matrix is singular, its rank is {found.rank}"
        )
