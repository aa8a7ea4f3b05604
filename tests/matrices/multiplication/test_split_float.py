"""Digits, plans and pieces of split_float."""

from __future__ import annotations

import numpy as np
import pytest

from fastmul.bounds import float_gemm
from fastmul.matrices.multiplication import split_float
from tests.matrices.cases import INTEGERS, assert_same, extreme_matrix, random_matrix


@pytest.mark.parametrize("dtype", ["int64", "uint64"])
@pytest.mark.parametrize("width", [4, 16, 22])
def test_encode_is_exact_and_balanced(dtype, width):
    x = np.concatenate(
        [make((3, 50), np.dtype(dtype), 1) for make in (random_matrix, extreme_matrix)]
    )
    count = -(-65 // width)
    digits = split_float.encode(x, width, count, "float64")
    assert len(digits) == count
    for digit in digits:
        assert abs(digit).max() <= float_gemm.digit_max(width)
    total = sum(d.astype(np.int64).astype(object) << (width * i) for i, d in enumerate(digits))
    np.testing.assert_array_equal(total, x.astype(object))


@pytest.mark.parametrize("bits", [8, 16, 32, 64])
@pytest.mark.parametrize("k", [1, 100, 1024, 1025, 10**6])
def test_plans_stay_inside_the_window(bits, k):
    for a_max in (0, 1, 100, 2**31 - 1, 2**31, 2**63 - 1, 2**63):
        a_max = min(a_max, 2 ** (bits - 1))
        for b_max in (1, 2 ** (bits - 1)):
            plan = split_float.plan(k, a_max, b_max, bits)
            assert plan.depth >= 1
            digit = float_gemm.digit_max(plan.width)
            tops = [
                digit if n > 1 else x for n, x in ((plan.a_digits, a_max), (plan.b_digits, b_max))
            ]
            assert float_gemm.is_exact(plan.depth, *tops, plan.dtype)
            assert plan.width * plan.diagonals >= bits or plan.diagonals == (
                plan.a_digits + plan.b_digits - 1
            )
            for n, x in ((plan.a_digits, a_max), (plan.b_digits, b_max)):
                assert x <= 2 ** (plan.width * n - 1) or n == 1


def test_sixty_four_bits_take_six_gemms():
    plan = split_float.plan(1024, 2**63, 2**63, 64)
    assert (plan.dtype, plan.width, plan.gemms) == ("float64", 22, 6)


def test_small_values_take_fewer_digits():
    assert split_float.plan(1024, 1000, 1000, 64).gemms == 1
    assert split_float.plan(1024, 2**63, 100, 64).gemms < 6


@pytest.mark.parametrize("dtype", INTEGERS, ids=str)
def test_k_beyond_one_piece(dtype):
    """Longer than the window: cut along k, every entry extreme, so that a lost unit would show."""
    k = 2 * 2048 + 3
    for make in (extreme_matrix, random_matrix):
        a, b = make((2, k), dtype, 1), make((k, 3), dtype, 2)
        assert_same(split_float.matmul(a, b), np.matmul(a, b))
    lowest = np.full((2, k), np.iinfo(dtype).min, dtype)
    assert_same(split_float.matmul(lowest, lowest.T), np.matmul(lowest, lowest.T))


def test_breaking_the_window_is_seen(monkeypatch):
    """The tests above can fail: a window one bit too wide gives wrong products."""
    honest = float_gemm.exact_depth
    monkeypatch.setattr(float_gemm, "exact_depth", lambda a, b, d: 8 * honest(a, b, d))
    split_float.plan.cache_clear()
    try:
        a = np.full((2, 30_001), 2**21 + 1) * np.array([[1], [3]])
        got = split_float.matmul(a, a.T)
    finally:
        split_float.plan.cache_clear()
    monkeypatch.undo()
    assert not np.array_equal(got, np.matmul(a, a.T))
