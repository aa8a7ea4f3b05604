"""fastmul mul: integers in text."""

import random
import sys

import gmpy2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastmul.cli import main
from fastmul.cli.errors import CommandError
from fastmul.cli.numbers import format_integer, parse_integer


@given(
    st.integers(),
    st.sampled_from([10, 16]),
    st.sampled_from([b"", b" ", b"\n", b"\r\n", b"\t \n\n"]),
)
def test_what_is_written_is_read(value, base, around):
    text = format_integer(gmpy2.mpz(value), base)
    assert parse_integer(around + text + around, "it") == value
    assert text.endswith(b"\n")
    assert int(text, 0) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (b"0", 0),
        (b"-0", 0),
        (b"+7", 7),
        (b"007", 7),
        (b"0xFf", 255),
        (b"-0X10", -16),
        (b" 12\n", 12),
    ],
)
def test_spellings(text, value):
    assert parse_integer(text, "it") == value


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"", "it: empty"), (b" \n", "it: empty"), (b"12x4", "'x4' at byte 2"), (b"  -", "it ends at byte 3"),
        (b"0x", "'x' at byte 1"), (b"1 2", "'2' at byte 2"), (b" 1\n2\n", "'2' at byte 3"),
        (b"1_000", "'_000' at byte 1"),
        (b"1.5", "'.5' at byte 1"),
        (b"--5", "'-5' at byte 1"), (b"\xff", "at byte 0"), (b"0xfg", "'g' at byte 3"), (b"nan", "'nan' at byte 0"),
    ],
)  # fmt: skip
def test_what_is_no_integer_says_where(text, said):
    with pytest.raises(CommandError) as caught:
        parse_integer(text, "it")
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_millions_of_digits_with_pythons_limit_untouched(tmp_path):
    rng = random.Random(5)
    a, b = (gmpy2.mpz(rng.getrandbits(7_000_000)) for _ in range(2))
    before = sys.get_int_max_str_digits()
    (tmp_path / "a").write_text(a.digits())
    (tmp_path / "b").write_text("-0x" + b.digits(16) + "\n")
    assert main(["mul", str(tmp_path / "a"), str(tmp_path / "b"), "-o", str(tmp_path / "c")]) == 0
    assert gmpy2.mpz((tmp_path / "c").read_text()) == -a * b
    assert sys.get_int_max_str_digits() == before


@pytest.mark.parametrize(("base", "printed"), [("10", "-408\n"), ("16", "-0x198\n")])
def test_the_product_is_printed(tmp_path, capfdbinary, base, printed):
    (tmp_path / "a").write_text("12\n")
    (tmp_path / "b").write_text("-34")
    assert main(["mul", str(tmp_path / "a"), str(tmp_path / "b"), "--base", base]) == 0
    assert capfdbinary.readouterr().out == printed.encode()


def test_a_file_with_itself_is_a_square(tmp_path, capfdbinary):
    (tmp_path / "a").write_text(str(3**900))
    assert main(["mul", str(tmp_path / "a"), str(tmp_path / "a"), "--verify"]) == 0
    assert int(capfdbinary.readouterr().out) == 3**1800


def test_a_named_algorithm_and_threads(tmp_path, capfdbinary):
    (tmp_path / "a").write_text("6")
    assert (
        main(
            [
                "mul",
                str(tmp_path / "a"),
                str(tmp_path / "a"),
                "--algorithm",
                "python",
                "--threads",
                "1",
            ]
        )
        == 0
    )
    assert capfdbinary.readouterr().out == b"36\n"


def test_an_algorithm_that_does_not_exist(tmp_path, capsys):
    (tmp_path / "a").write_text("6")
    assert main(["mul", str(tmp_path / "a"), str(tmp_path / "a"), "--algorithm", "guess"]) == 2
    said = capsys.readouterr().err
    assert said.startswith("fastmul mul: ")
    assert "'guess'" in said
    assert said.count("\n") == 1


def test_too_large_for_memory_is_one_line(tmp_path, capsys, monkeypatch):
    from fastmul.planning import memory

    monkeypatch.setattr(memory, "available_bytes", lambda: 1000)
    (tmp_path / "a").write_text("1" * (1 << 20))
    assert main(["mul", str(tmp_path / "a"), str(tmp_path / "a")]) == 2
    assert "MiB" in capsys.readouterr().err
