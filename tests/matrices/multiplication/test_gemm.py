"""Integer products by one float GEMM: only inside the window, from dtypes or from values."""

from __future__ import annotations

import numpy as np
import pytest

import fastmul
from fastmul.matrices.multiplication import MatmulProblem, gemm
from tests.matrices.cases import assert_same


def problem(k, dtype, operands=None):
    dtype = np.dtype(dtype)
    return MatmulProblem(2, k, 2, 1, dtype, dtype, dtype, operands=operands)


def test_window_from_dtypes():
    assert gemm.float_type(problem(1024, "int8")) == "float32"
    assert gemm.float_type(problem(1025, "int8")) == "float64"
    assert gemm.float_type(problem(2**23, "int16")) == "float64"
    assert gemm.refuses(problem(2**23 + 1, "int16"))
    assert gemm.refuses(problem(1, "int32"))
    assert gemm.float_type(problem(10**9, "bool")) == "float32"


@pytest.mark.parametrize("a_max", [2**25, 2**26])
def test_window_from_values(a_max):
    """k a^2 = 2^53 is inside, beyond it is outside."""
    k = 2**53 // a_max**2
    a = np.full((2, k), a_max)
    a[1] = -1
    assert_same(gemm.matmul(a, a.T), a @ a.T)
    longer = np.full((2, k + 1), a_max)
    with pytest.raises(fastmul.AlgorithmError, match=r"2\*\*53"):
        gemm.matmul(longer, longer.T)


def test_bool_counts_beyond_float32():
    """Ones that float32 can no longer count are still not zero."""
    a = np.ones((1, 2**24 + 10), bool)
    assert gemm.matmul(a, a.T)[0, 0]
    a[...] = False
    assert not gemm.matmul(a, a.T)[0, 0]


def test_narrow_results_wrap():
    a = np.full((2, 300), -128, np.int8)
    assert_same(gemm.matmul(a, a.T), a @ a.T)
    out = np.empty((2, 2), np.int8)
    fastmul.matmul(a, a.T, out=out, algorithm="gemm")
    np.testing.assert_array_equal(out, a @ a.T)
