"""What each byte means: as an element, in units of its format's lowest bit, and as a scale of a block."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import numpy as np

from fastmul.kernels.reference import casting
from fastmul.lowprecision.formats import Format

BYTES = np.arange(256, dtype=np.uint8)
#: The bit of a mark that stands for NaN and infinities.
SPECIAL_MARK = 1 << 62


class Elements(NamedTuple):
    """Of every byte, read as a code: float64 integers `values`, 0 for NaN and infinities, and their int64 magnitudes
    `marks`, SPECIAL_MARK for those."""

    values: np.ndarray
    marks: np.ndarray


class Scales(NamedTuple):
    """Of every byte, read as a scale: float64 `values`, 0 for NaN; exponents of their lowest bits; which are NaN."""

    values: np.ndarray
    lowest: np.ndarray
    is_nan: np.ndarray


@cache
def elements(fmt: Format) -> Elements:
    """The table of an element format of at most 8 bits, its codes sign-extended where they are signed integers."""
    codes = BYTES.view(np.int8) if fmt.code_dtype == np.int8 else BYTES
    values = np.ldexp(casting.decode(codes, fmt), -fmt.lsb_exponent)
    finite = np.isfinite(values)
    values = np.where(finite, values, 0.0)
    return Elements(values, np.where(finite, np.abs(values), SPECIAL_MARK).astype(np.int64))


@cache
def scales(fmt: Format) -> Scales:
    """The table of a format of block scales."""
    values = casting.decode(BYTES, fmt)
    is_nan = np.isnan(values)
    values = np.where(is_nan, 0.0, values)
    return Scales(values, lowest_bit(values), is_nan)


def lowest_bit(x: np.ndarray) -> np.ndarray:
    """The exponents of the lowest bits of float64s; 0 for zeros.

    >>> lowest_bit(np.array([1.0, 0.75, -12.0, 0.0]))
    array([ 0, -2,  2,  0])
    """
    fraction, exponent = np.frexp(x)
    whole = np.ldexp(np.abs(fraction), 53).astype(np.int64)
    return np.where(x == 0, 0, trailing_zeros(whole) + exponent - 53).astype(np.int64)


def trailing_zeros(x: np.ndarray) -> np.ndarray:
    """Zero bits below the lowest one of int64s; -1 for zeros."""
    return np.frexp((x & -x).astype(np.float64))[1].astype(np.int64) - 1
