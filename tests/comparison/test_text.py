"""Tables of text, and progress."""

import io

import pytest

from fastmul.comparison import text
from fastmul.comparison.progress import progress


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_styles_do_not_disturb_the_columns():
    columns = [("", "name", 6, "<"), ("GOP/s", "n", 5, ">"), ("", "said", 4, "<")]
    rows = [[text.styled("abc", text.BOLD), "1.5", "x"], None, ["d", "runs on to the edge"]]
    lines = [text.plain(line) for line in text.table(columns, rows)]
    assert lines == [
        "       GOP/s",
        "name       n said",
        "─" * text.WIDTH,
        "abc      1.5 x",
        "─" * text.WIDTH,
        "d      runs on to the edge",
    ]


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0, "0"),
        (0.0386, "0.0386"),
        (9.996, "10"),
        (99.96, "100"),
        (7449.6, "7450"),
        (1e-9, "1.0e-09"),
        (1e6, "1.0e+06"),
    ],
)
def test_numbers_are_short(value, shown):
    assert text.significant(value) == shown
    assert len(shown) <= 7


def test_notes_wrap_at_the_width():
    assert all(len(text.plain(line)) <= text.WIDTH for line in text.note("word " * 100))


def test_progress_on_a_terminal_without_rich(monkeypatch):
    monkeypatch.setattr("fastmul.comparison.progress.find_spec", lambda name: None)
    stream = Terminal()
    with progress(2, True, stream) as bar:
        bar.tell("first")
        bar.advance()
        bar.tell("second")
    assert "[0/2] first" in stream.getvalue()
    assert "[1/2] second" in stream.getvalue()
    assert stream.getvalue().endswith("\r")  # the line is wiped


def test_progress_on_a_terminal_with_rich():
    pytest.importorskip("rich")
    stream = Terminal()
    with progress(2, True, stream) as bar:
        bar.tell("a case")
        bar.advance()
    assert stream.getvalue()


def test_progress_into_a_file_is_rare(monkeypatch):
    monkeypatch.setattr("fastmul.comparison.progress.QUIET_SECONDS", -1.0)
    stream = io.StringIO()
    with progress(0, True, stream) as bar:
        bar.tell("now")
    assert stream.getvalue() == "now\n"


def test_no_progress_is_silent():
    stream = Terminal()
    with progress(2, False, stream) as bar:
        bar.tell("x")
        bar.advance()
    assert stream.getvalue() == ""
