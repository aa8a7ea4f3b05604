"""Arithmetic modulo 2^p - 1 in weighted digits, against GMP, at and beyond the window."""

import random

import gmpy2
import numpy as np
import pytest

from fastmul.integers.modulus import Modulus
from fastmul.integers.modulus.problem import problem_of
from fastmul.integers.modulus.weighted import MAX_PLUS, Digits, Weighted, refuses
from fastmul.transforms import fft_weighted as transforms
from tests import adversaries

mpz = gmpy2.mpz

#: Exponents for every number of rows and several depths of children; 2^k * 3 and 8191 * 2 are not prime.
EXPONENTS = [4096, 9689, 11213, 13001, 15360, 19937, 23209, 16382, 44497, 110503]


def residues(p):
    m = mpz(2) ** p - 1
    rng = random.Random(p)
    yield from (mpz(0), mpz(1), m - 1, m >> 1, mpz(3) << (p - 2), (mpz(1) << (p // 2)) - 1)
    yield from (mpz(adversaries.bit_runs(p, rng)) % m, mpz(rng.getrandbits(p)))


@pytest.mark.parametrize("p", EXPONENTS)
def test_products_and_chains(p):
    form, m = Weighted(mpz(2) ** p - 1), mpz(2) ** p - 1
    b = mpz(random.Random(-p).getrandbits(p))
    y = form.enter(b)
    for a in residues(p):
        x = form.enter(a)
        assert form.leave(x) == a
        assert form.leave(form.square(x)) == a * a % m
        assert form.leave(form.mul(x, y)) == a * b % m
        expected = a
        for _ in range(3):
            expected = (expected * expected - 2) % m
        assert form.leave(form.squares(x, 3, -2)) == expected
        assert form.leave(x) == a, "operands are left as they were"
    assert form.leave(y) == b


def test_every_number_of_rows_is_tested():
    plans = [transforms.plan(p) for p in EXPONENTS]
    assert {plan.rows for plan in plans} == {4, 5, 6, 7}
    assert {plan.child_bits for plan in plans} >= {6, 7, 8, 9}


def state_of(form, digits):
    """A state with these digits, which no number below 2^p need have."""
    weights = transforms.weights(form.n_bits, form.plan.points)
    n = form.plan.n_digits
    j = np.arange(n)
    place = 16 * (j >> 4) + 8 * (j & 1) + ((j >> 1) & 7)
    product = weights.blocks[j >> 4] * weights.lanes[place % 16]
    w = np.where(product < weights.scale[4], product, product / 2)
    values = np.empty(n)
    values[place] = digits * w
    return Digits(values, float(values @ values))


def value_of(form, digits):
    n, p = form.plan.n_digits, form.n_bits
    return sum(int(d) << -(-p * j // n) for j, d in enumerate(digits)) % form.m


@pytest.mark.parametrize("p", [9689, 16000])
@pytest.mark.parametrize("signs", ["all positive", "alternating", "random"])
def test_the_window_is_right_to_its_edge(p, signs):
    form = Weighted(mpz(2) ** p - 1)
    n = form.plan.n_digits
    sign = {
        "all positive": np.ones(n),
        "alternating": np.where(np.arange(n) % 2, -1.0, 1.0),
        "random": np.random.default_rng(p).choice([-1.0, 1.0], n),
    }[signs]
    amplitude = np.floor(np.sqrt(np.sqrt(form.plan.limit) / state_of(form, sign).norm))
    widest = state_of(form, amplitude * sign)
    assert 0.999 * form.plan.limit < widest.norm**2 <= form.plan.limit
    a = value_of(form, amplitude * sign)
    assert form.leave(widest) == a
    x = Digits(widest.values.copy(), widest.norm)
    assert form._step(x, x, 1, 0) == 1  # admitted
    assert form.leave(x) == a * a % form.m
    y = Digits(widest.values.copy(), widest.norm)
    x = Digits(widest.values.copy(), widest.norm)
    assert form._step(x, y, 1, 0) == 1
    assert form.leave(x) == a * a % form.m
    beyond = state_of(form, (amplitude + 1) * sign)
    assert form._step(beyond, beyond, 1, 0) == 0
    assert form.leave(beyond) == value_of(form, (amplitude + 1) * sign), "untouched"


def test_beyond_the_window_limbs_take_over():
    form = Weighted(mpz(2) ** 16000 - 1)
    rng = np.random.default_rng(1)
    digits = rng.choice([-1.0, 1.0], form.plan.n_digits) * 2.0**18
    a = value_of(form, digits)
    for plus in (0, -2, MAX_PLUS, -(MAX_PLUS**9)):
        expected = a
        for _ in range(4):
            expected = (expected * expected + plus) % form.m
        assert form.leave(form.squares(state_of(form, digits), 4, plus)) == expected
    product = form.mul(state_of(form, digits), state_of(form, digits))
    assert form.leave(product) == a * a % form.m
    assert product.norm**2 < form.plan.limit, "balanced again"


def test_chains_are_long_enough_to_show_drift():
    p = 4253
    modulus = Modulus(2**p - 1, algorithm="weighted")
    assert modulus.squares(4, p - 2, -2) == 0  # prime, by Lucas and Lehmer
    assert modulus.pow(3, 2 ** (p - 1)) == 3 * (modulus.m - 3) * modulus.inv(3) % modulus.m


def test_the_residue_of_a_composite_is_gmps():
    p, s = 4391, mpz(4)
    form = Weighted(mpz(2) ** p - 1)
    for _ in range(p - 2):
        s = (s * s - 2) % (mpz(2) ** p - 1)
    assert form.leave(form.squares(form.enter(mpz(4)), p - 2, -2)) == s
    assert s % 2**64 == 0x723CFC572EAB0345


def test_the_chooser_takes_it_for_chains():
    mersenne = Modulus(2**44497 - 1)
    assert mersenne.form == "mersenne"
    assert mersenne._form(1000).name == "weighted"
    assert mersenne.pow(3, 1 << 20) == gmpy2.powmod(3, 1 << 20, 2**44497 - 1)


def test_what_it_refuses():
    assert "m is not 2**n - 1" in refuses(problem_of(mpz(2) ** 10000 + 1))
    assert "suits 127 bits" in refuses(problem_of(mpz(2) ** 127 - 1))
    assert refuses(problem_of(mpz(2) ** 216091 - 1)) is None
    assert transforms.plan(10**9) is None
