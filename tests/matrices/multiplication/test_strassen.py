"""The row of Winograd's scheme: for whom, how deep, in which dtype it adds, over which other row."""

from __future__ import annotations

import numpy as np
import pytest

import fastmul
from fastmul.matrices.multiplication import leaves, strassen
from fastmul.matrices.multiplication.problem import MatmulProblem
from fastmul.planning import cost
from tests.matrices.cases import assert_same, random_matrix


def problem_of(m, k, n, dtype="int64", **fields):
    dtype = np.dtype(dtype)
    return MatmulProblem(m, k, n, 1, dtype, dtype, dtype, **fields)


def test_depth_follows_sizes():
    leaf = strassen.SMALLEST_LEAF
    assert max(strassen.depths(problem_of(2, 9, 9))) == 1
    assert max(strassen.depths(problem_of(4 * leaf - 1, 8 * leaf, 8 * leaf))) == 1
    assert max(strassen.depths(problem_of(4 * leaf, 4 * leaf, 4 * leaf))) == 2
    assert max(strassen.depths(problem_of(*[64 * leaf] * 3))) == strassen.MAX_LEVELS


@pytest.mark.parametrize(("per_byte", "levels"), [(0.0, 2), (1e30, 1)])
def test_depth_follows_predicted_costs(per_byte, levels, monkeypatch):
    """Free additions: as deep as allowed; dear ones: no deeper than it must."""
    curves = lambda curve, size: per_byte * size if "sums" in curve else size**3  # noqa: E731
    monkeypatch.setattr(cost, "seconds", curves)
    problem = problem_of(*[4 * strassen.SMALLEST_LEAF] * 3)
    assert len(strassen.levels_for(problem)) == levels
    assert strassen.predicted(problem, 1) >= 7 / 8 * problem.size**3 * (1 - 1e-9)


@pytest.mark.parametrize("dtype", ["int64", "uint32", "int8"])
def test_levels_through_matmul(dtype, monkeypatch):
    """Packed leaves, three levels, odd sizes."""
    monkeypatch.setattr(strassen, "depths", lambda problem: [3])
    a = random_matrix((150, 91), np.dtype(dtype), 1)
    b = random_matrix((91, 133), np.dtype(dtype), 2)
    assert_same(strassen.matmul(a, b), a @ b)
    assert_same(fastmul.matmul(a, b, algorithm="strassen", threads=2), a @ b)


@pytest.mark.parametrize("p", [2, 998244353, (1 << 61) - 1, (1 << 63) - 25])
def test_modulo_p(p, monkeypatch):
    monkeypatch.setattr(strassen, "depths", lambda problem: [2])
    a, b = (random_matrix((45, 45), np.dtype("int64"), s) for s in (1, 2))
    right = a.astype(object) @ b.astype(object) % p
    got = fastmul.matmul(a, b, mod=p, algorithm="strassen")
    assert_same(got, right.astype(np.int64))


@pytest.mark.parametrize(("largest", "narrow"), [(31, True), (32, False)])
def test_narrow_operands_stay_narrow_while_their_sums_fit(largest, narrow):
    a = np.random.default_rng(largest).integers(-largest, largest + 1, (40, 40)).astype(np.int8)
    a[0, 0] = largest
    problem = fastmul.matmul.operation.problem(a, a, dtype=np.int32, algorithm="strassen")
    one, two = (strassen.scheme_levels(count) for count in (1, 2))
    assert strassen.operand_dtype(problem, one) == (np.int8 if narrow else np.int32)
    assert strassen.operand_dtype(problem, two) == np.int32
    product = fastmul.matmul(a, a, dtype=np.int32, algorithm="strassen")
    assert_same(product, a.astype(np.int32) @ a.astype(np.int32))


@pytest.mark.parametrize("fast", ["packed", "gemm"])
def test_leaves_take_the_faster_row(fast, monkeypatch):
    monkeypatch.setattr(cost, "seconds", lambda curve, size: float(fast not in curve))
    problem = problem_of(64, 64, 64, "float64", accuracy="fast")
    assert leaves.fastest_row(problem).name == fast
    a = np.random.default_rng(0).random((64, 64))
    np.testing.assert_allclose(strassen.matmul(a, a), a @ a, rtol=1e-12)


def test_a_leaf_that_nobody_can_do():
    problem = problem_of(4, 4, 4, "complex128")
    assert leaves.seconds(problem) == float("inf")
    with pytest.raises(ValueError, match="none of packed, gemm, split_float can do"):
        leaves.product(problem)


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
    with pytest.raises(fastmul.AlgorithmError, match="leave 64 bits"):
        fastmul.matmul([[1, 2], [3, 4]], [[1, 2], [3, 4]], mod=1 << 63, algorithm="strassen")
