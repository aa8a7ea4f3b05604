"""a @ a.T by half of its products."""

from __future__ import annotations

import numpy as np
import pytest

import fastmul
from fastmul.matrices.multiplication import symmetric
from fastmul.matrices.multiplication.leaves import product as leaf_product
from tests.matrices.cases import assert_same, random_matrix


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch):
    monkeypatch.setattr(symmetric, "SMALLEST", 64)


@pytest.mark.parametrize("m", [1, 63, 127, 128, 129, 257, 300])
@pytest.mark.parametrize("dtype", ["int64", "uint8", "bool"])
def test_any_size(m, dtype):
    a = random_matrix((m, 37), np.dtype(dtype), m)
    assert_same(symmetric.matmul(a, a.T), a @ a.T)
    assert_same(symmetric.matmul(a.T, a), a.T @ a)


def test_wide_results_out_and_stacks():
    a = random_matrix((3, 150, 20), np.dtype("int8"), 1)
    out = np.empty((3, 150, 150), np.int32)
    got = fastmul.matmul(a, a.swapaxes(1, 2), dtype=np.int32, algorithm="symmetric", out=out)
    assert got is out
    assert_same(out, a.astype(np.int32) @ a.swapaxes(1, 2).astype(np.int32))


@pytest.mark.parametrize("p", [2, 1009, (1 << 61) - 1])
def test_modulo_p(p):
    a = random_matrix((200, 30), np.dtype("int64"), 2)
    right = a.astype(object) @ a.T.astype(object) % p
    np.testing.assert_array_equal(
        fastmul.matmul(a, a.T, mod=p, algorithm="symmetric"), right.astype(np.int64)
    )


def test_half_of_the_multiplications(monkeypatch):
    """Four levels: (1 + 2^-4) / 2 of m^2 k."""
    work = []

    def counting(problem, names=()):
        multiply = leaf_product(problem)

        def product(a, b, out):
            work.append(a.shape[0] * a.shape[1] * b.shape[1])
            multiply(a, b, out)

        return product

    monkeypatch.setattr(symmetric.leaves, "product", counting)
    a = random_matrix((1024, 8), np.dtype("int64"), 3)
    assert_same(symmetric.matmul(a, a.T), a @ a.T)
    assert sum(work) == 1024 * 1024 * 8 * (1 + 2**-4) / 2


def test_is_exactly_symmetric_for_floats():
    a = np.random.default_rng(0).standard_normal((200, 50))
    c = fastmul.matmul(a, a.T, accuracy="fast", algorithm="symmetric")
    np.testing.assert_array_equal(c, c.T)
    np.testing.assert_allclose(c, a @ a.T, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(
    ("other", "keywords", "complaint"),
    [
        (lambda a: a.T.copy(), {}, "no transposed view"),
        (lambda a: a.T[:, :-1], {}, "no transposed view"),
        (lambda a: a.T[::-1], {}, "no transposed view"),
        (lambda a: a.T, {"semiring": "min_plus"}, "over min_plus"),
    ],
)
def test_refusals(other, keywords, complaint):
    a = random_matrix((70, 70), np.dtype("int64"), 4)
    if "semiring" in keywords:
        keywords = {"semiring": fastmul.min_plus}
    with pytest.raises(fastmul.AlgorithmError, match=complaint):
        fastmul.matmul(a, other(a), algorithm="symmetric", **keywords)


def test_floats_are_left_to_blas():
    a = np.ones((70, 70))
    with pytest.raises(fastmul.AlgorithmError, match="BLAS halves"):
        fastmul.matmul(a, a.T, algorithm="symmetric")


def test_auto_takes_it_for_large_products():
    a = random_matrix((1100, 300), np.dtype("int64"), 5)

    def chosen(x, y):
        return fastmul.explain(fastmul.matmul, x, y).chosen

    assert chosen(a, a.T) == "symmetric"
    assert chosen(a, a.T.copy()) != "symmetric"
