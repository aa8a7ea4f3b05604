"""How far a result is from the true product, and what a sound result may be."""

from __future__ import annotations

import operator
from dataclasses import dataclass
from typing import Any

import numpy as np

from fastmul.comparison.cases import IntegerCase, MatrixCase
from fastmul.comparison.contestants.matrices import Modular


@dataclass(frozen=True)
class Error:
    """The difference between a result and the true product."""

    exact: bool
    max_abs: float
    max_rel: float  # max_abs over the largest magnitude of the truth
    wrong_entries: int
    sound: bool  # what this kind of arithmetic may be off by, at most


def error_of(case: Any, result: Any) -> Error:
    """Compare a contestant's result with the case's truth.

    A float product is sound when every entry lies within the classical bound of any order
    of summation; a product of integers is sound when it is exact.
    """
    if isinstance(case, IntegerCase):
        return _integer_error(case, result)
    if isinstance(result, Modular):
        difference = (case.truth - result.values) % result.p
        return _exactness(int(np.count_nonzero(difference)))
    if not isinstance(result, np.ndarray) or result.shape != (case.size, case.size):
        return _UNRELATED
    return _matrix_error(case, result)


_UNRELATED = Error(False, float("inf"), float("inf"), 1, False)


def _exactness(wrong: int) -> Error:
    off = float("inf") if wrong else 0.0
    return Error(not wrong, off, off, wrong, not wrong)


def _integer_error(case: IntegerCase, result: Any) -> Error:
    import gmpy2

    truth = case.truth
    try:
        found = gmpy2.mpz(operator.index(result))
    except TypeError:
        return _UNRELATED
    difference = abs(found - truth)
    if difference == 0:
        return _exactness(0)
    n_bytes = 8 * (max(truth, abs(found)).bit_length() // 64 + 1)
    limbs = [
        np.frombuffer(int(abs(x)).to_bytes(n_bytes, "little"), np.uint64) for x in (found, truth)
    ]
    wrong_limbs = max(1, int(np.count_nonzero(limbs[0] != limbs[1])))  # a wrong sign is one
    with gmpy2.context(gmpy2.get_context(), emax=gmpy2.get_emax_max()):
        relative = float(gmpy2.mpfr(difference) / gmpy2.mpfr(truth))
    return Error(False, _as_float(difference), relative, wrong_limbs, False)


def _as_float(value: Any) -> float:
    try:
        return float(value)
    except OverflowError:
        return float("inf")


def _matrix_error(case: MatrixCase, result: np.ndarray) -> Error:
    truth, found = case.truth, result[case.rows]
    if found.dtype.kind == truth.dtype.kind == "i" and np.array_equal(found, truth):
        return _exactness(0)
    difference = _difference(found, truth)
    count = int(np.count_nonzero(difference))
    max_abs = float(np.abs(difference).max())
    largest = float(np.abs(truth).max()) or 1.0
    sound = max_abs <= _float_bound(case, found.dtype) if case.is_float else count == 0
    return Error(count == 0, max_abs, max_abs / largest, count, sound)


#: Differences below this are found in int64 arithmetic; 2^62 leaves room for what the check itself rounds.
_NEAR = 2.0**62


def _difference(found: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """found - truth, zero exactly where they agree, infinite where found is not finite."""
    if truth.dtype.kind in "iu":
        if found.dtype.kind in "iu":
            return _near_difference(found, truth)
        if found.dtype == object:
            return np.where(found == truth, 0, found - truth.astype(object)).astype(np.float64)
        finite = np.abs(
            found, where=np.isfinite(found), out=np.full(found.shape, np.inf, found.dtype)
        )
        if finite.max() < _NEAR and (found == np.rint(found)).all():
            return _near_difference(found.astype(np.int64), truth)
    # longdouble holds every int64 and every float64: neither conversion rounds
    difference = found.astype(np.longdouble) - truth.astype(np.longdouble)
    difference[~np.isfinite(difference)] = np.inf
    return difference


def _near_difference(found: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """The difference of integers: modulo 2^64, or as float64 where it would not fit."""
    if np.abs(found.astype(np.float64) - truth.astype(np.float64)).max() < _NEAR:
        return found.astype(np.int64) - truth.astype(np.int64)
    return np.where(found == truth, 0.0, found.astype(np.float64) - truth.astype(np.float64))


def _float_bound(case: MatrixCase, dtype: np.dtype) -> float:
    """n*u*sum|a||b| <= n^2*u: the classical bound for entries in [-1, 1), in the wider of two roundoffs.

    Random signs leave errors near sqrt(n)*u, so the bound has room for what a Winograd level loses, and none
    for the product of anything else.
    """
    unit_roundoff = max(float(np.finfo(d).eps) for d in (case.dtype, dtype)) / 2
    return case.size**2 * unit_roundoff
