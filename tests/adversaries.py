"""Operands chosen to break multiplication: uniform random ones miss almost every carry and every bound.

Named, seeded, shared by the tests of every algorithm.
"""

from __future__ import annotations

import random
from collections.abc import Iterator

import numpy as np

LIMB = 1 << 64
MAX_LIMB = LIMB - 1


def bit_runs(n_bits: int, rng: random.Random) -> int:
    """A number of exactly n_bits bits made of long runs of ones and zeros: carries travel far."""
    value, filled, bit = 0, 0, 1
    while filled < n_bits:
        run = min(n_bits - filled, rng.choice((1, 2, 7, 31, 63, 64, 65, 130, n_bits // 3 + 1)))
        value = (value << run) | (((1 << run) - 1) if bit else 0)
        filled, bit = filled + run, bit ^ 1
    return value | (1 << (n_bits - 1)) if n_bits else 0


def integers(n_limbs: int, seed: int = 0) -> Iterator[tuple[str, int]]:
    """Named adversarial numbers of n_limbs limbs."""
    rng = random.Random(seed * 1_000_003 + n_limbs)
    bits = 64 * n_limbs
    yield "all ones", (1 << bits) - 1
    yield "one bit", 1 << (bits - 1)
    yield "half limbs", sum((LIMB // 2) << (64 * i) for i in range(n_limbs))
    yield "alternating limbs", sum(MAX_LIMB << (64 * i) for i in range(n_limbs - 1, -1, -2))
    yield "ones then zeros", ((1 << (bits // 2)) - 1) << (bits - bits // 2)
    yield "plus one", (1 << (bits - 1)) + 1
    yield "bit runs", bit_runs(bits, rng)
    yield "random", rng.getrandbits(bits) | (1 << (bits - 1))


def to_limbs(value: int, n_limbs: int | None = None) -> np.ndarray:
    """Little-endian uint64 limbs, independently of fastmul."""
    n = n_limbs if n_limbs is not None else max(1, -(-value.bit_length() // 64))
    return np.frombuffer(value.to_bytes(8 * n, "little"), "<u8").astype(np.uint64)


def from_limbs(limbs: np.ndarray) -> int:
    return int.from_bytes(np.ascontiguousarray(limbs, "<u8").tobytes(), "little")


def straddle(*thresholds: int) -> list[int]:
    """Every threshold and its two neighbours."""
    return sorted({n + d for n in thresholds for d in (-1, 0, 1) if n + d >= 0})
