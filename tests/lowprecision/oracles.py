"""What rounding means, in exact rationals: the two neighbours of a number among a format's values, and the rule."""

from __future__ import annotations

import bisect
import math
from fractions import Fraction
from functools import cache
from typing import Any

import numpy as np

from fastmul.lowprecision.formats import Format


def value_of(fmt: Format, code: int) -> Fraction:
    """The value of a non-negative code, from the fields of its bits alone; also of codes beyond the finite ones."""
    field, mantissa = divmod(code, 2**fmt.mantissa_bits)
    if field == 0:
        return Fraction(mantissa) * Fraction(2) ** (1 - fmt.bias - fmt.mantissa_bits)
    return (1 + Fraction(mantissa, 2**fmt.mantissa_bits)) * Fraction(2) ** (field - fmt.bias)


@cache
def values(fmt: Format) -> list[Fraction]:
    """The values of the codes 0, 1, ... up to one beyond the largest finite one: the list's index is the code."""
    return [value_of(fmt, code) for code in range(fmt.max_code + 2)]


def magnitude_code(fmt: Format, x: Fraction, rounding: str) -> int:
    """The code of |x|; max_code + 1 for an overflow."""
    table = values(fmt)
    if x >= table[-1]:
        return fmt.max_code + 1
    low = bisect.bisect_right(table, x) - 1
    if table[low] == x or rounding == "toward_zero":
        return low
    twice = 2 * x - table[low] - table[low + 1]
    if twice == 0:
        return low + (rounding == "ties_to_away" or low % 2)
    return low + (twice > 0)


def code_of(fmt: Format, x: float, rounding: str, saturate: bool) -> int:
    """The code of a float, overflow and specials included."""
    negative = math.copysign(1, x) < 0
    beyond: Any = fmt.max_code
    if not saturate:
        beyond = fmt.max_code + 1 if fmt.specials == "ieee" else fmt.nan_code
    if math.isnan(x):
        code = fmt.nan_code
    elif math.isinf(x):
        code = beyond
    else:
        code = magnitude_code(fmt, abs(Fraction(x)), rounding)
        if code > fmt.max_code:
            code = fmt.max_code if rounding == "toward_zero" else beyond
    assert code is not None
    if negative and not (fmt.specials == "fnuz" and code == 0):
        code |= 1 << (fmt.bits - 1)
    return code


def codes_of(fmt: Format, x: np.ndarray, rounding: str, saturate: bool) -> np.ndarray:
    """`code_of` every element, each different one once."""
    memory: dict[bytes, int] = {}
    found = np.empty(x.size, np.int64)
    for i, item in enumerate(x.reshape(-1)):
        key = item.tobytes()
        if key not in memory:
            memory[key] = code_of(fmt, float(item), rounding, saturate)
        found[i] = memory[key]
    return found.reshape(x.shape)


def edges(fmt: Format, dtype: Any) -> np.ndarray:
    """Every value and midpoint of a format of at most eight bits, the floats beside them, both signs, and specials."""
    table = values(fmt)
    beyond = table[-1] + (table[-1] - table[-2])
    middles = [(a + b) / 2 for a, b in zip(table, [*table[1:], beyond], strict=True)]
    points = np.array([float(p) for p in table + middles], dtype)
    assert all(Fraction(float(p)) == q for p, q in zip(points, table + middles, strict=True))
    near = np.concatenate(
        [points, np.nextafter(points, dtype(np.inf)), np.nextafter(points, dtype(0))]
    )
    extreme = np.finfo(dtype)
    more = np.array([extreme.max, extreme.tiny, extreme.smallest_subnormal, 0.0, np.inf], dtype)
    both = np.concatenate([near, more])
    found = np.concatenate([both, -both])
    return np.concatenate([found, np.array([np.nan, -np.nan], dtype)]) if fmt.has_nan else found
