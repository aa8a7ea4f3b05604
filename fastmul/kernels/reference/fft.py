"""The product of big integers by the right-angle FFT, in plain Python: what the steps of `kernels.cpu.fft` mean.

Nothing here is fast, and nothing rounds: coefficients are Python ints.
"""

from __future__ import annotations

import cmath
from collections.abc import Sequence


def digits(value: int, bits: int, count: int) -> list[int]:
    """Balanced digits: sum(d[i] * 2**(bits*i)) = value, |d[i]| <= 2**(bits - 1); the last one takes what remains.

    >>> digits(0xFFF7, 4, 5)
    [7, -1, 0, 0, 1]
    """
    mask, top = (1 << bits) - 1, 1 << (bits - 1)
    found, carry = [], 0
    for _ in range(count):
        field = value & mask
        signed = field - (field & top) * 2
        found.append(signed + carry)
        carry, value = int(field >= top), value >> bits
    return found


def forward_root(z: Sequence[complex], rows: int) -> list[list[complex]]:
    """The children of z modulo x**L - i: child k is z modulo x**(L/rows) - e((k + 1/4)/rows)."""
    n = len(z) // rows
    roots = [cmath.exp(2j * cmath.pi * (k + 0.25) / rows) for k in range(rows)]
    return [[sum(z[row * n + i] * c**row for row in range(rows)) for i in range(n)] for c in roots]


def right_angle_product(x: Sequence[int], y: Sequence[int], points: int) -> list[int]:
    """The coefficients of x * y modulo t**(2*points) + 1, where i may be called t**points."""
    length = 2 * points
    result = [0] * length
    for i, a in enumerate(x):
        for j, b in enumerate(y):
            wraps, place = divmod(i + j, length)
            result[place] += -a * b if wraps % 2 else a * b
    return result


def carry(coefficients: Sequence[int], bits: int) -> int:
    """sum(c[i] * 2**(bits*i))."""
    return sum(c << (bits * i) for i, c in enumerate(coefficients))
