"""The windows of float GEMM, on both sides of their edges."""

from __future__ import annotations

import numpy as np
import pytest

from fastmul.bounds import float_gemm


def exact_by(k, a_max, b_max, dtype):
    """Whether dtype's arithmetic gets the largest sum right."""
    a, b = np.full((1, k), a_max), np.full((k, 1), b_max)
    true = k * a_max * b_max
    got = (a.astype(dtype) @ b.astype(dtype))[0, 0]
    return int(got) == true


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_window_is_sharp(dtype):
    window = float_gemm.window(dtype)
    assert int(np.dtype(dtype).type(window)) == window
    assert int(np.dtype(dtype).type(window + 1)) != window + 1


@pytest.mark.parametrize(
    ("k", "a_max", "b_max", "dtype"),
    [(1024, 128, 128, "float32"), (256, 255, 257, "float32"), (2048, 2**21, 2**21, "float64")],
)
def test_inside(k, a_max, b_max, dtype):
    assert float_gemm.is_exact(k, a_max, b_max, dtype)
    assert exact_by(k, a_max, b_max, dtype)


@pytest.mark.parametrize(
    ("k", "a_max", "b_max", "dtype"),
    [(3, 4097, 4097, "float32"), (3, 2**26 + 1, 2**26 + 1, "float64")],
)
def test_outside(k, a_max, b_max, dtype):
    assert not float_gemm.is_exact(k, a_max, b_max, dtype)
    assert not exact_by(k, a_max, b_max, dtype)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_edge_is_one_term_wide(dtype):
    for a_max, b_max in ((127, 127), (2**11, 2**11), (4095, 3)):
        depth = float_gemm.exact_depth(a_max, b_max, dtype)
        assert float_gemm.is_exact(depth, a_max, b_max, dtype)
        assert not float_gemm.is_exact(depth + 1, a_max, b_max, dtype)


def test_operands_must_be_representable():
    """A zero operand makes every product zero, but the other one must still survive its conversion."""
    assert not float_gemm.is_exact(1, 2**54, 0, "float64")
    assert float_gemm.exact_depth(2**54, 0, "float64") == 0


def test_narrowest():
    assert float_gemm.narrowest(1024, 128, 128) == "float32"
    assert float_gemm.narrowest(1025, 128, 128) == "float64"
    assert float_gemm.narrowest(2**23, 2**15, 2**15) == "float64"
    assert float_gemm.narrowest(2**23 + 1, 2**15, 2**15) is None


def test_estimate_error_holds():
    rng = np.random.default_rng(0)
    for k in (1, 7, 300):
        for _ in range(20):
            a, b = (rng.integers(-(2**63), 2**63 - 1, k, endpoint=True) for _ in range(2))
            true = sum(int(x) * int(y) for x, y in zip(a, b, strict=True))
            estimate = float(a.astype(float) @ b.astype(float))
            assert abs(int(estimate) - true) <= float_gemm.estimate_error(k, 2**63, 2**63)
