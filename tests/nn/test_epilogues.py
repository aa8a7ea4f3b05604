"""Epilogues: the bits of the single steps, whatever the blocks, threads, sizes and combination of stages."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from fastmul import nn
from fastmul.lowprecision import Philox
from tests.guard_pages import guarded

RNG = Philox(7, site=3)


def stages(m, n):
    rng = np.random.default_rng(m * n)
    bias, weight, shift = rng.normal(size=(3, n)).astype(np.float32)
    residual = rng.normal(size=(m, n)).astype(np.float32)
    return bias, weight, shift, residual


ACTIVATIONS = {
    None: lambda x: x,
    "relu": nn.relu,
    "gelu": nn.gelu,
    "gelu_tanh": lambda x: nn.gelu(x, approximate="tanh"),
    "silu": nn.silu,
    "sigmoid": nn.sigmoid,
    "tanh": nn.tanh,
}


def step_by_step(x, bias, activation, normalization, p, residual):
    x = x if bias is None else x + bias
    x = ACTIVATIONS[activation](x)
    if isinstance(normalization, nn.RMSNorm):
        x = nn.rms_norm(x, normalization.weight, eps=normalization.eps)
    elif normalization is not None:
        x = nn.layer_norm(x, normalization.weight, normalization.bias, eps=normalization.eps)
    x = nn.dropout(x, p, rng=RNG) if p else x
    return x if residual is None else x + residual


@pytest.mark.parametrize(("m", "n"), [(3, 1), (4, 37), (2, 2048), (2, 2050), (3, 4500)])
def test_every_combination_equals_the_single_steps(m, n):
    x = np.random.default_rng(0).normal(size=(m, n)).astype(np.float32)
    bias, weight, shift, residual = stages(m, n)
    norms = [None, nn.RMSNorm(weight), nn.LayerNorm(weight, shift, 1e-3)]
    for b, a, norm, p, r in itertools.product(
        [None, bias], [None, "gelu"], norms, [0.0, 0.3], [None, residual]
    ):
        epilogue = nn.Epilogue(b, a, norm, p, r, rng=RNG, training=True)
        rows = x.copy()
        epilogue(rows)
        np.testing.assert_array_equal(rows, step_by_step(x, b, a, norm, p, r))


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_every_activation(activation):
    x = np.random.default_rng(1).normal(size=(3, 50)).astype(np.float32)
    rows = x.copy()
    nn.Epilogue(activation=activation)(rows)
    np.testing.assert_array_equal(rows, ACTIVATIONS[activation](x))


def full(m, n, **options):
    bias, weight, shift, residual = stages(m, n)
    return nn.Epilogue(
        bias=bias, activation="silu", normalization=nn.LayerNorm(weight, shift), dropout=0.25, residual=residual,
        **{"rng": RNG, "training": True, **options},
    )  # fmt: skip


def test_blocks_of_rows_and_threads_change_nothing(monkeypatch):
    m, n = 23, 70
    x = np.random.default_rng(2).normal(size=(m, n)).astype(np.float32)
    epilogue, whole = full(m, n), x.copy()
    epilogue(whole)
    for height in (1, 5, 22):
        rows = x.copy()
        for first in range(0, m, height):
            epilogue(rows[first : first + height], first)
        np.testing.assert_array_equal(rows, whole)
    monkeypatch.setattr("fastmul.nn.stages.CHUNK", 200)
    rows = x.copy()
    epilogue(rows, threads=3)
    np.testing.assert_array_equal(rows, whole)


def test_inference_drops_nothing_and_draws_nothing():
    class Untouchable:
        def __getattr__(self, name):
            raise AssertionError(f"rng.{name} was asked for")

    x = np.random.default_rng(3).normal(size=(4, 19)).astype(np.float32)
    rows = x.copy()
    nn.Epilogue(dropout=0.5, rng=Untouchable(), training=False)(rows)
    np.testing.assert_array_equal(rows, x)


def test_no_element_beside_the_rows_is_touched():
    m, n = 3, 35
    bias, weight, shift, residual = stages(m, n)
    x = np.random.default_rng(4).normal(size=(m, n)).astype(np.float32)
    expected = x.copy()
    full(m, n)(expected)
    for before in (False, True):
        put = lambda v: guarded(v, before=before)  # noqa: B023, E731
        rows = put(x)
        nn.Epilogue(put(bias), "silu", nn.LayerNorm(put(weight), put(shift)), 0.25, put(residual),
                    rng=RNG, training=True)(rows)  # fmt: skip
        np.testing.assert_array_equal(rows, expected)


@pytest.mark.parametrize("shape", [(5, 40), (2, 150, 40), (40,)])
def test_linear_is_the_product_and_then_the_epilogue(shape, monkeypatch):
    monkeypatch.setattr("fastmul.nn.fused_products.ROWS", 32)
    rng = np.random.default_rng(5)
    x, w = (rng.normal(size=s).astype(np.float32) for s in (shape, (24, 40)))
    y = nn.linear(x, w.T)
    np.testing.assert_allclose(y, x @ w.T, rtol=1e-4, atol=1e-4)
    residual = rng.normal(size=y.shape).astype(np.float32)
    epilogue = nn.Epilogue(activation="gelu", dropout=0.5, residual=residual, rng=RNG, training=True)  # fmt: skip
    expected = nn.dropout(nn.gelu(y), 0.5, rng=RNG) + residual
    for threads in (1, 3):
        np.testing.assert_array_equal(nn.linear(x, w.T, epilogue=epilogue, threads=threads), expected)  # fmt: skip


def test_linear_of_nothing():
    bias = np.ones(3, np.float32)
    empty = np.zeros((2, 0), np.float32)
    product = nn.linear(empty, np.zeros((0, 3), np.float32), epilogue=nn.Epilogue(bias))
    np.testing.assert_array_equal(product, np.ones((2, 3)))
    assert nn.linear(empty[:0], np.zeros((0, 3), np.float32)).shape == (0, 3)


def test_it_follows_a_low_precision_product():
    from fastmul import lowprecision

    rng = np.random.default_rng(6)
    a, b = rng.integers(-8, 8, (40, 16)), rng.integers(-8, 8, (16, 70))
    a, b = (lowprecision.quantize(v.astype(np.float32), "int8", axis=i, scaling="tensor")
            for v, i in ((a, 1), (b, 0)))  # fmt: skip
    expected = lowprecision.matmul(a, b)
    epilogue = full(40, 70)
    epilogue(expected)
    np.testing.assert_array_equal(lowprecision.matmul(a, b, epilogue=epilogue), expected)


def test_what_is_refused():
    rows = np.ones((2, 4), np.float32)
    with pytest.raises(ValueError, match="'swish' is none of relu, gelu"):
        nn.Epilogue(activation="swish")
    with pytest.raises(TypeError, match=r"must be nn.RMSNorm\(...\) or nn.LayerNorm\(...\)"):
        nn.Epilogue(normalization="rms")
    with pytest.raises(ValueError, match=r"p=1.0: .* must be in \[0, 1\)"):
        nn.Epilogue(dropout=1.0)
    with pytest.raises(TypeError, match="random bits need"):
        nn.Epilogue(dropout=0.1, training=True)
    with pytest.raises(ValueError, match=r"bias has shape \(3,\), must be \(4,\)"):
        nn.Epilogue(bias=np.ones(3, np.float32))(rows)
    with pytest.raises(ValueError, match="at least 7 of 4 columns"):
        nn.Epilogue(residual=np.ones((6, 4), np.float32))(rows, 5)
    with pytest.raises(TypeError, match="float32 with two axes"):
        nn.Epilogue()(np.ones((2, 4)))
    with pytest.raises(ValueError, match="C-contiguous and writable"):
        nn.Epilogue()(rows[:, ::2])
    with pytest.raises(ValueError, match="first_row=-1"):
        nn.Epilogue(residual=rows)(rows, -1)
    with pytest.raises(ValueError, match="rows_of_plane=0"):
        nn.Epilogue()(rows, rows_of_plane=0)
    with pytest.raises(TypeError, match=r"must be nn.RMSNorm\(...\)"):
        nn.Epilogue(normalization=nn.RMSNorm)
    with pytest.raises(ValueError, match=r"make \(2, 4\), residual has shape \(3, 4\)"):
        nn.linear(rows, rows.T @ rows, epilogue=nn.Epilogue(residual=np.ones((3, 4), np.float32)))
    with pytest.raises(ValueError, match="weight stored as"):
        nn.linear(rows, rows)
