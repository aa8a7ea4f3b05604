"""Semirings in the packed product: expressions as vector IR, infinities at the edges of their window, names."""

import numpy as np
import pytest
from numba import njit, types
from numba.extending import intrinsic

from fastmul.bounds import tropical
from fastmul.kernels.cpu.gemm import emit, semirings
from fastmul.kernels.cpu.gemm.semirings import multiply
from fastmul.kernels.expressions import Untraceable
from fastmul.kernels.reference import semirings as reference
from fastmul.kernels.tracing import samples, trace
from tests.kernels.test_tracing import FUNCTIONS

LANES = {1: 64, 4: 16, 8: 8}


def emitted(expressions, dtype):
    """A function (x, y, out) that writes each expression's value at one vector of x and y to a row of out."""
    lanes = LANES[np.dtype(dtype).itemsize]

    @intrinsic
    def apply(typing_context, x, y, out):
        def lower(context, builder, sig, args):
            vector = semirings.ir.VectorType(emit.element(dtype), lanes)
            a, b = (emit.load(builder, emit.at(builder, arg), vector) for arg in args[:2])
            for i, expression in enumerate(expressions):
                one = emit.constant(vector, 1.0) if i % 2 and "float" in dtype else None
                value = semirings._lower(builder, expression, False, one, a, b)
                emit.store(builder, value, emit.at(builder, args[2], i * emit.size(vector)))
            return context.get_dummy_value()

        return types.void(x, y, out), lower

    @njit
    def function(x, y, out):
        apply(x, y, out)

    return function


@pytest.mark.parametrize("dtype", ["bool", "int32", "uint64", "float32"])
def test_emitted_expressions_compute_what_the_reference_does(dtype):
    expressions = [trace(f, dtype) for f, dtypes in FUNCTIONS if dtype in dtypes]
    operand = "uint8" if dtype == "bool" else dtype
    lanes = LANES[np.dtype(dtype).itemsize]
    x, y = (side.ravel() for side in np.meshgrid(samples(dtype), samples(dtype)))
    x, y = (np.resize(side, -(-side.size // lanes) * lanes) for side in (x, y))
    out = np.empty((len(expressions), lanes), dtype)
    apply = emitted(expressions, operand)
    for start in range(0, x.size, lanes):
        part = slice(start, start + lanes)
        vectors = [np.ascontiguousarray(side[part]) for side in (x, y)]
        apply(*(v.ctypes.data for v in (*vectors, out)))
        for expression, got in zip(expressions, out, strict=True):
            expected = np.broadcast_to(reference.evaluate(expression, *vectors), lanes)
            np.testing.assert_array_equal(got, expected, expression.text)


# ---------------------------------------------------------------- infinities


def plus_ring(sign, dtype="int32"):
    function = np.minimum if sign > 0 else np.maximum
    info = np.iinfo(dtype)
    return semirings.ring(
        trace(function, dtype), trace(np.add, dtype), int(info.max if sign > 0 else info.min),
        "plus" if sign > 0 else "minus",
    )  # fmt: skip


@pytest.mark.parametrize("sign", [1, -1])
def test_infinities_at_the_edge_of_their_window(sign):
    """Every pair of infinity and the entries nearest to the bounds, those of minima mirrored for maxima."""
    bits, info = 32, np.iinfo(np.int32)
    infinite = int(info.max if sign > 0 else info.min)
    lowest = tropical.threshold(bits) - tropical.infinity(bits)
    highest = tropical.threshold(bits) - 1
    assert tropical.holds(lowest, highest, bits)
    pairs = [
        (lowest, lowest),
        (lowest, highest - lowest),
        (0, highest),
        (lowest + 1, 0),
        (highest, -1),
    ]
    for x, y in pairs:
        x, y = sign * x, sign * y
        for p, q in ((x, y), (y, x), (x, infinite), (infinite, y), (infinite, infinite)):
            c = np.empty((1, 1), np.int32)
            multiply(np.array([[p]], np.int32), np.array([[q]], np.int32), c, plus_ring(sign))
            assert c[0, 0] == (infinite if infinite in (p, q) else p + q)


def test_beyond_the_window_the_plain_addition_is_wrong():
    """The bound is sharp: one less, and a sum with infinity passes for a finite one; one more, the converse."""
    lowest = tropical.threshold(32) - tropical.infinity(32)
    infinite = np.iinfo(np.int32).max
    for x, y, truth in (
        (infinite, lowest - 1, infinite),
        (0, tropical.threshold(32), tropical.threshold(32)),
    ):
        c = np.empty((1, 1), np.int32)
        multiply(np.array([[x]], np.int32), np.array([[y]], np.int32), c, plus_ring(1))
        assert c[0, 0] != truth


# ---------------------------------------------------------------- names


def test_no_two_semirings_share_compiled_code():
    def ring(add, mul, zero, dtype="int32", **how):
        return semirings.ring(trace(add, dtype), trace(mul, dtype), zero, **how)

    different = [
        ring(min, lambda x, y: x + y, 7),
        ring(min, lambda x, y: x + y, 8),
        ring(max, lambda x, y: x + y, 7),
        ring(min, lambda x, y: x - y, 7),
        ring(min, lambda x, y: x + y, 7, infinity="plus"),
        ring(min, lambda x, y: x + y, 7, "int64"),
        ring(min, lambda x, y: x + y, 7.0, "float32"),
        ring(min, lambda x, y: x + y, 7.0, "float32", nan_free=True),
        *(ring(min, lambda x, y, step=step: x + y + step, 7) for step in range(3)),
    ]
    assert len({r.name for r in different}) == len(different)
    assert ring(np.minimum, lambda x, y: y + x, 7) is different[0]


def test_a_function_that_changes_its_constants_meets_no_old_kernel():
    results = []
    a = np.array([[3]], np.int32)
    for step in (1, 2):
        ring = semirings.ring(
            trace(min, "int32"), trace(lambda x, y, step=step: x * y + step, "int32"), 2**31 - 1
        )
        c = np.empty((1, 1), np.int32)
        multiply(a, a, c, ring)
        results.append(int(c[0, 0]))
    assert results == [10, 11]


def test_untraceable_is_no_python_error_of_the_users():
    assert not issubclass(Untraceable, (TypeError, ValueError))
