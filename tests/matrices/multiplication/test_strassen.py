"""The row of Winograd's scheme: how deep it goes, in which dtype it adds, for whom."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import fastmul
from fastmul.matrices.multiplication import strassen
from tests.matrices.cases import assert_same, random_matrix


def numpy_base(a, b, out):
    np.matmul(a, b, out=out)


@given(
    st.tuples(*[st.integers(1, 40)] * 3),
    st.integers(1, 3),
    st.sampled_from(["int8", "int32", "uint64"]),
    st.integers(1, 2),
)
def test_any_size_any_level(shape, levels, dtype, threads):
    """Over NumPy's own integer product, so that only the recursion is tested: odd sizes are peeled."""
    m, k, n = shape
    a = random_matrix((m, k), np.dtype(dtype), m)
    b = random_matrix((k, n), np.dtype(dtype), n)
    out = np.empty((m, n), dtype)
    strassen.multiply(a, b, out, levels, numpy_base, threads)
    np.testing.assert_array_equal(out, a @ b)


def test_levels():
    leaf = strassen.SMALLEST_LEAF
    assert strassen.levels_for(2, 9, 9) == 1
    assert strassen.levels_for(4 * leaf - 1, 8 * leaf, 8 * leaf) == 1
    assert strassen.levels_for(4 * leaf, 4 * leaf, 4 * leaf) == 2
    assert strassen.levels_for(64 * leaf, 64 * leaf, 64 * leaf) == strassen.MAX_LEVELS


def test_two_levels_through_matmul(monkeypatch):
    """Packed leaves, levels chosen by size."""
    monkeypatch.setattr(strassen, "SMALLEST_LEAF", 32)
    a, b = (random_matrix((150, 150), np.dtype("int64"), s) for s in (1, 2))
    assert_same(strassen.matmul(a, b), a @ b)


@pytest.mark.parametrize(("largest", "narrow"), [(31, True), (32, False)])
def test_narrow_operands_stay_narrow_while_their_sums_fit(largest, narrow):
    a = np.random.default_rng(largest).integers(-largest, largest + 1, (40, 40)).astype(np.int8)
    a[0, 0] = largest
    problem = fastmul.matmul.operation.problem(a, a, dtype=np.int32, algorithm="strassen")
    assert strassen.operand_dtype(problem, 1) == (np.int8 if narrow else np.int32)
    assert strassen.operand_dtype(problem, 2) == np.int32
    product = fastmul.matmul(a, a, dtype=np.int32, algorithm="strassen")
    assert_same(product, a.astype(np.int32) @ a.astype(np.int32))


def test_floats_by_the_faster_leaf(monkeypatch):
    a = np.random.default_rng(0).random((64, 64))
    for blas in (0.0, 2.0):
        monkeypatch.setattr(
            strassen.costs, "seconds", lambda curve, n, blas=blas: blas if "gemm" in curve else 1.0
        )
        np.testing.assert_allclose(strassen.matmul(a, a), a @ a, rtol=1e-12)


def refusal(a, **keywords):
    lines = fastmul.explain(fastmul.matmul, a, a, **keywords).lines
    return next(line.refusal for line in lines if line.algorithm == "strassen")


def test_floats_only_when_asked():
    a = np.random.default_rng(0).random((64, 64))
    assert refusal(a)
    assert refusal(a, accuracy="fast") is None
    np.testing.assert_allclose(strassen.matmul(a, a), a @ a, rtol=1e-12)
    with pytest.raises(fastmul.AlgorithmError, match="subtraction"):
        strassen.matmul(a > 0, a > 0)
    with pytest.raises(fastmul.AlgorithmError, match="no halves"):
        strassen.matmul(a[:1].astype(int), a.astype(int))
