"""to_limbs and from_limbs, by reading memory in place and by bytes."""

from __future__ import annotations

import random
import subprocess
import sys

import gmpy2
import numpy as np
import pytest
from gmpy2 import mpz
from hypothesis import given
from hypothesis import strategies as st

from fastmul import integers
from fastmul.integers import layout, limbs
from tests import adversaries


@pytest.fixture(params=["peek", "bytes"])
def route(request, monkeypatch):
    """Both ways numbers travel; where this interpreter cannot be peeked into, bytes twice."""
    if request.param == "bytes":
        monkeypatch.setattr(layout, "mpz_readable", lambda: False)
        monkeypatch.setattr(layout, "int_readable", lambda: False)
        monkeypatch.setattr(layout, "int_writable", lambda: False)
    return request.param


def values() -> list[int]:
    rng = random.Random(1)
    sizes = [*range(1, 200), 959, 960, 961, 1023, 1024, 1919, 1920, 1921, 5000, 100_003]
    runs = [adversaries.bit_runs(bits, rng) for bits in sizes]
    return runs + [(1 << bits) - 1 for bits in sizes] + [1 << bits for bits in sizes]


@pytest.mark.parametrize("kind", [int, mpz])
def test_round_trip(route, kind):
    for value in values():
        found = integers.to_limbs(kind(value))
        assert found.dtype == np.uint64
        assert np.array_equal(found, adversaries.to_limbs(value))
        back = integers.from_limbs(found, kind)
        assert back == value
        assert type(back) is kind
        assert hash(back) == hash(value)


@pytest.mark.parametrize("kind", [int, mpz])
def test_magnitude_of_negatives(route, kind):
    for value in values()[::7]:
        assert np.array_equal(limbs.magnitude(kind(-value)), adversaries.to_limbs(value))
        assert limbs.number(adversaries.to_limbs(value), kind, negative=True) == -value


@given(st.integers(min_value=0, max_value=1 << 3000))
def test_round_trip_of_any(value):
    for kind in (int, mpz):
        assert integers.from_limbs(integers.to_limbs(kind(value)), kind) == value


def test_the_copy_is_ours():
    x = mpz(1) << 500
    found = integers.to_limbs(x)
    found[:] = 7
    assert x == mpz(1) << 500


@pytest.mark.parametrize("kind", [int, mpz])
def test_zero_and_leading_zeros(route, kind):
    assert integers.to_limbs(kind(0)).tolist() == [0]
    for n_limbs in (0, 1, 5):
        assert integers.from_limbs(np.zeros(n_limbs, np.uint64), kind) == 0
    padded = np.array([3, 1, 0, 0], np.uint64)
    padded.flags.writeable = False
    assert integers.from_limbs(padded, kind) == 2**64 + 3
    assert integers.from_limbs(padded[::-1], kind) == (1 << 128) + (3 << 192)


def test_errors():
    with pytest.raises(ValueError, match=r"to_limbs\(x\) needs x >= 0.*negative int of 3 bits"):
        integers.to_limbs(-5)
    with pytest.raises(ValueError, match="negative mpz"):
        integers.to_limbs(mpz(-5))
    with pytest.raises(TypeError, match=r"to_limbs\(x\) needs Python ints.*got float"):
        integers.to_limbs(5.0)
    with pytest.raises(TypeError, match=r"uint64 array, got numpy\.ndarray of dtype int64"):
        integers.from_limbs(np.array([1, 2]))
    with pytest.raises(TypeError, match="got list"):
        integers.from_limbs([1, 2])
    with pytest.raises(ValueError, match=r"shape \(n_limbs,\), got shape \(2, 2\)"):
        integers.from_limbs(np.zeros((2, 2), np.uint64))
    with pytest.raises(TypeError, match=r"int or gmpy2\.mpz"):
        integers.from_limbs(np.zeros(2, np.uint64), float)


CHECKS = (layout.mpz_readable, layout.int_readable, layout.int_writable)


