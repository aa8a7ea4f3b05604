"""Floats: the classical componentwise bound, and NaN and Inf where NumPy has them."""

from __future__ import annotations

import numpy as np
import pytest

import fastmul
from fastmul.matrices.multiplication import MatmulProblem, choose
from fastmul.matrices.multiplication.table import by_cost
from fastmul.planning import cost
from tests.matrices.cases import assert_same

ROWS = ["auto", "packed", "gemm", "numpy"]


@pytest.mark.parametrize("name", ROWS)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_componentwise_bound(name, dtype):
    """|C - AB| <= gamma_k |A||B| entry by entry, also on rows scaled by 1e-12."""
    rng = np.random.default_rng(0)
    a, b = (
        rng.standard_normal((60, 200)).astype(dtype),
        rng.standard_normal((200, 50)).astype(dtype),
    )
    a[:20] *= 1e-12
    exact = a.astype(np.longdouble) @ b.astype(np.longdouble)
    scale = abs(a).astype(np.longdouble) @ abs(b).astype(np.longdouble)
    error = abs(fastmul.matmul(a, b, algorithm=name) - exact)
    assert (error <= 200 * np.finfo(dtype).eps * scale).all()


@pytest.mark.parametrize("name", ROWS)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("n", [5, 130])
def test_nan_and_infinity(name, dtype, n):
    a, b = np.eye(n, dtype=dtype) + 2, np.ones((n, n), dtype)
    a[0, 1], a[1, 2], b[3, 4] = np.nan, np.inf, -np.inf
    a[2, 0], b[0, 0] = -np.inf, np.inf
    with np.errstate(invalid="ignore"):
        assert_same(fastmul.matmul(a, b, algorithm=name), np.matmul(a, b))


def test_auto_takes_no_other_bound(monkeypatch):
    """Whatever the predicted costs, auto stays classical for floats."""
    monkeypatch.setattr(cost, "seconds", lambda curve, size: 0.0 if "sums" in curve else size**4)
    by_cost.cache_clear()
    f8 = np.dtype(float)
    assert choose(MatmulProblem(999, 999, 999, 1, f8, f8, f8)).name != "strassen"
    assert choose(MatmulProblem(999, 999, 999, 1, f8, f8, f8, "fast")).name == "strassen"
    monkeypatch.undo()
    cost.forget()
    assert choose(MatmulProblem(9, 9, 9, 1, f8, f8, f8, "fast")).name != "strassen"


@pytest.mark.parametrize("strides", ["reversed", "gaps"])
def test_layouts_that_blas_does_not_take(strides):
    a = np.random.default_rng(0).random((100, 120))
    view = {"reversed": a[::-1, ::-1], "gaps": a[:, ::2]}[strides]
    np.testing.assert_allclose(fastmul.matmul(view, view.T), view @ view.T, rtol=1e-13)


def test_mixed_floats():
    a = np.ones((2, 2), np.float32)
    assert_same(fastmul.matmul(a, a.astype(float)), np.full((2, 2), 2.0))
    assert_same(fastmul.matmul(a, np.ones((2, 2), int)), np.full((2, 2), 2.0))
    assert_same(fastmul.matmul(a.astype(float), a, dtype=np.float32), a + a)
