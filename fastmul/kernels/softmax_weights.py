"""The weight of a softmax, 2^x for x <= 0, with every bit pinned; written as `kernels.elementary` is.

Softmax weights are relative to the largest of their row, so a weight below 2^-126 may as well be zero: it is not
rounded into the subnormal range with care, and the steps that `elementary.exp` needs for that are saved.
"""

from __future__ import annotations

from typing import Any

from fastmul.kernels.elementary import polynomial

#: 1.5 * 2^23 + 127: to add it rounds x to an integer n, ties to even, and leaves n + 127 in the lowest bits, which
#: are the exponent field of 2^n.
_ROUNDER = 12582912.0 + 127
_MANTISSA_BITS = 23

#: 2^r = 1 + r (c0 + c1 r + ...) for |r| <= 1/2, relative error at most 2^-28.3. Remez, rounded to float32 one after
#: another, the later ones fitted anew.
_EXP2 = (
    0.6931471824645996,
    0.24022647738456726,
    0.05550359934568405,
    0.009618505835533142,
    0.0013390807434916496,
    0.00015326471475418657,
)


def weight(x: Any) -> Any:
    """2^x for x <= 127. weight(-inf) = 0, weight(0) = 1, NaN stays; below 2^-126 anything from 0 to 2^-126."""
    x = x.at_least(-127.0)  # where n + 127 = 0, which is the exponent field of zero
    shifted = x + _ROUNDER
    r = x - (shifted - _ROUNDER)
    power = (shifted.bits() << _MANTISSA_BITS).floats()  # 2^n
    return (power * r).fma(polynomial(r, _EXP2), power)
