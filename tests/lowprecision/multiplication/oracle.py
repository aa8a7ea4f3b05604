"""Exact products by Python fractions, and one rounding, from the definitions of the formats alone."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np

from fastmul.lowprecision import Quantized, formats

#: name: (significant bits, exponent of the lowest bit, largest finite value, what is beyond it)
ROUNDED = {
    "float64": (53, -1074, Fraction(2**53 - 1) * 2**971, np.inf),
    "float32": (24, -149, Fraction(2**24 - 1) * 2**104, np.inf),
    "float16": (11, -24, Fraction(65504), np.inf),
    "bfloat16": (8, -133, Fraction(255) * 2**120, np.inf),
    "tf32": (11, -136, Fraction(2**11 - 1) * 2**117, np.inf),
    "float8_e5m2": (3, -16, Fraction(57344), np.inf),
    "float8_e4m3fn": (4, -9, Fraction(448), np.nan),
    "float6_e3m2fn": (3, -4, Fraction(28), 28.0),
    "float4_e2m1fn": (2, -1, Fraction(6), 6.0),
}


def nearest(value: Fraction, name: str) -> float:
    """The value rounded to a format, ties to even."""
    bits, lowest, largest, beyond = ROUNDED[name]
    sign, value = (-1.0, -value) if value < 0 else (1.0, value)
    if value == 0:
        return 0.0
    # 2^exponent <= value < 2^(exponent + 1)
    exponent = value.numerator.bit_length() - value.denominator.bit_length()
    if Fraction(2) ** exponent > value:
        exponent -= 1
    step = Fraction(2) ** max(exponent - bits + 1, lowest)
    whole, rest = divmod(value, step)
    whole += rest * 2 > step or (rest * 2 == step and whole % 2 == 1)
    rounded = whole * step
    return sign * (beyond if rounded > largest else float(rounded))


def code_value(code: int, fmt: Any) -> Fraction:
    """The value of a code; None for NaN and infinities is never asked for."""
    if fmt.kind == "scale":
        return Fraction(2) ** (code - 127)
    if fmt.name == "ternary":
        return Fraction(code - 1)
    if fmt.kind == "integer":
        return Fraction(int(code)) * Fraction(2) ** fmt.lsb_exponent
    sign = -1 if code >> (fmt.bits - 1) else 1
    field = code >> fmt.mantissa_bits & ((1 << fmt.exponent_bits) - 1)
    mantissa = code & ((1 << fmt.mantissa_bits) - 1)
    mantissa += (1 << fmt.mantissa_bits) if field else 0
    return sign * mantissa * Fraction(2) ** (max(field, 1) - fmt.bias - fmt.mantissa_bits)


def fractions_of(q: Quantized) -> np.ndarray:
    """An object array of the exact values of finite elements, scales included."""
    codes = q.unpacked()
    values = np.empty(q.shape, object)
    for index in np.ndindex(*q.shape):
        value = code_value(int(codes[index]), q.element)
        if q.scales is not None:
            at = list(index)
            if q.block is not None:
                at[q.axis] //= q.block
                byte = int(q.scales[tuple(at)])
                value *= code_value(byte, q.format.scale)
            else:
                at = [0 if s == 1 else i for i, s in zip(at, q.scales.shape, strict=True)]
                value *= Fraction(float(q.scales[tuple(at)]))
        if q.tensor_scale is not None:
            value *= Fraction(float(q.tensor_scale))
        values[index] = value
    return values


def exact_product(a: Quantized, b: Quantized) -> np.ndarray:
    x, y = fractions_of(a), fractions_of(b)
    return np.array(
        [[sum(p * q for p, q in zip(row, column, strict=True)) for column in y.T] for row in x],
        object,
    )


def product(a: Quantized, b: Quantized, name: str = "float32") -> np.ndarray:
    """The product rounded once, as float64."""
    c = exact_product(a, b)
    return np.array([[nearest(Fraction(v), name) for v in row] for row in c]).reshape(c.shape)


def finite_codes(fmt: Any, shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    """Random codes, unpacked, of finite values."""
    if fmt.name == "ternary":
        return rng.integers(0, 3, shape).astype(np.uint8)
    codes = rng.integers(0, 2**fmt.bits, shape, np.uint64)
    if fmt.kind == "integer":
        wide = codes.astype(np.uint8)
        if not fmt.signed:
            return wide
        shift = np.int8(8 - fmt.bits)
        return (wide.view(np.int8) << shift) >> shift
    magnitude = codes & np.uint64(2 ** (fmt.bits - 1) - 1)
    codes[magnitude > fmt.max_code] = 0
    if fmt.specials == "fnuz":
        codes[codes == fmt.nan_code] = 0
    return codes.astype(fmt.code_dtype)


def operand(
    name: str, shape: tuple[int, int], axis: int, rng: np.random.Generator, *, spread: int = 3, scaled: bool = True
) -> Quantized:  # fmt: skip
    """Random codes and scales in a format; block exponents within `spread` binades, or all of them (spread=254)."""
    from fastmul.lowprecision import packing

    fmt = formats.get(name)
    element = fmt.element if isinstance(fmt, formats.BlockFormat) else fmt
    codes = finite_codes(element, shape, rng)
    if element.is_packed:
        codes = packing.pack(
            (codes.view(np.uint8) & np.uint8(2**element.bits - 1)), element.bits, axis
        )
    if isinstance(fmt, formats.Format):
        scales = None
        if scaled and fmt.kind == "integer":
            lines = (shape[0], 1) if axis == 1 else (1, shape[1])
            scales = np.exp(rng.normal(size=lines)).astype(np.float32)
        return Quantized(codes, scales, fmt, axis, shape=shape)
    if fmt.block == 0:
        return Quantized(codes, np.float32(rng.uniform(0.1, 1)), fmt, axis, shape=shape)
    blocks = list(shape)
    blocks[axis] //= fmt.block
    if name == "nvfp4":
        scales = finite_codes(fmt.scale, tuple(blocks), rng) & np.uint8(0x7F)
        scales = scales if spread > 8 else (0x38 + scales % 16).astype(np.uint8)
        return Quantized(codes, scales, fmt, axis, tensor_scale=np.float32(0.0123), shape=shape)
    low, high = (0, 255) if spread > 200 else (125, 125 + spread)
    scales = rng.integers(low, high, blocks).astype(np.uint8)
    return Quantized(codes, scales, fmt, axis, shape=shape)
