"""sum with an accuracy, against math.fsum and fractions."""

from __future__ import annotations

import math

import numpy as np
import pytest

from fastmul import matrices
from fastmul.matrices import summation
from tests.matrices.exact_floats import (
    OPERANDS,
    assert_same_bits,
    correctly_rounded_product,
    operand,
)

EXACT = ["reproducible", "correctly_rounded"]


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("kind", sorted(OPERANDS))
def test_equals_fractions(kind, dtype):
    x = operand(kind, (7, 40), dtype, 1)
    expected = correctly_rounded_product(x, np.ones((40, 1), dtype))[:, 0]
    for accuracy in EXACT:
        assert_same_bits(matrices.sum(x, axis=1, accuracy=accuracy), expected)


def test_equals_fsum():
    x = np.random.default_rng(0).standard_normal(10_000) * np.ldexp(1.0, np.arange(10_000) % 900)
    total = matrices.sum(x, accuracy="reproducible")
    assert total == math.fsum(x)
    assert isinstance(total, np.float64)


def test_order_pieces_and_threads_do_not_matter(monkeypatch):
    rng = np.random.default_rng(2)
    x = rng.standard_normal((3, 500)) * np.ldexp(1.0, rng.integers(-900, 900, 500))
    expected = matrices.sum(x, axis=1, accuracy="reproducible", threads=1)
    monkeypatch.setattr(summation, "CHUNK_TERMS", 37)
    order = rng.permutation(500)
    assert_same_bits(
        matrices.sum(x[:, order], axis=1, accuracy="reproducible", threads=2), expected
    )


@pytest.mark.parametrize("axis", [None, 0, -1, (0, 2), (2, 1), ()])
@pytest.mark.parametrize("keepdims", [False, True])
def test_axes_as_numpys(axis, keepdims):
    x = np.arange(24.0).reshape(2, 3, 4)
    for view in (x, np.asfortranarray(x), x[:, ::-1], x.astype(">f8")):
        got = matrices.sum(view, axis=axis, keepdims=keepdims, accuracy="correctly_rounded")
        expected = np.sum(np.ascontiguousarray(view, float), axis=axis, keepdims=keepdims)
        assert np.shape(got) == np.shape(expected)
        np.testing.assert_array_equal(got, expected)


def test_empty_sums():
    assert_same_bits(matrices.sum(np.ones((3, 0)), axis=1, accuracy="reproducible"), np.zeros(3))
    assert matrices.sum(np.ones((0, 3)), axis=1, accuracy="reproducible").shape == (0,)
    assert matrices.sum([], accuracy="reproducible") == 0


@pytest.mark.parametrize("accuracy", [None, "fast"])
def test_otherwise_it_is_numpys(accuracy):
    x = np.arange(6).reshape(2, 3)
    np.testing.assert_array_equal(matrices.sum(x, axis=0, accuracy=accuracy), x.sum(0))


def test_bad_calls():
    with pytest.raises(ValueError, match=r"sum\(accuracy='exact'\).*'correctly_rounded'"):
        matrices.sum([1.0], accuracy="exact")
    with pytest.raises(TypeError, match="float32 and float64, got int64"):
        matrices.sum(np.arange(3), accuracy="reproducible")
    with pytest.raises(np.exceptions.AxisError):
        matrices.sum(np.ones(3), axis=1, accuracy="reproducible")
    with pytest.raises(ValueError, match="twice"):
        matrices.sum(np.ones((3, 3)), axis=(1, -1), accuracy="reproducible")
    with pytest.raises(TypeError, match="masked"):
        matrices.sum(np.ma.ones(3), accuracy="reproducible")
