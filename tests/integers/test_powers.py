"""powmod against Python's pow, gmpy2's powmod and FLINT's."""

import random

import flint
import gmpy2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fastmul.integers.modulus import ring
from fastmul.integers.powers import ALWAYS_GMP_BITS, powmod

mpz = gmpy2.mpz


@settings(max_examples=80, deadline=None)
@given(
    st.integers(-(2**200), 2**200),
    st.integers(-(2**70), 2**70),
    st.integers(-(2**200), 2**200).filter(bool),
)
def test_as_pythons_pow(a, e, m):
    try:
        expected = pow(a, e, m)
    except ValueError as error:
        with pytest.raises(ValueError, match=str(error)):
            powmod(a, e, m)
    else:
        assert powmod(a, e, m) == expected


@pytest.mark.parametrize("m", [2**2203 - 1, 2**4096 + 1, 2 ** (1 << 15) + 3, 2 ** (1 << 15) + 10],
                         ids=["mersenne", "fermat", "odd", "even"])  # fmt: skip
def test_large_moduli_of_every_shape(m):
    rng = random.Random(m % 997)
    for a in (3, m - 1, -(2**5000) - 1, rng.getrandbits(2 * m.bit_length())):
        e = rng.getrandbits(20)
        assert powmod(a, e, m) == int(pow(flint.fmpz(a), e, flint.fmpz(m)))
        assert powmod(a, e, -m) == pow(a, e, m) - m * bool(pow(a, e, m))


def test_a_form_of_ours_computes_large_powers(monkeypatch):
    calls = []
    power = ring.Modulus.pow
    monkeypatch.setattr(
        ring.Modulus, "pow", lambda *args: calls.append(args[0].form) or power(*args)
    )
    m = mpz(3) ** 15000
    assert powmod(mpz(5), 1000, m) == gmpy2.powmod(5, 1000, m)
    assert powmod(mpz(5), 100, 2**21701 - 1) == gmpy2.powmod(5, 100, 2**21701 - 1)
    assert len(calls) >= 1
    assert calls[-1] == "weighted"


@pytest.mark.parametrize("kind", [int, mpz])
def test_the_kind_of_the_result(kind):
    for m in (97, 2**ALWAYS_GMP_BITS + 1, 2**30000 - 1):
        result = powmod(kind(3), 12345, m)
        assert type(result) is kind
        assert result == pow(3, 12345, m)
    assert type(powmod(3, 4, kind(7))) is type(powmod(3, kind(4), 7)) is kind


def test_pythons_own_exceptions():
    for m in (0, mpz(0)):
        with pytest.raises(
            ValueError, match=r"powmod\(a, e, m\): pow\(\) 3rd argument cannot be 0"
        ):
            powmod(2, 3, m)
        with pytest.raises(ValueError, match="cannot be 0"):
            powmod(2, -3, m)
    for m in (9, 2**30000 - 2**9, -9):
        with pytest.raises(ValueError, match="base is not invertible for the given modulus"):
            powmod(6, -1, m)
    with pytest.raises(TypeError, match=r"powmod\(a, e, m\) needs"):
        powmod(2, 0.5, 7)
    assert powmod(5, 0, 1) == powmod(0, -1, 1) == 0
    assert powmod(0, 0, 7) == 1
    assert powmod(0, 0, -7) == pow(0, 0, -7)
