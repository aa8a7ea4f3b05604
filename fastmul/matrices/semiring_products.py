"""How a product over a semiring is computed: in which dtype, and what is known of its values.

    operands (one dtype)  --enter-->  carrier dtype  --kernel-->  carrier dtype  --leave-->  result (the dtype)

Integers with an infinite element, and checked products, take the narrowest carrier in which nothing can wrap or be
mistaken for infinity; that is decided by a scan of the operands.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from fastmul.bounds import not_a_number, tropical
from fastmul.exceptions import ResultOverflowError
from fastmul.kernels import tracing
from fastmul.kernels.expressions import Expression, Untraceable
from fastmul.kernels.reference import semirings as reference
from fastmul.matrices.semirings import Semiring

#: Bytes that a scan looks at several times: they stay in a second-level cache.
SCAN_BYTES = 1 << 18
#: Integers of at most so many bits are far inside the window of 32-bit sums.
NARROW_BITS = 16


@dataclass(frozen=True)
class Arithmetic:
    """The arithmetic of one product."""

    semiring: Semiring
    dtype: np.dtype  # of operands and result
    carrier: np.dtype  # of the kernel
    infinity: str = (
        ""  # "plus", "minus": the kernel shifts that infinity out of the way of plain addition
    )
    absorbs: bool = False  # mul itself must see to it that zero absorbs
    nan_free: bool = False

    @property
    def zero(self) -> Any:
        return self.semiring.zero_in(self.carrier)

    def functions(self) -> tuple[Callable[..., Any], Callable[..., Any]]:
        """add and mul, as they are without the kernel's help."""
        mul, zero = self.semiring.mul, self.zero
        if not (self.absorbs or self.infinity):
            return self.semiring.add, mul

        def absorbing(x: Any, y: Any) -> Any:
            return np.where((x == zero) | (y == zero), zero, mul(x, y))

        return self.semiring.add, absorbing

    def expressions(self) -> tuple[Expression, Expression]:
        """add and mul for the kernel; raises Untraceable."""
        add, mul = self.semiring.traced(self.carrier)
        if self.absorbs:
            mul = tracing.trace(self.functions()[1], self.carrier)
        return add, mul

    def enter(self, x: np.ndarray) -> np.ndarray:
        return self.semiring.convert(x, self.carrier)

    def leave(self, c: np.ndarray) -> np.ndarray:
        """The product in its own dtype.

        Raises
        ------
        ResultOverflowError : an entry is none of the dtype's.
        """
        if c.dtype == self.dtype:
            return c
        info, zero = np.iinfo(self.dtype), self.semiring.zero_in(self.dtype)
        low, high = int(info.min) + (zero == info.min), int(info.max) - (zero == info.max)
        least, greatest = finite_range(c, self.zero if self.semiring.has_infinite_zero else None)
        if least < low or greatest > high:
            raise ResultOverflowError(
                f"matmul(semiring={self.semiring.name}): entries of the product reach from {least} to {greatest}, "
                f"and {self.dtype} holds {low} to {high}; give dtype=numpy.{self.carrier}"
            )
        return self.semiring.convert(c, self.dtype)


def arithmetic(semiring: Semiring, a: np.ndarray, b: np.ndarray) -> Arithmetic:
    """The arithmetic for these operands, which share a dtype.

    Raises
    ------
    ResultOverflowError : no integer arithmetic holds what could come up.
    ValueError : negative entries, where the semiring has none.
    """
    dtype = a.dtype
    plain = Arithmetic(semiring, dtype, dtype)
    if semiring.is_nonnegative:
        _refuse_negative(semiring, a, b)
    try:
        add, mul = semiring.traced(dtype)
    except Untraceable:
        return Arithmetic(semiring, dtype, dtype, absorbs=_zero_is_an_end(semiring, dtype))
    if dtype.kind == "f":
        return _floats(plain, add, mul, a, b)
    if _zero_is_an_end(semiring, dtype):
        return _with_infinity(semiring, add, mul, a, b)
    if semiring.is_checked and dtype.kind in "iu" and add.is_plain("max") and mul.is_plain("mul"):
        return _without_wrapping(semiring, a, b)
    return plain


def _zero_is_an_end(semiring: Semiring, dtype: np.dtype) -> bool:
    return dtype.kind in "iu" and semiring.has_infinite_zero


def _refuse_negative(semiring: Semiring, *operands: np.ndarray) -> None:
    for x in operands:
        if x.dtype.kind in "if" and bool((x < 0).any()):
            raise ValueError(
                f"matmul(semiring={semiring.name}): the semiring has no negative elements, an operand has: "
                f"{semiring.zero} would not be neutral, nor multiplication monotone"
            )


# ---------------------------------------------------------------- floats


def _floats(
    plain: Arithmetic, add: Expression, mul: Expression, a: np.ndarray, b: np.ndarray
) -> Arithmetic:
    """Minima and maxima that need not look for NaN are one instruction, not three."""
    if not {"min", "max"} & {*add.operations(), *mul.operations()}:
        return plain
    if not _nan_cannot_arise(plain, _things(a), _things(b)):
        return plain
    return Arithmetic(plain.semiring, plain.dtype, plain.dtype, nan_free=True)


@lru_cache(maxsize=256)
def _nan_cannot_arise(plain: Arithmetic, a: int, b: int) -> bool:
    add, mul = plain.semiring.traced(plain.dtype)
    return not_a_number.cannot_arise(add, mul, float(plain.zero), a, b)


