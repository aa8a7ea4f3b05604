"""Telling arrays apart without importing their libraries."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

import fastmul
from fastmul.runtime import arrays


def pretend(module, name="ndarray"):
    """An instance of a class that claims to live in `module`."""
    return type(name, (), {"__module__": module, "__array_ufunc__": None})()


@pytest.mark.parametrize(
    ("module", "library", "advice"),
    [
        ("cupy._core.core", "CuPy", "asnumpy"),
        ("torch", "PyTorch", "numpy"),
        ("dask.array.core", "Dask", r"distributed\.matmul"),
        ("jaxlib.xla_extension", "JAX", "asarray"),
        ("tensorflow.python.framework", "TensorFlow", "numpy"),
    ],
)
def test_foreign_arrays(module, library, advice):
    x = pretend(module)
    assert arrays.library_of(x) == library
    with pytest.raises(TypeError, match=advice):
        fastmul.matmul(x, x)
    with pytest.raises(TypeError, match=advice):
        fastmul.matmul([[1]], x)
    with pytest.raises(fastmul.DeviceError, match=f"{library} and NumPy|NumPy and {library}"):
        fastmul.matmul(np.eye(2), x)


def test_unknown_array_type():
    with pytest.raises(TypeError, match=r"some\.frame"):
        fastmul.matmul(pretend("some.frame"), [[1]])


def test_subclass_of_a_foreign_array():
    base = type(pretend("torch", "Tensor"))
    assert arrays.library_of(type("Mine", (base,), {"__module__": "mine"})()) == "PyTorch"


def test_nothing_is_imported():
    code = (
        "import fastmul, numpy, sys; fastmul.matmul(numpy.eye(3), numpy.eye(3));"
        "print([m for m in ('cupy', 'torch', 'dask', 'numba') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_what_converts_itself_is_an_array_like():
    class Convertible:
        def __array__(self, dtype=None, copy=None):
            return np.array([[1, 2]])

    assert fastmul.matmul(Convertible(), [[3], [4]])[0, 0] == 11


@pytest.mark.parametrize(
    ("make", "blasable"),
    [
        (lambda x: x, True),
        (lambda x: x.T, True),
        (lambda x: x[1:3, 2:5], True),
        (lambda x: x[:, ::2], False),
        (lambda x: x[::-1], False),
        (lambda x: np.broadcast_to(x[:1], x.shape), False),
        (lambda x: np.lib.stride_tricks.as_strided(x, (3, 4), (8, 8)), False),
    ],
)
def test_is_blasable(make, blasable):
    assert arrays.is_blasable(make(np.zeros((5, 6)))) == blasable


def test_may_overlap():
    x = np.zeros(10)
    assert arrays.may_overlap(x[:6], x[5:])
    assert not arrays.may_overlap(x[:5], x[5:], np.zeros(3))


def test_lists_of_integers_never_become_floats():
    (x,) = arrays.as_operands("f", [[-1, 2**63]])
    assert x.dtype == object
    assert x.tolist() == [[-1, 2**63]]
    for floats in ([1.5, 2], [2.0, 3.0], 2.5, []):
        (x,) = arrays.as_operands("f", floats)
        assert x.dtype == float