@pytest.fixture
def _checked_anew(monkeypatch):
    """The layouts are checked inside the test, as without FASTMUL_NO_PEEK, and again after it."""
    monkeypatch.delenv("FASTMUL_NO_PEEK", raising=False)
    for check in CHECKS:
        check.cache_clear()
    yield
    monkeypatch.undo()
    for check in CHECKS:
        check.cache_clear()


@pytest.mark.usefixtures("_checked_anew")
def test_this_interpreter_can_be_read():
    # on the CPythons that CI runs, a silent fall back to bytes would be a loss of speed nobody sees
    if sys.implementation.name == "cpython" and sys.version_info < (3, 14):
        assert layout.mpz_readable()
        assert layout.int_readable()
        assert layout.int_writable()


@pytest.mark.usefixtures("_checked_anew")
@pytest.mark.parametrize("change", ["limb size", "object size", "digits"])
def test_another_layout_is_not_read(change, monkeypatch):
    if change == "limb size":
        monkeypatch.setattr(gmpy2, "mp_limbsize", lambda: 32)
    elif change == "object size":
        monkeypatch.setattr(layout, "_MPZ_BYTES", 48)
    else:
        monkeypatch.setattr(layout, "DIGIT_BITS", 15)
    assert layout.mpz_readable() is (change == "digits")
    assert layout.int_readable() is (change != "digits")


@pytest.mark.usefixtures("_checked_anew")
def test_ints_are_not_made_without_their_maker(monkeypatch):
    monkeypatch.setattr(layout, "_long_new", None)
    assert not layout.int_writable()


@pytest.mark.usefixtures("_checked_anew")
def test_written_digits_are_checked(monkeypatch):
    finish = layout.finish_int
    monkeypatch.setattr(layout, "finish_int", lambda x, n, negative: finish(x, n, False))
    assert not layout.int_writable()


@pytest.mark.usefixtures("_checked_anew")
def test_wrong_size_fields_are_noticed(monkeypatch):
    monkeypatch.setattr(layout, "_object_bytes", lambda x, n_bytes: bytes(n_bytes))
    assert not layout.mpz_readable()


NO_PEEK = """
from fastmul.integers import layout
assert not layout.mpz_readable() and not layout.int_readable() and not layout.int_writable()
import fastmul, gmpy2
for kind in (int, gmpy2.mpz):
    a, b = kind(3) << 40_000, -(kind(5) << 30_000) - 1
    for name in ("auto", *fastmul.mul.operation.names):
        assert fastmul.mul(a, b, algorithm=name) == a * b
"""


def test_environment_switch():
    subprocess.run(
        [sys.executable, "-c", NO_PEEK],
        check=True,
        env=dict(__import__("os").environ, FASTMUL_NO_PEEK="1"),
    )


def test_new_mpz_is_normalised():
    for n_limbs, used in ((1, 0), (1, 1), (3, 0), (3, 2), (9, 9)):
        for negative in (False, True):
            x, view = layout.new_mpz(n_limbs)
            assert view.size == n_limbs
            view[:] = 0
            view[:used] = 5
            expected = sum(5 << (64 * i) for i in range(used))
            x = layout.finish_mpz(x, view, negative)
            assert x == (-expected if negative else expected)
            assert gmpy2.sign(x) == ((-1 if negative else 1) if used else 0)
            assert x.bit_length() == expected.bit_length()


@pytest.mark.parametrize("negative", [False, True])
def test_large_ints_are_written_in_place(negative, monkeypatch):
    monkeypatch.setattr(limbs, "MIN_WRITTEN_LIMBS", 1)
    for value in [0, 5, 1 << 60, *values()]:
        x = adversaries.to_limbs(value, -(-value.bit_length() // 64) + 2)
        made = limbs.number(x, int, negative)
        assert type(made) is int
        assert made == (-value if negative else value)
        assert hash(made) == hash(-value if negative else value)
        assert made.bit_length() == value.bit_length()
