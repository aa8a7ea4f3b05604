"""Roots next to squares and powers, against math.isqrt and gmpy2."""

import math
import random

import gmpy2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastmul.integers import iroot, isqrt, isqrt_rem, roots
from tests import adversaries

mpz = gmpy2.mpz


@pytest.fixture
def small_thresholds(monkeypatch):
    """Every step at sizes where thousands of cases are cheap."""
    monkeypatch.setattr(roots, "SQUARE_ROOT_BITS", 20)
    monkeypatch.setattr(roots, "ROOT_BITS", 40)


def _roots(bits):
    rng = random.Random(bits)
    return [
        (1 << bits) - 1,
        1 << bits >> 1,
        (1 << bits >> 1) + 1,
        adversaries.bit_runs(bits, rng),
        rng.getrandbits(bits),
    ]


@pytest.mark.parametrize("bits", [1, 2, 10, 11, 12, 31, 63, 64, 65, 200, 1000])
def test_square_roots_next_to_squares(bits, small_thresholds):
    for s in _roots(bits):
        for n in (s * s, s * s - 1, s * s + 1, s * s + 2 * s, s * s + s):
            if n >= 0:
                root = math.isqrt(n)
                assert isqrt(n) == root
                assert isqrt_rem(n) == (root, n - root * root)


@pytest.mark.parametrize("k", [1, 2, 3, 4, 5, 7, 12, 31])
@pytest.mark.parametrize("bits", [1, 2, 41, 64, 90, 300])
def test_roots_next_to_powers(k, bits, small_thresholds):
    for s in _roots(bits):
        for n in (s**k, s**k - 1, s**k + 1, (s + 1) ** k - 1):
            if n >= 0:
                assert iroot(n, k) == gmpy2.iroot(n, k)


@given(st.integers(0, 1 << 3000), st.integers(1, 40))
def test_any_root(n, k):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(roots, "SQUARE_ROOT_BITS", 30)
        patch.setattr(roots, "ROOT_BITS", 50)
        assert isqrt(n) == math.isqrt(n)
        assert iroot(n, k) == gmpy2.iroot(n, k)


def test_at_the_thresholds_in_use():
    rng = random.Random(3)
    for bits in adversaries.straddle(roots.SQUARE_ROOT_BITS):
        n = mpz(rng.getrandbits(bits) | 1 << (bits - 1))
        assert isqrt_rem(n) == gmpy2.isqrt_rem(n)
        s = gmpy2.isqrt(n)
        for near in (s * s - 1, s * s, s * s + 2 * s):
            assert isqrt(near) == gmpy2.isqrt(near)
    for bits in adversaries.straddle(3 * roots.ROOT_BITS):
        n = mpz(rng.getrandbits(bits) | 1 << (bits - 1))
        s = gmpy2.iroot(n, 3)[0]
        for near in (n, s**3 - 1, s**3):
            assert iroot(near, 3) == gmpy2.iroot(near, 3)


def test_a_root_that_its_upper_bits_do_not_tell(small_thresholds, monkeypatch):
    squares = []

    def counted(x, **options):
        squares.append(x)
        return x * x

    s = mpz(3) ** 400
    monkeypatch.setattr(roots, "square", counted)
    outer = []
    for n in (s * s - 1, s * s, s * s + 1, mpz(7) ** 451):
        squares.clear()
        assert isqrt(n) == gmpy2.isqrt(n)
        outer.append(max(x.bit_length() for x in squares) > n.bit_length() // 5)
    assert outer[0]
    assert not outer[3]


def test_large_degrees(small_thresholds):
    for n in (0, 1, 2, 3, 2**64, 3**500):
        for k in (n.bit_length(), n.bit_length() + 1, 1000, 10**30):
            if k >= 1:
                assert iroot(n, k) == (
                    (min(n, 1), n < 2) if k >= n.bit_length() else gmpy2.iroot(n, k)
                )


def test_types_and_arguments():
    for kind in (int, mpz):
        n = kind(3) ** 5000
        assert type(isqrt(n)) is kind
        assert {type(x) for x in isqrt_rem(n)} == {kind}
        assert [type(x) for x in iroot(n, 5)] == [kind, bool]
    for call in (lambda: isqrt(-1), lambda: isqrt_rem(mpz(-9)), lambda: iroot(-8, 3)):
        with pytest.raises(ValueError, match=r"\(n\) needs n >= 0"):
            call()
    with pytest.raises(ValueError, match=r"iroot\(n, k\) needs k >= 1, got k = 0"):
        iroot(8, 0)
    with pytest.raises(TypeError, match=r"isqrt\(n\) needs Python ints"):
        isqrt(4.0)
    with pytest.raises(TypeError, match=r"iroot\(n, k\): k is an integer, got float"):
        iroot(8, 3.0)
