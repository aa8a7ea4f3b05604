"""Products modulo 2^n - 1 and 2^n + 1 against Python's remainder, by the fold and by the transform that wraps."""

from __future__ import annotations

import random

import gmpy2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fastmul.bounds import signed_sums
from fastmul.bounds.crt import MAX_LIMB, M, max_terms
from fastmul.bounds.primes import PRIMES
from fastmul.integers import cyclic_mul, negacyclic_mul
from fastmul.integers.multiplication import wrapped
from fastmul.integers.multiplication.ntt import workspace
from fastmul.integers.multiplication.ntt import wrapped as transforms
from tests import adversaries

BOTH = ((cyclic_mul, -1), (negacyclic_mul, 1))
ONE = gmpy2.mpz(1)


def modulus(n: int, sign: int) -> gmpy2.mpz:
    return (ONE << n) + sign


@settings(max_examples=150, deadline=None)
@given(st.integers(1, 70), st.integers(-(2**400), 2**400), st.integers(-(2**150), 2**150))
def test_every_width_and_sign(n: int, a: int, b: int) -> None:
    for function, sign in BOTH:
        got = function(a, b, n)
        assert type(got) is int
        assert got == a * b % (2**n + sign)
        assert function(a, a, n) == a * a % (2**n + sign)


def edges(n: int) -> list[gmpy2.mpz]:
    top, half = ONE << n, ONE << (n // 2)
    around = [top + d for d in (-2, -1, 0, 1)]
    return [
        *around,
        *(-x for x in around),
        half,
        half - 1,
        top // 2,
        gmpy2.mpz(1),
        gmpy2.mpz(0),
        top * top - 1,
    ]


@pytest.mark.parametrize("n", [64, 100, 1 << 17, (1 << 17) + 64])
def test_numbers_at_the_edges(n: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        wrapped, "seconds", lambda curve, size: 0.0
    )  # the transform wherever it can
    numbers = edges(n)
    for i, a in enumerate(numbers):
        for b in numbers[i::3]:
            for function, sign in BOTH:
                assert function(a, b, n) == a * b % modulus(n, sign), (n, sign)


def run(function: object, a: np.ndarray, b: np.ndarray, n: int, threads: int) -> gmpy2.mpz:
    out = np.full(n + transforms.OVERFLOW_LIMBS, 7, np.uint64)
    function(a, b, out, threads)
    return gmpy2.mpz(adversaries.from_limbs(out))


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("n", [512, 1024, 2048])
def test_transforms_that_wrap(n: int, threads: int, monkeypatch: pytest.MonkeyPatch) -> None:
    if threads > 1:
        monkeypatch.setattr(workspace, "THREADED_POINTS", 1024)
    numbers = [gmpy2.mpz(value) for _, value in adversaries.integers(n)]
    for i, x in enumerate(numbers):
        y = numbers[(3 * i + 1) % len(numbers)] >> (64 * (i % 3))
        a, b = (adversaries.to_limbs(int(v)) for v in (x, y))
        assert run(transforms.cyclic, a, b, n, threads) % modulus(64 * n, -1) == x * y % modulus(
            64 * n, -1
        )
        assert run(transforms.negacyclic, a, b, n, threads) == x * y % modulus(64 * n, 1)
        assert run(transforms.negacyclic, a, a, n, threads) == x * x % modulus(64 * n, 1)


def test_what_runs_over_the_top_ripples_through_ones() -> None:
    """2^i * 2^j lands on the end, and (2^n - 1) * anything carries through every limb."""
    n = 512
    rng = random.Random(5)
    for _ in range(20):
        i, j = rng.randrange(64 * n), rng.randrange(64 * n)
        a, b = adversaries.to_limbs(1 << i), adversaries.to_limbs((1 << j) - 1 or 1)
        x, y = (gmpy2.mpz(adversaries.from_limbs(v)) for v in (a, b))
        assert run(transforms.cyclic, a, b, n, 1) % modulus(64 * n, -1) == x * y % modulus(
            64 * n, -1
        )
        assert run(transforms.negacyclic, a, b, n, 1) == x * y % modulus(64 * n, 1)


def test_the_transforms_refuse_what_does_not_fit() -> None:
    for refuses in (transforms.cyclic_refuses, transforms.negacyclic_refuses):
        assert "not a power of two" in refuses(768, 10)
        assert "not a power of two" in refuses(256, 10)
        assert refuses(1 << 21, 1 << 21) is None
    assert transforms.cyclic_refuses(1 << 22, 1 << 22) is None
    assert "window" in transforms.negacyclic_refuses(1 << 22, 1 << 22)
    assert "window" in transforms.cyclic_refuses(1 << 23, 1 << 23)


def test_the_window_of_signs() -> None:
    terms = signed_sums.SIGNED_TERMS
    assert signed_sums.fits(terms, signed=True)
    assert not signed_sums.fits(terms + 1, signed=True)
    assert signed_sums.fits(max_terms(), signed=False)
    assert not signed_sums.fits(max_terms() + 1, signed=False)
    assert 2 * terms * MAX_LIMB**2 * 2**38 < M * (2**38 - 1) < (2 * terms + 4) * MAX_LIMB**2 * 2**38
    for p, lift in zip(PRIMES, signed_sums.LIFTS, strict=True):
        assert int(lift) * (M // p) % p == signed_sums.B % p
        assert abs(lift) <= p / 2


def test_lengths_to_wrap_at() -> None:
    for bits in (1 << 17, (1 << 20) - 5, 1 << 20, (1 << 20) + 1, 1 << 28):
        n = wrapped.wrapped_length(bits)
        assert bits <= n < 2 * bits
        assert transforms.cyclic_refuses(n // 64, n // 64) is None
    assert wrapped.wrapped_length(1000) == 1000
    assert wrapped.wrapped_length((1 << 28) + 1) == (1 << 28) + 1


def test_no_width() -> None:
    for function, _ in BOTH:
        with pytest.raises(ValueError, match=r"mul\(a, b, n\) needs n >= 1, got n = 0"):
            function(3, 4, 0)
        with pytest.raises(TypeError):
            function(3, 4, 1.5)
        with pytest.raises(TypeError, match="mul"):
            function(3.0, 4, 5)


@pytest.mark.parametrize("huge", [2**40, 2**70])
def test_more_bits_than_any_number_has(huge: int) -> None:
    for function, _ in BOTH:
        for x, y in ((3, 5), (-3, -5), (0, -5)):
            assert function(x, y, huge) == x * y
        with pytest.raises(MemoryError, match=r"mul\(a, b, n\) with n = "):
            function(-3, 5, huge)  # a residue near 2**n
