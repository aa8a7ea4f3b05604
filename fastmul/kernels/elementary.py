"""Elementary functions of float32 whose every bit is pinned, each written once for all who evaluate it.

No machine's exp or erf is used: libraries differ in the last place, and so would results that stand on them. A
function here is a fixed sequence of IEEE operations (+, -, *, /, sqrt, and a fused multiply-add only where `fma` is
written), so that every machine, vector width and compiler that keeps to IEEE gives the same bits.

`x` is whatever has these operations on float32 lanes: LLVM values (`kernels.cpu.elementary`) or NumPy arrays with
an exact fma (`kernels.reference.elementary`). Numbers written here are rounded to float32 where they meet x.

Coefficients are minimax for the relative error (Remez), rounded to float32 one after another, the later ones fitted
anew each time.
"""

from __future__ import annotations

import math
from typing import Any

#: |function - exact| <= this many units in the last place of the exact value. Measured on every float32 with
#: 2^-12 <= |x| < 2^7 (log, rsqrt: of eight octaves around 1) and every 61st of all others. What `normal_cdf` loses, it
#: loses in the lower tail. `gelu_tanh` rounds its sigmoid's argument u, which costs |u| units: 3.2 where x > -1, 13.5
#: where x > -3, and the most at x = -10, where its value is 5e-38.
ULPS = {
    "exp": 0.90, "log": 0.79, "sigmoid": 2.41, "tanh": 1.50, "normal_cdf": 5.95, "erf": 1.70, "rsqrt": 1.50,
    "relu": 0.0, "gelu": 6.64, "gelu_tanh": 215.0, "silu": 3.23,
}  # fmt: skip

#: 1.5 * 2^23: to add it rounds to an integer, ties to even, and leaves that integer in the lowest bits.
_ROUNDER = 12582912.0
_LOG2_E = 1.442695
_LN2_HIGH, _LN2_LOW = 0.693147182464599609375, -1.904654323148236e-09  # ln 2 to 2^-55
_EXPONENT_BIAS, _MANTISSA_BITS = 127, 23
#: Of 2^(n + 64) and 2^(n - 64), the rounders that leave the biased exponent in the lowest bits.
_SCALE = 64
_BELOW, _ABOVE = (_ROUNDER + _EXPONENT_BIAS + shift for shift in (_SCALE, -_SCALE))
#: e^-128, even times 128, rounds to 0, while n + 64 + 127 > 0 still; e^89 > 2^128 is inf.
_EXP_IS_0, _EXP_IS_INF = -128.0, 89.0

#: Bits of 2/3, where the logarithm's significand starts: [2/3, 4/3) is the octave that is centred around 1.
_TWO_THIRDS = 0x3F2AAAAB
_SMALLEST, _SMALLEST_NORMAL = 2.0**-149, 2.0**-126
_LARGEST = (2.0 - 2.0**-23) * 2.0**127
_SQRT_2 = math.sqrt(2.0)
_INVERSE_ROOT_2_PI = 1.0 / math.sqrt(2.0 * math.pi)
_GELU_LINEAR = 2.0 * math.sqrt(2.0 / math.pi)
_GELU_CUBIC = 0.044715 * _GELU_LINEAR

#: e^r = 1 + r + r^2 (c0 + c1 r + ...), |r| <= ln(2)/2, to 2^-28.2.
_EXP = (0.49999994, 0.16666517, 0.041668106, 0.008369133, 0.00138365)
#: log(1 + f) = f - f^2/2 + f^3 (c0 + c1 f + ...), -1/3 <= f <= 1/3, to 2^-30.1.
_LOG = (
    0.33333334, -0.24999827, 0.19999681, -0.16679296, 0.14302717,
    -0.12199418, 0.10769556, -0.1283011, 0.119584605,
)  # fmt: skip
#: tanh(x) = x + x^3 (c0 + c1 x^2 + ...), |x| <= 0.55, to 2^-29.7.
_TANH, _TANH_SMALL = (-0.33333316, 0.13332546, -0.05384785, 0.02105247, -0.006245993), 0.55
#: erf(x) = x + x (c0 + c1 x^2 + ...), |x| <= 1, to 2^-29.4.
_ERF = (0.12837917, -0.37612626, 0.11283579, -0.026853347, 0.005187162, -0.0007997853, 7.806903e-05)
#: Phi(-a) = e^(-a^2/2) v (c0 + c1 q + ...), v = 3 / (a + 3), q = 2 v - 1, 0 <= a <= 14.4, to 2^-27.5.
_TAIL = (
    0.2430279, 0.16977733, 0.07667264, 0.015754193, -0.0034882685, -0.002322849,
    0.00034406257, 0.00034309595, -8.42792e-05, -4.2249303e-05, 1.8424027e-05,
)  # fmt: skip


