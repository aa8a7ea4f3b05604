"""What casting to a few bits means, in plain NumPy: one rounding of the exact value, then the overflow rule.

x is brought to units of the last place it may keep, u = |x| / 2^lsb, lsb = max(floor(log2 |x|), emin) - mantissa bits,
and rounded there, once. The code is then u + (exponent field - 1) * 2^(mantissa bits): where rounding carries
into the next binade, that sum carries into the exponent field by itself.
"""

from __future__ import annotations

from typing import Any

import numpy as np


def rounded(u: np.ndarray, rounding: str, words: np.ndarray | None, random_bits: int) -> np.ndarray:
    """Non-negative u (float64, below 2^53) as integers.

    stochastic: up iff floor(fraction * 2^r) + (the word's top r bits) >= 2^r.
    """
    down = np.floor(u)
    fraction = u - down  # exact
    if rounding == "ties_to_even":
        return np.rint(u)
    if rounding == "ties_to_away":
        return down + (fraction >= 0.5)
    if rounding == "toward_zero":
        return down
    assert words is not None
    draw = (words >> np.uint32(32 - random_bits)).astype(np.float64)
    return down + (np.floor(np.ldexp(fraction, random_bits)) + draw >= 2.0**random_bits)


def encode_float(
    x: np.ndarray, fmt: Any, rounding: str, saturate: bool,
    words: np.ndarray | None = None, random_bits: int = 24,
) -> np.ndarray:  # fmt: skip
    """The codes (uint32) of float64 values in a float format; NaN needs a format that has one."""
    magnitude = np.abs(x)
    finite = np.isfinite(x)
    _, above = np.frexp(np.where(finite & (magnitude > 0), magnitude, 2.0**-1074))
    exponent = np.maximum(above.astype(np.int64) - 1, 1 - fmt.bias)
    u = np.ldexp(np.where(finite, magnitude, 0.0), -(exponent - fmt.mantissa_bits))
    u = np.where(exponent > 1100, 0.0, u)
    code = rounded(u, rounding, words, random_bits).astype(np.int64)
    code += (exponent + fmt.bias - 1) << fmt.mantissa_bits
    code[~finite] = np.iinfo(np.int64).max
    over = fmt.max_code if saturate else fmt.infinity_code if fmt.has_infinity else fmt.nan_code
    beyond = np.full(code.shape, over, np.int64)
    if rounding == "toward_zero":
        beyond[finite] = fmt.max_code  # as in IEEE 754: finite values stay finite
    code = np.where(code > fmt.max_code, beyond, code)
    if fmt.has_nan:
        code[np.isnan(x)] = fmt.nan_code
    sign = np.signbit(x) & (fmt.specials != "fnuz") | np.signbit(x) & (code > 0)
    return (code | (sign.astype(np.int64) << (fmt.bits - 1))).astype(np.uint32)


def encode_integer(
    x: np.ndarray, fmt: Any, rounding: str, symmetric: bool,
    words: np.ndarray | None = None, random_bits: int = 24,
) -> np.ndarray:  # fmt: skip
    """The integers (int64) of finite float64 values in an integer format, clamped; symmetric: to +-max."""
    u = np.minimum(np.ldexp(np.abs(x), -fmt.lsb_exponent), 2.0**32)
    q = np.copysign(rounded(u, rounding, words, random_bits), x)
    top = fmt.max * 2.0**-fmt.lsb_exponent
    low = -top if symmetric and fmt.signed else fmt.min * 2.0**-fmt.lsb_exponent
    return np.clip(q, low, top).astype(np.int64)


def encode_power_of_two(x: np.ndarray, fmt: Any, rounding: str) -> np.ndarray:
    """Positive float64 values as powers of two: codes, 255 for NaN and what is too large, negative or zero."""
    fraction, above = np.frexp(x)
    exponent = above.astype(np.int64) - 1  # fraction in [1/2, 1): x = 2^exponent * (2 * fraction)
    up = {"ties_to_even": 2 * fraction >= 1.5, "ties_to_away": 2 * fraction >= 1.5}
    exponent += up.get(rounding, np.zeros(x.shape, bool))
    code = np.maximum(exponent + fmt.bias, 0)
    able = (x > 0) & np.isfinite(x) & (code <= fmt.max_code)
    return np.where(able, code, fmt.nan_code).astype(np.uint32)


def decode(codes: np.ndarray, fmt: Any) -> np.ndarray:
    """The float64 values of unpacked codes."""
    code = codes.astype(np.int64)
    if fmt.kind == "scale":
        return np.where(code == fmt.nan_code, np.nan, np.ldexp(1.0, code - fmt.bias))
    if fmt.name == "ternary":
        return (code - 1).astype(np.float64)
    if fmt.kind == "integer":
        return np.ldexp(code.astype(np.float64), fmt.lsb_exponent)
    magnitude = code & (2 ** (fmt.bits - 1) - 1)
    field, mantissa = magnitude >> fmt.mantissa_bits, magnitude & (2**fmt.mantissa_bits - 1)
    mantissa = mantissa + np.where(field > 0, 2**fmt.mantissa_bits, 0)
    value = np.ldexp(mantissa.astype(np.float64), np.maximum(field, 1) + fmt.lsb_exponent - 1)
    negative = code >> (fmt.bits - 1) & 1 == 1
    if fmt.specials == "fnuz":
        value[code == fmt.nan_code] = np.nan
    elif fmt.specials != "none":
        value[magnitude > fmt.max_code] = np.nan
    if fmt.has_infinity:
        value[magnitude == fmt.infinity_code] = np.inf
    return np.where(negative, -value, value)
