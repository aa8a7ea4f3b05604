"""charpoly: the characteristic polynomial of a square matrix, modulo p or over the integers."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastmul.linalg import arguments
from fastmul.linalg.elimination import zero_divisor
from fastmul.linalg.over_bits import is_over_bits
from fastmul.matrices.bit_matrix import BitMatrix


def charpoly(a: Any, *, mod: Any = None, threads: int | None = None) -> np.ndarray:
    """The coefficients of det(x - a), highest power first, as `numpy.poly` gives them.

    Parameters
    ----------
    a : (n, n) array-like of integers of any size and sign, or a BitMatrix, which is over GF(2).
    mod : int, optional
        Compute modulo this integer, 2 to 2**63; best a prime.
    threads : int, optional
        As in `fastmul.matmul`.

    Returns
    -------
    (n + 1,) array, first entry 1: int64 in [0, mod) if `mod` is given, otherwise Python ints in an object array.

    Raises
    ------
    ZeroDivisorError : the modulus is composite and a pivot shares a factor with it; names the factor.
    ValueError, TypeError : no square matrix of integers, or no modulus.

    Exactness
    ---------
    Modulo p: exact. Over the integers: from primes whose product exceeds twice the bound of
    `fastmul.bounds.hadamard.largest_coefficient`.

    Complexity
    ----------
    O(n^3) operations modulo p, in plain loops; over the integers, for each of h/31 primes, h the bound's bits.

    Source
    ------
    Cohen, A Course in Computational Algebraic Number Theory (1993), algorithm 2.2.9.

    Examples
    --------
    >>> charpoly([[1, 2], [3, 4]])
    array([1, -5, -2], dtype=object)
    >>> charpoly([[1, 2], [3, 4]], mod=7)
    array([1, 2, 5])
    """
    if isinstance(a, BitMatrix):
        is_over_bits("charpoly", a, mod)
        a, mod = a.to_array(), 2
    x = arguments.matrix("charpoly", a, square=True)
    if mod is None:
        from fastmul.linalg.rationals import characteristic

        return characteristic(x, threads)
    p = arguments.modulus("charpoly", mod)
    return characteristic_modulo(arguments.residues(x, p, threads), p).view(np.int64)


def characteristic_modulo(a: np.ndarray, p: int) -> np.ndarray:
    """The coefficients for residues, which are overwritten; uint64, highest power first."""
    from fastmul.kernels.cpu.elimination import elimination

    kernels = elimination(p)
    divisor = np.zeros(1, np.uint64)
    if not kernels.reduce_to_hessenberg(a, p, divisor):
        raise zero_divisor("charpoly", p, int(divisor[0]))
    n = len(a)
    rows = np.zeros((n + 1, n + 1), np.uint64)
    kernels.characteristic_of_hessenberg(a, rows, p)
    return rows[n, ::-1].copy()
