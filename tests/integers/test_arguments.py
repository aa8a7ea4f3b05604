"""The door: exact values, the caller's type, and errors that restate the call."""

from fractions import Fraction

import gmpy2
import numpy as np
import pytest

from fastmul import integers
from fastmul.integers import arguments, layout
from fastmul.integers.arguments import CONVERSION_BITS, UNASKED_BITS, as_count, as_kind, as_mpz
from fastmul.planning import memory

mpz = gmpy2.mpz
EDGES = [0, 1, -1, 2**63, -(2**64), 2**200 - 1] + [
    sign * (2**bits + delta)
    for bits in (CONVERSION_BITS - 1, CONVERSION_BITS, CONVERSION_BITS + 30)
    for delta in (-1, 0, 1)
    for sign in (1, -1)
]


@pytest.mark.parametrize("peek", [True, False])
def test_values_survive_the_way_in_and_out(peek, monkeypatch):
    if not peek:
        monkeypatch.setattr(layout, "mpz_readable", lambda: False)
        monkeypatch.setattr(layout, "int_readable", lambda: False)
    for x in EDGES:
        kind, a = as_mpz("f(x)", x)
        assert kind is int
        assert type(a) is mpz
        assert a == x
        assert a.bit_length() == x.bit_length()
        back = as_kind(kind, a)
        assert type(back) is int
        assert back == x


def test_any_mpz_makes_the_result_one():
    assert as_mpz("f(a, b)", 1, mpz(2)) == (mpz, 1, 2)
    assert as_mpz("f(a, b)", gmpy2.xmpz(1), 2)[0] is mpz
    kind, *numbers = as_mpz("f(a, b)", True, np.int64(-5))
    assert kind is int
    assert numbers == [1, -5]
    assert all(type(x) is mpz for x in numbers)
    assert type(as_kind(mpz, numbers[1])) is mpz


@pytest.mark.parametrize("value", [1.0, "1", None, Fraction(1), np.ones(3)])
def test_no_integers_are_refused_with_the_call_restated(value):
    with pytest.raises(TypeError, match=r"divmod\(a, b\) needs Python ints"):
        as_mpz("divmod(a, b)", 1, value)


def test_memory_is_asked_before_a_conversion(monkeypatch):
    def refuse(n_limbs, what):
        raise MemoryError(f"{what} of {n_limbs}")

    monkeypatch.setattr(arguments, "require_numbers", refuse)
    with pytest.raises(MemoryError, match=r"f\(x\) of"):
        as_mpz("f(x)", 1 << CONVERSION_BITS)
    with pytest.raises(MemoryError):
        as_kind(int, mpz(1) << CONVERSION_BITS)
    assert as_kind(mpz, mpz(1) << CONVERSION_BITS) == 1 << CONVERSION_BITS


@pytest.mark.parametrize(
    "call",
    [
        lambda x: integers.gcd(x, 3),
        lambda x: integers.gcdext(x, x + 1),
        lambda x: integers.invert(3, x),
        lambda x: integers.powmod(x, 3, 7),
        lambda x: integers.crt([x, x], [mpz(3), mpz(5)]),
        lambda x: integers.remainders(3, [x, x]),
        lambda x: integers.Modulus(x),
        lambda x: integers.Modulus(7).inv(x),
        lambda x: -integers.Integer(x),
        lambda x: integers.Integer(x) + 1,
    ],
)
def test_gmp_is_not_let_run_out_of_memory(call, monkeypatch):
    x = mpz(1) << UNASKED_BITS
    monkeypatch.setattr(memory, "require", _refuse)
    with pytest.raises(MemoryError):
        call(x)


def _refuse(n_bytes, what):
    raise MemoryError(what)


def test_counts():
    assert as_count("f(n)", "n", np.int8(3)) == as_count("f(n)", "n", mpz(3), least=3) == 3
    with pytest.raises(ValueError, match=r"f\(n\) needs n >= 0, got n = -1"):
        as_count("f(n)", "n", -1)
    with pytest.raises(TypeError, match=r"f\(n\): n is an integer, got str"):
        as_count("f(n)", "n", "3")
