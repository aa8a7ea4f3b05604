"""A float64 as its bits, inside Numba kernels: sign, significand and exponent, and back.

bit 63   62 ... 52   51 ... 0          x = (-1)^sign * significand * 2^exponent,
  sign   biased      fraction          0 <= significand < 2^53, -1074 <= exponent <= 971
"""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from fastmul.runtime.jit import inline

_I1, _I64 = ir.IntType(1), ir.IntType(64)

SIGN = np.uint64(1 << 63)
FRACTION = np.uint64((1 << 52) - 1)
HIDDEN_BIT = np.uint64(1 << 52)
FRACTION_BITS = np.uint64(52)
#: Biased exponent of NaN and the infinities.
BIASED_SPECIAL = np.int64(0x7FF)
#: Bits of |x| from which on x is an infinity or NaN.
INFINITY_BITS = np.uint64(0x7FF << 52)
#: The exponent of the least subnormal number, of the least normal one, and one beyond the largest.
LEAST = np.int64(-1074)
LEAST_NORMAL = np.int64(-1022)
BIAS = np.int64(1023)


@intrinsic
def as_bits(typing_context: Any, x: Any) -> Any:
    """The bits of a float64."""
    return types.uint64(types.float64), lambda context, builder, sig, args: builder.bitcast(
        args[0], _I64
    )


@intrinsic
def from_bits(typing_context: Any, bits: Any) -> Any:
    """The float64 with these bits."""
    return types.float64(types.uint64), lambda context, builder, sig, args: builder.bitcast(
        args[0], ir.DoubleType()
    )


def _count(name: str, doc: str) -> Any:
    @intrinsic
    def function(typing_context: Any, word: Any) -> Any:
        def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
            of_zero = [] if name == "ctpop" else [_I1(0)]  # zero has 64 zeros
            kind = ir.FunctionType(_I64, [_I64] + [_I1] * len(of_zero))
            count = cgutils.get_or_insert_function(builder.module, kind, f"llvm.{name}.i64")
            return builder.call(count, [args[0], *of_zero])

        return types.int64(types.uint64), emit

    function.__doc__ = doc
    return function


leading_zeros = _count("ctlz", "Zero bits above the highest one; 64 for 0.")
trailing_zeros = _count("cttz", "Zero bits below the lowest one; 64 for 0.")
count_ones = _count("ctpop", "How many bits are one.")


@inline
def power_of_two(exponent):
    """2^exponent for -1074 <= exponent <= 1023."""
    if exponent >= LEAST_NORMAL:
        return from_bits(np.uint64(exponent + BIAS) << FRACTION_BITS)
    return from_bits(np.uint64(1) << np.uint64(exponent - LEAST))


@inline
def significand_and_exponent(bits):
    """(significand, exponent) of a finite float64 given by its bits."""
    biased = np.int64((bits & ~SIGN) >> FRACTION_BITS)
    if biased == 0:
        return bits & FRACTION, LEAST
    return (bits & FRACTION) | HIDDEN_BIT, biased + LEAST - 1


@inline
def exponent_above(magnitude_bits):
    """The least e with x < 2^e, of a positive finite x given by its bits; 0 for x = 0."""
    if magnitude_bits == 0:
        return np.int64(0)
    significand, exponent = significand_and_exponent(magnitude_bits)
    return exponent + 64 - leading_zeros(significand)
