"""Roots next to squares and powers, against math.isqrt and gmpy2."""

import math
import random

import gmpy2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastmul.integers import iroot, isqrt, isqrt_rem, roots, square_roots
from fastmul.integers.division import rings, wraps
from tests import adversaries

mpz = gmpy2.mpz


@pytest.fixture
def small_thresholds(monkeypatch):
    """Every step at sizes where thousands of cases are cheap."""
    monkeypatch.setattr(square_roots, "SQUARE_ROOT_BITS", 20)
    monkeypatch.setattr(square_roots, "BASE_BITS", 40)
    monkeypatch.setattr(rings, "RING_BITS", 1500)
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
        patch.setattr(square_roots, "SQUARE_ROOT_BITS", 30)
        patch.setattr(square_roots, "BASE_BITS", 40)
        patch.setattr(roots, "ROOT_BITS", 50)
        assert isqrt(n) == math.isqrt(n)
        assert iroot(n, k) == gmpy2.iroot(n, k)


def test_at_the_thresholds_in_use():
    rng = random.Random(3)
    for bits in adversaries.straddle(square_roots.SQUARE_ROOT_BITS):
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


@pytest.mark.parametrize("levels", [1, 2, 5])
def test_square_roots_where_levels_change(levels, small_thresholds):
    p = square_roots.BASE_BITS
    for _ in range(levels):  # the longest root of so many levels, and one bit more
        p = 2 * p - square_roots._STEP
    for bits in range(p - square_roots.GUARD_BITS - 1, p - square_roots.GUARD_BITS + 3):
        for s in _roots(bits):
            for n in (s * s, s * s - 1, s * s + 1, s * s + 2 * s, (1 << 2 * bits) - 1):
                root = math.isqrt(n)
                assert isqrt(n) == root
                assert isqrt_rem(n) == (root, n - root * root)


def test_the_proved_errors(small_thresholds):
    """A root and its inverse, both with 64 bits after their point by gmpy2."""
    rng = random.Random(7)
    for bits in (80, 81, 200, 501, 1400, 3000, 6001):
        for d in (
            mpz(1) << (bits - 1),
            gmpy2.bit_mask(bits),
            mpz(rng.getrandbits(bits)) | 1 << (bits - 1),
        ):
            p = (bits + 1) // 2
            s, y = square_roots._root_and_inverse(d, p, 1)
            assert abs((s << 64) - gmpy2.isqrt(d << 128)) < 1.64 * 2**64
            assert abs((y << 64) - gmpy2.isqrt((mpz(1) << (4 * p + 128)) // d)) < 9 * 2**64


def test_only_next_to_a_square_a_square_decides(small_thresholds, monkeypatch):
    asked = []
    corrected = square_roots._corrected
    monkeypatch.setattr(
        square_roots, "_corrected", lambda n, *rest: asked.append(n) or corrected(n, *rest)
    )
    s = mpz(3) ** 400
    for n in (s * s - 1, s * s, s * s + 1, mpz(7) ** 451):
        assert isqrt(n) == gmpy2.isqrt(n)
    assert asked == [s * s - 1, s * s, s * s + 1]


def test_square_roots_that_fill_their_rings(small_thresholds):
    """The root's, the remainder's and the smaller square's ring, exactly full and a bit more."""
    full = wraps.LIMB_BITS * wraps.MIN_LIMBS + rings.SPARE_BITS
    step, guard = square_roots._STEP, square_roots.GUARD_BITS
    for bits in (full - 10 - guard, full - 2, 2 * (full - 3) - step - guard):
        for root_bits in (bits, bits + 1, bits + 16):
            for s in (gmpy2.bit_mask(root_bits), (mpz(1) << (root_bits - 1)) + 1):
                for n in (s * s - 1, s * s, s * s + s):
                    assert isqrt_rem(n) == gmpy2.isqrt_rem(n)


def test_a_wrapped_square(small_thresholds):
    """Of what a transform does not hold, too: zero, and 2^n modulo 2^n + 1."""
    rng = random.Random(11)
    for bits in (1600, 64 * 3 * wraps.MIN_LIMBS):
        ring = rings.Ring(bits, 1)
        assert ring.wraps
        x = mpz(rng.getrandbits(2 * bits))
        for square in (x, mpz(0), mpz(1), *(mpz(1) << wrap.bits for wrap in ring.wraps)):
            for rest in (0, 1, -1, (1 << (bits - 1)) - 1):
                assert ring.difference_from_square(square**2 + rest, square) == rest


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
