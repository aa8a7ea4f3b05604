"""Arithmetic on single 64-bit words, inside Numba kernels: the instructions that Numba has no name for.

Written as plain LLVM integers wider than a word, from which every target's compiler makes its own best code:
on x86-64 mulx, add and adc.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

_I64, _I128 = ir.IntType(64), ir.IntType(128)
_PAIR = types.UniTuple(types.uint64, 2)


@intrinsic
def multiply_add(typing_context: Any, x: Any, y: Any, c: Any, d: Any) -> Any:
    """(low, high) words of x*y + c + d, which always fit: (B-1)**2 + 2*(B-1) = B**2 - 1, B = 2**64."""

    def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        x, y, c, d = (builder.zext(word, _I128) for word in args)
        total = builder.add(builder.add(builder.mul(x, y), c), d)
        words = [builder.trunc(total, _I64), builder.trunc(builder.lshr(total, _I128(64)), _I64)]
        return context.make_tuple(builder, _PAIR, words)

    return _PAIR(*[types.uint64] * 4), emit


def _with_carry(name: str, doc: str) -> Any:
    @intrinsic
    def function(typing_context: Any, a: Any, b: Any, carry: Any) -> Any:
        def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
            # two overflow checks, of which at most one fires: LLVM folds this shape into one adc or sbb
            step: Callable[..., Any] = getattr(builder, name)
            first = step(args[0], args[1])
            second = step(builder.extract_value(first, 0), args[2])
            carry = builder.or_(builder.extract_value(first, 1), builder.extract_value(second, 1))
            words = [builder.extract_value(second, 0), builder.zext(carry, _I64)]
            return context.make_tuple(builder, _PAIR, words)

        return _PAIR(*[types.uint64] * 3), emit

    function.__doc__ = doc
    return function


add_carry = _with_carry(
    "uadd_with_overflow", "(a + b + carry modulo 2**64, the new carry); carry is 0 or 1."
)
sub_borrow = _with_carry(
    "usub_with_overflow", "(a - b - borrow modulo 2**64, the new borrow); borrow is 0 or 1."
)
