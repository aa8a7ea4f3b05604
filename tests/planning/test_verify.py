"""verify=: the random primes, the miss probability, and what a wrong row leads to."""

from __future__ import annotations

import random
from dataclasses import replace

import flint
import pytest

import fastmul
from fastmul.exceptions import VerificationError
from fastmul.integers import multiplication
from fastmul.planning import verify
from fastmul.planning.algorithm import Operation

A, B = 3**9000, -(7**8000)


def with_faults(monkeypatch, *broken: str, fault=lambda c: c ^ (1 << 640)) -> None:
    """Make the named rows flip bits of their products."""

    def break_row(row):
        def run(problem, a, b):
            return fault(row.run(problem, a, b))

        return replace(row, run=run) if row.name in broken else row

    old = multiplication.MUL
    table = tuple(break_row(row) for row in old.table)
    monkeypatch.setattr(multiplication, "MUL", Operation(old.name, table, old.problem))


def test_random_primes():
    rng = random.Random(1)
    primes = [verify.random_prime(rng) for _ in range(200)]
    assert len(set(primes)) == 200
    for p in primes:
        assert p.bit_length() == verify.PRIME_BITS
        assert flint.fmpz(p).is_prime()


def test_there_are_as_many_primes_as_stated():
    # pi(x) > x / ln x and pi(x) < 1.25506 x / ln x are too coarse; Rosser and Schoenfeld (1962), (3.1) and (3.2):
    # x / ln x (1 + 1 / (2 ln x)) < pi(x) < x / ln x (1 + 3 / (2 ln x))
    from math import log

    def low(x):
        return x / log(x) * (1 + 1 / (2 * log(x)))

    def high(x):
        return x / log(x) * (1 + 3 / (2 * log(x)))

    assert low(2.0**61) - high(2.0**60) > verify.N_PRIMES


def test_miss_probability():
    assert verify.miss_probability(64 << 20, 1) < 1e-9
    assert verify.miss_probability(64 << 20, 2) < 1e-18
    assert verify.miss_probability(1, 0) == 1


@pytest.mark.parametrize(("asked", "n"), [(False, 0), (True, 1), (0, 0), (1, 1), (5, 5)])
def test_checks(asked, n):
    assert verify.checks(asked) == n


@pytest.mark.parametrize("asked", [-1, 1.5, "yes", None])
def test_bad_verify(asked):
    with pytest.raises(ValueError, match="verify is False, True or how many"):
        verify.checks(asked)


@pytest.mark.parametrize("n_checks", [True, 1, 3])
def test_right_products_pass(n_checks):
    for name in ("auto", *multiplication.MUL.names):
        assert fastmul.mul(A, B, algorithm=name, verify=n_checks) == A * B
    assert fastmul.square(A, verify=n_checks) == A * A
    assert fastmul.mul(3, -4, verify=n_checks) == -12
    assert fastmul.mul(0, 0, verify=n_checks) == 0


@pytest.mark.parametrize(
    "fault", [lambda c: c ^ 1, lambda c: c ^ (1 << 640), lambda c: -c, lambda c: c + 2**61]
)
def test_a_wrong_row_is_replaced_with_a_warning(monkeypatch, fault):
    with_faults(monkeypatch, "python", fault=fault)
    assert fastmul.mul(A, B, algorithm="python") != A * B  # the fault is real
    with pytest.warns(RuntimeWarning, match="mul by python failed verification for .* limbs"):
        assert fastmul.mul(A, B, algorithm="python", verify=True) == A * B


def test_two_wrong_rows_raise(monkeypatch):
    with_faults(monkeypatch, *multiplication.MUL.names)
    with (
        pytest.warns(RuntimeWarning, match="failed verification"),
        pytest.raises(
            VerificationError, match=r"python and .* failed .* 223 x 351 limbs \(int\).*; seed \d+"
        ),
    ):
        fastmul.mul(A, B, algorithm="python", verify=True)


def test_an_only_row_that_is_wrong_raises(monkeypatch):
    with_faults(monkeypatch, "python")
    old = multiplication.MUL
    monkeypatch.setattr(multiplication, "MUL", replace(old, table=(old["python"],)))
    with pytest.raises(VerificationError, match="mul by python failed"):
        fastmul.mul(A, B, algorithm="python", verify=2)
