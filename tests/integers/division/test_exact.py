"""divexact: quotients that leave nothing, and those that would."""

import random

import gmpy2
import pytest

import fastmul
from fastmul.integers import divexact
from fastmul.integers.division import burnikel_ziegler, newton, rings
from fastmul.integers.division.exact import DIVEXACT
from tests import adversaries

mpz = gmpy2.mpz


@pytest.fixture(autouse=True)
def small_thresholds(monkeypatch):
    monkeypatch.setattr(newton, "BASE_BITS", 100)
    monkeypatch.setattr(burnikel_ziegler, "BASE_BITS", 100)
    monkeypatch.setattr(rings, "RING_BITS", 1 << 40)  # full products


@pytest.mark.parametrize("name", ["auto", *DIVEXACT.names])
@pytest.mark.parametrize("n_limbs", [1, 3, 17, 40])
def test_quotients(name, n_limbs):
    for _, b in adversaries.integers(n_limbs):
        for _, q in adversaries.integers(2 * n_limbs - 1, seed=1):
            for x, y in ((q, b), (-q, b), (q, -b), (-q, -b), (b, q), (0, b)):
                assert divexact(x * y, y, algorithm=name) == x


@pytest.mark.parametrize("name", ["auto", *DIVEXACT.names])
def test_what_does_not_divide_is_refused(name):
    rng = random.Random(1)
    for bits in (3, 64, 200, 3000):
        b = rng.getrandbits(bits) | 1 << bits | 1
        q = rng.getrandbits(2 * bits)
        for rest in (1, b - 1, b // 2, -1):
            with pytest.raises(ValueError, match=r"divexact\(a, b\) needs b to divide a"):
                divexact(q * b + rest, b, algorithm=name)
        # right in its lower half, and a power of two that no low end sees
        with pytest.raises(ValueError, match="needs b to divide a"):
            divexact(q * b + (1 << 2 * bits), b, algorithm=name)
    with pytest.raises(ValueError, match="needs b to divide a"):
        divexact(3 << 100, 1 << 101, algorithm=name)
    with pytest.raises(ValueError, match="needs b to divide a"):
        divexact(3, 5, algorithm=name)


def test_types_and_arguments():
    assert type(divexact(6, 3)) is int
    assert type(divexact(mpz(6), 3)) is mpz
    assert fastmul.explain(divexact, 6, 3).chosen in DIVEXACT.names
    with pytest.raises(ZeroDivisionError, match=r"divexact\(a, b\) with b = 0"):
        divexact(5, 0)
    with pytest.raises(TypeError, match=r"divexact\(a, b\) needs Python ints"):
        divexact(5.0, 1)
