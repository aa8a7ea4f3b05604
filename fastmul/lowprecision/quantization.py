"""quantize: arrays to codes of few bits, with or without scales; dequantize: back."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastmul.lowprecision import foreign, formats
from fastmul.lowprecision import scaling as scaling_rules
from fastmul.lowprecision.casting import CHUNK, RANDOM_BITS, ROUNDINGS, Cast
from fastmul.lowprecision.formats import BlockFormat, Format
from fastmul.lowprecision.layout import Layout
from fastmul.lowprecision.packing import packed_length
from fastmul.lowprecision.parts import normalized_axis, with_length
from fastmul.lowprecision.quantized import Quantized
from fastmul.runtime.philox import Philox, as_planes

#: One float32 scale for everything, or for every line along the axis.
GRANULARITIES = ("tensor", "channel", "token")


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
    Plain cast and power-of-two scales: |value - x| <= scale times 1/2 unit in the last place of the format (1 for
    toward_zero and stochastic), or half its smallest subnormal, unless x / scale overflows; under "floor" and "even"
    what is largest in a block may: 7.9 / 1 is 6 in mxfp4_e2m1. The quotient by a float32 scale is rounded once, too:
    computed in float64, it cannot land on a midpoint (bounds/rounding.py); a stochastic rounding is that of the
    float64 quotient, whose probability is off by less than 2^-24.

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
    x = x.dequantize(np.float64) if isinstance(x, Quantized) else foreign.as_floats(x)
    element = fmt.element if isinstance(fmt, BlockFormat) else fmt
    rule = _checked_rule(fmt, scaling)
    axis = _checked_axis(x, fmt, axis)
    if rounding not in ROUNDINGS:
        raise ValueError(f"rounding={rounding!r} is none of {', '.join(ROUNDINGS)}")
    if saturate is None:
        saturate = rule is not None or not element.has_nan
    elif not saturate and not element.has_nan:
        raise ValueError(
            f"{element.name} has neither NaN nor infinity for what overflows: saturate=True is its only rule"
        )
    if element.kind == "scale":
        return Quantized(_powers_of_two(x, element, rounding), None, fmt, axis)
    if not x.size:
        return _of_nothing(x.shape, fmt, rule, axis)
    layout = Layout.of(x, axis)
    words = layout.lines(_random_words(rng, x.shape)) if rounding == "stochastic" else None
    cast = Cast(element, rounding, saturate, rule is not None, words)
    codes, scales, tensor_scale = _encoded(layout.lines(x), fmt, rule, cast)
    if scales is not None:  # a single one is for all
        scales = scales.reshape((1,) * x.ndim) if scales.size == 1 else layout.restored(scales)
    return Quantized(
        layout.restored(codes), scales, fmt, axis, tensor_scale=tensor_scale, shape=x.shape
    )


def _encoded(
    lines: np.ndarray, fmt: Format | BlockFormat, rule: str | None, cast: Cast
) -> tuple[np.ndarray, np.ndarray | None, np.float32 | None]:
    """(codes, scales, tensor scale) of lines; scales have as many axes, along the second one for each block."""
    ones = (1,) * lines.ndim
    if rule is None:
        return cast.plain(lines), None, None
    if rule == "absmean":
        mean = scaling_rules.mean_magnitude(lines)
        return cast.scaled_by_one(lines, float(mean)), np.full(ones, mean), None
    if isinstance(fmt, Format):
        amax = scaling_rules.largest(lines, 1)
        if rule == "tensor":
            amax = amax.max(initial=0.0).reshape(ones)
        scales = scaling_rules.of_lines(amax, fmt)
        if rule == "tensor":
            return cast.scaled_by_one(lines, float(scales[(0,) * lines.ndim])), scales, None
        return cast.scaled(lines, scales.astype(np.float64)), scales, None
    pieces = lines.shape[1] // fmt.block
    if fmt.two_level:
        codes_of_scales, tensor_scale, divisors = scaling_rules.two_levels(
            scaling_rules.largest(lines, pieces), fmt
        )
        return cast.scaled(lines, divisors), codes_of_scales, tensor_scale
    if lines.dtype == np.float32:
        return *cast.blocks(lines, scaling_rules.addend(fmt.element, rule)), None
    powers = scaling_rules.powers_of_two(
        scaling_rules.largest(lines, pieces), fmt.element, fmt.scale, rule
    )
    return cast.scaled(lines, scaling_rules.divisors_of_powers(powers, fmt.scale)), powers, None


def dequantize(x: Quantized, dtype: Any = np.float32) -> np.ndarray:
    """The values of a Quantized array.

    Parameters
    ----------
    x : Quantized
    dtype : float32, float64, float16 or ml_dtypes' bfloat16.

    Returns
    -------
    Array of `dtype` in x's shape: code * scale * tensor scale, multiplied exactly and rounded once.

    Raises
    ------
    TypeError : x is no Quantized, or dtype another one.

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
    if not isinstance(x, Quantized):
        raise TypeError(
            f"dequantize takes what quantize returns, got {type(x).__name__}; bytes of codes: Quantized(codes, scales, "
            "format, axis)"
        )
    return x.dequantize(dtype)


