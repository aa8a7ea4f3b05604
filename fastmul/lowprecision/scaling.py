"""The scales of lines and blocks: the largest magnitudes, and the rules that turn them into scales."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastmul.lowprecision.casting import Cast
from fastmul.lowprecision.decoding import values_of
from fastmul.lowprecision.formats import BlockFormat, Format
from fastmul.lowprecision.layout import LANES
from fastmul.runtime import threads as pool

#: The least scale other than zero that a float32 can be.
LEAST_SCALE = 2.0**-149
#: bitnet_b158's scale is at least this.
BITNET_EPSILON = 1e-5
CHUNK = 1 << 20
_FRACTION_BITS, _FRACTION = 52, (1 << 52) - 1


def largest(lines: np.ndarray, pieces: int) -> np.ndarray:
    """The largest magnitude in each of `pieces` equal pieces of every line, NaN where there is one, as float64.

    (lines, pieces) or (planes, pieces, columns); of no elements, 0.
    """
    count, length = lines.shape[:2]
    run = length // max(pieces, 1)
    if lines.size == 0:
        return np.zeros((count, pieces, *lines.shape[2:]))
    if lines.dtype == np.float32 and (lines.ndim == 3 or run % LANES == 0):
        from fastmul.kernels.cpu.lowprecision.encode_columns import largest_of_columns
        from fastmul.kernels.cpu.lowprecision.encode_rows import largest_of_rows

        out = np.empty((count, pieces, *lines.shape[2:]), np.uint32)
        if lines.ndim == 2:
            kernel: Any = largest_of_rows
            arguments: tuple[Any, ...] = (lines.reshape(-1), out.reshape(-1), run // LANES)
            each = run
        else:
            kernel, arguments, each = largest_of_columns, (lines, out, run), run * lines.shape[2]
        pool.run(
            lambda first, last: kernel(*arguments, first, last),
            pool.chunks(count * pieces, each, CHUNK),
            pool.get_threads(),
        )
        return out.view(np.float32).astype(np.float64)
    cut = lines.reshape(count, pieces, run, *lines.shape[2:])
    return np.abs(cut).max(axis=2).astype(np.float64)


def of_lines(amax: np.ndarray, element: Format) -> np.ndarray:
    """float32 scales that bring the largest magnitudes to the format's largest value; 1 where all is zero."""
    if not np.isfinite(amax).all():
        raise ValueError(
            "x has NaN or infinities, which no scale reaches: remove them, or use a plain cast or an MX format"
        )
    return _positive_float32(amax / element.max)


def _positive_float32(scales: np.ndarray) -> np.ndarray:
    with np.errstate(over="ignore"):
        found = np.where(scales > 0, np.maximum(scales, LEAST_SCALE), 1.0).astype(np.float32)
    if not np.isfinite(found).all():
        raise ValueError("x is too large for a float32 scale: divide it by a power of two first")
    return found


def addend(element: Format, rule: str) -> int:
    """What is added to the bits of a block's largest magnitude, as float64, before its exponent is taken.

    See kernels/cpu/lowprecision/block_scales.py.
    """
    if rule == "rceil":
        return _FRACTION - (int(np.float64(element.max).view(np.int64)) & _FRACTION)
    return 1 << (_FRACTION_BITS - 1 - element.mantissa_bits) if rule == "even" else 0


def powers_of_two(amax: np.ndarray, element: Format, scale: Format, rule: str) -> np.ndarray:
    """E8M0 codes (uint8) of blocks with these largest magnitudes: NaN where one is no finite number or too large."""
    bits = amax.astype(np.float64).view(np.int64) + addend(element, rule)
    code = (bits >> _FRACTION_BITS) - 1023 - element.max_exponent + scale.bias
    assert scale.nan_code is not None
    code = np.clip(code, 0, scale.nan_code)
    return np.where(np.isfinite(amax), code, scale.nan_code).astype(np.uint8)


def divisors_of_powers(codes: np.ndarray, scale: Format) -> np.ndarray:
    """The float64 powers of two of E8M0 codes; 0 for NaN."""
    values = values_of(scale)
    return np.where(np.isfinite(values), values, 0.0)[codes]


def two_levels(amax: np.ndarray, fmt: BlockFormat) -> tuple[np.ndarray, np.float32, np.ndarray]:
    """(codes of block scales, tensor scale, float64 divisors) of nvfp4 blocks with these largest magnitudes.

    tensor scale = largest / (448 * 6), the block's = E4M3(amax / 6 / tensor scale); the divisor is their product,
    exact in float64. Blocks with NaN or infinities have a NaN as scale and no part in the largest; a block of zeros, or
    of so little that its scale rounds to zero, has the scale 0. Of both the divisor is 0.
    """
    if not np.isfinite(amax).all():
        amax = np.where(np.isfinite(amax), amax, np.nan)
    top = np.fmax.reduce(amax, axis=None, initial=0.0)  # NaN aside
    scale = _positive_float32(np.asarray(top / (fmt.scale.max * fmt.element.max)))
    tensor_scale = np.float32(scale.item())
    wanted = amax / (fmt.element.max * np.float64(tensor_scale))
    codes = Cast(fmt.scale, "ties_to_even", True, True, None).plain(wanted)
    values = values_of(fmt.scale) * np.float64(tensor_scale)
    return codes, tensor_scale, np.where(np.isfinite(values), values, 0.0)[codes]


def mean_magnitude(lines: np.ndarray) -> np.float32:
    """bitnet_b158's scale: the mean of |x|, from the correctly rounded sum, and at least 1e-5."""
    from fastmul.matrices.summation import sum

    if not lines.size:
        return np.float32(1)
    total = sum(np.abs(lines).astype(np.float64), accuracy="reproducible")
    if not np.isfinite(total):
        raise ValueError("x has NaN or infinities, of which no mean is a scale: remove them")
    return np.float32(max(total / lines.size, BITNET_EPSILON))
