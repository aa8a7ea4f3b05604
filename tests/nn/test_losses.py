"""Cross entropy: losses and gradients within their stated error, their finite differences, and the edges."""

from __future__ import annotations

import numpy as np
import pytest

from fastmul import nn

U = 2.0**-24


def in_long_double(logits, targets):
    x = logits.astype(np.longdouble)
    x = x - x.max(-1, keepdims=True)
    e = np.exp(x)
    softmax = e / e.sum(-1, keepdims=True)
    at = np.take_along_axis(x, targets[..., None], -1)
    gradient = softmax - np.eye(x.shape[-1])[targets]
    return (np.log(e.sum(-1, keepdims=True)) - at)[..., 0], gradient, softmax, abs(x)


@pytest.mark.parametrize("n", [1, 2, 15, 16, 17, 100, 1003])
@pytest.mark.parametrize("spread", [0.1, 3.0, 40.0])
def test_within_the_stated_error(n, spread):
    rng = np.random.default_rng(n)
    logits = (rng.normal(size=(5, n)) * spread + [[0], [0], [500], [-500], [0]]).astype(np.float32)
    targets = rng.integers(0, n, 5)
    losses, gradient = nn.softmax_cross_entropy(logits, targets)
    true_losses, true_gradient, softmax, distance = in_long_double(logits, targets)
    assert (np.abs(losses - true_losses) <= 4 * U * (1 + true_losses)).all()
    assert (np.abs(gradient - true_gradient) <= (4 + distance) * U * softmax + U).all()


def test_gradients_are_finite_differences():
    rng = np.random.default_rng(0)
    logits, targets, h = rng.normal(size=(3, 6)).astype(np.float32), np.array([0, 5, 2]), 1e-6
    _, gradient = nn.softmax_cross_entropy(logits, targets)

    def total(x):
        return (np.log(np.exp(x).sum(-1)) - x[range(3), targets]).sum()

    for i in np.ndindex(logits.shape):
        step = np.zeros(logits.shape)
        step[i] = h
        x = logits.astype(float)
        difference = (total(x + step) - total(x - step)) / (2 * h)
        assert gradient[i] == pytest.approx(difference, abs=1e-6)


def test_edges():
    inf = np.inf
    logits = np.array([[0, -inf, 0], [0, -inf, 0], [0, np.nan, 0]], np.float32)
    losses, gradient = nn.softmax_cross_entropy(logits, [0, 1, 0])
    np.testing.assert_allclose(losses, [np.log(2), inf, np.nan], rtol=1e-6)
    np.testing.assert_array_equal(gradient[:2], [[-0.5, 0, 0.5], [0.5, -1, 0.5]])
    assert np.isnan(gradient[2]).all()
    losses, gradient = nn.softmax_cross_entropy(np.zeros((0, 4), np.float32), np.zeros(0, int))
    assert losses.shape == (0,)
    assert gradient.shape == (0, 4)


def test_shapes_and_threads_change_nothing(monkeypatch):
    rng = np.random.default_rng(1)
    logits, targets = rng.normal(size=(4, 5, 37)).astype(np.float32), rng.integers(0, 37, (4, 5))
    losses, gradient = nn.softmax_cross_entropy(logits, targets)
    monkeypatch.setattr("fastmul.nn.losses.CHUNK", 80)
    flat = nn.softmax_cross_entropy(logits.reshape(20, 37), targets.reshape(20), threads=3)
    np.testing.assert_array_equal(losses, flat[0].reshape(4, 5))
    np.testing.assert_array_equal(gradient, flat[1].reshape(4, 5, 37))


def test_what_is_refused():
    logits = np.zeros((2, 3), np.float32)
    with pytest.raises(TypeError, match="logits is float64"):
        nn.softmax_cross_entropy(logits.astype(float), [0, 1])
    with pytest.raises(TypeError, match="targets are float64, must be integers"):
        nn.softmax_cross_entropy(logits, [0.0, 1.0])
    with pytest.raises(ValueError, match=r"one for each row of logits \(2, 3\)"):
        nn.softmax_cross_entropy(logits, [0])
    with pytest.raises(ValueError, match=r"targets from 0 to 3, must be in 0 <= target < 3"):
        nn.softmax_cross_entropy(logits, [0, 3])
    with pytest.raises(ValueError, match="targets from -1 to 0"):
        nn.softmax_cross_entropy(logits, [0, -1])
