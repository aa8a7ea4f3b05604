"""Every row of the table against NumPy's own integer product, bit for bit."""

from __future__ import annotations

import numpy as np
import pytest

import fastmul
from fastmul.matrices.multiplication import MATMUL, TABLE
from tests.matrices.cases import PAIRS, assert_same, extreme_matrix, random_matrix

SHAPES = [(1, 1, 1), (2, 3, 4), (13, 1, 7), (17, 33, 29), (64, 40, 31)]


def product_or_refusal(a, b, name):
    """The row's product, or None if it refuses; a refusal names what would do."""
    try:
        return fastmul.matmul(a, b, algorithm=name)
    except fastmul.AlgorithmError as error:
        message = str(error)
    assert "refuses" in message
    assert "would do" in message
    return None


@pytest.mark.parametrize("name", ["auto", *MATMUL.names])
@pytest.mark.parametrize(("a_dtype", "b_dtype"), PAIRS, ids=str)
def test_equals_numpy(name, a_dtype, b_dtype):
    for seed, (m, k, n) in enumerate(SHAPES):
        for make in (random_matrix, extreme_matrix):
            a, b = make((m, k), a_dtype, seed), make((k, n), b_dtype, seed + 1)
            got = product_or_refusal(a, b, name)
            if got is not None:
                assert_same(got, np.matmul(a, b))


#: What no row may refuse: a product that its summary promises. Rows for an algebra or an accuracy are tested elsewhere.
PROMISES = {
    "packed": ["int32", "uint32", "int64", "uint64", "float32", "float64"],
    "gemm": ["bool", "int8", "uint8", "int16", "uint16", "float32", "float64"],
    "split_float": ["int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64"],
    "strassen": ["int32", "uint32", "int64", "uint64", "float32", "float64"],
    "symmetric": ["bool", "int8", "uint8", "int16", "int32", "int64", "uint64"],
    "numpy": ["bool", "int8", "uint64", "float32", "complex128", "float16", "longdouble"],
}


@pytest.mark.parametrize("name", PROMISES)
def test_keeps_its_promise(name):
    for dtype in PROMISES[name]:
        a = np.arange(20).reshape(4, 5).astype(dtype)
        product = fastmul.matmul(a, a.T, algorithm=name)
        assert product.dtype == a.dtype
        np.testing.assert_allclose(product.astype(complex), np.matmul(a, a.T).astype(complex))


@pytest.mark.parametrize("name", PROMISES)
def test_third_door(name):
    """Each algorithm's module exposes matmul."""
    from importlib import import_module

    module = import_module(f"fastmul.matrices.multiplication.{name}")
    a = np.arange(6).reshape(2, 3)
    assert_same(module.matmul(a, a.T), a @ a.T)


@pytest.mark.parametrize("name", MATMUL.names)
@pytest.mark.parametrize("dtype", ["int32", "uint32", "int64", "uint64"])
def test_larger_than_blocks(name, dtype):
    """Sizes beyond one cache block of the packed kernel and one leaf of Strassen."""
    a = random_matrix((205, 611), np.dtype(dtype), 1)
    b = random_matrix((611, 97), np.dtype(dtype), 2)
    got = product_or_refusal(a, b, name)
    if got is not None:
        assert_same(got, np.matmul(a, b))


def test_rows_describe_themselves():
    for row in TABLE:
        assert row.summary.endswith(".")
        assert row.complexity
        assert row.source


def test_unknown_row_lists_the_table():
    with pytest.raises(fastmul.AlgorithmError, match=r"'packed'.*'numpy'"):
        fastmul.matmul([[1]], [[1]], algorithm="karatsuba")


def test_explain_takes_what_matmul_takes():
    a = np.ones((300, 300))
    explanation = fastmul.explain(fastmul.matmul, a, a, out=np.empty((300, 300)), verify=False)
    fates = {line.algorithm: line.refusal for line in explanation.lines}
    assert set(fates) == set(MATMUL.names)
    assert "accuracy='fast'" in fates["strassen"]
    assert "accuracy='fast'" not in str(
        fastmul.explain(fastmul.matmul, a, a, accuracy="fast").lines
    )
