"""The elementary functions of `kernels.elementary` on LLVM values: scalars, and vectors of any number of lanes.

Inside a Numba kernel, ``exp(x)`` of a float32 or an f32x16 is compiled in place; where a kernel's instructions are
emitted, ``emitted(builder, kernels.elementary.exp, value)`` takes a float or a vector of any number of lanes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from fastmul.kernels import elementary
from fastmul.kernels.cpu.float_lanes import f32x16
from fastmul.kernels.cpu.gemm import emit


def emitted(builder: Any, function: Callable[..., Any], *values: Any) -> Any:
    """Emit a function of `kernels.elementary` for float32 values (all scalars, or all of as many lanes)."""
    return function(*(Floats(builder, value) for value in values)).value


def _shape(kind: Any, element: Any) -> Any:
    """`element`, in as many lanes as the type `kind` has."""
    return ir.VectorType(element, kind.count) if isinstance(kind, ir.VectorType) else element


def _constant(kind: Any, number: Any) -> Any:
    return emit.constant(kind, number) if isinstance(kind, ir.VectorType) else kind(number)


class Floats:
    """float32 lanes in the making: each operation leaves one instruction behind.

    No instruction carries a fast-math flag, so LLVM neither contracts a product and a sum nor reorders.
    """

    __slots__ = ("builder", "value")

    def __init__(self, builder: Any, value: Any) -> None:
        self.builder, self.value = builder, value

    def constant(self, number: float) -> Floats:
        return Floats(self.builder, _constant(self.value.type, float(np.float32(number))))

    def _lifted(self, other: Floats | float) -> Any:
        return (other if isinstance(other, Floats) else self.constant(other)).value

    def _made(self, value: Any) -> Floats:
        return Floats(self.builder, value)

    def __add__(self, other: Floats | float) -> Floats:
        return self._made(self.builder.fadd(self.value, self._lifted(other)))

    def __sub__(self, other: Floats | float) -> Floats:
        return self._made(self.builder.fsub(self.value, self._lifted(other)))

    def __mul__(self, other: Floats | float) -> Floats:
        return self._made(self.builder.fmul(self.value, self._lifted(other)))

    def __truediv__(self, other: Floats | float) -> Floats:
        return self._made(self.builder.fdiv(self.value, self._lifted(other)))

    def __neg__(self) -> Floats:
        return self._made(self.builder.fneg(self.value))

    def _intrinsic(self, name: str, *args: Any) -> Floats:
        kind = self.value.type
        suffix = f"v{kind.count}f32" if isinstance(kind, ir.VectorType) else "f32"
        return self._made(emit.call(self.builder, f"llvm.{name}.{suffix}", kind, self.value, *args))

    def fma(self, factor: Floats | float, addend: Floats | float) -> Floats:
        """self * factor + addend, rounded once."""
        return self._intrinsic("fma", self._lifted(factor), self._lifted(addend))

    def sqrt(self) -> Floats:
        return self._intrinsic("sqrt")

    def __abs__(self) -> Floats:
        return self._intrinsic("fabs")

    def with_sign_of(self, other: Floats) -> Floats:
        return self._intrinsic("copysign", other.value)

    def __lt__(self, other: Floats | float) -> Any:
        return self.builder.fcmp_ordered("<", self.value, self._lifted(other))

    def __gt__(self, other: Floats | float) -> Any:
        return self.builder.fcmp_ordered(">", self.value, self._lifted(other))

    def __eq__(self, other: Any) -> Any:
        """NaN equals nothing."""
        return self.builder.fcmp_ordered("==", self.value, self._lifted(other))

    def choose(self, mask: Any, yes: Floats | float, no: Floats | float) -> Floats:
        """`yes` where the mask is true, else `no`; self only says of what kind numbers are."""
        return self._made(self.builder.select(mask, self._lifted(yes), self._lifted(no)))

    def at_least(self, low: float) -> Floats:
        """The larger; NaN stays."""
        return self.choose(self < low, low, self)

    def at_most(self, high: float) -> Floats:
        """The smaller; NaN stays."""
        return self.choose(self > high, high, self)

    def bits(self) -> Words:
        words = self.builder.bitcast(self.value, _shape(self.value.type, emit.I32))
        return Words(self.builder, words)


class Words:
    """The 32-bit integers of such lanes."""

    __slots__ = ("builder", "value")

    def __init__(self, builder: Any, value: Any) -> None:
        self.builder, self.value = builder, value

    def _with(self, operation: str, other: Words | int) -> Words:
        if not isinstance(other, Words):
            other = Words(self.builder, _constant(self.value.type, other))
        return Words(self.builder, getattr(self.builder, operation)(self.value, other.value))

    def __add__(self, other: Words | int) -> Words:
        return self._with("add", other)

    def __sub__(self, other: Words | int) -> Words:
        return self._with("sub", other)

    def __and__(self, other: Words | int) -> Words:
        return self._with("and_", other)

    def __lshift__(self, count: int) -> Words:
        return self._with("shl", count)

    def __rshift__(self, count: int) -> Words:
        """The sign shifted in."""
        return self._with("ashr", count)

    def floats(self) -> Floats:
        """The float32 with these bits."""
        kind = _shape(self.value.type, ir.FloatType())
        return Floats(self.builder, self.builder.bitcast(self.value, kind))

    def to_floats(self) -> Floats:
        """These signed integers, rounded to float32."""
        kind = _shape(self.value.type, ir.FloatType())
        return Floats(self.builder, self.builder.sitofp(self.value, kind))


def _compiled_gradient(function: Callable[..., Any]) -> Any:
    @intrinsic
    def compiled(typing_context: Any, x: Any, grad: Any) -> Any:
        if x != grad or x not in (f32x16, types.float32):
            return None
        return x(x, x), lambda context, builder, sig, args: emitted(builder, function, *args)

    compiled.__doc__ = function.__doc__
    return compiled


def _compiled(function: Callable[..., Any]) -> Any:
    @intrinsic
    def compiled(typing_context: Any, x: Any) -> Any:
        if x not in (f32x16, types.float32):
            return None
        return x(x), lambda context, builder, sig, args: emitted(builder, function, args[0])

    compiled.__doc__ = function.__doc__
    return compiled


exp = _compiled(elementary.exp)
exp_nonpositive = _compiled(elementary.exp_nonpositive)
log = _compiled(elementary.log)
sigmoid = _compiled(elementary.sigmoid)
tanh = _compiled(elementary.tanh)
normal_cdf = _compiled(elementary.normal_cdf)
erf = _compiled(elementary.erf)
reciprocal = _compiled(elementary.reciprocal)
rsqrt = _compiled(elementary.rsqrt)
relu = _compiled(elementary.relu)
gelu = _compiled(elementary.gelu)
gelu_tanh = _compiled(elementary.gelu_tanh)
silu = _compiled(elementary.silu)

relu_gradient = _compiled_gradient(elementary.relu_gradient)
gelu_gradient = _compiled_gradient(elementary.gelu_gradient)
gelu_tanh_gradient = _compiled_gradient(elementary.gelu_tanh_gradient)
silu_gradient = _compiled_gradient(elementary.silu_gradient)
