"""The packed row of matmul: every pair of dtypes as NumPy multiplies them, and every dtype of the result."""

import math
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastmul.bounds.accumulators import exact_depth
from fastmul.kernels.cpu.gemm import driver
from fastmul.matrices.multiplication import packed
from fastmul.matrices.multiplication.problem import MatmulProblem

INTEGERS = [f"{sign}int{bits}" for bits in (8, 16, 32, 64) for sign in ("", "u")]
FLOATS = ["float32", "float64"]


def random(dtype, shape, rng):
    if dtype == "bool":
        return rng.random(shape) < 0.2
    if dtype in FLOATS:
        return rng.integers(-100, 100, shape).astype(dtype)
    info = np.iinfo(dtype)
    return rng.integers(info.min, info.max, shape, dtype, endpoint=True)


def problem(m, k, n, dtype, batch=1):
    dtype = np.dtype(dtype)
    return MatmulProblem(m, k, n, batch, dtype, dtype, dtype)


@pytest.mark.parametrize(("a", "b"), list(product(["bool", *INTEGERS], repeat=2)))
def test_numpys_promotion(a, b):
    rng = np.random.default_rng(1)
    x, y = random(a, (14, 30), rng), random(b, (30, 17), rng)
    dtype = np.result_type(a, b)
    if dtype.kind == "f":  # uint64 with a signed integer: no dtype of NumPy's; modulo 2^64
        dtype = np.dtype("int64")
    out = np.empty((14, 17), dtype)
    packed.matmul_2d(x, y, out)
    np.testing.assert_array_equal(out, np.matmul(x.astype(dtype), y.astype(dtype)))


@pytest.mark.parametrize("out", INTEGERS)
@pytest.mark.parametrize(
    ("a", "b"), [*((x, x) for x in INTEGERS), ("uint8", "int8"), ("int8", "uint8")]
)
def test_any_integer_result_wraps(a, b, out):
    rng = np.random.default_rng(2)
    x, y = random(a, (9, 40), rng), random(b, (40, 33), rng)
    c = np.empty((9, 33), out)
    packed.matmul_2d(x, y, c)
    np.testing.assert_array_equal(c, np.matmul(x.astype(out), y.astype(out)))


@pytest.mark.parametrize("dtype", FLOATS)
def test_floats(dtype):
    rng = np.random.default_rng(3)
    x, y = random(dtype, (50, 60), rng), random(dtype, (60, 70), rng)
    c = np.empty((50, 70), dtype)
    packed.matmul_2d(x, y, c)
    np.testing.assert_array_equal(c, x @ y)


@pytest.mark.parametrize("dtype", ["int8", "uint8"])
def test_narrow_sums_beyond_int32_are_widened_before_they_wrap(dtype):
    depth = exact_depth(dtype, dtype)
    value = np.iinfo(dtype).min or np.iinfo(dtype).max
    for k in (depth, depth + 1):
        out = np.empty((1, 1), np.int64)
        packed.matmul_2d(np.full((1, k), value, dtype), np.full((k, 1), value, dtype), out)
        assert out[0, 0] == k * int(value) ** 2


@given(
    st.integers(0, 40), st.integers(0, 70), st.integers(0, 40),
    st.sampled_from(INTEGERS), st.booleans(), st.booleans(), st.booleans(), st.integers(0, 9),
)  # fmt: skip
def test_shapes_and_strides(m, k, n, dtype, flip_a, flip_b, flip_out, seed):
    rng = np.random.default_rng(seed)
    x, y = random(dtype, (m, k), rng), random(dtype, (k, n), rng)
    x = x[::-1, ::-1] if flip_a else x
    y = np.asfortranarray(y)[:, ::-1] if flip_b else y
    out = np.full((n, m), 3, dtype).T if flip_out else np.full((m, n), 3, dtype)
    packed.matmul_2d(x, y, out)
    np.testing.assert_array_equal(out, np.matmul(x, y))


def stacked(x, y, out=None, threads=1):
    dtype = np.result_type(x, y)
    batch = np.broadcast_shapes(x.shape[:-2], y.shape[:-2])
    shape = (x.shape[-2], x.shape[-1], y.shape[-1], math.prod(batch))
    return packed.run(MatmulProblem(*shape, x.dtype, y.dtype, dtype, threads=threads), x, y, out)


@pytest.mark.parametrize("n", [1, 2, 3, 4, 5, 8, 9, 13, 17, 33])
@pytest.mark.parametrize("dtype", ["int8", "uint16", "int32", "int64", "float64"])
def test_stacks_of_small_matrices(dtype, n):
    rng = np.random.default_rng(n)
    x, y = random(dtype, (5, n, n + 1), rng), random(dtype, (5, n + 1, n + 2), rng)
    np.testing.assert_array_equal(stacked(x, y), np.matmul(x, y))


@pytest.mark.parametrize("threads", [1, 2])
def test_stacks_of_any_shape_and_strides(threads, monkeypatch):
    monkeypatch.setattr(driver, "SMALL_WORK", 20 * 30 * 25 * 8)
    rng = np.random.default_rng(4)
    for shape_a, shape_b in [
        ((3, 1), (4,)), ((4,), (3, 1)), ((3, 4), (3, 4)), ((7, 1, 2), (1, 5, 2)), ((), (6,)), ((0,), (0,)),
    ]:  # fmt: skip
        x = random("int32", (*shape_a, 20, 30), rng)
        y = random("int32", (*shape_b, 30, 25), rng)
        transposed = np.swapaxes(np.swapaxes(y, -1, -2).copy(), -1, -2)
        expected = np.matmul(x, y)
        for b in (y, transposed, y[..., ::-1, :][..., ::-1, :]):
            np.testing.assert_array_equal(stacked(x, b, threads=threads), expected)
        out = np.zeros((*expected.shape[:-1], 50), np.int32)
        stacked(x, y, out[..., ::2], threads)
        np.testing.assert_array_equal(out[..., ::2], expected)
        assert not out[..., 1::2].any()


def test_stacks_of_large_matrices(monkeypatch):
    monkeypatch.setattr(driver, "SMALL_WORK", 1)
    rng = np.random.default_rng(6)
    x, y = random("int64", (3, 20, 30), rng), random("int64", (3, 30, 25), rng)
    np.testing.assert_array_equal(stacked(x, y), np.matmul(x, y))


def test_the_door():
    rng = np.random.default_rng(5)
    x, y = random("int64", (33, 44), rng), random("int64", (44, 55), rng)
    np.testing.assert_array_equal(packed.matmul(x, y), x @ y)


def test_what_it_refuses():
    for dtype in ("bool", *INTEGERS, *FLOATS):
        assert packed.refuses(problem(2, 3, 4, dtype)) is None
        assert packed.cost(problem(200, 300, 400, dtype)) > 0
    for dtype in ("complex128", "float16", "longdouble", "object"):
        assert np.dtype(dtype).name in packed.refuses(problem(2, 3, 4, dtype))
