"""The parts of a Quantized array, checked: codes, shape and scales that fit each other, or what would fit."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from fastmul.lowprecision import formats, packing
from fastmul.lowprecision.formats import BlockFormat, Format

#: Of a byte, the lower bit of every code of two bits.
_LOW_BITS = 0b01_01_01_01


def with_length(shape: tuple[int, ...], axis: int, length: int) -> tuple[int, ...]:
    """A shape with another length along an axis."""
    return (*shape[:axis], length, *shape[axis + 1 :])


def normalized_axis(axis: int, ndim: int) -> int:
    """An axis counted from the front.

    Raises
    ------
    AxisError : there is no such axis.
    TypeError : it is no integer.
    """
    try:
        axis = operator.index(axis)
    except TypeError:
        raise TypeError(
            f"axis={axis!r}: the integer of one axis, along which blocks and packed codes run"
        ) from None
    if not -ndim <= axis < ndim:
        raise np.exceptions.AxisError(axis, ndim)
    return axis % ndim


def checked_codes(
    codes: np.ndarray, element: Format, axis: int, shape: tuple[int, ...] | None
) -> tuple[np.ndarray, tuple[int, ...]]:
    """(codes as they are stored, the logical shape)."""
    if element.dtype is not None and codes.dtype == element.dtype:  # one code per element
        codes = codes.view(element.code_dtype)
        if element.is_packed:
            shape = codes.shape
            low = codes.view(np.uint8) & np.uint8(2**element.bits - 1)
            codes = packing.pack(low, element.bits, axis)
    stored = np.dtype(np.uint8) if element.is_packed else element.code_dtype
    if codes.dtype != stored:
        raise ValueError(
            f"codes of {element.name} are an array of {stored}, not {codes.dtype}; codes.view({stored}) would do "
            "if the bytes are right"
        )
    if element.name == "ternary" and (codes & (codes >> 1) & _LOW_BITS).any():
        raise ValueError("codes of ternary are 0, 1 and 2, for -1, 0 and 1: there is a code 3")
    if shape is None:
        length = codes.shape[axis] * 8 // element.bits if element.is_packed else codes.shape[axis]
        return codes, with_length(codes.shape, axis, length)
    if np.ndim(shape) != 1 or len(shape) != codes.ndim:
        raise ValueError(
            f"shape={shape!r} of codes of shape {codes.shape}: a tuple of as many lengths, that along axis {axis} "
            "counted in elements"
        )
    expected = with_length(shape, axis, packing.packed_length(shape[axis], element.bits))
    if expected != codes.shape:
        raise ValueError(
            f"{shape} in {element.name} along axis {axis} takes codes of shape {expected}, not {codes.shape}"
        )
    return codes, tuple(shape)


def checked_scales(
    scales: Any, fmt: Format | BlockFormat, shape: tuple[int, ...], axis: int
) -> np.ndarray | None:
    """The scales as they are kept: bytes of blocks, or float32 of as many axes as the array."""
    if isinstance(fmt, Format):
        return None if scales is None else _scales_of_lines(scales, fmt, shape)
    if scales is None:
        raise ValueError(f"{fmt.name} needs scales of {fmt.scale.name}")
    if fmt.block == formats.WHOLE_TENSOR:
        if scales.size != 1:
            raise ValueError(f"{fmt.name} has one scale for the whole array, not {scales.shape}")
        return as_float32(scales, f"the scale of {fmt.name}").reshape((1,) * len(shape))
    if scales.dtype == fmt.scale.dtype:
        scales = scales.view(np.uint8)
    if scales.dtype != np.uint8:
        raise ValueError(
            f"scales of {fmt.scale.name} are an array of uint8 or of that type, not {scales.dtype}"
        )
    if shape[axis] % fmt.block:
        raise ValueError(
            f"axis {axis} of {shape} is no multiple of {fmt.name}'s block of {fmt.block}: pad it with zeros"
        )
    expected = with_length(shape, axis, shape[axis] // fmt.block)
    if scales.shape != expected:
        raise ValueError(
            f"{fmt.name} of shape {shape}, blocks of {fmt.block} along axis {axis}, takes scales of shape {expected}, "
            f"not {scales.shape}"
        )
    return scales


def as_float32(scales: Any, what: str) -> np.ndarray:
    """Numbers as float32, to the nearest.

    Raises
    ------
    TypeError : they are no numbers, or bytes, which may stand for others.
    ValueError : one is infinite, or too large. (0 under it would be NaN; NaN itself marks lines that are lost.)
    """
    scales = np.asarray(scales)
    if scales.dtype == np.uint8 or not np.can_cast(scales.dtype, np.float64):
        raise TypeError(f"{what}: an array of {scales.dtype}, where float32 is needed")
    with np.errstate(over="ignore"):
        found = scales.astype(np.float32)
    if np.isinf(found).any():
        raise ValueError(f"{what}: one is infinite, or too large for float32")
    return found


def _scales_of_lines(scales: Any, fmt: Format, shape: tuple[int, ...]) -> np.ndarray:
    scales = as_float32(scales, f"scales of {fmt.name}")
    if scales.ndim == 0:
        scales = scales.reshape((1,) * len(shape))
    able = scales.ndim == len(shape) and all(
        length in (1, own) for length, own in zip(scales.shape, shape, strict=True)
    )
    if not able:
        raise ValueError(
            f"scales of shape {scales.shape} do not fit {fmt.name} of shape {shape}: each length has to be 1 or the "
            "array's"
        )
    return scales
