"""Activations as public functions: the twin's bits over arrays of every shape, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest

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


def test_what_is_refused():
    with pytest.raises(TypeError, match="float64, must be float32"):
        nn.silu(np.ones(3))
    with pytest.raises(ValueError, match='must be "none" or "tanh"'):
        nn.gelu(np.ones(3, np.float32), approximate="erf")
