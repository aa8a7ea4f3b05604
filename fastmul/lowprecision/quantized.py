"""Quantized: an array of codes of few bits together with the scales that make numbers of them."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from fastmul.lowprecision import decoding, foreign, formats, packing, parts
from fastmul.lowprecision.formats import BlockFormat, Format

#: Significant bits beyond which an integer per element fits no machine word.
LARGEST_INTEGER = 2**63


class Quantized:
    """An array in a low-precision format: codes, scales, and the axis that blocks run along.

    element value = code's value * scale of its block (or slice) * tensor_scale

    Parameters
    ----------
    codes : array of the format's codes. Fewer than 8 bits: uint8, packed along `axis` (see `packing`), or an array of
        the ml_dtypes type, one code per element.
    scales : array, optional
        Block formats: float8_e8m0fnu bytes, for nvfp4 float8_e4m3fn bytes, shaped as the array with `axis` divided
        by the block. Element formats: float32, as many axes as the array, each of its length or 1; or None. Other
        floats are rounded to float32.
    format : str, Format or BlockFormat
    axis : int
        The axis of packing and of blocks.
    tensor_scale : float, optional
        The second level of nvfp4. Default: 1.
    shape : tuple of int, optional
        The logical shape, where packing does not tell it: a length that does not fill its last byte.

    Raises
    ------
    ValueError : an unknown format, scales or codes whose shape or dtype do not fit; says what would. A float32 scale
        that is infinite.
    TypeError : scales that are no numbers, or bytes in the place of float32.

    Examples
    --------
    >>> from fastmul.lowprecision import quantize
    >>> q = quantize(np.array([[1.0, -0.3, 6.0] + [0.0] * 29], np.float32), "mxfp4_e2m1")
    >>> q.shape, q.codes.shape, q.scales, q.nbytes
    ((1, 32), (1, 16), array([[127]], dtype=uint8), 17)
    >>> q.dequantize()[0, :3]
    array([ 1. , -0.5,  6. ], dtype=float32)
    """

    __slots__ = ("axis", "codes", "format", "scales", "shape", "tensor_scale")

    codes: np.ndarray
    scales: np.ndarray | None
    format: Format | BlockFormat
    axis: int
    tensor_scale: np.float32 | None
    shape: tuple[int, ...]

    def __init__(
        self, codes: Any, scales: Any = None, format: Any = None, axis: int = -1, *,
        tensor_scale: Any = None, shape: tuple[int, ...] | None = None,
    ) -> None:  # fmt: skip
        self.format = formats.get(format)
        codes = foreign.as_array(codes)
        self.axis = parts.normalized_axis(axis, codes.ndim)
        self.codes, self.shape = parts.checked_codes(codes, self.element, self.axis, shape)
        scales = None if scales is None else foreign.as_array(scales)
        self.scales = parts.checked_scales(scales, self.format, self.shape, self.axis)
        two_level = isinstance(self.format, BlockFormat) and self.format.two_level
        if tensor_scale is not None and not two_level:
            raise ValueError(
                f"tensor_scale is the second level of nvfp4; {self.format.name} has none"
            )
        level = parts.as_float32(1 if tensor_scale is None else tensor_scale, "tensor_scale")
        if level.size != 1:
            raise ValueError(f"tensor_scale is one number, not an array of shape {level.shape}")
        self.tensor_scale = np.float32(level.item()) if two_level else None

    @property
    def element(self) -> Format:
        """The format of the codes."""
        return self.format.element if isinstance(self.format, BlockFormat) else self.format

    @property
    def block(self) -> int | None:
        """Elements under one scale along the axis; None without blocks."""
        return (self.format.block or None) if isinstance(self.format, BlockFormat) else None

    @property
    def ndim(self) -> int:
        return len(self.shape)

    @property
    def nbytes(self) -> int:
        """Bytes of codes and scales."""
        scales = 0 if self.scales is None else self.scales.nbytes
        return self.codes.nbytes + scales + (0 if self.tensor_scale is None else 4)

    @property
    def T(self) -> Quantized:
        """The transpose, a view; the axis goes along."""
        turned = object.__new__(Quantized)
        turned.codes, turned.shape = self.codes.T, self.shape[::-1]
        turned.scales = None if self.scales is None else self.scales.T
        turned.format, turned.tensor_scale = self.format, self.tensor_scale
        turned.axis = self.ndim - 1 - self.axis
        return turned

    def __repr__(self) -> str:
        scaled = "" if self.scales is None else f", scales {self.scales.shape}"
        return f"Quantized({self.format.name}, {self.shape}, axis {self.axis}{scaled})"

    def unpacked(self) -> np.ndarray:
        """One code per element: unsigned integers, int8 for signed integer formats."""
        element = self.element
        if not element.is_packed:
            return self.codes
        codes = packing.unpack(self.codes, element.bits, self.axis, self.shape[self.axis])
        if element.code_dtype == np.int8:
            shift = np.int8(8 - element.bits)
            return (codes.view(np.int8) << shift) >> shift
        return codes

    def to_numpy(self) -> np.ndarray:
        """The codes as an array of the element's dtype, where NumPy or ml_dtypes has it; one code per element.

        Raises
        ------
        ValueError : there is no such dtype.
        """
        dtype = self.element.dtype
        if dtype is None:
            raise ValueError(
                f"NumPy and ml_dtypes have no dtype {self.element.name}: use unpacked() or dequantize()"
            )
        return self.unpacked().view(dtype)

    def to_torch(self) -> tuple[Any, Any]:
        """(codes, scales) as torch tensors, memory shared; scales None where there are none.

        Codes have torch's dtype of the format's name if there is one (bfloat16, float8_e4m3fn, ...; packed FP4 is
        float4_e2m1fn_x2), else that of `codes`.

        Raises
        ------
        BackendUnavailableError : torch is not installed.
        """
        name = self.element.name + "_x2" * (self.element.name == "float4_e2m1fn")
        scales = self.scales
        if scales is None:
            return foreign.to_torch(self.codes, name), None
        scale_name = self.format.scale.name if isinstance(self.format, BlockFormat) else "float32"
        return foreign.to_torch(self.codes, name), foreign.to_torch(scales, scale_name)

    def specials(self) -> np.ndarray | None:
        """Where the value is NaN or infinite; None if nowhere."""
        element, fmt = self.element, self.format
        found = None
        if element.has_nan and element.bits <= 8:
            bad = ~np.isfinite(decoding.values_of(element))
            if bad[self.codes.view(np.uint8)].any():
                found = bad[self.codes.view(np.uint8)]
        elif element.has_nan:
            found = self.codes & (2 ** (element.bits - 1) - 1) > element.max_code
        if isinstance(fmt, BlockFormat) and fmt.block:
            assert self.scales is not None
            bad = ~np.isfinite(decoding.values_of(fmt.scale))[self.scales]
            if bad.any():
                bad = np.repeat(bad, fmt.block, self.axis)
                found = bad if found is None else found | bad
        scale = self.scales if self.block is None else self.tensor_scale
        if scale is not None and np.isnan(scale).any():
            bad = np.zeros(self.shape, bool) | np.isnan(scale)
            found = bad if found is None else found | bad
        return found if found is not None and found.any() else None

    def integers(self) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
        """(q, exponents, scale) with element value = q * 2**exponents[block] * scale[slice], exactly.

        Returns
        -------
        q : the smallest of int8, int16, int32, int64 that holds the format's integers; 0 where the code or its
            block's scale is special.
        exponents : int32, one per block in the shape of the block scales; all lengths 1 without block scales.
        scale : float32 of as many axes (tensor, token, channel; nvfp4's second level), or None.

        Raises
        ------
        ValueError : the format's integers fit no machine word (bfloat16, tf32, float32).
        """
        element, fmt = self.element, self.format
        if element.kind == "scale" or element.max_integer >= LARGEST_INTEGER:
            raise ValueError(
                f"the integers of {element.name} fit no machine word: use dequantize()"
            )
        ones = (1,) * self.ndim
        scale, largest, factors = self.scales, element.max_integer, None
        exponents = np.full(ones, element.lsb_exponent, np.int32)
        if isinstance(fmt, BlockFormat) and fmt.block:
            assert self.scales is not None
            scale = None
            if fmt.scale.kind == "scale":
                bytes_ = np.where(
                    self.scales == fmt.scale.nan_code, 0, self.scales.astype(np.int32)
                )
                exponents = bytes_ - np.int32(fmt.scale.bias - element.lsb_exponent)
            else:  # a float as scale: its significand goes into q, its exponent into `exponents`
                significands, powers = _significands(fmt.scale)
                factors = significands[self.scales]
                exponents = powers[self.scales] + np.int32(element.lsb_exponent)
                largest *= 2 ** (fmt.scale.mantissa_bits + 1) - 1
                assert self.tensor_scale is not None
                scale = np.full(ones, self.tensor_scale, np.float32)
        dtype = _smallest_integer(largest)
        if element.bits > 8:
            values = np.ldexp(self.codes.view(np.float16).astype(np.float64), -element.lsb_exponent)
            return np.where(np.isfinite(values), values, 0).astype(dtype), exponents, scale
        q = decoding.integers(self.codes, element, self._length, self.axis, factors, dtype)
        return q, exponents, scale

    def dequantize(self, dtype: Any = np.float32) -> np.ndarray:
        """The values as float32, float64, float16 or bfloat16: the exact product of code and scales, rounded once."""
        dtype = np.dtype(dtype)
        if dtype == np.float32:
            return self._values(dtype)
        exact = self._values(np.dtype(np.float64))
        if dtype.name == "bfloat16":  # by way of float32, ml_dtypes would round twice
            from fastmul.lowprecision.quantization import quantize

            return quantize(exact, "bfloat16").to_numpy() if self.ndim else exact.astype(dtype)
        if dtype.kind != "f":
            raise TypeError(f"dequantize(dtype={dtype}): float32, float64, float16 or bfloat16")
        with np.errstate(over="ignore"):
            return exact.astype(dtype)

    def _values(self, dtype: np.dtype) -> np.ndarray:
        """The values in float32, or exactly in float64.

        A code has at most 24 significant bits, with the block's scale of nvfp4 6, so that only the last factor can
        round in float32, and none in float64.
        """
        element, fmt = self.element, self.format
        if element.bits > 8:
            return self._wide_values(dtype)
        scales = self.scales
        if scales is not None and isinstance(fmt, BlockFormat) and fmt.block:
            scales = decoding.values_of(fmt.scale)[scales]
        last = 1.0 if self.tensor_scale is None else self.tensor_scale
        with np.errstate(over="ignore", under="ignore"):
            table = decoding.values_of(element).astype(dtype)
        return decoding.look_up(
            self.codes, element.bits, self._length, self.axis, table, scales, last
        )

    def _wide_values(self, dtype: np.dtype) -> np.ndarray:
        """Of formats with more than eight bits, which are the upper bits of a float32 or a float16."""
        if self.element.name == "float16":
            values = self.codes.view(np.float16)
        else:
            bits = self.codes.astype(np.uint32)
            bits <<= np.uint32(32 - self.element.bits)
            values = bits.view(np.float32)
        with np.errstate(over="ignore", invalid="ignore"):  # overflows, and NaN that signals
            if self.scales is None:
                return values.astype(dtype, copy=False)
            return (values.astype(np.float64) * self.scales.astype(np.float64)).astype(dtype)

    @property
    def _length(self) -> int:
        return self.shape[self.axis]


@cache
def _significands(fmt: Format) -> tuple[np.ndarray, np.ndarray]:
    """(significand, exponent) of all codes: value = significand * 2**exponent; significand 0 for NaN."""
    codes = np.arange(2**fmt.bits) & (2 ** (fmt.bits - 1) - 1)
    field = np.maximum(codes >> fmt.mantissa_bits, 1)
    values = decoding.values_of(fmt)
    exponents = (field - 1 + fmt.lsb_exponent).astype(np.int32)
    significands = np.ldexp(np.where(np.isfinite(values), values, 0), -exponents)
    return significands.astype(np.int16), exponents


def _smallest_integer(largest: int) -> np.dtype:
    """The smallest signed dtype that holds +-largest; -128 of int8 counts as what int8 holds."""
    for bits in (8, 16, 32):
        if largest < 2 ** (bits - 1) or (bits == 8 and largest == 128):
            return np.dtype(f"i{bits // 8}")
    return np.dtype(np.int64)
