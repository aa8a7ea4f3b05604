"""matmul(mod=): every row that does not refuse against Python's integers."""

from __future__ import annotations

import numpy as np
import pytest

import fastmul
from fastmul.matrices.multiplication import MATMUL
from tests.matrices.cases import extreme_matrix, random_matrix, true_product

MODULI = [
    2, 3, 10, 255, 256, 257, 8191, 8193, 16385, 2**16,
    2**25 - 39, 2**25 + 1, 998244353, 2**31 - 1, 2**32, 2**32 - 5, 2**32 + 15,
    2**50 - 27, 2**51 - 129, 2**51, 2**51 + 1, 2**52 - 47, 2**61 - 1, 6 * 10**18, 2**63 - 25, 2**63 - 1, 2**63, 2**64,
]  # fmt: skip
DTYPES = [np.dtype(name) for name in ("int64", "uint64", "int32", "uint8", "bool")]
SHAPES = [(1, 1, 1), (3, 8, 5), (13, 41, 27)]


def products(a, b, p):
    """Each able row's product."""
    problem = MATMUL.problem(a, b, mod=p)
    able = [row.name for row in MATMUL.table if row.refuses(problem) is None]
    assert able, f"no row multiplies modulo {p}"
    return {name: fastmul.matmul(a, b, mod=p, algorithm=name) for name in ["auto", *able]}


@pytest.mark.parametrize("p", MODULI)
def test_equals_python(p):
    for seed, (m, k, n) in enumerate(SHAPES):
        for dtype in DTYPES:
            make = (random_matrix, extreme_matrix)[seed % 2]
            a, b = make((m, k), dtype, seed), make((k, n), DTYPES[seed], seed + 9)
            expected = true_product(a, b) % p
            for name, got in products(a, b, p).items():
                assert got.dtype == (np.uint64 if p == 2**64 else np.int64)
                np.testing.assert_array_equal(got.astype(object), expected, err_msg=name)


@pytest.mark.parametrize(
    "p", [251, 8191, 16381, 2**16, 2**25 - 39, 998244353, 2**51 - 129, 2**63 - 25]
)
def test_largest_residues(p):
    """p - 1 and its like everywhere: sums as large as they get, over several blocks of k."""
    k = 2085
    for low, high in ((p - 1, p - 1), (p // 2, p // 2 + 1), (-(p // 2), -1)):
        a, b = np.full((2, k), low, np.int64), np.full((k, 33), high, np.int64)
        for name, got in products(a, b, p).items():
            np.testing.assert_array_equal(got, k * low * high % p, err_msg=name)


@pytest.mark.parametrize("p", [11, 998244353, 2**62 + 1])
def test_layouts_and_stacks(p):
    x = random_matrix((2, 1, 9, 6), np.dtype(np.int64), 1)[..., ::-1]
    y = random_matrix((3, 7, 6), np.dtype(np.int32), 2).swapaxes(-1, -2)
    x.flags.writeable = False
    expected = np.matmul(x.astype(object), y.astype(object)) % p
    np.testing.assert_array_equal(fastmul.matmul(x, y, mod=p), expected)
    out = np.zeros((2, 3, 7, 9), np.int64).swapaxes(-1, -2)
    assert fastmul.matmul(x, y, mod=p, out=out) is out
    np.testing.assert_array_equal(out, expected)
    assert fastmul.matmul([p + 3, -1], [2, 2**200], mod=p) == (6 - 2**200) % p


def test_aliased_out():
    x = random_matrix((8, 8), np.dtype(np.int64), 3)
    expected = true_product(x, x) % 1009
    assert fastmul.matmul(x, x, mod=1009, out=x) is x
    np.testing.assert_array_equal(x, expected)


@pytest.mark.parametrize("shape", [(0, 3, 2), (2, 0, 3), (2, 3, 0)])
def test_empty(shape):
    m, k, n = shape
    for name, got in products(np.ones((m, k), int), np.ones((k, n), int), 5).items():
        assert got.shape == (m, n), name
        assert not got.any()


def test_dtype_is_given():
    with pytest.raises(TypeError, match="the result is int64"):
        fastmul.matmul([[1]], [[1]], mod=7, dtype=np.int32)
