"""Factorials, primorials, binomials, Fibonacci's and Lucas's numbers against math, gmpy2 and FLINT."""

import math

import flint
import gmpy2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastmul.integers import binomial, factorial, fibonacci, lucas, primorial
from fastmul.integers.sequences import binomials, factorials, primes, recurrences
from fastmul.integers.sequences.primes import primes_up_to
from tests.adversaries import straddle

mpz = gmpy2.mpz
SMALL = [*range(130), *straddle(256, 961, 1024, 4096)]


@pytest.fixture
def always_ours(monkeypatch):
    """Our own algorithms from the smallest numbers on that they are right for."""
    monkeypatch.setattr(factorials, "GMP_FACTORIAL", 2)
    monkeypatch.setattr(factorials, "GMP_PRIMORIAL", 2)
    monkeypatch.setattr(binomials, "GMP_BINOMIAL", 1)
    monkeypatch.setattr(binomials, "FEW_PER_FACTOR", 0)
    monkeypatch.setattr(recurrences, "GMP_INDEX", 3)


# ---------------------------------------------------------------- primes


def test_primes():
    for n in range(130):
        assert primes_up_to(n).tolist() == [p for p in range(n + 1) if gmpy2.is_prime(p)]


def test_primes_of_many_segments(monkeypatch):
    monkeypatch.setattr(primes, "SEGMENT", 50)
    expected = [p for p in range(20_000) if gmpy2.is_prime(p)]
    assert primes_up_to(19_999).tolist() == expected
    for n in straddle(3 + 100, 3 + 200, 19_937, 961):
        assert primes_up_to(n).tolist() == [p for p in expected if p <= n]


# ---------------------------------------------------------------- factorials, primorials


@pytest.mark.usefixtures("always_ours")
def test_small_factorials_and_primorials():
    for n in SMALL:
        assert factorial(n) == math.factorial(n)
        assert primorial(n) == gmpy2.primorial(n)


@pytest.mark.parametrize("n", straddle(factorials.GMP_FACTORIAL))
def test_factorials_around_the_threshold(n):
    assert factorial(mpz(n)) == gmpy2.fac(n)


def test_large_factorials():
    for n in (2 * factorials.GMP_FACTORIAL + 1, 100_000):
        assert int(flint.fmpz.fac_ui(n)) == factorial(n)


@pytest.mark.parametrize("n", straddle(factorials.GMP_PRIMORIAL))
def test_primorials_around_the_threshold(n):
    assert primorial(n) == int(flint.fmpz.primorial_ui(n))


def test_words_of_the_swing_stay_words():
    # 3**e, e as large as ones in base 3 make it: the power must not exceed n
    for n in (3**5 // 2, 3**9 // 2, 2**14):
        words = factorials.swing_factors(n, primes_up_to(n)[1:])
        swing = gmpy2.fac(n) // gmpy2.fac(n // 2) ** 2
        assert int(words.max()) <= n
        assert math.prod(words.tolist()) == swing >> (swing & -swing).bit_length() - 1


# ---------------------------------------------------------------- binomials


@pytest.mark.usefixtures("always_ours")
def test_small_binomials():
    for n in (*range(-20, 40), 255, 256, 257):
        for k in range(42):
            assert binomial(n, k) == gmpy2.bincoef(n, k)


@pytest.mark.usefixtures("always_ours")
@given(st.integers(-(2**80), 2**80) | st.integers(0, 5000), st.integers(0, 300))
def test_binomials_of_any_size(n, k):
    assert binomial(n, k) == gmpy2.bincoef(n, k)


@pytest.mark.usefixtures("always_ours")
@pytest.mark.parametrize("n", straddle(2**62, 2**63, 2**64))
def test_binomials_of_the_longest_words(n):
    for k in (2, 7, 100):
        assert binomial(n, k) == gmpy2.bincoef(n, k)


def test_a_binomial_asks_for_memory_before_gmp_takes_it():
    with pytest.raises(MemoryError, match=r"binomial\(<\d+ bits>, 4000\)"):
        binomial(1 << (1 << 28), 4000)


@pytest.mark.parametrize("peer_only", [True, False])
def test_binomials_around_the_thresholds(peer_only, monkeypatch):
    if not peer_only:
        monkeypatch.setattr(binomials, "FEW_PER_FACTOR", 0)
    for k in straddle(binomials.GMP_BINOMIAL):
        for n in (2 * k, 17 * k, *straddle(binomials.PRIMES_PAY * k)):
            assert binomial(n, k) == int(flint.fmpz.bin_uiui(n, k))
            assert binomial(n, n - k) == binomial(n, k)


def test_a_binomial_is_the_product_of_its_prime_powers():
    for n, k in ((64, 32), (10_000, 5_000), (3**9, 3**8), (2**16 - 1, 2**15)):
        words = binomials.prime_powers(n, k)
        assert int(words.max()) <= n
        assert math.prod(words.tolist()) == math.comb(n, k)


# ---------------------------------------------------------------- Fibonacci, Lucas


@pytest.mark.usefixtures("always_ours")
def test_small_fibonacci_and_lucas_numbers():
    for n in SMALL:
        assert fibonacci(n) == int(flint.fmpz.fib_ui(n))
        assert lucas(n) == gmpy2.lucas(n)


@pytest.mark.parametrize("n", [*straddle(recurrences.GMP_INDEX), *range(300_000, 300_004)])
def test_large_fibonacci_and_lucas_numbers(n):
    assert fibonacci(mpz(n)) == gmpy2.fib(n)
    assert lucas(mpz(n)) == gmpy2.lucas(n)


# ---------------------------------------------------------------- types and errors

OF_ONE = (factorial, primorial, fibonacci, lucas)


@pytest.mark.parametrize("function", OF_ONE)
def test_types_of_results(function):
    for n in (5, 150_000):
        assert type(function(n)) is int
        assert type(function(mpz(n))) is mpz
    assert function(np.int64(5)) == function(5)


@pytest.mark.parametrize("function", OF_ONE)
def test_arguments_that_are_no_natural_numbers(function):
    name = function.__name__
    with pytest.raises(ValueError, match=rf"{name}\(-1\) is not defined"):
        function(-1)
    with pytest.raises(TypeError, match=rf"{name}\(n\) needs Python ints.* got float"):
        function(2.0)


@pytest.mark.parametrize("function", OF_ONE)
def test_results_that_no_memory_holds(function):
    for n in (10**13, 10**30):
        with pytest.raises(MemoryError, match=rf"{function.__name__}\({n}\)"):
            function(n)


def test_arguments_of_binomials():
    assert type(binomial(5, 2)) is int
    assert type(binomial(5, mpz(2))) is mpz
    assert binomial(10, 2**80) == 0
    with pytest.raises(ValueError, match=r"binomial\(5, -2\) is not defined here"):
        binomial(5, -2)
    with pytest.raises(TypeError, match=r"binomial\(n, k\)"):
        binomial(5, 2.0)
    with pytest.raises(MemoryError, match=r"binomial\(10{30}, 10{15}\)"):
        binomial(10**30, 10**15)


def test_primes_that_no_memory_holds():
    with pytest.raises(MemoryError, match="the primes up to 10000000000000"):
        primes_up_to(10**13)