def polynomial(x: Any, coefficients: tuple[float, ...]) -> Any:
    """coefficients[0] + coefficients[1] x + ..., by Horner's rule with fused steps."""
    result = x.constant(coefficients[-1])
    for c in coefficients[-2::-1]:
        result = result.fma(x, c)
    return result


def exp(x: Any) -> Any:
    """e^x. exp(-inf) = 0, exp(inf) = inf, NaN stays; results below 2^-126 are rounded once, not flushed."""
    is_positive = x > 0.0
    shifted = _shifted_exp(
        x.at_least(_EXP_IS_0).at_most(_EXP_IS_INF), x.choose(is_positive, _ABOVE, _BELOW)
    )
    return shifted * x.choose(is_positive, 2.0**_SCALE, 2.0**-_SCALE)


def exp_nonpositive(x: Any) -> Any:
    """e^x of x <= 0 (or NaN), as in a softmax: the bits of `exp`, a few instructions fewer."""
    return _scaled_exp(x) * 2.0**-_SCALE


def _scaled_exp(x: Any) -> Any:
    """2^64 e^x of x <= 0: normal for all x, so that what it is multiplied by next does not meet rounded subnormals."""
    return _shifted_exp(x.at_least(_EXP_IS_0), x.constant(_BELOW))


def _shifted_exp(x: Any, rounder: Any) -> Any:
    # e^x = 2^n e^r, n = rint(x / ln 2). 2^n overflows the exponent field's range at both ends, so n moves 64 towards
    # zero: 2^(n-+64) is normal, its product with e^r is exact, and the last factor 2^+-64 rounds once
    shifted = x.fma(_LOG2_E, rounder)
    n = shifted - rounder
    r = n.fma(-_LN2_LOW, n.fma(-_LN2_HIGH, x))
    power = (
        shifted.bits() << _MANTISSA_BITS
    ).floats()  # 2^(n-+64): only the field's 8 bits of n stay
    return polynomial(r, (1.0, 1.0, *_EXP)) * power


def log(x: Any) -> Any:
    """The natural logarithm. log(0) = -inf, log(inf) = inf, NaN for x < 0."""
    is_subnormal = x < _SMALLEST_NORMAL
    scaled = x.choose(is_subnormal, x * 2.0**_MANTISSA_BITS, x)
    offset = x.choose(is_subnormal, -float(_MANTISSA_BITS), 0.0)
    bits = scaled.bits()
    exponent = (bits - _TWO_THIRDS) >> _MANTISSA_BITS
    n = exponent.to_floats() + offset
    f = (
        bits - (exponent << _MANTISSA_BITS)
    ).floats() - 1.0  # exact: the significand is in [2/3, 4/3)
    f2 = f * f
    # from the smallest part to the largest: n ln2_low + f^3 P(f) - f^2/2 + f + n ln2_high
    tail = (f2 * f).fma(polynomial(f, _LOG), n * _LN2_LOW)
    result = n.fma(_LN2_HIGH, f2.fma(-0.5, tail) + f)
    result = x.choose(x > _LARGEST, x, result)
    result = x.choose(x < _SMALLEST, -math.inf, result)
    return x.choose(x < 0.0, math.nan, x.choose(x == x, result, x))


def sigmoid(x: Any) -> Any:
    """1 / (1 + e^-x), accurate in both tails."""
    numerator, denominator, last = _sigmoid_parts(x)
    return numerator / denominator * last


def _sigmoid_parts(x: Any) -> tuple[Any, Any, Any]:
    """numerator / denominator * last = sigmoid(x), the last factor a power of two that may round to a subnormal."""
    is_negative = x < 0.0
    e = _scaled_exp(-abs(x))
    numerator, last = x.choose(is_negative, e, 1.0), x.choose(is_negative, 2.0**-_SCALE, 1.0)
    return numerator, e.fma(2.0**-_SCALE, 1.0), last


def tanh(x: Any) -> Any:
    """The hyperbolic tangent; tanh(-0) = -0."""
    a = abs(x)
    square = a * a
    small = (polynomial(square, _TANH) * square).fma(a, a)
    e = exp_nonpositive(a * -2.0)
    large = x.constant(1.0) - (e + e) / (e + 1.0)
    return x.choose(a < _TANH_SMALL, small, large).with_sign_of(x)


def _scaled_normal_tail(a: Any) -> Any:
    """2^64 Phi(-a), Phi(-a) the probability that a standard normal variable lies beyond a >= 0."""
    a = a.at_most(15.0)  # Phi(-15) < 2^-150
    v = a.constant(3.0) / (a + 3.0)
    square = a * a
    lost = a.fma(
        a, -square
    )  # a^2 = square + lost, exactly, and e^(-lost/2) = 1 - lost/2 to float32
    factor = v * polynomial(v.fma(2.0, -1.0), _TAIL)
    return _scaled_exp(square * -0.5) * factor.fma(lost * -0.5, factor)


