"""det: the determinant of a square matrix, modulo p or over the integers."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastmul.linalg import arguments
from fastmul.linalg.elimination import eliminate
from fastmul.linalg.over_bits import compute, is_over_bits
from fastmul.runtime.scratch import lease


def det(a: Any, *, mod: Any = None, threads: int | None = None) -> int:
    """The determinant of a square matrix of integers, exactly.

    Parameters
    ----------
    a : (n, n) array-like of integers of any size and sign, or a BitMatrix, which is over GF(2).
    mod : int, optional
        Compute modulo this integer, 2 to 2**63; best a prime.
    threads : int, optional
        As in `fastmul.matmul`.

    Returns
    -------
    int : the determinant, in [0, mod) if `mod` is given; 1 of a (0, 0) matrix.

    Raises
    ------
    ZeroDivisorError : the modulus is composite and a pivot shares a factor with it; names the factor.
    ValueError, TypeError : no square matrix of integers, or no modulus.

    Exactness
    ---------
    Modulo p: exact. Over the integers: |det| <= prod of the rows' Euclidean norms (Hadamard), and the determinant
    modulo primes whose product exceeds twice that bound fixes it (`fastmul.bounds.hadamard`).

    Complexity
    ----------
    Modulo p: 2/3 n^3 operations, nearly all in products modulo p. Over the integers: for a bound of h bits, solving
    one system by lifting, h/30 steps of 2 n^2 operations, and elimination modulo a few primes of 31 bits; h/31
    eliminations at worst.

    Source
    ------
    Abbott, Bronstein, Mulders, ISSAC (1999) 197-204.

    Examples
    --------
    >>> det([[10**20, 1], [1, 10**20]]) == 10**40 - 1
    True
    >>> det([[1, 2], [3, 4]], mod=7)
    5
    """
    if is_over_bits("det", a, mod):
        return compute("det", a, threads=threads)
    x = arguments.matrix("det", a, square=True)
    if mod is None:
        from fastmul.linalg.rationals import determinant

        return determinant(x, threads)
    p = arguments.modulus("det", mod)
    with lease(x.size * 8) as scratch:
        residues = scratch[: x.size * 8].view(np.uint64).reshape(x.shape)
        arguments.put_residues(residues, x, p, threads)
        return determinant_modulo(residues, p, threads)


def determinant_modulo(a: np.ndarray, p: int, threads: int | None = None) -> int:
    """The determinant of residues, which are overwritten."""
    found = eliminate(a, p, "det", threads)
    if found.rank < a.shape[0]:
        return 0
    value = sign_of(found.order)
    for pivot in found.factors.diagonal():
        value = value * int(pivot) % p
    return value % p


def sign_of(order: np.ndarray) -> int:
    """+1 for an even permutation, -1 for an odd one: each cycle of length l takes l - 1 exchanges."""
    seen = np.zeros(len(order), bool)
    exchanges = 0
    for start in range(len(order)):
        i = start
        while not seen[i]:
            seen[i] = True
            i = int(order[i])
            exchanges += i != start
    return -1 if exchanges % 2 else 1
