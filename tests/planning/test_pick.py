"""The cheapest able row, or the named one; a refusal says why and what would do."""

import pytest

from fastmul.exceptions import AlgorithmError
from fastmul.planning.algorithm import Operation
from fastmul.planning.pick import able_rows, pick
from tests.planning.table import EVEN, FUSSY, SIMPLE, SMALL, TOY, Size, row


@pytest.mark.parametrize(
    ("n", "chosen"), [(4, SMALL), (100, SMALL), (101, SIMPLE), (102, EVEN), (1001, SIMPLE)]
)
def test_auto_takes_the_cheapest_able_row(n, chosen):
    assert pick(TOY, Size(n)) is chosen


def test_a_cheap_row_that_refuses_is_never_taken():
    free = row("free", lambda problem: "never right", lambda problem: -1.0)
    assert pick(Operation("toy", (free, SIMPLE), Size), Size(3)) is SIMPLE


def test_cost_is_not_asked_of_a_row_that_refuses():
    def no_cost(problem):
        raise AssertionError("asked for the cost of the impossible")

    broken = row("broken", lambda problem: "no", no_cost)
    assert pick(Operation("toy", (broken, SIMPLE), Size), Size(3)) is SIMPLE


def test_a_row_that_nobody_measured_is_still_right():
    unmeasured = row("unmeasured", lambda problem: None, lambda problem: float("inf"))
    assert pick(Operation("toy", (unmeasured,), Size), Size(3)) is unmeasured


@pytest.mark.parametrize("name", TOY.names)
def test_a_named_row_is_taken_whatever_it_costs(name):
    assert pick(TOY, Size(50), name).name == name


def test_a_named_row_that_refuses_says_why_and_what_would_do():
    with pytest.raises(AlgorithmError) as error:
        pick(TOY, Size(51), "even")
    message = str(error.value)
    assert (
        message
        == "toy(algorithm='even') refuses size 51: the size is odd; 'simple', 'small' would do"
    )


def test_nothing_would_do():
    with pytest.raises(
        AlgorithmError, match="refuses size 101: the size is odd; no algorithm would do"
    ):
        pick(FUSSY, Size(101), "even")


def test_auto_without_an_able_row_lists_every_reason():
    with pytest.raises(AlgorithmError) as error:
        pick(FUSSY, Size(101))
    assert (
        str(error.value)
        == "fussy cannot do size 101: even: the size is odd; small: 101 exceeds 100"
    )


@pytest.mark.parametrize("name", ["", "Simple", "karatsuba", "AUTO", 3])
def test_an_unknown_name_lists_the_known(name):
    with pytest.raises(
        AlgorithmError, match=r"toy has no algorithm .*; it has 'auto', 'simple', 'even', 'small'"
    ):
        pick(TOY, Size(1), name)


def test_an_algorithm_error_is_a_value_error():
    with pytest.raises(ValueError, match="no algorithm"):
        TOY["nothing"]


def test_able_rows_keep_the_tables_order():
    assert able_rows(TOY, Size(2)) == [SIMPLE, EVEN, SMALL]
    assert able_rows(TOY, Size(101)) == [SIMPLE]
