"""Activations as public functions: the twin's bits over arrays of every shape, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.special

from fastmul import nn
from fastmul.kernels.reference import elementary as reference

FUNCTIONS = {
    "relu": nn.relu,
    "gelu": nn.gelu,
    "gelu_tanh": lambda x, **k: nn.gelu(x, approximate="tanh", **k),
    "silu": nn.silu,
    "sigmoid": nn.sigmoid,
    "tanh": nn.tanh,
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_arrays_of_every_shape(name):
    rng = np.random.default_rng(0)
    twin = getattr(reference, name)
    for shape in [(), (0,), (3, 0), (1,), (37,), (5, 7), (2, 3, 19)]:
        x = np.array(rng.normal(size=shape), np.float32)
        x.flags.writeable = False
        got = FUNCTIONS[name](x)
        assert got.shape == shape
        assert got.dtype == np.float32
        np.testing.assert_array_equal(got, twin(x))


def test_layout_and_threads_change_nothing(monkeypatch):
    x = np.random.default_rng(1).normal(size=(41, 33)).astype(np.float32)
    expected = nn.gelu(x)
    np.testing.assert_array_equal(nn.gelu(np.asfortranarray(x)), expected)
    np.testing.assert_array_equal(nn.gelu(x[::-2, ::3]), expected[::-2, ::3])
    monkeypatch.setattr("fastmul.nn.activations.CHUNK", 100)
    np.testing.assert_array_equal(nn.gelu(x, threads=3), expected)


@pytest.mark.parametrize(("least", "most"), [(-1.0, 3.2), (-3.0, 13.5)])
def test_the_tanh_form_of_gelu_where_its_tail_is_not_far(least, most):
    x = np.linspace(least, 8, 1 << 20, dtype=np.float32)
    x = np.concatenate([x, np.linspace(least, least + 0.01, 1 << 16, dtype=np.float32)])
    wide = x[x != 0].astype(np.longdouble)
    root = np.sqrt(np.longdouble(2) / np.longdouble("3.14159265358979323846"))
    exact = wide / (1 + np.exp(-2 * root * (wide + np.longdouble("0.044715") * wide**3)))
    last_place = np.exp2(np.floor(np.log2(abs(exact))) - 23)
    error = abs(nn.gelu(x[x != 0], approximate="tanh") - exact) / last_place
    assert most / 2 < error.max() <= most


# ---------------------------------------------------------------- gradients

GRADIENTS = {
    "relu": nn.relu_backward,
    "gelu": nn.gelu_backward,
    "gelu_tanh": lambda g, x, **k: nn.gelu_backward(g, x, approximate="tanh", **k),
    "silu": nn.silu_backward,
}
IN_FLOAT64 = {
    "gelu": lambda x: x * scipy.special.ndtr(x),
    "gelu_tanh": lambda x: x * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3))) / 2,
    "silu": lambda x: x * scipy.special.expit(x),
}
U = 2.0**-24


@pytest.mark.parametrize("name", IN_FLOAT64)
def test_gradients_are_finite_differences(name):
    rng = np.random.default_rng(2)
    x, grad = rng.normal(size=(2, 5000)).astype(np.float32) * [[3], [1]]
    x, grad = x.astype(np.float32), grad.astype(np.float32)
    f, h, at = IN_FLOAT64[name], 1e-3, x.astype(np.float64)
    # the fourth-order difference: its own error is below 1e-11
    slope = (8 * (f(at + h) - f(at - h)) - (f(at + 2 * h) - f(at - 2 * h))) / (12 * h)
    got = GRADIENTS[name](grad, x)
    assert (np.abs(got - grad * slope) <= 4 * U * np.abs(grad) + 1e-10).all()


@pytest.mark.parametrize("name", GRADIENTS)
def test_gradients_have_the_twins_bits_and_right_limits(name):
    rng = np.random.default_rng(3)
    x = np.concatenate([rng.normal(size=1001).astype(np.float32) * np.float32(9),
                        np.array([0, -0.0, np.inf, -np.inf, np.nan, 1e30, -1e30], np.float32)])  # fmt: skip
    grad = rng.normal(size=x.size).astype(np.float32)
    got = GRADIENTS[name](grad, x, threads=1)
    np.testing.assert_array_equal(got, getattr(reference, f"{name}_gradient")(x, grad))
    np.testing.assert_array_equal(got[-5:-2], [grad[-5], 0, np.nan])
    np.testing.assert_array_equal(got[-2:], [grad[-2], 0])
    assert GRADIENTS[name](grad.reshape(14, 72), x.reshape(14, 72)).shape == (14, 72)


def test_what_is_refused():
    with pytest.raises(TypeError, match="float64, must be float32"):
        nn.silu(np.ones(3))
    with pytest.raises(ValueError, match='must be "none" or "tanh"'):
        nn.gelu(np.ones(3, np.float32), approximate="erf")
    x = np.ones((2, 3), np.float32)
    with pytest.raises(ValueError, match=r"grad has shape \(3,\), x has \(2, 3\)"):
        nn.relu_backward(x[0], x)
    with pytest.raises(TypeError, match="grad is float64"):
        nn.silu_backward(x.astype(float), x)