def _checked_axis(x: np.ndarray, fmt: Format | BlockFormat, axis: int) -> int:
    if x.ndim == 0:
        raise ValueError("x is a number: quantize takes arrays of at least one axis, such as [x]")
    axis = normalized_axis(axis, x.ndim)
    if isinstance(fmt, BlockFormat) and fmt.block and x.shape[axis] % fmt.block:
        raise ValueError(
            f"axis {axis} of shape {x.shape} is no multiple of {fmt.name}'s block of {fmt.block}: pad it with zeros, "
            "or quantize along another axis"
        )
    return axis


def _checked_rule(fmt: Format | BlockFormat, rule: str | None) -> str | None:
    """The scale rule of a format; None for a plain cast."""
    if isinstance(fmt, BlockFormat):
        able: tuple[str, ...] = fmt.rules
        rule = able[0] if rule is None else rule
    else:
        able = GRANULARITIES if fmt.kind != "scale" else ()
    if rule is not None and rule not in able:
        what = f"one of {', '.join(map(repr, able))}" if able else "None: its values are scales"
        raise ValueError(f"scaling={rule!r}: for {fmt.name} it has to be {what}")
    return rule


def _of_nothing(
    shape: tuple[int, ...], fmt: Format | BlockFormat, rule: str | None, axis: int
) -> Quantized:
    """No elements; lines of them, where there are some, have the scale 1."""

    element = fmt.element if isinstance(fmt, BlockFormat) else fmt
    stored = np.uint8 if element.is_packed else element.code_dtype
    codes = np.zeros(with_length(shape, axis, packed_length(shape[axis], element.bits)), stored)
    if isinstance(fmt, BlockFormat) and fmt.block:
        scales = np.zeros(with_length(shape, axis, shape[axis] // fmt.block), np.uint8)
        return Quantized(codes, scales, fmt, axis)
    ones = with_length(shape, axis, 1) if rule in GRANULARITIES[1:] else (1,) * len(shape)
    of_lines = None if rule is None else np.ones(ones, np.float32)
    return Quantized(codes, of_lines, fmt, axis, shape=shape)


def _powers_of_two(x: np.ndarray, fmt: Format, rounding: str) -> np.ndarray:
    from fastmul.kernels.reference import casting

    if rounding == "stochastic":
        raise ValueError(f"{fmt.name} holds scales, whose rounding is not random: name another")
    return casting.encode_power_of_two(x.astype(np.float64), fmt, rounding).astype(np.uint8)


def _random_words(rng: Any, shape: tuple[int, ...]) -> np.ndarray:
    """A word for every element, its top RANDOM_BITS bits random, from its indices alone."""
    from fastmul.kernels.cpu.lowprecision.random_words import random_lines
    from fastmul.runtime import threads

    if rng is None:
        raise ValueError(
            "rounding='stochastic' needs rng=: an int seed, a Philox or a numpy Generator"
        )
    philox = Philox.of(rng)
    planes, rows, columns = as_planes(shape)
    out = np.empty((planes * rows, columns), np.uint32)
    mask = np.uint32((1 << 32) - (1 << (32 - RANDOM_BITS)))
    key0, key1 = (np.uint64(k) for k in philox.key)
    threads.run(
        lambda first, last: random_lines(
            out, rows, np.uint64(philox.site), key0, key1, mask, first, last
        ),
        threads.chunks(len(out), columns, CHUNK),
        threads.get_threads(),
    )
    return out.reshape(shape)
