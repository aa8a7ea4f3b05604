"""Integer: Python's numbers in every operator, and transforms that are kept, bounded and dropped."""

from __future__ import annotations

import gc
import operator
import pickle
import random

import gmpy2
import pytest

import fastmul
from fastmul.exceptions import BackendUnavailableError
from fastmul.integers import Integer
from fastmul.integers.multiplication import kept
from fastmul.integers.multiplication.kept import Kept
from fastmul.kernels import backends
from tests import adversaries

SMALL = (0, 1, -1, 7, -12, 2**64, -(2**64) - 5, 3**200)
BINARY = (
    operator.add, operator.sub, operator.mul, operator.and_, operator.or_, operator.xor, operator.eq,
    operator.ne, operator.lt, operator.le, operator.gt, operator.ge,
)  # fmt: skip
DIVISIONS = (operator.floordiv, operator.mod, divmod)


@pytest.mark.parametrize("function", [*BINARY, *DIVISIONS])
def test_operators_mix_with_int_and_mpz(function: object) -> None:
    for a in SMALL:
        for b in SMALL:
            if b == 0 and function in DIVISIONS:
                for x, y in ((Integer(a), b), (a, Integer(b)), (Integer(a), Integer(b))):
                    with pytest.raises(ZeroDivisionError):
                        function(x, y)
                continue
            want = function(a, b)
            for x, y in (
                (Integer(a), Integer(b)),
                (Integer(a), b),
                (a, Integer(b)),
                (Integer(a), gmpy2.mpz(b)),
            ):
                got = function(x, y)
                assert got == want, (function, x, y)
                if not isinstance(want, bool):
                    parts = got if isinstance(got, tuple) else (got,)
                    assert all(type(part) is Integer for part in parts)


@pytest.mark.parametrize("value", SMALL)
def test_as_a_number(value: int) -> None:
    x = Integer(value)
    assert int(x) == value
    assert type(int(x)) is int
    assert gmpy2.mpz(x) == value
    assert x.mpz == value
    assert hash(x) == hash(value)
    assert {value: 1}[x] == 1
    assert bool(x) == bool(value)
    assert (repr(x), str(x)) == (f"Integer({value})", str(value))
    assert (-x, +x, abs(x), ~x) == (-value, value, abs(value), ~value)
    assert (x << 70, x >> 3) == (value << 70, value >> 3)
    assert [x**n for n in range(5)] == [value**n for n in range(5)]
    assert pow(x, 5, 1001) == pow(value, 5, 1001)
    assert x.bit_length() == value.bit_length()
    assert float(Integer(value % 2**53)) == value % 2**53
    assert pickle.loads(pickle.dumps(x)) == x
    assert Integer(x) == x
    assert x.device == "cpu"
    assert list(range(9))[Integer(3)] == 3
    assert (2 ** Integer(5), 3 << Integer(4), 48 >> Integer(4)) == (32, 48, 3)
    assert (f"{x}", f"{x:+,}", f"{x:x}") == (f"{value}", f"{value:+,}", f"{value:x}")


def test_what_is_no_integer() -> None:
    x = Integer(5)
    for bad in (1.5, "5", None, [1]):
        with pytest.raises(TypeError):
            Integer(bad)
        for function in (operator.add, operator.floordiv, operator.lshift):
            with pytest.raises(TypeError):
                function(x, bad)
    with pytest.raises(TypeError):
        x * 1.5
    with pytest.raises(TypeError):
        x < "5"  # noqa: B015
    assert x != "5"
    with pytest.raises(ValueError, match="negative power"):
        x**-1
    with pytest.raises(ValueError, match="cannot be 0"):
        pow(x, -1, 0)
    assert pow(x, -1, 7) == 3
    with pytest.raises(ValueError, match="negative shift"):
        x << -1


def test_devices(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValueError, match=r"device='tpu'"):
        Integer(5, device="tpu")
    for failure in ("no driver", None):
        monkeypatch.setattr(backends, "cuda_failure", lambda failure=failure: failure)
        with pytest.raises(BackendUnavailableError, match=failure or "no kernels"):
            Integer(5, device="cuda")


@pytest.mark.parametrize("bits", [20_000, 200_000, 2_500_000])
def test_products_with_kept_transforms(bits: int) -> None:
    rng = random.Random(bits)
    a, b, c = (gmpy2.mpz(rng.getrandbits(n)) for n in (bits, bits - 77, bits // 3))
    x, y = Integer(a), Integer(-b)
    for _ in range(2):
        assert x * b == a * b
        assert c * x == a * c
        assert x * y == -a * b
        assert x * x == a * a
    ones = (gmpy2.mpz(1) << bits) - 1
    assert Integer(ones) * ones == ones * ones
    assert Integer(ones) * Integer(ones) == ones * ones


def test_powers() -> None:
    for base in (3, -7, 2**100 + 1):
        for n in (50, 999):
            assert Integer(base) ** n == base**n
    assert [Integer(base) ** (10**30 + 1) for base in (0, 1, -1)] == [0, 1, -1]


def test_transforms_are_kept_bounded_and_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    fastmul.clear_cache()
    assert kept.kept_bytes() == 0
    a, b = (gmpy2.mpz(v) for _, v in list(adversaries.integers(4000))[-2:])
    x = Kept(a)
    encoded = []
    for partner in (b, b - 1, b >> 9):
        assert x.mul(partner) == a * partner
        encoded.append(kept.kept_bytes())
    assert encoded[0] > 0
    assert encoded == [encoded[0]] * 3
    for shift in (64 * 1000, 64 * 2000, 64 * 3000):  # other sizes, other transforms: the oldest go
        assert x.mul(b >> shift) == a * (b >> shift)
        assert len(x._values) <= kept.KEPT_EACH
    one = max(v.array.nbytes for v in x._values.values())
    monkeypatch.setattr(kept, "KEPT_BYTES", 2 * one)
    others = [Kept(a + i) for i in range(4)]
    for other in others:
        assert other.mul(b) == other.x * b
        assert kept.kept_bytes() <= 2 * one
    del others, other
    gc.collect()
    assert kept.kept_bytes() <= 2 * one
    fastmul.clear_cache()
    assert kept.kept_bytes() == 0
    assert not x._values
    assert x.mul(b) == a * b
    del x
    assert kept.kept_bytes() == 0
    assert not kept._store.entries


def test_a_partner_of_any_length_shares_one_transform() -> None:
    a, b = (gmpy2.mpz(v) for _, v in list(adversaries.integers(3000))[-2:])
    x = Kept(a, partner_bits=64 * 3000)
    for shift in (0, 64 * 1500, 64 * 2900):
        assert x.mul(b >> shift) == a * (b >> shift)
    assert len(x._values) == 1
    short = Kept(a, partner_bits=64 * 300)  # a partner longer than said is multiplied all the same
    assert short.mul(b) == short.mul(b) == a * b