def _normal_cdf_parts(x: Any) -> tuple[Any, Any]:
    """value * last = Phi(x), the last factor a power of two that may round to a subnormal."""
    is_negative = x < 0.0
    tail = _scaled_normal_tail(abs(x))
    value = x.choose(is_negative, tail, tail.fma(-(2.0**-_SCALE), 1.0))
    return value, x.choose(is_negative, 2.0**-_SCALE, 1.0)


def normal_cdf(x: Any) -> Any:
    """Phi(x) = (1 + erf(x / sqrt 2)) / 2, accurate in both tails."""
    value, last = _normal_cdf_parts(x)
    return value * last


def erf(x: Any) -> Any:
    """The error function, 2 Phi(x sqrt 2) - 1; erf(-0) = -0."""
    a = abs(x)
    small = polynomial(a * a, _ERF).fma(a, a)
    large = _scaled_normal_tail(a * _SQRT_2).fma(-2.0 * 2.0**-_SCALE, 1.0)
    return x.choose(a < 1.0, small, large).with_sign_of(x)


def reciprocal(x: Any) -> Any:
    """1 / x, correctly rounded: the approximate instructions differ between makers of CPUs."""
    return x.constant(1.0) / x


def rsqrt(x: Any) -> Any:
    """1 / sqrt(x), of two correctly rounded steps."""
    return x.constant(1.0) / x.sqrt()


def relu(x: Any) -> Any:
    """max(x, 0); NaN stays, -0 becomes 0."""
    return x.choose(x > 0.0, x, x.choose(x == x, 0.0, x))


def gelu(x: Any) -> Any:
    """x Phi(x), the Gaussian error linear unit in its exact form; -0 at -inf, the limit."""
    value, last = _normal_cdf_parts(x)
    return x.at_least(-15.0) * value * last


def gelu_tanh(x: Any) -> Any:
    """x (1 + tanh(u)) / 2 = x sigmoid(2 u) with u = sqrt(2/pi) (x + 0.044715 x^3); -0 at -inf, the limit."""
    x = x.at_least(-15.0)
    return _times_sigmoid(x, x * (x * x).fma(_GELU_CUBIC, _GELU_LINEAR))


def silu(x: Any) -> Any:
    """x sigmoid(x), the sigmoid linear unit (swish); -0 at -inf, the limit."""
    x = x.at_least(_EXP_IS_0)
    return _times_sigmoid(x, x)


def _times_sigmoid(x: Any, y: Any) -> Any:
    numerator, denominator, last = _sigmoid_parts(y)
    return x * (numerator / denominator) * last


# ---------------------------------------------------------------- gradients: that by f(x), made that by x


def relu_gradient(x: Any, grad: Any) -> Any:
    """grad where x > 0, else 0; NaN where x is NaN."""
    return x.choose(x > 0.0, grad, x.choose(x == x, 0.0, x))


def gelu_gradient(x: Any, grad: Any) -> Any:
    """grad (Phi(x) + x phi(x)), phi(x) = e^(-x^2/2) / sqrt(2 pi)."""
    x = x.at_least(-15.0).at_most(15.0)
    density = exp_nonpositive(x * x * -0.5) * _INVERSE_ROOT_2_PI
    return grad * x.fma(density, normal_cdf(x))


def gelu_tanh_gradient(x: Any, grad: Any) -> Any:
    """grad (s + x s (1 - s) du/dx), s = sigmoid(u), u = 2 sqrt(2/pi) (x + 0.044715 x^3)."""
    x = x.at_least(-15.0).at_most(15.0)
    square = x * x
    s, slope = _sigmoid_and_slope(x * square.fma(_GELU_CUBIC, _GELU_LINEAR))
    return grad * (x * square.fma(3.0 * _GELU_CUBIC, _GELU_LINEAR)).fma(slope, s)


def silu_gradient(x: Any, grad: Any) -> Any:
    """grad (s + x s (1 - s)), s = sigmoid(x)."""
    x = x.at_least(_EXP_IS_0).at_most(-_EXP_IS_0)
    s, slope = _sigmoid_and_slope(x)
    return grad * x.fma(slope, s)


def _sigmoid_and_slope(x: Any) -> tuple[Any, Any]:
    """s = sigmoid(x) and its derivative s (1 - s) = e / (1 + e)^2, e = e^-|x|: no 1 - s, which would cancel."""
    e = exp_nonpositive(-abs(x))
    inverse = x.constant(1.0) / (e + 1.0)
    return x.choose(x < 0.0, e, 1.0) * inverse, e * inverse * inverse
