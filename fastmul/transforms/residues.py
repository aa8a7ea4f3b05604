"""Constants of the way back from residues modulo the three primes to integers."""

from __future__ import annotations

from functools import cache, lru_cache
from math import prod

import numpy as np

from fastmul.bounds.primes import PRIMES, balanced
from fastmul.transforms.ntt import root_of_unity

_WORD_BITS = 52


@cache
def crt_words() -> np.ndarray:
    """M/p1, M/p2, M/p3 in two words of 52 bits each, then 2**156 - M in three."""
    m = prod(PRIMES)
    numbers = [(m // p, 2) for p in PRIMES] + [((1 << 3 * _WORD_BITS) - m, 3)]
    mask = (1 << _WORD_BITS) - 1
    words = [n >> _WORD_BITS * i & mask for n, count in numbers for i in range(count)]
    return np.array(words, np.uint64)


@lru_cache(maxsize=256)
def leave_constants(block: int, children: int) -> np.ndarray:
    """What `kernels.cpu.ntt_crt.leave` needs for a product of `children` blocks; its module names the places.

    The way up leaves the coefficients multiplied by `block` and by 8 (all eight children) or 4 (fewer); SCALE
    takes this back, and divides by M/p, as the Chinese remainder wants it.
    """
    m = prod(PRIMES)
    rows = []
    for p in PRIMES:
        z = root_of_unity(p, 8)
        i = root_of_unity(p, 4)
        scale = block * (8 if children == 8 else 4) * (m // p)
        half, quarter = pow(2, -1, p), pow(4, -1, p)
        exact = [
            pow(scale, -1, p),
            pow(i, -1, p), pow(z, -1, p), pow(i * z, -1, p),
            half, half * i, half * z, half * i * z, 2,
            i, quarter * pow(i, -1, p), quarter * z, quarter, quarter * i * z,
        ]  # fmt: skip
        rows += [float(p), 1.0 / p, *(float(balanced(value, p)) for value in exact)]
    return np.array(rows, np.float64)
