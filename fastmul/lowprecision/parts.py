"""The parts of a Quantized array, checked: codes, shape and scales that fit each other, or what would fit."""

from __future__ import annotations

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
    """
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
        return scales.astype(np.float32).reshape((1,) * len(shape))
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


def _scales_of_lines(scales: Any, fmt: Format, shape: tuple[int, ...]) -> np.ndarray:
    scales = np.asarray(scales, np.float32)
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
