"""Factors that many products share: kept as transforms where that pays."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fastmul.integers.multiplication import mul
from fastmul.integers.multiplication.kept import Kept

#: From so many bits on, a kept transform saves more than it takes to find it (AMD Zen 4, 2026-11-24: at 2**17 bits
#: both ways cost the same, at 2**18 a seventh is saved, at 2**20 a fourth).
KEPT_BITS = 3 << 16


def multiplier(x: Any, partner_bits: int) -> Callable[[Any], Any]:
    """The function y -> x * y, for numbers y of up to partner_bits bits."""
    if min(x.bit_length(), partner_bits) >= KEPT_BITS:
        return Kept(x, partner_bits).mul
    return lambda y: mul(x, y)
