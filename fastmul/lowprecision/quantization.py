"""quantize: arrays to codes of few bits, with or without scales; dequantize: back."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastmul.kernels.reference import casting
from fastmul.lowprecision import formats, packing
from fastmul.lowprecision.formats import BlockFormat, Format
from fastmul.lowprecision.quantized import Quantized

ROUNDINGS = ("ties_to_even", "ties_to_away", "toward_zero", "stochastic")
#: One float32 scale for everything, or for every line along the axis.
GRANULARITIES = ("tensor", "channel", "token")
#: Random bits of a stochastic rounding.
RANDOM_BITS = 24
BITNET_EPSILON = 1e-5


def quantize(
    x: Any, fmt: Any, *, axis: int = -1, scaling: str | None = None, rounding: str = "ties_to_even",
    saturate: bool | None = None, rng: Any = None,
) -> Quantized:  # fmt: skip
    """The array x in a low-precision format: codes, and the scales that the format or `scaling` asks for.

    code = round(x / scale), each quotient rounded once from its exact value; scale = 1 in a plain cast.

    Parameters
    ----------
    x : array-like of float32 or float64; other numbers are converted to float32.
    fmt : str, Format or BlockFormat
        The name of a row of `formats.formats`, or the row.
    axis : int
        The axis of blocks, of lines with a common scale, and of bit packing. Operands of a product are quantised
        along the axis that it contracts.
    scaling : str, optional
        Element formats: None is a plain cast; "tensor" is one float32 scale, amax / the format's largest value;
        "channel" and "token" (the same thing, for weights and activations) are one for every line along `axis`.
        Block formats: one of the format's rules: "floor" (default), "rceil", "even" of the MX formats.
    rounding : {"ties_to_even", "ties_to_away", "toward_zero", "stochastic"}
    saturate : bool, optional
        What overflows (infinities too) becomes the largest finite value, or infinity (NaN where there is none).
        Default: False in a plain cast to a format with NaN or infinity, as in ml_dtypes; True with scales, and
        where the format has neither.
    rng : int, Philox or numpy.random.Generator, optional
        The source of a stochastic rounding's random bits: 24 an element, that depend on its indices alone.

    Returns
    -------
    Quantized

    Raises
    ------
    ValueError : an unknown format, rule or rounding; a length that is no multiple of the block; NaN where the format
        has none; NaN or infinities under a float32 scale; saturate=False where nothing stands for an overflow.

    Error
    -----
    Plain cast and power-of-two scales: |value - x| <= 1/2 unit in the last place of the format (1 for toward_zero
    and stochastic), or half its smallest subnormal. The quotient by a float32 scale is rounded once, too: computed in
    float64, it cannot land on a midpoint (bounds/rounding.py).

    Complexity
    ----------
    One pass over x, two where scales need the largest magnitude first.

    Source
    ------
    OCP Microscaling Formats (MX) 1.0 (2023); OCP 8-bit Floating Point (OFP8) 1.0 (2023); for "rceil" and "even"
    Mishra et al., arXiv 2506.08027 (2025); nvfp4: arXiv 2509.25149 (2025); bitnet_b158: arXiv 2402.17764 (2024).

    Examples
    --------
    >>> quantize(np.array([1.0, -0.3, 500.0], np.float32), "float8_e4m3fn").dequantize()
    array([ 1.    , -0.3125,     nan], dtype=float32)
    >>> quantize([[3.0, -1.0], [0.5, 0.25]], "int8", scaling="token").codes
    array([[127, -42],
           [127,  64]], dtype=int8)
    """
    fmt = formats.get(fmt)
    x = np.asarray(x)
    x = x if x.dtype in (np.float32, np.float64) else x.astype(np.float32)
    axis = np.lib.array_utils.normalize_axis_index(axis, x.ndim) if x.ndim else 0
    if rounding not in ROUNDINGS:
        raise ValueError(f"rounding={rounding!r} is none of {', '.join(ROUNDINGS)}")
    words = _words(rng, x.shape) if rounding == "stochastic" else None
    values = x.astype(np.float64)
    element = fmt.element if isinstance(fmt, BlockFormat) else fmt
    if isinstance(fmt, Format) and scaling is None:
        saturate = not element.has_nan if saturate is None else saturate
        codes = _codes(values, element, rounding, saturate, False, words)
        return _packed(codes, None, fmt, axis)
    saturate = True if saturate is None else saturate
    if isinstance(fmt, Format):
        if scaling not in GRANULARITIES:
            raise ValueError(f"scaling={scaling!r} of {fmt.name} is none of {', '.join(GRANULARITIES)}")  # fmt: skip
        scales = _line_scales(values, element, axis, scaling)
        codes = _codes(values / scales, element, rounding, saturate, True, words)
        return _packed(codes, scales.astype(np.float32), fmt, axis)
    rule = fmt.rules[0] if scaling is None else scaling
    if rule not in fmt.rules:
        raise ValueError(f"scaling={scaling!r} of {fmt.name} is none of {', '.join(fmt.rules)}")
    if fmt.block == formats.WHOLE_TENSOR:
        mean = np.abs(values).mean() if values.size else 0.0
        scale = np.float32(max(mean, BITNET_EPSILON))
        codes = _codes(values / np.float64(scale), element, rounding, True, True, words)
        return _packed(codes, np.full((1,) * x.ndim, scale), fmt, axis)
    if x.ndim == 0 or x.shape[axis] % fmt.block:
        raise ValueError(
            f"axis {axis} of {x.shape} is no multiple of {fmt.name}'s block of {fmt.block}: pad it with zeros, "
            "or quantize along another axis"
        )
    blocks = np.moveaxis(values, axis, -1)
    blocks = blocks.reshape(*blocks.shape[:-1], -1, fmt.block)
    amax = np.abs(blocks).max(-1)
    bad = ~np.isfinite(amax)
    blocks, amax = np.where(bad[..., None], 0.0, blocks), np.where(bad, 0.0, amax)
    tensor_scale = None
    if fmt.two_level:
        top = amax.max(initial=0.0)
        tensor_scale = np.float32(top / (fmt.scale.max * element.max)) if top else np.float32(1)
        tensor_scale = max(tensor_scale, np.float32(2.0**-149))
        ratio = amax / (element.max * np.float64(tensor_scale))
        codes_of_scales = casting.encode_float(ratio, fmt.scale, "ties_to_even", True)
        scales64 = casting.decode(codes_of_scales, fmt.scale) * np.float64(tensor_scale)
        with np.errstate(divide="ignore", invalid="ignore"):
            scaled = np.where(scales64[..., None] > 0, blocks / scales64[..., None], 0.0 * blocks)
        codes_of_scales = np.where(bad, fmt.scale.nan_code, codes_of_scales)
    else:
        exponent = _shared_exponent(amax, element, rule)
        bad |= exponent > fmt.scale.bias
        exponent = np.clip(exponent, -fmt.scale.bias, fmt.scale.bias)
        scaled = np.ldexp(np.where(bad[..., None], 0.0, blocks), -exponent[..., None])
        codes_of_scales = np.where(bad, fmt.scale.nan_code, exponent + fmt.scale.bias)
    scaled = np.moveaxis(scaled.reshape(*scaled.shape[:-2], -1), -1, axis)
    codes = _codes(scaled, element, rounding, saturate, True, words)
    scales = np.ascontiguousarray(np.moveaxis(codes_of_scales.astype(np.uint8), -1, axis))
    return _packed(codes, scales, fmt, axis, tensor_scale)


def dequantize(x: Quantized, dtype: Any = np.float32) -> np.ndarray:
    """The values of a Quantized array.

    Parameters
    ----------
    x : Quantized
    dtype : float32, float64, float16 or ml_dtypes' bfloat16.

    Returns
    -------
    Array of `dtype` in x's shape: code * scale * tensor scale, multiplied exactly and rounded once.

    Error
    -----
    None in float64; half a unit in the last place of the others.

    Complexity
    ----------
    One pass.

    Examples
    --------
    >>> dequantize(quantize([1.0, -0.3], "float4_e2m1fn"))
    array([ 1. , -0.5], dtype=float32)
    """
    return x.dequantize(dtype)


def _codes(
    x: np.ndarray, element: Format, rounding: str, saturate: bool, symmetric: bool, words: Any
) -> np.ndarray:
    if element.kind == "scale":
        return casting.encode_power_of_two(x, element, rounding)
    if not element.has_nan and np.isnan(x).any():
        raise ValueError(
            f"x has NaN, which {element.name} has no code for: replace it (numpy.nan_to_num), or use an MX "
            "format, whose scale carries it"
        )
    if not element.has_nan and not saturate:
        raise ValueError(
            f"{element.name} has neither NaN nor infinity for what overflows: saturate=True is its only rule"
        )
    if element.kind == "float":
        return casting.encode_float(x, element, rounding, saturate, words, RANDOM_BITS)
    q = casting.encode_integer(x, element, rounding, symmetric, words, RANDOM_BITS)
    return q + 1 if element.name == "ternary" else q


def _packed(codes: np.ndarray, scales: Any, fmt: Any, axis: int, tensor_scale: Any = None) -> Quantized:  # fmt: skip
    element = fmt.element if isinstance(fmt, BlockFormat) else fmt
    shape = codes.shape
    if element.is_packed:
        codes = packing.pack((codes & (2**element.bits - 1)).astype(np.uint8), element.bits, axis)
    else:
        codes = codes.astype(element.code_dtype)
    return Quantized(codes, scales, fmt, axis, tensor_scale=tensor_scale, shape=shape)


def _line_scales(x: np.ndarray, element: Format, axis: int, scaling: str) -> np.ndarray:
    over = None if scaling == "tensor" else axis
    amax = np.abs(x).max(axis=over, keepdims=True, initial=0.0)
    if not np.isfinite(amax).all():
        raise ValueError(
            "x has NaN or infinities, which no scale reaches: remove them, or use a plain cast or an MX format"
        )
    scales = (amax / element.max).astype(np.float32)
    return np.where(amax > 0, np.maximum(scales, np.float32(2.0**-149)), 1).astype(np.float64)


def _shared_exponent(amax: np.ndarray, element: Format, rule: str) -> np.ndarray:
    """The exponent of a block's power of two."""
    if rule == "rceil":
        fraction, above = np.frexp(amax / element.max)
        exponent = above.astype(np.int64) - (fraction == 0.5)
    else:
        fraction, above = np.frexp(amax)
        exponent = above.astype(np.int64) - 1 - element.max_exponent
        if rule == "even":
            exponent += fraction >= 1 - 2.0 ** -(element.mantissa_bits + 2)
    return np.where(amax > 0, exponent, -(1 << 20))


def _words(rng: Any, shape: tuple[int, ...]) -> np.ndarray:
    from fastmul.runtime.philox import Philox

    if rng is None:
        raise ValueError("rounding='stochastic' needs rng=: a seed, a Philox, or a numpy Generator")
    return Philox.of(rng).words(shape)
