"""Integer products that must not wrap: `overflow="raise"` and `overflow="promote"`.

The cheapest sufficient argument decides, and some argument always does:

1. the dtypes' or the values' bound k * max|a| * max|b| fits the result: nothing can overflow;
2. that bound is below 2^63: an int64 product is the true product, and its extremes are compared;
3. where a float64 estimate is close enough (`float_gemm.estimate_error`), it and the product modulo 2^64 agree, or
   differ by a multiple of 2^64;
4. the product modulo 2^64 is the true one if it is so modulo M, large enough (`wrapped_products`);
5. the whole product, in limbs (`wide`), of which the product modulo 2^64 is the lowest.

The fourth is for "raise" only, which asks for no more than whether the product fits, and for small matrices: two
products modulo 51 bits cost less there than the many passes of the fifth, whose time in narrow products wins later.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from fastmul.bounds import float_gemm, wrapped_products
from fastmul.exceptions import ResultOverflowError
from fastmul.matrices.modular import Modulo
from fastmul.matrices.multiplication import stacks, wide
from fastmul.matrices.multiplication.gemm import as_blas_operand
from fastmul.matrices.multiplication.modulo import words
from fastmul.matrices.multiplication.problem import MatmulProblem
from fastmul.runtime import blas

#: The stacked product modulo 2^bits of a dtype.
Product = Callable[[np.dtype], np.ndarray]
#: A 2-D product of 64-bit operands, whole.
WholeProduct = Callable[[np.ndarray, np.ndarray], wide.WideProduct]
#: The stacked product of such a problem, and the seconds that it is predicted to take.
AnyProduct = Callable[[MatmulProblem], np.ndarray]
Prediction = Callable[[MatmulProblem], float]

#: Nanoseconds to reduce an entry modulo one modulus and to compare it, on one core of an AMD Zen 4 (2026-11-24).
REMAINDER_NS = 2.0
#: Where the ways cost nearly the same, the whole product's many passes are rather cheaper than predicted.
MARGIN = 0.9

INT64, UINT64 = np.dtype(np.int64), np.dtype(np.uint64)


def product_or_raise(
    problem: MatmulProblem, product: Product, whole: WholeProduct, other: AnyProduct, seconds: Prediction
) -> np.ndarray:  # fmt: skip
    """The product in problem.dtype; ResultOverflowError exactly if an entry of the true product does not fit it."""
    dtype = problem.dtype
    if (
        dtype.kind != "b"
        and not _is_bounded(problem, problem.dtype_bounds)
        and not _is_bounded(problem, problem.value_bounds)
    ):
        exact = _exact_int64(problem, product)
        if exact is not None:
            if not _holds(dtype, exact):
                raise _overflow(problem)
            return exact.astype(dtype, copy=False)
        big = dtype if dtype.itemsize == 8 else INT64
        if _is_estimable(problem):
            exact = product(big)
            fits = _is_true_product(problem, exact)
        elif remainders := _cheap_remainders(problem, big, seconds):
            exact = product(big)
            fits = _is_product_modulo(exact, remainders, other)
        else:
            wholes = [whole(x, y) for x, y in _pairs(problem)]
            fits = all(w.fits(big) for w in wholes)
            exact = _stacked(problem, [w.wrap().view(big) for w in wholes], big)
        if not fits or not _holds(dtype, exact):
            raise _overflow(problem)
        return exact.astype(dtype, copy=False)
    return product(dtype)


def promoted_product(problem: MatmulProblem, product: Product, whole: WholeProduct) -> np.ndarray:
    """The product in the smallest integer dtype, from problem.dtype on, that holds it; else Python ints."""
    if problem.dtype.kind == "b":
        return product(problem.dtype)
    exact = _exact_int64(problem, product)
    if exact is None and _is_estimable(problem):
        candidate = product(INT64)
        exact = candidate if _is_true_product(problem, candidate) else None
    if exact is None:
        wholes = [whole(x, y) for x, y in _pairs(problem)]
        for dtype in (INT64, UINT64):
            if all(w.fits(dtype) for w in wholes):
                exact = _stacked(problem, [w.wrap().view(dtype) for w in wholes], dtype)
                break
        else:
            return _stacked(problem, [w.to_objects() for w in wholes], np.dtype(object))
    return exact.astype(_smallest(problem.dtype, exact), copy=False)


def _is_bounded(problem: MatmulProblem, bounds: tuple[int, int]) -> bool:
    """Whether no product of operands with these largest magnitudes leaves problem.dtype."""
    highest = problem.k * bounds[0] * bounds[1]
    limits = np.iinfo(problem.dtype)
    return highest <= limits.max and (limits.min < 0 or problem.is_nonnegative)


def _exact_int64(problem: MatmulProblem, product: Product) -> np.ndarray | None:
    a_max, b_max = problem.value_bounds
    return product(INT64) if problem.k * a_max * b_max <= np.iinfo(INT64).max else None


def _is_estimable(problem: MatmulProblem) -> bool:
    """Whether a float64 estimate tells the true product from any other that is the same modulo 2^64."""
    return float_gemm.estimate_error(problem.k, *problem.value_bounds) <= 2.0**62


def _is_true_product(problem: MatmulProblem, wrapped: np.ndarray) -> bool:
    """Whether a product modulo 2^64 is the true one, for a problem that `_is_estimable`.

    true = wrapped + 2^64 q. The estimate is within 2^62 of true, and wrapped as a float within 2^10 of wrapped: the
    two floats are less than 2^63 apart if q = 0, and more otherwise.
    """
    a, b = problem.pair
    with blas.limit(problem.threads):
        estimate = np.matmul(*(as_blas_operand(x, np.dtype(np.float64)) for x in (a, b)))
    estimate -= wrapped
    return max(float(estimate.max()), -float(estimate.min())) < 2.0**63


def _cheap_remainders(
    problem: MatmulProblem, big: np.dtype, seconds: Prediction
) -> list[MatmulProblem]:
    """The products modulo enough moduli, if they and one in `big` cost less than the whole product; or none."""
    a_max, b_max = problem.value_bounds
    moduli = wrapped_products.moduli(problem.k * a_max * b_max) or ()
    others = [problem.over(Modulo(m), INT64) for m in moduli]
    entries = problem.batch * problem.m * problem.n
    taken = seconds(problem.with_dtype(big)) + sum(
        seconds(other) + 1e-9 * REMAINDER_NS * entries for other in others
    )
    return others if taken < MARGIN * problem.batch * wide.seconds(problem) else []


def _is_product_modulo(
    wrapped: np.ndarray, problems: list[MatmulProblem], product: AnyProduct
) -> bool:
    """Whether a product modulo 2^64 is that of the operands modulo these moduli, too."""
    return all(
        bool((words.reduce(wrapped, p.modulus, p.threads) == product(p)).all()) for p in problems
    )


def _holds(dtype: np.dtype, exact: np.ndarray) -> bool:
    limits = np.iinfo(dtype)
    return exact.size == 0 or (int(exact.min()) >= limits.min and int(exact.max()) <= limits.max)


def _smallest(at_least: np.dtype, exact: np.ndarray) -> np.dtype:
    """The first dtype that holds `exact`: wider ones of the kind of `at_least`, then uint64."""
    wider = [f"{at_least.kind}{size}" for size in (1, 2, 4, 8) if size >= at_least.itemsize]
    return next(dtype for dtype in map(np.dtype, (*wider, "u8")) if _holds(dtype, exact))


def _pairs(problem: MatmulProblem) -> list[tuple[np.ndarray, np.ndarray]]:
    """The matrices of the stack, each in its 64-bit dtype, values unchanged."""
    a, b = (x.astype(UINT64 if x.dtype.kind == "u" else INT64, copy=False) for x in problem.pair)
    return [(x, y) for _, x, y in stacks.each(a, b)]


def _stacked(problem: MatmulProblem, products: list[np.ndarray], dtype: np.dtype) -> np.ndarray:
    stacked = np.empty((len(products), problem.m, problem.n), dtype)
    for i, product in enumerate(products):
        stacked[i] = product
    return stacked.reshape(*stacks.batch_shape(*problem.pair), problem.m, problem.n)


def _overflow(problem: MatmulProblem) -> ResultOverflowError:
    return ResultOverflowError(
        f"matmul(overflow='raise') of {problem}: an entry of the product does not fit {problem.dtype}; "
        "overflow='promote' gives one that does, overflow='wrap' the product modulo 2**bits"
    )
