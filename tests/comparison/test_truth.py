"""The true products that contestants are compared with."""

from fractions import Fraction

import numpy as np
import pytest

from fastmul.comparison import truth
from fastmul.comparison.cases import IntegerCase, MatrixCase
from fastmul.comparison.kinds import magnitude
from fastmul.comparison.operands import adversarial_integer, bit_runs, random_integer


@pytest.mark.parametrize("k", [1, 2, 3, 64, 1000, 2048, 1 << 20])
def test_slices_are_as_wide_as_the_window_allows(k):
    bits = truth.slice_bits(k)
    assert k * ((1 << bits) - 1) ** 2 <= 2**53
    assert (1 << (k - 1).bit_length()) * 4 ** (bits + 1) > 2**53  # a bit more has no proof


@pytest.mark.parametrize("bits", [1, 13, 21])
def test_slices_add_up(bits):
    grid = np.array([0, 1, -1, 2**62, -(2**63), 2**63 - 1, -12345678901234])
    parts = truth.slices(grid, bits)
    assert all(np.abs(p).max() < 2**bits for p in parts)
    for i, value in enumerate(grid.tolist()):
        assert sum(int(p[i]) << (bits * j) for j, p in enumerate(parts)) == value


def test_integer_product_is_pythons():
    rng = np.random.default_rng(3)
    a, b = (rng.integers(-(2**63), 2**63 - 1, shape, endpoint=True) for shape in ((5, 37), (37, 4)))
    exact = a.astype(object) @ b.astype(object)
    wrapped = np.vectorize(lambda x: (x + 2**63) % 2**64 - 2**63)(exact)
    assert np.array_equal(truth.integer_product(a, b), wrapped.astype(np.int64))


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_float_product_is_within_a_longdouble_rounding_of_the_exact_one(dtype):
    case = MatrixCase(24, dtype)
    a, b = case.operands
    found = case.truth
    for i, row in enumerate(case.rows):
        for j in range(case.size):
            exact = sum(
                Fraction(float(x)) * Fraction(float(y))
                for x, y in zip(a[row], b[:, j], strict=True)
            )
            high = float(found[i, j])
            error = abs(Fraction(high) + Fraction(float(found[i, j] - np.longdouble(high))) - exact)
            assert error <= Fraction(24, 2**62)


@pytest.mark.parametrize("dtype", ["int64", "int32", "int8", "uint16", "uint64"])
@pytest.mark.parametrize("size", [1, 7, 64])
def test_integer_cases_are_as_large_as_fits(dtype, size):
    case = MatrixCase(size, dtype)
    top = int(np.iinfo(case.result_dtype).max)
    largest = magnitude(np.dtype(dtype), case.result_dtype, size)
    assert size * largest**2 <= top
    full = largest == int(np.iinfo(dtype).max)
    assert full or size * (largest + 1) ** 2 > top
    a, b = case.operands
    assert a.dtype == b.dtype == np.dtype(dtype)
    assert np.array_equal(case.truth, a.astype(object) @ b.astype(object))


def test_a_wrong_reference_is_noticed(monkeypatch):
    import gmpy2

    case = IntegerCase(4096)
    a, b = case.operands
    assert case.truth == a * b
    fresh = IntegerCase(2048)
    fresh.__dict__["operands"] = (Liar(3), Liar(5))
    monkeypatch.setattr(gmpy2, "mpz", Liar)
    with pytest.raises(ArithmeticError, match="fails its check"):
        _ = fresh.truth


class Liar(int):
    def __mul__(self, other):
        return Liar(int(self) * int(other) + (1 if self > 2 else 0))

    def __mod__(self, p):
        return int(self) % p


def test_operands_have_their_sizes():
    import random

    rng = random.Random(1)
    for bits in (1, 63, 64, 65, 4097):
        assert random_integer(bits, 1).bit_length() == bits
        assert bit_runs(bits, rng).bit_length() == bits
        assert all(adversarial_integer(bits, rng).bit_length() <= bits for _ in range(20))
    assert adversarial_integer(0, rng) == 0 == bit_runs(0, rng)
