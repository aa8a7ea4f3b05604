"""fastmul.io: integers in and out of text."""

from __future__ import annotations

import io
import random
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import fastmul
from fastmul.exceptions import ResultOverflowError
from fastmul.io import read_ints, write_ints

INT64 = st.integers(-(2**63), 2**63 - 1)
SPACES = st.text(" \t\n\r\v\f", min_size=1, max_size=3)
EDGES = [0, 1, -1, 9, 10, 99, 10**17, 10**18 - 1, 10**18, -(10**18), 2**63 - 1, -(2**63)]


def written(array, **options) -> str:
    stream = io.BytesIO()
    write_ints(array, stream, **options)
    return stream.getvalue().decode()


def test_is_a_public_subpackage():
    assert fastmul.io.read_ints is read_ints


# ------------------------------------------------------------------------------------------ reading


@given(st.lists(st.tuples(SPACES, st.sampled_from(["", "+", "000"]), INT64)), SPACES)
def test_reads_what_int_reads(words, end):
    text = (
        "".join(space + (sign if value >= 0 else "") + str(value) for space, sign, value in words)
        + end
    )
    numbers = read_ints(text)
    assert numbers.dtype == np.int64
    assert numbers.tolist() == [int(word) for word in text.split()]


def test_reads_the_edges_of_int64():
    assert read_ints(" ".join(map(str, EDGES))).tolist() == EDGES
    assert read_ints("0" * 50 + str(2**63 - 1)).tolist() == [2**63 - 1]
    assert read_ints("-" + "0" * 50 + str(2**63)).tolist() == [-(2**63)]


@pytest.mark.parametrize(
    "value", [2**63, -(2**63) - 1, 2**64, 10**19, 2**64 + 5, 10**28, -(10**27)]
)
def test_raises_where_a_number_does_not_fit(value):
    with pytest.raises(ResultOverflowError, match=rf"'{value}' at byte 3 does not fit int64"):
        read_ints(f"12 {value} 3")


BAD_WORDS = ["1x", "x", "-", "+", "--1", "1-2", "+-1", "1.5", "1,2", "0x10", "\x001", "1_000", "é"]


@pytest.mark.parametrize("word", BAD_WORDS)
def test_names_the_position_of_what_is_no_integer(word):
    with pytest.raises(ValueError, match="at byte 5 is not a decimal integer"):
        read_ints(f" 12\n {word} 3")
    with pytest.raises(ValueError, match="at byte 0"):
        read_ints(word)


def test_shortens_a_long_bad_token_in_its_message():
    with pytest.raises(ValueError, match=r"'z{30}\.\.\.' at byte 0"):
        read_ints("z" * 10_000)


def test_a_text_without_numbers():
    for text in (b"", b" \n", "", io.BytesIO(b"")):
        assert read_ints(text).shape == (0,)


@pytest.mark.parametrize(
    "wrap",
    [bytes, bytearray, memoryview, io.BytesIO, lambda b: io.StringIO(b.decode()),
     lambda b: io.TextIOWrapper(io.BytesIO(b)), lambda b: np.frombuffer(b, np.uint8)],
)  # fmt: skip
def test_sources(wrap):
    assert read_ints(wrap(b"1 -2\n3")).tolist() == [1, -2, 3]


def test_reads_standard_input_by_default(monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"4 5")))
    assert read_ints().tolist() == [4, 5]


@pytest.mark.parametrize("source", [None.__class__, 5, [1, 2], object()])
def test_refuses_what_is_no_text(source):
    with pytest.raises(TypeError, match="bytes, str or a stream"):
        read_ints(source)


def test_numbers_across_the_borders_of_chunks(monkeypatch):
    rng = random.Random(1)
    numbers = [rng.randrange(-(10**9), 10**9) for _ in range(200)]
    text = " ".join(map(str, numbers))
    for size in (1, 2, 7, 64):
        monkeypatch.setattr(fastmul.io, "PARSED_AT_ONCE", size)
        assert read_ints(text).tolist() == numbers


# ------------------------------------------------------------------------------------------ writing


@given(st.lists(INT64, max_size=30))
def test_writes_what_str_writes(values):
    assert written(np.array(values, np.int64)) == " ".join(map(str, values)) + "\n"


@pytest.mark.parametrize("dtype", ["i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8", ">i8"])
def test_every_integer_dtype(dtype):
    info = np.iinfo(dtype)
    array = np.array([info.min, 0, 7, info.max], dtype)
    assert written(array) == f"{info.min} 0 7 {info.max}\n"


def test_lines_are_the_last_axis():
    cube = np.arange(12).reshape(2, 3, 2)
    assert written(cube) == "0 1\n2 3\n4 5\n6 7\n8 9\n10 11\n"
    assert written(cube[..., ::-1][:, :1], separator=",") == "1,0\n7,6\n"
    assert written(-5) == "-5\n"
    assert written(np.empty((2, 0), int)) == "\n\n"
    assert written(np.empty((0, 2), int)) == ""


def test_lines_across_the_borders_of_chunks(monkeypatch):
    table = np.arange(-50, 55).reshape(-1, 5)
    expected = "".join(" ".join(map(str, row)) + "\n" for row in table.tolist())
    for size in (1, 2, 3, 5, 64):
        monkeypatch.setattr(fastmul.io, "PRINTED_AT_ONCE", size)
        assert written(table) == expected


def test_streams(capsysbinary):
    text = io.StringIO()
    write_ints([1, 2], text)
    assert text.getvalue() == "1 2\n"
    print("before", end="|")
    write_ints([3])
    assert capsysbinary.readouterr().out == b"before|3\n"


def test_read_only_and_strided_operands():
    array = np.arange(20, dtype=np.int64)[::-3]
    array.setflags(write=False)
    assert written(array) == "19 16 13 10 7 4 1\n"


@pytest.mark.parametrize("array", [[1.5], ["1"], [True], [2**70]])
def test_refuses_what_are_no_machine_integers(array):
    with pytest.raises(TypeError, match="takes integers"):
        write_ints(array, io.BytesIO())


def test_refuses_a_long_separator():
    with pytest.raises(ValueError, match="one ASCII character"):
        write_ints([1, 2], io.BytesIO(), separator=", ")


def test_a_raw_stream_that_takes_parts_gets_everything():
    class Reluctant(io.RawIOBase):
        taken = b""

        def writable(self):
            return True

        def write(self, text):
            self.taken += bytes(text[:7])
            return min(7, len(text))

    stream = Reluctant()
    write_ints(np.arange(100), stream)
    assert read_ints(stream.taken).tolist() == list(range(100))
