"""explain: every row's fate, the chosen one marked, and nothing computed."""

import pytest

from fastmul.planning.explain import (
    Explanation,
    Line,
    explain,
    explain_problem,
    format_bytes,
    format_seconds,
)
from tests.planning.table import FUSSY, Size, toy


def test_it_prints_refusals_and_times():
    assert repr(explain(toy, 102)) == (
        "toy: size 102\n"
        "-> even    about 11.2 µs\n"
        "   simple  about 102 µs\n"
        "   small refuses: 102 exceeds 100"
    )


def test_it_tells_refusals_for_one_reason_together():
    lines = (Line("a", "odd", None), Line("b", None, 1.0), Line("c", "odd", None))
    assert repr(Explanation("f", "x", "b", lines)) == "f: x\n-> b  about 1 s\n   a, c refuse: odd"


def test_it_is_an_object():
    explanation = explain(toy, 101)
    assert explanation.operation == "toy"
    assert explanation.chosen == "simple"
    assert [line.refusal for line in explanation.lines] == [
        None,
        "the size is odd",
        "101 exceeds 100",
    ]
    assert [line.seconds for line in explanation.lines] == [pytest.approx(101e-6), None, None]


def test_nothing_is_chosen_when_all_refuse():
    explanation = explain_problem(FUSSY, Size(101))
    assert explanation.chosen is None
    assert "->" not in repr(explanation)


@pytest.mark.parametrize("function", [len, 3, None, "mul"])
def test_a_function_without_a_table_is_a_type_error(function):
    with pytest.raises(
        TypeError, match=r"explain needs an operation with algorithms, such as fastmul.mul; got"
    ):
        explain(function, 1, 2)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.0, "0 ns"),
        (2.5e-10, "0.25 ns"),
        (1e-6, "1 µs"),
        (0.9994e-3, "999 µs"),
        (1.5, "1.5 s"),
        (86400, "8.64e+04 s"),
    ],
)
def test_seconds(seconds, text):
    assert format_seconds(seconds) == text


@pytest.mark.parametrize(
    ("n_bytes", "text"),
    [
        (0, "0 B"),
        (1023, "1023 B"),
        (1024, "1 KiB"),
        (999 << 10, "999 KiB"),
        (5 << 30, "5 GiB"),
        (1 << 50, "1.05e+06 GiB"),
    ],
)
def test_bytes(n_bytes, text):
    assert format_bytes(n_bytes) == text