def _things(x: np.ndarray) -> int:
    """What the entries may be, in the terms of bounds/not_a_number."""
    if x.size == 0:
        return 0
    ends = [float(x.min()), float(x.max())]  # NaN if there is one
    things = not_a_number.of_numbers(ends) | not_a_number.ZERO
    if ends[0] < ends[1]:  # what lies between
        things |= not_a_number.POSITIVE if ends[1] > 0 else 0
        things |= not_a_number.NEGATIVE if ends[0] < 0 else 0
    return things


# ---------------------------------------------------------------- integers


def _with_infinity(
    semiring: Semiring, add: Expression, mul: Expression, a: np.ndarray, b: np.ndarray
) -> Arithmetic:
    """Integers whose zero is an end of their range."""
    dtype, upward = a.dtype, semiring.zero > 0
    lattice = add.is_plain("min" if upward else "max")
    if lattice and mul.is_plain("max" if upward else "min"):
        return Arithmetic(semiring, dtype, dtype)  # the end of the range absorbs by itself
    if not (lattice and mul.is_plain("add")):
        return Arithmetic(semiring, dtype, dtype, absorbs=True)
    bits, sign = 8 * dtype.itemsize, "plus" if upward else "minus"
    if bits <= NARROW_BITS:
        return Arithmetic(semiring, dtype, np.dtype(np.int32), infinity=sign)
    ranges = [finite_range(x, semiring.zero_in(dtype)) for x in (a, b)]
    least, greatest = min(r[0] for r in ranges), max(r[1] for r in ranges)
    sums = [sum(ends) for ends in zip(*ranges, strict=True)]
    low, high = (least, sums[1]) if upward else (-greatest, -sums[0])
    for carrier in (np.dtype(np.int32), np.dtype(np.int64)):
        if bits <= 8 * carrier.itemsize and tropical.holds(low, high, 8 * carrier.itemsize):
            return Arithmetic(semiring, dtype, carrier, infinity=sign)
    info = np.iinfo(dtype)
    if info.min + (not upward) <= sums[0] and sums[1] <= info.max - upward:
        return Arithmetic(semiring, dtype, dtype, absorbs=True)
    raise ResultOverflowError(
        f"matmul(semiring={semiring.name}): entries of the operands sum to {sums[0]} ... {sums[1]}, which {dtype} "
        "does not hold apart from its infinity; scale them, or multiply float64"
    )


def _without_wrapping(semiring: Semiring, a: np.ndarray, b: np.ndarray) -> Arithmetic:
    """Products of nonnegative integers, in a dtype that holds the largest."""
    largest = math.prod(max(0, finite_range(x, None)[1]) for x in (a, b))
    for carrier in (a.dtype, np.dtype(np.int32), np.dtype(np.int64), np.dtype(np.uint64)):
        if carrier.itemsize >= a.itemsize and largest <= np.iinfo(carrier).max:
            return Arithmetic(semiring, a.dtype, carrier)
    raise ResultOverflowError(
        f"matmul(semiring={semiring.name}): products of entries reach {largest}, beyond 64 bits; multiply float64"
    )


def finite_range(x: np.ndarray, infinity: int | None) -> tuple[int, int]:
    """The least and the greatest entry but `infinity`, an end of the dtype's range; (0, 0) if there is none.

    >>> finite_range(np.array([[5, 127], [-3, 127]], np.int8), 127)
    (-3, 5)
    """
    if x.size == 0:
        return 0, 0
    info = np.iinfo(x.dtype)
    rows = x.reshape(-1, x.shape[-1]) if x.flags.c_contiguous else x
    least, greatest = int(info.max), int(info.min)
    height = max(1, SCAN_BYTES // max(1, x.itemsize * x.shape[-1]))
    for block in (rows[i : i + height] for i in range(0, len(rows), height)):
        low, high = int(block.min()), int(block.max())
        if infinity is not None and infinity in (low, high):
            # one step on, infinity wraps to the other end, where it hides no finite entry
            step = x.dtype.type(1)
            if infinity == info.max:
                high = int((block + step).max()) - 1
            else:
                low = int((block - step).min()) + 1
            if high < info.min or low > info.max or low > high:  # nothing but infinity
                continue
        least, greatest = min(least, low), max(greatest, high)
    return (least, greatest) if least <= greatest else (0, 0)


# ---------------------------------------------------------------- verification


def rows_again(semiring: Semiring, a: np.ndarray, b: np.ndarray, rows: list[int]) -> np.ndarray:
    """These rows of every matrix of the stacked product, by `kernels/reference` alone, or entry by entry in Python."""
    how = arithmetic(semiring, a, b)
    x, y = how.enter(a[..., rows, :]), how.enter(b)
    batch = np.broadcast_shapes(x.shape[:-2], y.shape[:-2])
    c = np.empty((*batch, len(rows), y.shape[-1]), how.carrier)
    add, mul = how.functions()
    try:
        run: Any = reference.multiply
        functions: Any = tracing.trace(add, how.carrier), tracing.trace(mul, how.carrier)
    except Untraceable:
        from fastmul.kernels.cpu.scalar_semirings import multiply_by_python

        run, functions = _by_python(multiply_by_python), (add, mul)
    for index in np.ndindex(batch):
        x_i = np.broadcast_to(x, (*batch, *x.shape[-2:]))[index]
        y_i = np.broadcast_to(y, (*batch, *y.shape[-2:]))[index]
        run(x_i, y_i, c[index], *functions, how.zero)
    return how.leave(c)


def _by_python(multiply: Callable[..., None]) -> Callable[..., None]:
    """`kernels.reference.semirings.multiply`'s order of arguments for functions that are called with scalars."""
    return lambda a, b, c, add, mul, zero: multiply(add, mul, a, b, c, zero)
