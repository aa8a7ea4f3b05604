"""Seeded operands: uniform ones to time, adversarial ones to check."""

from __future__ import annotations

import random

import numpy as np


def random_integer(bits: int, seed: int) -> int:
    """A number of exactly `bits` bits, uniform below its top bit."""
    return random.Random(seed * 1_000_003 + bits).getrandbits(bits) | (1 << (bits - 1))


def any_size(largest: int, rng: random.Random) -> int:
    """A size from 0 to `largest`, log-uniform."""
    return int(2 ** rng.uniform(0, largest.bit_length())) % (largest + 1)


def bit_runs(bits: int, rng: random.Random) -> int:
    """A number of exactly `bits` bits made of long runs of ones and zeros: carries travel far."""
    value, filled, bit = 0, 0, 1
    while filled < bits:
        run = min(bits - filled, rng.choice((1, 2, 7, 31, 63, 64, 65, 130, bits // 3 + 1)))
        value = (value << run) | (((1 << run) - 1) if bit else 0)
        filled, bit = filled + run, bit ^ 1
    return value | (1 << (bits - 1)) if bits else 0


def adversarial_integer(bits: int, rng: random.Random) -> int:
    """A number of at most `bits` bits of a kind that breaks carries and bounds."""
    if bits == 0:
        return 0
    kind = rng.randrange(5)
    if kind == 0:
        return (1 << bits) - 1
    if kind == 1:
        return 1 << (bits - 1)
    if kind == 2:
        return (1 << (bits - 1)) | 1
    if kind == 3:
        return bit_runs(bits, rng)
    return rng.getrandbits(bits)


def random_floats(shape: tuple[int, int], dtype: np.dtype, rng: np.random.Generator) -> np.ndarray:
    """Uniform in [-1, 1), every one a multiple of the spacing just below 1 (so that a truth exists)."""
    return rng.random(shape, dtype=dtype) * dtype.type(2) - dtype.type(1)


def random_integers(shape: tuple[int, int], dtype: np.dtype, magnitude: int,
                    rng: np.random.Generator) -> np.ndarray:  # fmt: skip
    """Uniform in [-magnitude, magnitude], or [0, magnitude] for unsigned types."""
    low = 0 if dtype.kind == "u" else -magnitude
    return rng.integers(low, magnitude, shape, dtype=dtype, endpoint=True)
