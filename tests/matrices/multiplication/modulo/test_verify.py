"""verify= with mod=: the check's own products, right and wrong results, and results out of range."""

from __future__ import annotations

import random

import numpy as np
import pytest

import fastmul
from fastmul.matrices.multiplication.modulo import freivalds
from tests.matrices.cases import extreme_matrix, random_matrix, true_product

MODULI = [2, 12, 65537, 2**32, 2**32 + 15, 3 * 2**61, 2**63 - 25, 2**63, 2**64]


@pytest.mark.parametrize("p", MODULI)
@pytest.mark.parametrize("dtype", ["int64", "uint64", "int8"])
def test_times_equals_python(p, dtype):
    for make in (random_matrix, extreme_matrix):
        matrix = make((5, 11), np.dtype(dtype), 1).T
        v = np.array([[(p - 1) >> i, p - 1, i % p] for i in range(5)], np.uint64)
        expected = true_product(matrix, v) % p
        np.testing.assert_array_equal(freivalds.times(matrix, v, p).astype(object), expected)


def test_long_sums_do_not_overflow():
    p, k = 2**32 - 1, (1 << 16) + 1
    matrix, v = np.full((1, k), p - 1), np.full((k, 1), p - 1, np.uint64)
    assert freivalds.times(matrix, v, p)[0, 0] == k


@pytest.mark.parametrize("p", MODULI)
def test_single_errors_are_seen(p):
    a, b = (random_matrix((6, 6), np.dtype(np.int64), seed) for seed in (1, 2))
    c = fastmul.matmul(a, b, mod=p, verify=True)
    for seed in range(8):
        rng = random.Random(seed)
        assert freivalds.is_right(p, a, b, c, rng)
        wrong, where = c.astype(object), (rng.randrange(6), rng.randrange(6))
        wrong[where] = (
            wrong[where] + (p // 2 if p % 2 == 0 else 1)
        ) % p  # the error that hides best
        assert not freivalds.is_right(p, a, b, wrong.astype(c.dtype), rng)


def test_results_are_canonical():
    a = np.eye(3, dtype=np.int64)
    assert freivalds.is_right(7, a, a, a, random.Random(0))
    assert not freivalds.is_right(7, a, a, a + 7, random.Random(0))
    assert not freivalds.is_right(7, a, a, a - 7, random.Random(0))


@pytest.mark.parametrize("p", [7, 2**62 + 1])
def test_stacks(p):
    a, b = (
        random_matrix((3, 1, 4, 5), np.dtype(np.int64), 1),
        random_matrix((2, 5, 3), np.dtype(np.int64), 2),
    )
    c = fastmul.matmul(a, b, mod=p, verify=2)
    assert freivalds.is_right(p, a, b, c, random.Random(0))
    c[2, 1, 0, 0] = (c[2, 1, 0, 0] + 1) % p
    assert not freivalds.is_right(p, a, b, c, random.Random(0))
