"""The float transform's error beside its proven bound.

Coefficients are integers, and the bound is below 1/2: so the distance of each computed one to its nearest integer *is*
its error, and needs no other product. NumPy's FFT multiplies the same digits; nothing bounds its error, which is told
by the difference from ours, rounded.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from fastmul.bounds import fft as bounds
from fastmul.integers.multiplication import fft_values
from fastmul.integers.multiplication.problem import MulProblem
from fastmul.transforms.fft import Plan

SIZES = tuple(1 << k for k in (12, 14, 16, 18, 20, 22))
RANDOM, LARGEST = "random", "largest digits"
_SEED = 3
_LIMB_BITS = 64


@dataclass
class TransformError:
    """The largest error of a coefficient of one product."""

    bits: int  # of each operand
    operands: str
    digit_bits: int
    points: int
    error: float
    bound: float  # for digits of these norms
    numpy_error: float


def measure(sizes: Iterable[int] = SIZES) -> list[TransformError]:
    """Random operands in the digits that suit them; and digits as large as may be, of either sign, in narrower ones."""
    found = []
    for bits in sizes:
        rng = np.random.default_rng((_SEED, bits))
        n = max(1, bits // _LIMB_BITS)
        for operands in (RANDOM, LARGEST):
            plan = fft_values.plan(MulProblem(n, n), guaranteed=operands == LARGEST)
            if plan is None:
                continue
            draw = _random if operands == RANDOM else _largest
            a, b = (draw(n, plan, rng) for _ in range(2))
            found.append(_error(bits, operands, plan, a, b))
    return found


def _error(bits: int, operands: str, plan: Plan, a: np.ndarray, b: np.ndarray) -> TransformError:
    product = fft_values.multiply(plan, fft_values.encode(plan, a), fft_values.encode(plan, b))
    coefficients = fft_values.coefficients(plan, product)
    exact = np.rint(coefficients)
    whole = max(plan.a_digits, plan.b_digits) > plan.points and not plan.wrapped
    bound = math.sqrt(product.norm) * bounds.error(plan.rows, plan.child_bits, whole)
    others = _by_numpy(*(_digits(x, plan.digit_bits) for x in (a, b)))
    both = slice(1, min(others.size, exact.size))  # a wrapped plan's coefficient 0 is another
    return TransformError(
        bits, operands, plan.digit_bits, plan.points, _largest_of(coefficients - exact), bound,
        _largest_of(others[both] - exact[both]),
    )  # fmt: skip


def _largest_of(x: np.ndarray) -> float:
    return float(np.abs(x).max(initial=0.0))


def _by_numpy(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """The coefficients of a product of digits, as NumPy's FFT computes them."""
    n = x.size + y.size - 1
    length = 1 << (n - 1).bit_length()
    return np.fft.irfft(np.fft.rfft(x, length) * np.fft.rfft(y, length), length)[:n]


# ---------------------------------------------------------------- operands and their digits


def _random(n: int, plan: Plan, rng: np.random.Generator) -> np.ndarray:
    return rng.integers(0, 1 << 64, n, np.uint64)


def _largest(n: int, plan: Plan, rng: np.random.Generator) -> np.ndarray:
    """A number all of whose balanced digits are 1 - 2^(w-1) or 2^(w-1) - 1, but the last."""
    width = plan.digit_bits
    count = _LIMB_BITS * n // width - 1
    largest = (1 << (width - 1)) - 1
    digits = np.where(rng.random(count) < 0.5, -largest, largest)
    # a negative digit is its field less 2^w, which the next field makes up for
    fields = (digits - np.concatenate(([0], digits[:-1] < 0))) % (1 << width)
    ones = (fields[:, np.newaxis] >> np.arange(width)) & 1
    packed = np.zeros(8 * n, np.uint8)
    made = np.packbits(ones.astype(np.uint8).ravel(), bitorder="little")
    packed[: made.size] = made
    return packed.view("<u8").astype(np.uint64)


def _digits(limbs: np.ndarray, width: int) -> np.ndarray:
    """Balanced digits, as `kernels.reference.fft.digits`, for arrays."""
    ones = np.unpackbits(limbs.astype("<u8").view(np.uint8), bitorder="little")
    count = limbs.size * _LIMB_BITS // width + 1
    padded = np.pad(ones, (0, count * width - ones.size))
    fields = padded.reshape(count, width) @ (1 << np.arange(width))
    is_negative = fields >> (width - 1)
    digits = fields - (is_negative << width)
    digits[1:] += is_negative[:-1]
    return digits.astype(np.float64)
