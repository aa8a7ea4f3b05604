"""The elementary functions over whole arrays: a kernel for each, compiled when first needed.

Other kernels call one by its `Kernel.address`, so that what is applied can be chosen without compiling anew.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import int64, types, void
from numba.extending import intrinsic

from fastmul.kernels.cpu import elementary
from fastmul.kernels.cpu.float_lanes import (
    LANES,
    VECTOR_BYTES,
    load,
    load_first,
    store,
    store_first,
)
from fastmul.kernels.cpu.gemm import emit
from fastmul.runtime.jit import Kernel, KernelSet, kernel

NAMES = (
    "exp", "log", "sigmoid", "tanh", "normal_cdf", "erf", "rsqrt", "relu", "gelu", "gelu_tanh", "silu",
)  # fmt: skip

GRADIENTS = ("relu_gradient", "gelu_gradient", "gelu_tanh_gradient", "silu_gradient")


def over(source, target, count):  # type: ignore[no-untyped-def]
    """Template: target = function(source), `count` float32 each, at these addresses; target may be source."""
    while count > 0:
        if count >= LANES:
            x = load(source)
        else:
            x = load_first(source, count)
        y = evaluated(x)  # noqa: F821
        if count >= LANES:
            store(target, y)
        else:
            store_first(target, y, count)
        source, target, count = source + VECTOR_BYTES, target + VECTOR_BYTES, count - LANES


def gradient_over(source, gradient, target, count):  # type: ignore[no-untyped-def]
    """Template: target = function(source, gradient), otherwise as `over`."""
    while count > 0:
        if count >= LANES:
            x, grad = load(source), load(gradient)
        else:
            x, grad = load_first(source, count), load_first(gradient, count)
        y = evaluated(x, grad)  # noqa: F821
        if count >= LANES:
            store(target, y)
        else:
            store_first(target, y, count)
        source, gradient = source + VECTOR_BYTES, gradient + VECTOR_BYTES
        target, count = target + VECTOR_BYTES, count - LANES


class Elementwise(KernelSet):
    """A kernel of ``over`` for each function, and of ``gradient_over`` for each gradient, under its name."""

    def __init__(self) -> None:
        for name in NAMES:
            function = getattr(elementary, name)
            made = kernel(void(int64, int64, int64), name=name, evaluated=function)(over)
            setattr(self, name, made)
        for name in GRADIENTS:
            function = getattr(elementary, name)
            made = kernel(void(int64, int64, int64, int64), name=name, evaluated=function)(
                gradient_over
            )
            setattr(self, name, made)

    def named(self, name: str) -> Kernel:
        return getattr(self, name)


elementwise = Elementwise()


@intrinsic
def apply_at(typing_context: Any, function: Any, source: Any, target: Any, count: Any) -> Any:
    """Call the kernel of `over` whose `Kernel.address` is `function`."""

    def lower(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        kind = ir.FunctionType(emit.VOID, [emit.I64] * 3)
        builder.call(builder.inttoptr(args[0], kind.as_pointer()), args[1:])
        return context.get_dummy_value()

    return types.void(*[types.int64] * 4), lower
