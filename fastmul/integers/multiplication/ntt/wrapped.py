"""Products modulo X^N - 1 and X^N + 1, X = 2^64: transforms of N points, half as many as the full product has.

Both are nodes of the transform's tree (`rings`). The transform wraps the coefficients; the carries that run over the
top come back here.
"""

from __future__ import annotations

import numpy as np

from fastmul.bounds.signed_sums import BORROWED, fits
from fastmul.integers.multiplication.ntt.kept import Values, multiply_kept
from fastmul.integers.multiplication.ntt.rings import (
    MAX_CHILDREN,
    MIN_BLOCK,
    MIN_CHILDREN,
    MIN_KEPT_BLOCK,
    Ring,
)
from fastmul.integers.multiplication.ntt.workspace import multiply_once

#: Limbs above N that take what runs over: coefficients of three limbs reach so far.
OVERFLOW_LIMBS = 3
#: The shortest N.
MIN_CYCLIC = MAX_CHILDREN * MIN_BLOCK
MIN_NEGACYCLIC = MIN_CHILDREN * MIN_KEPT_BLOCK


def cyclic_refuses(n_limbs: int, terms: int) -> str | None:
    """Why there is no such transform for products of `terms` limbs in the shorter operand; None if there is."""
    if n_limbs < MIN_CYCLIC or n_limbs & (n_limbs - 1):
        return f"{n_limbs} is not a power of two of at least {MIN_CYCLIC} limbs"
    return None if fits(terms, signed=False) else f"{terms} terms exceed the window of the primes"


def negacyclic_refuses(n_limbs: int, terms: int) -> str | None:
    """The same modulo X^N + 1, whose coefficients have signs."""
    if n_limbs < MIN_NEGACYCLIC or n_limbs & (n_limbs - 1):
        return f"{n_limbs} is not a power of two of at least {MIN_NEGACYCLIC} limbs"
    return None if fits(terms, signed=True) else f"{terms} terms exceed the window of the primes"


def cyclic(a: np.ndarray, b: np.ndarray | Values, out: np.ndarray, threads: int) -> None:
    """out = a * b modulo X^N - 1, in [0, X^N - 1]: both ends of that stand for zero.

    a, b : of at most N limbs, or the kept values of b in Ring.cyclic(N). out : of N + OVERFLOW_LIMBS, the last of
    which are zero in the end.
    """
    from fastmul.kernels.cpu.ntt_wrapped import add_low_limbs

    n = out.size - OVERFLOW_LIMBS
    out[n:] = 0
    _multiply(Ring.cyclic(n), a, b, out, threads)
    low, high = out[:n], out[n:].copy()
    while add_low_limbs(low, high):  # at most twice: the second time a one falls into zeros
        high = _limbs(1)
    out[n:] = 0


def negacyclic(a: np.ndarray, b: np.ndarray | Values, out: np.ndarray, threads: int) -> None:
    """out = a * b modulo X^N + 1, in [0, X^N].

    a, b : of at most N limbs, or the kept values of b in Ring.negacyclic(N). out : of N + OVERFLOW_LIMBS; limb N is 1
    for X^N itself, the others are zero in the end.
    """
    from fastmul.kernels.cpu.ntt_wrapped import add_low_limbs, subtract_low_limbs

    n = out.size - OVERFLOW_LIMBS
    out[n:] = 0
    _multiply(Ring.negacyclic(n), a, b, out, threads)
    high = sum(int(limb) << 64 * i for i, limb in enumerate(out[n:]))
    out[n:] = 0
    missing = (
        2 * BORROWED - high
    )  # low + high X^N = low - high; the coefficients carry 2 BORROWED too little
    if missing >= 0:
        out[n] = add_low_limbs(out[:n], _limbs(missing))
        if out[n] and out[:n].any():  # above X^N: less X^N + 1
            out[n] = 0
            subtract_low_limbs(out[:n], _limbs(1))
    elif subtract_low_limbs(
        out[:n], _limbs(-missing)
    ):  # below zero: X^N was borrowed, and 1 makes it whole
        out[n] = add_low_limbs(out[:n], _limbs(1))


def _multiply(
    ring: Ring, a: np.ndarray, b: np.ndarray | Values, out: np.ndarray, threads: int
) -> None:
    if isinstance(b, Values):
        multiply_kept(ring, b, a, out, threads)
    else:
        multiply_once(ring, a, b, out, a is b, threads)


def _limbs(value: int) -> np.ndarray:
    return np.array([value >> 64 * i & (2**64 - 1) for i in range(OVERFLOW_LIMBS)], np.uint64)
