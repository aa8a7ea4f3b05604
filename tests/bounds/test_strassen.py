"""Growth, error and workspace of Strassen-Winograd."""

from __future__ import annotations

import numpy as np
import pytest

from fastmul.bounds import strassen as bounds
from fastmul.matrices.multiplication import strassen


def float_base(a, b, out):
    np.matmul(a, b, out=out)


@pytest.mark.parametrize("levels", [1, 2, 3])
def test_operand_growth_is_reached_and_not_exceeded(levels):
    """Leaves see operands up to 4^levels times as large; signs chosen so that S4 and T4 add up."""
    n = 2 << levels
    sign_a, sign_b = np.array([[1, 1], [-1, -1]]), np.array([[1, -1], [-1, 1]])
    a = b = np.ones((2, 2), np.int64)
    for _ in range(levels):
        a, b = np.kron(sign_a, a), np.kron(sign_b, b)
    seen = []

    def base(x, y, out):
        seen.append(max(abs(x).max(), abs(y).max()))
        np.matmul(x, y, out=out)

    out = np.empty((n, n), np.int64)
    strassen.multiply(a, b, out, levels, base)
    assert max(seen) == bounds.operand_growth(levels)
    np.testing.assert_array_equal(out, a @ b)


@pytest.mark.parametrize("levels", [1, 2, 3])
@pytest.mark.parametrize("n", [64, 256])
def test_error_is_below_the_bound(levels, n):
    rng = np.random.default_rng(levels)
    a, b = (rng.choice([-1.0, 1.0], (n, n)) * rng.random((n, n)) for _ in range(2))
    out = np.empty((n, n), np.float32)
    strassen.multiply(a.astype("f4"), b.astype("f4"), out, levels, float_base)
    true = a.astype("f4").astype("f8") @ b.astype("f4").astype("f8")
    error = abs(out - true).max()
    assert 0 < error <= bounds.max_norm_error(n, levels, 2.0**-24) * abs(a).max() * abs(b).max()


def test_small_entries_lose_their_digits():
    """Why floats need accuracy="fast": outside the norm-wise bound there is none."""
    rng = np.random.default_rng(0)
    a, b = rng.random((64, 64)), rng.random((64, 64))
    a[:32] *= 1e-12
    out = np.empty((64, 64))
    strassen.multiply(a, b, out, 1, float_base)
    relative = abs(out - a @ b) / (a @ b)
    assert relative[:32].max() > 1e-8
    assert relative[32:].max() < 1e-12


@pytest.mark.parametrize("shape", [(8, 8, 8), (16, 40, 24), (64, 8, 16), (24, 16, 80)])
@pytest.mark.parametrize("levels", [1, 2, 3])
def test_workspace_is_what_is_stated(shape, levels, monkeypatch):
    """The schedule runs in exactly workspace_entries, and in no entry less."""
    m, k, n = shape
    entries = bounds.workspace_entries(m, k, n, levels)
    assert entries <= (m * max(k, n) + k * n) / 3
    a, b = (np.arange(r * c).reshape(r, c) for r, c in ((m, k), (k, n)))
    c = np.empty((m, n), a.dtype)
    strassen._winograd(a, b, c, levels, float_base, np.empty(entries, a.dtype), 1)
    np.testing.assert_array_equal(c, a @ b)
    with pytest.raises(ValueError, match="reshape"):
        strassen._winograd(a, b, c, levels, float_base, np.empty(entries - 1, a.dtype), 1)
