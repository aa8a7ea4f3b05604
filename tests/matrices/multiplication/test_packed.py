"""The packed row of matmul: every pair of dtypes as NumPy multiplies them, and every dtype of the result."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastmul.bounds.accumulators import exact_depth
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


@pytest.mark.parametrize("threads", [1, 2])
def test_stacks(threads):
    rng = np.random.default_rng(4)
    x, y = random("int32", (3, 1, 20, 30), rng), random("int32", (4, 30, 25), rng)
    given_problem = MatmulProblem(
        20, 30, 25, 12, x.dtype, y.dtype, np.dtype("int32"), threads=threads
    )
    np.testing.assert_array_equal(packed.run(given_problem, x, y), np.matmul(x, y))


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
