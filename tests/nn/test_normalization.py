"""RMSNorm and LayerNorm: the stated error against exact arithmetic, hard rows, and one order of sums."""

from __future__ import annotations

from fractions import Fraction

import gmpy2
import numpy as np
import pytest

from fastmul import nn

U = 2.0**-24


def exact(row, eps, centered):
    """The normalised row in 200 bits."""
    values = [Fraction(float(v)) for v in row]
    mean = sum(values) / len(values) if centered else Fraction(0)
    power = sum((v - mean) ** 2 for v in values) / len(values) + Fraction(eps)
    with gmpy2.context(precision=200):
        root = gmpy2.sqrt(gmpy2.mpfr(gmpy2.mpq(power.numerator, power.denominator)))
        scaled = [gmpy2.mpq((d := v - mean).numerator, d.denominator) / root for v in values]
        return np.array(scaled, object), float(root)


def rows(n):
    """Random rows, rows far from 0, rows of huge and of tiny numbers."""
    rng = np.random.default_rng(n)
    x = rng.normal(size=(4, n))
    return (x * [[1], [1], [1e30], [1e-15]] + [[0], [1000], [0], [0]]).astype(np.float32)


@pytest.mark.parametrize("n", [1, 2, 15, 16, 17, 31, 100, 257])
@pytest.mark.parametrize("affine", [False, True])
def test_rms_norm_within_its_error(n, affine):
    x, eps = rows(n), 1e-5
    weight = np.random.default_rng(1).normal(size=n).astype(np.float32) if affine else None
    got = nn.rms_norm(x, weight, eps=eps)
    for row, result in zip(x, got, strict=True):
        true, _ = exact(row, eps, centered=False)
        true = true * [float(w) for w in weight] if affine else true
        for r, t in zip(result.tolist(), true, strict=True):
            assert abs(r - t) <= 3.01 * U * abs(t) + 2.0**-150


@pytest.mark.parametrize("n", [1, 2, 15, 16, 17, 31, 100, 257])
@pytest.mark.parametrize("affine", [False, True])
def test_layer_norm_within_its_error(n, affine):
    x, eps = rows(n), 1e-5
    rng = np.random.default_rng(2)
    weight, bias = rng.normal(size=(2, n)).astype(np.float32) if affine else (None, None)
    got = nn.layer_norm(x, weight, bias, eps=eps)
    for row, result in zip(x, got, strict=True):
        z, sigma = exact(row, eps, centered=True)
        small = n * 2.0**-52 * float(np.abs(row).max()) / sigma
        for j, r in enumerate(result.tolist()):
            w, b = (float(weight[j]), float(bias[j])) if affine else (1.0, 0.0)
            true = z[j] * w + b
            assert abs(r - true) <= 4.01 * U * abs(z[j] * w) + U * abs(true) + small * abs(w)


def test_a_row_of_one_value_has_no_spread():
    x = np.full((2, 37), 0.1, np.float32)
    np.testing.assert_array_equal(nn.layer_norm(x, bias=np.ones(37, np.float32)), np.ones_like(x))
    np.testing.assert_array_equal(nn.rms_norm(np.zeros((2, 5), np.float32)), np.zeros((2, 5)))


def test_nan_stays_in_its_row():
    x = np.ones((3, 20), np.float32)
    x[1, 7] = np.nan
    for function in (nn.rms_norm, nn.layer_norm):
        assert np.isnan(function(x)).all(axis=1).tolist() == [False, True, False]


def test_shapes_layouts_and_threads_change_nothing(monkeypatch):
    x = np.random.default_rng(3).normal(size=(6, 7, 33)).astype(np.float32)
    for function in (nn.rms_norm, nn.layer_norm):
        expected = function(x)
        assert expected.shape == x.shape
        np.testing.assert_array_equal(function(x.reshape(42, 33)).reshape(x.shape), expected)
        np.testing.assert_array_equal(function(x[3, 4]), expected[3, 4])
        np.testing.assert_array_equal(function(x.transpose(1, 0, 2)), expected.transpose(1, 0, 2))
        assert function(x[:, :0]).shape == (6, 0, 33)
        assert function(x[..., :0]).shape == (6, 7, 0)
        with monkeypatch.context() as patched:
            patched.setattr("fastmul.nn.stages.CHUNK", 70)
            np.testing.assert_array_equal(function(x, threads=3), expected)


# ---------------------------------------------------------------- gradients


def backward_in_float64(grad, x, weight, eps, centered):
    """by_x, by_weight, by_bias, and what the error of by_x is relative to."""
    x, grad = x.astype(np.longdouble), grad.astype(np.longdouble)
    n = x.shape[-1]
    d = x - x.mean(-1, keepdims=True) if centered else x
    scale = 1 / np.sqrt((d * d).mean(-1, keepdims=True) + eps)
    xhat, g = d * scale, grad * (1 if weight is None else weight)
    first = g.mean(-1, keepdims=True) if centered else np.longdouble(0)
    second = (g * xhat).mean(-1, keepdims=True)
    within = abs(xhat)
    if centered:
        within = within + n * 2.0**-31 * abs(x).max(-1, keepdims=True) * scale
    size = scale * (abs(g) + within * (abs(g) * within).mean(-1, keepdims=True))
    if centered:
        size += scale * abs(g).mean(-1, keepdims=True)
    return (
        scale * (g - first - xhat * second),
        (grad * xhat).sum(0),
        grad.sum(0),
        size,
        abs(grad * within).sum(0),
    )


