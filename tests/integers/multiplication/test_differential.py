"""Every row against GMP on random adversarial operands, and against itself by the laws of arithmetic."""

from __future__ import annotations

import random

import pytest
from gmpy2 import mpz
from hypothesis import given, settings
from hypothesis import strategies as st

import fastmul
from fastmul.integers.multiplication import MUL
from tests.adversaries import bit_runs

NAMES = ["auto", *MUL.names]


@st.composite
def numbers(draw) -> int:
    bits = draw(st.integers(0, 30_000))
    value = bit_runs(bits, random.Random(draw(st.integers(0, 2**32))))
    return -value if draw(st.booleans()) else value


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=40, deadline=None)
@given(a=numbers(), b=numbers())
def test_equals_gmp(name, a, b):
    expected = mpz(a) * mpz(b)
    assert fastmul.mul(a, b, algorithm=name) == expected
    assert fastmul.mul(mpz(a), mpz(b), algorithm=name) == expected
    assert fastmul.mul(a, mpz(b), algorithm=name) == expected
    assert fastmul.square(a, algorithm=name) == mpz(a) * mpz(a)


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=15, deadline=None)
@given(a=numbers(), b=numbers(), c=numbers())
def test_laws(name, a, b, c):
    def mul(x, y):
        return fastmul.mul(x, y, algorithm=name)

    assert mul(a, b) == mul(b, a)
    assert mul(a + c, b) == mul(a, b) + mul(c, b)
    assert mul(a << 77, b) == mul(a, b) << 77
    assert fastmul.square(a + b, algorithm=name) == mul(a, a) + 2 * mul(a, b) + mul(b, b)


@pytest.mark.parametrize("name", NAMES)
def test_closed_form_beyond_oracles(name):
    # (2^m - 1)(2^n - 1) = 2^(m+n) - 2^m - 2^n + 1
    for m, n in ((300_001, 299_999), (500_000, 1000), (64 * 4096, 64 * 4096)):
        product = fastmul.mul((1 << m) - 1, (1 << n) - 1, algorithm=name)
        assert product == (1 << (m + n)) - (1 << m) - (1 << n) + 1
