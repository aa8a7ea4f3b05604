"""Lower and upper parts of products against Python's own, signs and undecided carries included."""

import random

import gmpy2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastmul.integers import mulhigh, mullow, short_products
from tests import adversaries

mpz = gmpy2.mpz
SIGNED = st.integers(-(1 << 700), 1 << 700)


@given(SIGNED, SIGNED, st.integers(0, 1500))
def test_parts_are_pythons(a, b, n):
    assert mullow(a, b, n) == a * b % (1 << n)
    assert mulhigh(a, b, n) == (a * b) >> n


@pytest.mark.parametrize("n_limbs", [1, 2, 9, 40])
def test_adversaries(n_limbs):
    bits = 64 * n_limbs
    cases = [x for _, x in adversaries.integers(n_limbs)]
    for a in cases:
        for b in [*cases[:4], 3, 0, -1]:
            for x, y in ((a, b), (-a, b), (-a, -b)):
                for n in adversaries.straddle(0, 64, bits, bits + 64, 2 * bits - 64, 2 * bits):
                    assert mullow(x, y, n) == x * y % (1 << n)
                    assert mulhigh(x, y, n) == (x * y) >> n


@pytest.mark.parametrize("sign", [1, -1])
def test_a_carry_from_far_below_is_seen(sign, monkeypatch):
    # (2^k + 1)(2^k - 1) = 2^2k - 1: the bits above n are decided by the lowest bit of the product
    k = 1000
    a, b = mpz((1 << k) + 1), mpz(sign * ((1 << k) - 1))
    products = []

    def counted(x, y, **options):
        products.append((x, y))
        return x * y

    monkeypatch.setattr(short_products, "mul", counted)
    for delta in (-1, 0, 1):
        assert mulhigh(a, b + delta, 2 * k - 5) == (a * (b + delta)) >> (2 * k - 5)
    assert (a, b) in products  # undecided by the upper parts alone
    products.clear()
    rng = random.Random(3)
    x, y = (mpz(rng.getrandbits(4000)) for _ in range(2))
    assert mulhigh(x, y, 7900) == (x * y) >> 7900
    [(upper, _)] = products  # decided, from few bits
    assert upper.bit_length() <= 100 + short_products.GUARD_BITS


def test_squares_and_types():
    a = mpz(3) ** 500
    assert mullow(a, a, 99) == a * a % (1 << 99)
    assert mulhigh(a, a, 1500) == (a * a) >> 1500
    assert type(mullow(a, 2, 9)) is mpz
    assert type(mulhigh(5, a, 9)) is mpz
    assert type(mullow(5, 6, 9)) is int
    assert type(mulhigh(5, 6, 1)) is int


def test_arguments():
    with pytest.raises(ValueError, match=r"mullow\(a, b, n\) needs n >= 0, got n = -1"):
        mullow(1, 2, -1)
    with pytest.raises(ValueError, match=r"mulhigh\(a, b, n\).* got n = -3"):
        mulhigh(1, 2, -3)
    with pytest.raises(TypeError, match=r"mullow\(a, b, n\): n is an integer, got float"):
        mullow(1, 2, 1.0)
    with pytest.raises(TypeError, match=r"mulhigh\(a, b, n\) needs Python ints"):
        mulhigh(1.5, 2, 1)


@pytest.mark.parametrize("huge", [2**40, 2**70])
def test_more_bits_than_any_number_has(huge):
    for x, y in ((3, 5), (-3, -5), (0, -5)):
        assert mullow(x, y, huge) == x * y
        assert mulhigh(x, y, huge) == 0
    assert mulhigh(-3, 5, huge) == -1
    with pytest.raises(MemoryError, match=r"mullow\(a, b, n\) with n = "):
        mullow(-3, 5, huge)  # which has as many ones
