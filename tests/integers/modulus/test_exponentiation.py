"""Windows of an exponent."""

import random

import pytest

from fastmul.integers.modulus.exponentiation import MAX_WINDOW, expected_products, windows

EXPONENTS = [1, 2, 3, 4, 5, 2**64, 2**64 - 1, 0b1011001100, random.Random(1).getrandbits(300)]


@pytest.mark.parametrize("width", range(1, MAX_WINDOW + 1))
def test_windows_spell_the_exponent(width):
    for e in EXPONENTS:
        rebuilt = 0
        for squarings, value in windows(e, width):
            rebuilt = (rebuilt << squarings) + value
            assert value < 1 << width
            assert value % 2 or not value
        assert rebuilt == e


def test_windows_need_fewer_products_than_bits():
    assert expected_products(1) == 2
    for bits in (64, 1000, 10**6):
        assert bits < expected_products(bits) < 1.5 * bits
