"""Elementary functions of float32 whose every bit is pinned, each written once for all who evaluate it.

No machine's exp or erf is used: libraries differ in the last place, and so would results that stand on them. A
function here is a fixed sequence of IEEE operations (+, -, *, /, sqrt, and a fused multiply-add only where `fma` is
written), so that every machine, vector width and compiler that keeps to IEEE gives the same bits.

`x` is whatever has these operations on float32 lanes: LLVM values (`kernels.cpu.elementary`) or NumPy arrays with
an exact fma (`kernels.reference.elementary`). Numbers written here are rounded to float32 where they meet x.

Coefficients are minimax for the relative error (Remez), rounded to float32 one after another, the later ones fitted
anew each time. Errors in ulp are the largest over *all* float32, measured; `ULPS` states them, tests hold them.
"""

from __future__ import annotations

from typing import Any

#: Bounds of |function - exact| in units in the last place of the exact value, over all float32.
ULPS = {"exp": 0.90}

#: 1.5 * 2^23: to add it rounds to an integer, ties to even, and leaves that integer in the lowest bits.
_ROUNDER = 12582912.0
_LOG2_E = 1.442695
_LN2_HIGH, _LN2_LOW = 0.693147182464599609375, -1.904654323148236e-09  # ln 2 to 2^-55
_EXPONENT_BIAS, _MANTISSA_BITS = 127, 23

#: e^r = 1 + r + r^2 (c0 + c1 r + ...), |r| <= ln(2)/2, to 2^-28.2.
_EXP = (0.49999994, 0.16666517, 0.041668106, 0.008369133, 0.00138365)


def polynomial(x: Any, coefficients: tuple[float, ...]) -> Any:
    """coefficients[0] + coefficients[1] x + ..., by Horner's rule with fused steps."""
    result = x.constant(coefficients[-1])
    for c in coefficients[-2::-1]:
        result = result.fma(x, c)
    return result


def exp(x: Any) -> Any:
    """e^x. exp(-inf) = 0, exp(inf) = inf, NaN stays; results below 2^-126 are rounded once, not flushed."""
    return _exp(x, x > 0.0)


def exp_nonpositive(x: Any) -> Any:
    """e^x of x <= 0 (or NaN), as in a softmax: the bits of `exp`, a few instructions fewer."""
    return _exp(x, None)


def _exp(x: Any, is_positive: Any) -> Any:
    # e^x = 2^n e^r, n = rint(x / ln 2). Beyond these limits all is 0 (e^-104 < 2^-150) or inf (e^89 > 2^128).
    x = x.at_least(-104.0) if is_positive is None else x.at_least(-104.0).at_most(89.0)
    # 2^n overflows the exponent field's range at both ends, so n moves 64 towards zero: 2^(n-+64) is normal, its
    # product with e^r is exact, and the last factor 2^+-64 rounds once
    below, above = _ROUNDER + _EXPONENT_BIAS + 64, _ROUNDER + _EXPONENT_BIAS - 64
    rounder = x.constant(below) if is_positive is None else x.choose(is_positive, above, below)
    last = 2.0**-64 if is_positive is None else x.choose(is_positive, 2.0**64, 2.0**-64)
    shifted = x.fma(_LOG2_E, rounder)
    n = shifted - rounder
    r = n.fma(-_LN2_LOW, n.fma(-_LN2_HIGH, x))
    power = (
        shifted.bits() << _MANTISSA_BITS
    ).floats()  # 2^(n-+64): only the field's 8 bits of n stay
    return polynomial(r, (1.0, 1.0, *_EXP)) * power * last
