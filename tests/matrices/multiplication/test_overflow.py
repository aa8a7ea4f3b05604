"""overflow="raise" raises exactly when the true product does not fit; "promote" never loses anything."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import fastmul
from fastmul.bounds import wrapped_products
from fastmul.matrices.modular import Modulo
from fastmul.matrices.multiplication import MatmulProblem, overflow, wide
from tests.matrices.cases import INTEGERS, PAIRS, extreme_matrix, fits, random_matrix, true_product

INT64, UINT64 = np.dtype("int64"), np.dtype("uint64")


def raises(a, b, **keywords):
    try:
        product = fastmul.matmul(a, b, overflow="raise", **keywords)
    except fastmul.ResultOverflowError:
        return True
    np.testing.assert_array_equal(product.astype(object), true_product(a, b))
    return False


@pytest.mark.parametrize(
    ("a_dtype", "b_dtype"), [p for p in PAIRS if "b" not in p[0].kind + p[1].kind], ids=str
)
@pytest.mark.parametrize("make", [random_matrix, extreme_matrix])
def test_every_pair(a_dtype, b_dtype, make):
    dtype = np.result_type(a_dtype, b_dtype)
    for k, shift in itertools.product((1, 2, 5), (0, 1, 4)):
        a, b = make((4, k), a_dtype, k) >> shift, make((k, 3), b_dtype, k + 1) >> shift
        true = true_product(a, b)
        assert raises(a, b) == (not fits(true, dtype))
        promoted = fastmul.matmul(a, b, overflow="promote")
        np.testing.assert_array_equal(promoted.astype(object), true)
        assert promoted.dtype.itemsize >= dtype.itemsize or promoted.dtype == object


#: (entries of one row, entries of one column): products on both sides of an edge of a dtype.
EDGES = [
    ("int8", [-128, 127, 1], [1, 1, 128 - 1]),
    ("int64", [2**62, 2**62], [1, 1]),  # 2^63
    ("int64", [2**62, 2**62, -1], [1, 1, 1]),  # 2^63 - 1
    ("int64", [-(2**63), 1], [1, 0]),  # -2^63
    ("int64", [-(2**63), 1], [1, -1]),  # -2^63 - 1
    ("int64", [2**62, -(2**62), 5], [4, 4, 1]),  # cancels
    ("int64", [2**62, 2**62], [2, 2]),  # 2^64: zero modulo 2^64
    ("int64", [-(2**63)], [-(2**63)]),  # 2^126
    ("int64", [2**63 - 1, -(2**63 - 1)], [2**63 - 1, 2**63 - 1]),  # huge, cancels to 0
    ("int64", [2**63 - 1, -(2**63 - 1), 7], [2**63 - 1, 2**63 - 1, 3]),
    ("int64", [2**63 - 1, -(2**63 - 1), 2], [2**63 - 1, 2**63 - 1, 2**62]),  # cancels to 2^63
    ("int64", [2**63 - 1, -(2**63 - 1), -2], [2**63 - 1, 2**63 - 1, 2**62]),  # cancels to -2^63
    ("uint64", [2**63, 2**63 - 1], [1, 1]),  # 2^64 - 1
    ("uint64", [2**63, 2**63], [1, 1]),  # 2^64
    ("uint64", [2**64 - 1], [2**64 - 1]),
    ("uint64", [2**32, 2**32 - 1], [2**32 - 1, 2**32 - 1]),
    ("int32", [2**30, 2**30], [1, 1]),
    ("int32", [-(2**31)], [1]),
    ("int32", [-(2**31), 2**31 - 1], [-(2**31), -(2**31)]),
    ("uint32", [2**32 - 1, 1], [1, 1]),
]


#: The ways of products that no estimate decides, by what is predicted of the whole product.
@pytest.fixture(params=[0.0, math.inf], ids=["whole", "remainders"])
def both_ways(request, monkeypatch):
    monkeypatch.setattr(wide, "seconds", lambda problem: request.param)


@pytest.mark.usefixtures("both_ways")
@pytest.mark.parametrize(("dtype", "row", "column"), EDGES, ids=str)
def test_edges(dtype, row, column):
    a, b = np.array([row], dtype), np.array([column], dtype).T
    true = true_product(a, b)
    assert raises(a, b) == (not fits(true, np.dtype(dtype)))
    for verify in (False, True):
        promoted = fastmul.matmul(a, b, overflow="promote", verify=verify)
        assert int(promoted[0, 0]) == true[0, 0]
        if promoted.dtype != object:
            smaller = [d for d in INTEGERS if d.kind == np.dtype(dtype).kind]
            smaller = [
                d
                for d in smaller
                if np.dtype(dtype).itemsize <= d.itemsize < promoted.dtype.itemsize
            ]
            assert not any(fits(true, d) for d in smaller)
        else:
            assert not any(fits(true, d) for d in (INT64, UINT64))


@given(st.data())
def test_near_the_edges_of_64_bits(data):
    """Products that are a chosen target: one row and column of huge terms that cancel, and a remainder."""
    dtype = data.draw(st.sampled_from([INT64, UINT64]))
    info = np.iinfo(dtype)
    edge = data.draw(st.sampled_from([info.min, info.max]))
    target = edge + data.draw(st.integers(-3, 3))
    row, column = [], []
    if dtype == INT64:
        huge = data.draw(st.integers(1, 2**63 - 1))
        row, column = [huge, -huge], [huge, huge]
    half = max(min(target // 2, info.max), info.min)
    row, column = [*row, half, target - half], [*column, 1, 1]
    if not info.min <= target - half <= info.max:
        return
    a, b = np.array([row], dtype), np.array([column], dtype).T
    assert true_product(a, b)[0, 0] == target
    assert raises(a, b) == (not info.min <= target <= info.max)


def test_dtype_narrower_than_the_operands():
    a = np.array([[300]])
    assert raises(a, [[1]] * np.ones((1, 1), int), dtype=np.int8)
    assert not raises(a, np.zeros((1, 1), int), dtype=np.int8)
    assert raises(-a, np.ones((1, 1), int), dtype=np.uint64)


def test_stacks():
    a = np.full((2, 3, 1, 1), 2**40)
    a[1, 2] = 2**62
    with pytest.raises(fastmul.ResultOverflowError):
        fastmul.matmul(a, np.full((1, 1), 2**20), overflow="raise")
    promoted = fastmul.matmul(a, np.full((1, 1), 2**20), overflow="promote")
    assert promoted.shape == a.shape
    assert promoted.dtype == object
    assert promoted[1, 2, 0, 0] == 2**82


def test_raise_leaves_out_alone():
    out = np.full((1, 1), 7, np.int8)
    a = np.array([[100]], np.int8)
    with pytest.raises(fastmul.ResultOverflowError):
        fastmul.matmul(a, a, overflow="raise", out=out)
    assert out[0, 0] == 7


@pytest.mark.parametrize("k", [1, 50, 3000])
def test_whole_product(k):
    """Wrapped values and Python ints of products of the full range."""
    for dtype in (INT64, UINT64):
        a, b = random_matrix((3, k), dtype, 1), extreme_matrix((k, 2), dtype, 2)
        true = true_product(a, b)
        whole = wide.product(a, b, 1)
        np.testing.assert_array_equal(whole.to_objects(), true)
        np.testing.assert_array_equal(whole.wrap().view(dtype), np.matmul(a, b))
        assert whole.fits(dtype) == fits(true, dtype)


@pytest.mark.parametrize("dtype", [INT64, UINT64])
@pytest.mark.parametrize("n_limbs", [1, 2, 3])
def test_whole_products_at_the_edges_of_a_dtype(dtype, n_limbs):
    info = np.iinfo(dtype)
    for value in (info.min - 1, info.min, -1, 0, 1, info.max, info.max + 1, 2**64, -(2**64) + 1):
        if -(1 << (64 * n_limbs - 1)) <= value < 1 << (64 * n_limbs - 1):
            limbs = [(value >> (64 * i)) % 2**64 for i in range(n_limbs)]
            whole = wide.WideProduct(np.array([[limbs]], np.uint64))
            assert whole.fits(dtype) == (info.min <= value <= info.max)
            assert whole.to_objects()[0, 0] == value


def test_remainders_tell_multiples_of_their_moduli_apart():
    """Products that are wrong by 2^64 times the first modulus, which only the second sees."""
    first, second = wrapped_products.MODULI
    assert first * second > 2**101
    a, b = np.array([[2**62, 2**62, 5]]), np.array([[2 * first, 2 * first, 1]]).T
    assert true_product(a, b)[0, 0] == 2**64 * first + 5
    for k_times_bounds in (2**64 * first, 2**127):
        assert wrapped_products.moduli(k_times_bounds) == (first, second)
    problem = MatmulProblem(1, 3, 1, 1, INT64, INT64, INT64, operands=(a, b))
    others = [problem.over(Modulo(m), INT64) for m in (first, second)]

    def product(like):
        return (a.astype(object) @ b % like.modulus).astype(np.int64)

    assert overflow._is_product_modulo(np.array([[5]]), others[:1], product)
    assert not overflow._is_product_modulo(np.array([[5]]), others, product)


def test_remainders_of_checked_stacks(monkeypatch):
    """Every matrix of a stack is compared, and each product verified if that is asked for."""
    monkeypatch.setattr(wide, "seconds", lambda problem: math.inf)
    for dtype in (INT64, UINT64):
        a = np.array([random_matrix((5, 4), dtype, seed) for seed in range(3)])
        b = random_matrix((4, 6), dtype, 3)
        a[:, :, 1:] = 0
        b[0] = 1
        product = fastmul.matmul(a, b, overflow="raise", verify=True)
        np.testing.assert_array_equal(product, a[:, :, :1].repeat(6, axis=2))
        a[2, 4, 3] = b[3, 5] = 2**62
        with pytest.raises(fastmul.ResultOverflowError):
            fastmul.matmul(a, b, overflow="raise")


def test_estimates_are_not_trusted_beyond_their_error(monkeypatch):
    """Where an estimate cannot tell, the whole product is asked; where it can, it is not."""
    asked = []
    monkeypatch.setattr(wide, "seconds", lambda problem: 0.0)
    real = wide.product
    monkeypatch.setattr(wide, "product", lambda *args: asked.append(1) or real(*args))
    assert raises(*(random_matrix((20, 20), INT64, s) >> 12 for s in (1, 2)))
    assert not asked
    a, b = np.array([[2**63 - 1, -(2**63 - 1), 7]]), np.array([[2**63 - 1, 2**63 - 1, 3]]).T
    assert not raises(a, b)
    assert asked


def test_problem_without_operands_has_no_pair():
    problem = MatmulProblem(1, 1, 1, 1, INT64, INT64, INT64)
    with pytest.raises(ValueError, match="without operands"):
        overflow.product_or_raise(
            problem,
            lambda dtype: np.zeros((1, 1), dtype),
            wide.product,
            None,
            lambda other: math.inf,
        )
