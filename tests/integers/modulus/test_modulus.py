"""Every form of arithmetic modulo m, against Python's own %."""

import random

import gmpy2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fastmul.exceptions import AlgorithmError
from fastmul.integers.division import rings
from fastmul.integers.modulus import Modulus, barrett, factors
from fastmul.integers.modulus.problem import problem_of
from fastmul.integers.modulus.table import MODULUS, choose
from fastmul.planning.pick import able_rows
from tests import adversaries

mpz = gmpy2.mpz

MODULI = [
    *(1, 2, 3, 4, 5, 7, 97, 255, 256, 257),
    *(2**n + d for n in (63, 64, 65, 127, 128, 1024) for d in (-1, 0, 1)),
    *(2**300 - 2**77, 2**300 + 2**200, 2**64 * 3, 10**100),
    *(adversaries.bit_runs(n, random.Random(n)) for n in (640, 641, 2049)),
]


def forms(m):
    """The names of the forms that suit m."""
    return [row.name for row in able_rows(MODULUS, problem_of(mpz(abs(m))))]


def residues(m, rng):
    """Numbers below, at and far beyond m, of both signs."""
    n = m.bit_length()
    return [
        *(0, 1, -1, m - 1, m, m + 1, -m, m // 2, m * m - 1, -m * m),
        *(2**n - 1, 2 ** (2 * n), adversaries.bit_runs(2 * n + 1, rng), -(2 ** (5 * n)) + 1),
    ]


@pytest.mark.parametrize("m", MODULI, ids=lambda m: f"{m.bit_length()}bits{m % 1000}")
def test_every_form_agrees_with_python(m):
    rng = random.Random(m)
    numbers = residues(m, rng)
    for form in forms(m):
        modulus = Modulus(m, algorithm=form)
        for a in numbers:
            b, e = rng.choice(numbers), rng.choice((0, 1, 2, 3, 6, 0b110111, rng.getrandbits(40)))
            assert modulus.reduce(a) == a % m, form
            assert modulus.mul(a, b) == a * b % m, form
            assert modulus.square(a) == a * a % m, form
            assert modulus.pow(a, e) == pow(a, e, m), form


@pytest.mark.parametrize("form", ["gmp", "barrett", "montgomery"])
def test_quotients_at_their_worst(form):
    # products m*k - 1 and m*k, where an estimated quotient is off by most, for m at both ends of its length
    for n in (64, 129, 700):
        for m in (2 ** (n - 1) + 1, 2**n - 1, 2**n - 3, 2 ** (n - 1) + 2 ** (n // 2) + 1):
            modulus = Modulus(m, algorithm=form)
            for k in (1, 2, m // 2, m - 1, m):
                for x in (m * k - 1, m * k, m * k + 1):
                    assert modulus.reduce(x) == x % m
            assert modulus.mul(m - 1, m - 1) == 1
            assert modulus.square(m - 2) == 4 % m


@pytest.mark.parametrize("m", [-1, -2, -7, -(2**127) + 1, -(2**200) - 2])
def test_results_have_the_sign_of_m(m):
    for form in forms(m):
        modulus = Modulus(m, algorithm=form)
        for a in (0, 1, -1, 5, -5, m, 2 * m + 1, 10**70):
            assert modulus.reduce(a) == a % m
            assert modulus.mul(a, 3) == a * 3 % m
            assert modulus.pow(a, 5) == pow(a, 5, m)


def test_chains_of_squares():
    for m in (1, 2**61 - 1, 2**64 + 1, 2**100 + 3, 10**20):
        for form in forms(m):
            modulus = Modulus(m, algorithm=form)
            for plus in (0, -2, 1, -m, 10**40):
                expected = 4 - 2 * m
                for _ in range(7):
                    expected = (expected**2 + plus) % m
                assert modulus.squares(4 - 2 * m, 7, plus) == expected, form
            assert modulus.squares(-3, 0) == -3 % m
    with pytest.raises(ValueError, match="got times = -1"):
        Modulus(7).squares(2, -1)


def test_inverses_and_negative_exponents():
    for m in (1, 2, 9, -9, 2**127 - 1, 2**128 + 1, 6**50):
        modulus = Modulus(m)
        for a in (1, -1, 5, 7, 10**30 + 1, 2 * abs(m) + 1):
            if gmpy2.gcd(a, m) == 1:
                assert modulus.inv(a) == pow(a, -1, m)
                assert modulus.pow(a, -5) == pow(a, -5, m)
    with pytest.raises(ValueError, match=r"inv\(a\): base is not invertible .* divisor 3"):
        Modulus(9).inv(6)
    with pytest.raises(ValueError, match="base is not invertible for the given modulus"):
        Modulus(9).pow(0, -1)
    assert Modulus(1).pow(0, -1) == pow(0, -1, 1) == 0
    assert Modulus(1).pow(5, 0) == 0


def test_types_follow_the_operands_and_the_modulus():
    assert type(Modulus(101).mul(3, 5)) is int
    assert type(Modulus(101).mul(3, mpz(5))) is mpz
    assert type(Modulus(mpz(101)).inv(3)) is mpz
    assert type(Modulus(mpz(101)).pow(-3, 0)) is mpz
    assert (Modulus(101).m, type(Modulus(mpz(-5)).m)) == (101, mpz)


def test_a_form_is_picked_by_shape_and_cost():
    assert Modulus(2**44497 - 1).form == "mersenne"
    assert Modulus(2**65536 + 1).form == "fermat"
    assert Modulus(97).form == "gmp"
    large = problem_of(mpz(2) ** 2**20 + 3)
    assert choose(large).name == "barrett"
    between = large._replace(n_bits=700_000, products=10**5, chain=True)
    assert choose(between).name == "montgomery"
    assert choose(between._replace(odd=False)).name == "barrett"
    assert choose(large._replace(n_bits=100)).name == "gmp"


def test_what_it_says():
    assert repr(Modulus(-97)) == "Modulus(-97)"
    assert repr(Modulus(2**44497 - 1)) == "<Modulus of 44497 bits in mersenne form>"
    assert "negative 44497 bits" in repr(Modulus(1 - 2**44497))


def test_bad_moduli():
    with pytest.raises(ZeroDivisionError, match=r"Modulus\(m\) needs m != 0"):
        Modulus(0)
    with pytest.raises(TypeError, match=r"Modulus\(m\) needs Python ints"):
        Modulus(2.5)
    with pytest.raises(TypeError, match=r"Modulus.mul\(a, b\) needs"):
        Modulus(7).mul(1, "2")
    with pytest.raises(AlgorithmError, match="m is even"):
        Modulus(10, algorithm="montgomery")
    with pytest.raises(AlgorithmError, match=r"m is not 2\*\*n - 1"):
        Modulus(10, algorithm="mersenne")
    with pytest.raises(AlgorithmError, match=r"m is not 2\*\*n \+ 1"):
        Modulus(10, algorithm="fermat")
    with pytest.raises(AlgorithmError, match="it has 'auto', 'gmp'"):
        Modulus(10, algorithm="toom3")


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_any_modulus(data):
    m = data.draw(st.integers(-(2**300), 2**300).filter(bool))
    form = data.draw(st.sampled_from(forms(m)))
    a, b = (data.draw(st.integers(-(2**700), 2**700)) for _ in "ab")
    e = data.draw(st.integers(0, 2**80))
    modulus = Modulus(m, algorithm=form)
    assert modulus.mul(a, b) == a * b % m
    assert modulus.pow(a, e) == pow(a, e, m)


@pytest.mark.parametrize("form", ["barrett", "montgomery"])
@pytest.mark.parametrize("ways", ["whole products", "kept transforms", "wrapped ones"])
def test_moduli_of_transform_length(form, ways, monkeypatch):
    if ways != "whole products":
        monkeypatch.setattr(factors, "KEPT_BITS", 1 << 14)
    if ways == "wrapped ones":
        monkeypatch.setattr(barrett, "SNUG_RING_BITS", 1 << 14)
        monkeypatch.setattr(barrett, "RING_BITS", 1 << 14)
        monkeypatch.setattr(rings, "RING_BITS", 1 << 14)
    rng = random.Random(11)
    m = mpz(rng.getrandbits(1 << 15)) | 1 | mpz(1) << (1 << 15) - 1
    a, b = (mpz(rng.getrandbits(1 << 15)) for _ in "ab")
    modulus = Modulus(m, algorithm=form)
    if form == "barrett":
        assert (modulus._form()._ring is not None) == (ways == "wrapped ones")
    assert modulus.mul(a, b) == a * b % m
    assert modulus.pow(a, 65537) == gmpy2.powmod(a, 65537, m)
    assert modulus.mul(m - 1, m - 1) == 1