@pytest.mark.parametrize("n", [1, 3, 16, 33, 600])
@pytest.mark.parametrize("affine", [False, True])
def test_gradients_within_their_error(n, affine):
    rng = np.random.default_rng(n)
    x, grad = rng.normal(size=(2, 9, n)).astype(np.float32)
    weight = rng.normal(size=n).astype(np.float32) if affine else None
    for centered, backward in ((False, nn.rms_norm_backward), (True, nn.layer_norm_backward)):
        by_x, by_weight, *by_bias = backward(grad, x, weight, eps=1e-5)
        true_x, true_weight, true_bias, size, total = backward_in_float64(
            grad, x, weight, 1e-5, centered
        )
        assert (np.abs(by_x - true_x) <= 8 * U * size).all()
        assert (np.abs(by_weight - true_weight) <= 3 * U * total + 2.0**-140).all()
        if by_bias:
            assert (np.abs(by_bias[0] - true_bias) <= 1.01 * U * np.abs(true_bias) + 1e-12).all()


@pytest.mark.parametrize("offset", [0, 1e6])
def test_gradients_within_their_error_where_sums_cancel(offset):
    rng = np.random.default_rng(7)
    x = (rng.normal(size=(60, 17)) + offset).astype(np.float32)
    grad, weight = rng.normal(size=(60, 17)).astype(np.float32), np.ones(17, np.float32)
    grad[:, 0] = (
        1e-6  # beside an xhat of 1, where the mean of g xhat is small, only its terms' rounding is left
    )
    grad[:, 1:] -= x[:, 1:] * ((grad * x).sum(1) / (x * x).sum(1))[:, None]
    for centered, backward in ((False, nn.rms_norm_backward), (True, nn.layer_norm_backward)):
        true_x, *_, size, _ = backward_in_float64(grad, x, weight, 1e-5, centered)
        assert (np.abs(backward(grad, x, weight)[0] - true_x) <= 8 * U * size).all()


@pytest.mark.parametrize("centered", [False, True])
def test_gradients_are_finite_differences(centered):
    rng = np.random.default_rng(4)
    x, grad = rng.normal(size=(2, 3, 7)).astype(np.float32)
    weight, h = rng.normal(size=7).astype(np.float32), 1e-5

    def total(x):
        d = x - x.mean(-1, keepdims=True) if centered else x
        return (grad * (d / np.sqrt((d * d).mean(-1, keepdims=True) + 1e-5) * weight)).sum()

    by_x = (nn.layer_norm_backward if centered else nn.rms_norm_backward)(grad, x, weight)[0]
    for i in np.ndindex(x.shape):
        step = np.zeros(x.shape)
        step[i] = h
        difference = (total(x.astype(float) + step) - total(x.astype(float) - step)) / (2 * h)
        assert by_x[i] == pytest.approx(difference, rel=1e-5, abs=1e-5)


def test_threads_and_shapes_change_no_gradient(monkeypatch):
    x, grad = np.random.default_rng(5).normal(size=(2, 6, 7, 600)).astype(np.float32)
    for backward in (nn.rms_norm_backward, nn.layer_norm_backward):
        expected = backward(grad, x)
        flat = backward(grad.reshape(42, 600), x.reshape(42, 600))
        assert expected[0].shape == x.shape
        with monkeypatch.context() as patched:
            patched.setattr("fastmul.nn.normalization.CHUNK", 1300)
            threaded = backward(grad, x, threads=3)
        for a, b, c in zip(expected, flat, threaded, strict=True):
            np.testing.assert_array_equal(a, b.reshape(a.shape))
            np.testing.assert_array_equal(a, c)
        for empty in (x[:, :0], x[..., :0]):
            by_x, by_weight, *_ = backward(empty, empty)
            assert by_x.shape == empty.shape
            np.testing.assert_array_equal(by_weight, np.zeros(empty.shape[-1]))


def test_what_is_refused():
    x = np.ones((2, 4), np.float32)
    with pytest.raises(ValueError, match=r"weight has shape \(3,\), must be \(4,\)"):
        nn.rms_norm(x, np.ones(3, np.float32))
    with pytest.raises(TypeError, match="bias is float64, must be float32"):
        nn.layer_norm(x, bias=np.ones(4))
    with pytest.raises(ValueError, match="eps=-1 must be at least 0"):
        nn.layer_norm(x, eps=-1)
    with pytest.raises(ValueError, match="at least one axis"):
        nn.rms_norm(np.float32(1))
    with pytest.raises(ValueError, match=r"grad has shape \(4,\), x has \(2, 4\)"):
        nn.layer_norm_backward(x[0], x)
