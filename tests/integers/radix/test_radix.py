"""Numbers to text and back in every base: against Python, GMP and FLINT, at the places where digits are cut."""

from __future__ import annotations

import random
import sys

import flint
import gmpy2
import numpy as np
import pytest
from gmpy2 import mpz
from hypothesis import given
from hypothesis import strategies as st

import fastmul
from fastmul.integers import from_str, radix, to_str
from fastmul.integers.radix.bases import Base
from fastmul.integers.radix.splitting import LEAF_WORDS, Splitting
from tests.adversaries import straddle
from tests.runtime.processes import run_python

BASES = (3, 7, 10, 12, 24, 35, 36)  # odd; and with one, two, three factors of two
LEAF = LEAF_WORDS * Base.of(10).word_digits  # digits of the longest leaf


@pytest.fixture
def always(monkeypatch):
    """Our own conversions for numbers of any size."""
    monkeypatch.setattr(radix, "MIN_BITS", 1)
    monkeypatch.setattr(radix, "MIN_DIGITS", 1)
    monkeypatch.setattr(radix, "ALWAYS_ALLOWED_DIGITS", 0)


def adversaries(base: int, n_digits: int, seed: int = 0):
    """Numbers of n_digits digits whose blocks of digits are full, empty, or one off."""
    rng = random.Random(f"{base} {n_digits} {seed}")
    top, third = mpz(base) ** (n_digits - 1), mpz(base) ** (n_digits // 3)
    yield from (top, top * base - 1, top + 1, top * base // 2)
    yield from (top + third, top + third - 1, top * base - third, top * base - third - 1)
    yield mpz(rng.randrange(int(top), int(top) * base))
    # runs of zeros and of the highest digit, long and short
    value = mpz(0)
    for _ in range(6):
        length = rng.choice((1, 19, n_digits // 5 + 1))
        value = value * mpz(base) ** length + rng.choice((0, 1, mpz(base) ** length - 1))
    yield value * mpz(base) ** max(0, n_digits - len(value.digits(base)))


def check(x, base: int, text: str, **options) -> None:
    assert to_str(x, base, **options) == text
    assert from_str(text, base, kind=mpz, **options) == x


# ---------------------------------------------------------------- the trees


@pytest.mark.parametrize("base", BASES)
def test_every_base_where_leaves_end(base, always):
    leaf, chunk = LEAF_WORDS * Base.of(base).word_digits, Base.of(base).chunk[1]
    for n_digits in (1, 2, 8, 63, 65, 700, *straddle(chunk, 2 * chunk, leaf, 2 * leaf, 4 * leaf)):
        for x in adversaries(base, n_digits):
            check(x, base, x.digits(base))


@pytest.mark.parametrize("base", BASES)
def test_chunks_of_a_leaf(base):
    power, digits, shift, bits = Base.of(base).chunk
    assert base**digits == int(power) ** 4 << shift < 1 << bits
    assert int(power) * Base.of(base).odd >= 1 << 64


@pytest.mark.parametrize("n_digits", [*range(1, 45), *straddle(64, 76, 95, 128, 1216)])
def test_decimals_of_every_short_length(n_digits, always):
    for x in adversaries(10, n_digits):
        check(-x, 10, str(-int(x)))


def test_all_bases_around_where_ours_begins():
    for base in range(2, 37):
        for bits in straddle(radix.MIN_BITS):
            x = mpz(random.Random(bits).getrandbits(bits) | 1 << (bits - 1))
            text = x.digits(base)
            check(-x, base, "-" + text)
            assert from_str(text.upper(), base) == int(x)
    for n_digits in straddle(radix.MIN_DIGITS, radix.ALWAYS_ALLOWED_DIGITS):
        for x in adversaries(10, n_digits):
            check(x, 10, x.digits())


def test_leaves_are_shared_evenly():
    ten = Base.of(10)
    for n_digits in [1, 2, *straddle(64, LEAF, 2 * LEAF, 3 * LEAF, 100 * LEAF)]:
        tree = Splitting.of(ten, n_digits)
        assert tree.leaf_digits % 64 == 0
        assert n_digits <= tree.digits(tree.levels) < n_digits + (64 << tree.levels)
        assert tree.leaf_digits <= LEAF + 64


@given(
    st.integers(0, 2**64),
    st.lists(st.tuples(st.integers(0, 800), st.integers(0, 2**70)), max_size=6),
)
def test_sums_of_powers_of_ten(x, powers):
    for exponent, factor in powers:
        x = x * 10**exponent + factor - 2**69
    x = mpz(x) << 200
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(radix, "MIN_BITS", 1)
        patched.setattr(radix, "MIN_DIGITS", 1)
        check(x, 10, x.digits())


def test_a_borrow_through_all_leaves(always):
    """10**k is one off in every leaf before it is mended; so are numbers just above it."""
    for n_digits in (LEAF * 8 - 512, LEAF * 8):
        power = mpz(10) ** (n_digits - 1)
        for x in (
            power,
            power + 1,
            power - 1,
            power + mpz(10) ** LEAF,
            10 * power - 1,
            power + mpz(10) ** LEAF - 1,
        ):
            check(x, 10, x.digits())


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_threads_change_nothing(threads):
    for x in adversaries(10, 60_000):
        check(x, 10, x.digits(), threads=threads)
    for x in adversaries(36, 40_000):
        check(x, 36, x.digits(36), threads=threads)


def test_flint_agrees_on_a_hundred_thousand_digits():
    x = random.Random(7).getrandbits(332_000)
    text = to_str(x)
    assert text == flint.fmpz(x).str()
    assert flint.fmpz(text) == from_str(text)
    # and without any oracle's conversion: the last digits, and the number of them
    assert int(text[-18:]) == x % 10**18
    assert 10 ** (len(text) - 1) <= x < 10 ** len(text)


def test_without_reading_memory_of_numbers():
    source = (
        "from fastmul.integers import from_str, to_str; x = 3**90_000; s = to_str(x); "
        "print(from_str(s) == x, len(s))"
    )
    assert run_python(source, FASTMUL_NO_PEEK="1").split() == ["True", "42941"]


# ---------------------------------------------------------------- types and Python's limit


def test_types():
    big = 7**20_000
    assert to_str(big) == to_str(mpz(big)) == to_str(gmpy2.xmpz(big)) == mpz(big).digits()
    assert to_str(True) == "1"
    assert to_str(np.int64(-5)) == "-5"
    assert to_str(0, 7) == "0"
    text = to_str(big)
    for wrap in (
        str,
        str.encode,
        lambda s: bytearray(s.encode()),
        lambda s: memoryview(s.encode()),
    ):
        for s in (text, text[:50], text[:5000]):
            assert type(from_str(wrap(s))) is int
            assert type(from_str(wrap(s), kind=mpz)) is mpz
            assert from_str(wrap(s)) == mpz(s)
    assert to_str(-255, base=16) == "-ff"
    assert from_str("-FF", base=16) == -255


def test_pythons_limit_on_digits_neither_matters_nor_changes():
    before = sys.get_int_max_str_digits()
    sys.set_int_max_str_digits(640)
    try:
        for n_digits in (*straddle(640, 641), 5_000, 50_000):
            x = (10**n_digits - 1) // 9
            assert to_str(x) == "1" * n_digits
            assert to_str(-x) == "-" + "1" * n_digits
            assert from_str("1" * n_digits) == x
            assert from_str(b"-" + b"1" * n_digits) == -x
        assert to_str(2**2126 - 1) == mpz(2**2126 - 1).digits()
        assert to_str(2**2126) == mpz(2**2126).digits()
        assert sys.get_int_max_str_digits() == 640
    finally:
        sys.set_int_max_str_digits(before)


# ---------------------------------------------------------------- the grammar of int()

TEXTS = [
    "", " ", "+", "-", "12", " 12\n", "\t-12 ", "+12", "- 12", "--1", "1 2", "1_2", "1__2", "_1", "1_", "-_1", "1_ ",
    "0x10", "0b1", "0o7", "0x_f", "0x", "0b_1", "0_b1", "zZ", "12x", "1.5", "1e5", "1\x002", "\x1c1", "\u0661\u0662",
    "\u2003 1", "1\u00b2", "é", "00012", "+0", "-0", "9" * 700 + "x", "9" * 700 + "_", "_" + "9" * 700,
    "9" * 300 + "_" + "9" * 400, "9" * 300 + "__" + "9" * 400, "9" * 300 + " " + "9" * 400, " " + "1" * 700 + " ",
    "\u0663" * 700, "-" + "8" * 9000, "+" + "7" * 9000 + "\n", "0" * 9000 + "5", "9" * 9000 + "\x00",
    "1" * 4999 + ":" + "1" * 4999,
]  # fmt: skip


@pytest.mark.parametrize("base", [2, 8, 10, 16, 21, 36])
@pytest.mark.parametrize("min_digits", [1, radix.MIN_DIGITS])
def test_accepts_what_int_accepts(base, min_digits, monkeypatch):
    monkeypatch.setattr(radix, "MIN_DIGITS", min_digits)
    limit = sys.get_int_max_str_digits()
    sys.set_int_max_str_digits(0)
    try:
        for text in TEXTS:
            for s in (text, text.encode()):
                try:
                    expected = int(s, base)
                except ValueError:
                    with pytest.raises(ValueError, match=rf"^from_str\(s, base={base}\)"):
                        from_str(s, base)
                else:
                    assert from_str(s, base) == expected
    finally:
        sys.set_int_max_str_digits(limit)


@given(st.text("0123456789_+- xX\n", max_size=12), st.sampled_from([10, 16, 3, 36]))
def test_accepts_what_int_accepts_at_random(text, base):
    def outcome(read):
        try:
            return read(text, base)
        except ValueError:
            return "ValueError"

    expected = outcome(int)
    assert outcome(from_str) == expected
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(radix, "ALWAYS_ALLOWED_DIGITS", 0)
        assert outcome(from_str) == expected


@pytest.mark.parametrize("length", [3, 1000, 40_000])
@pytest.mark.parametrize("at", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("wrong", "a:/ \x00é٠²")
def test_names_the_digit_that_is_none(length, at, wrong):
    at = int(at * (length - 1))
    text = "7" * at + wrong + "7" * (length - 1 - at)
    if wrong in " ٠" and (wrong == "٠" or at in (0, length - 1)):
        assert from_str(text) == mpz(text.strip().replace("٠", "0"))
        return
    with pytest.raises(ValueError, match=rf"position {at} is no digit of base 10, in '?") as caught:
        from_str(text)
    assert repr(wrong) in str(caught.value)
    assert len(str(caught.value)) < 150


def test_names_what_else_is_wrong():
    for s, complaint in {
        "": "'' has no digits", "  \n": "has no digits", "-": "no digit at position 1, where b?'-' ends",
        "1__2": "'_' at position 1 is not between two digits", "12_": "'_' at position 2 is not between",
        "_12": "'_' at position 0 is not between", "+-1": "'-' at position 1 is no digit of base 10",
    }.items():  # fmt: skip
        with pytest.raises(ValueError, match=complaint):
            from_str(s)
        with pytest.raises(ValueError, match=complaint):
            from_str(s.encode())


def test_refusals():
    for base in (-1, 0, 1, 37, 100):
        with pytest.raises(ValueError, match=rf"base must be >= 2 and <= 36, got {base}"):
            to_str(5, base)
        with pytest.raises(ValueError, match=rf"base must be >= 2 and <= 36, got {base}"):
            from_str("5", base)
    with pytest.raises(TypeError, match=r"to_str\(n\) needs Python ints"):
        to_str("5")
    with pytest.raises(TypeError, match="needs str or bytes, got int"):
        from_str(5)
    with pytest.raises(TypeError, match=r"from_str\(kind=\) is int or gmpy2.mpz"):
        from_str("5", kind=float)
    for call in (lambda: to_str(5, 10.0), lambda: from_str("5", 10.0), lambda: from_str("5", "10")):
        with pytest.raises(TypeError, match=r"_str\(., base\): base is an integer, got "):
            call()


def test_asks_for_memory_first(monkeypatch):
    x, text = 1 << 200_000, "1" * 60_000

    def refuse(n_bytes, what):
        raise MemoryError(what)

    monkeypatch.setattr(radix, "require", refuse)
    with pytest.raises(MemoryError, match="to_str of a number of 200001 bits"):
        to_str(x)
    with pytest.raises(MemoryError, match="to_str of a number of 200001 bits"):
        to_str(x, 16)
    with pytest.raises(MemoryError, match="from_str of 60000 digits"):
        from_str(text)


def test_is_public():
    assert fastmul.integers.to_str is radix.to_str
    assert fastmul.integers.from_str is radix.from_str
