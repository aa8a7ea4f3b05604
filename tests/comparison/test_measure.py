"""Checking before timing, predictions, interleaving, ratios."""

import time

import numpy as np
import pytest

from fastmul.comparison import measure
from fastmul.comparison.cases import IntegerCase, MatrixCase
from fastmul.comparison.contestants import Contestant, Refusal
from fastmul.comparison.measure import History, add_ratios, run_case
from fastmul.comparison.records import OK, REFUSED, SKIPPED, WRONG, Record
from fastmul.exceptions import AlgorithmError
from fastmul.runtime.threads import get_threads


def contestant(call, name="it", home="peer", **options):
    """A contestant that calls call(case)."""
    return Contestant(name, home, lambda case, threads: lambda: call(case), lambda x: x, **options)


def run(case, *contestants, **options):
    return run_case(case, [(c, 1) for c in contestants], History(), rounds=2, **options)


INT = MatrixCase(16, "int64")


def truth(case):
    return case.truth


def test_a_right_contestant_is_timed():
    (record,) = run(INT, contestant(truth))
    assert record.status == OK
    assert record.exact
    assert 0 < record.seconds <= record.median_seconds
    assert record.runs >= 2
    assert record.rate == pytest.approx(2 * 16**3 / record.seconds / 1e9)
    assert record.first_call_seconds > 0


def test_a_wrong_contestant_is_caught_and_never_timed():
    calls = []

    def wrong(case):
        calls.append(case)
        return case.truth + 1

    (record,) = run(INT, contestant(wrong))
    assert (record.status, record.exact, record.seconds, len(calls)) == (WRONG, False, None, 1)
    assert "off by 1" in record.note


def test_a_float_method_may_be_inexact_on_integers_but_not_on_floats():
    off = contestant(lambda case: case.truth.astype(float) + 0.5, home="float", exact=False)
    assert run(INT, off)[0].status == OK
    assert run(MatrixCase(16, "float64"), off)[0].status == WRONG


@pytest.mark.parametrize(
    "error", [AlgorithmError("too large"), Refusal("too long"), MemoryError("no room")]
)
def test_a_refusal_is_no_failure(error):
    def refuse(case):
        raise error

    (record,) = run(INT, contestant(refuse))
    assert (record.status, record.note) == (REFUSED, str(error))


def test_a_crash_is_a_failure():
    (record,) = run(INT, contestant(lambda case: 1 // 0))
    assert record.status == WRONG
    assert record.note.startswith("ZeroDivisionError")


def test_a_contestant_takes_only_its_cases():
    assert run(INT, contestant(truth, takes=lambda case: case.is_float)) == []


# ---------------------------------------------------------------- predictions


def test_what_is_predicted_to_take_long_is_skipped():
    calls = []

    def slow(case):
        calls.append(case.size)
        time.sleep(0.002)
        return case.truth

    small, large = MatrixCase(64, "int64"), MatrixCase(512, "int64")
    history = History()
    slow_one = contestant(slow)
    assert run_case(small, [(slow_one, 1)], history, rounds=2)[0].status == OK
    (record,) = run_case(large, [(slow_one, 1)], history, rounds=2, patience=0.5)
    assert record.status == SKIPPED
    assert record.note.startswith("skipped: predicted ")  # 512 times 2 ms or more
    assert set(calls) == {64}


def test_without_a_smaller_size_a_pilot_is_run():
    calls = []

    def slow(case):
        calls.append(case.size)
        time.sleep(0.01)
        return case.truth

    (record,) = run(MatrixCase(512, "int64"), contestant(slow), patience=0.5)
    assert record.status == SKIPPED
    assert set(calls) == {64}


@pytest.mark.parametrize(("growth", "expected"), [(1.0, 16.0), (2.0, 256.0)])
def test_predictions_grow_as_the_contestant_says(growth, expected):
    history, it = History(), contestant(truth, growth=growth)
    assert history.predict(it, IntegerCase(1 << 10), 1) is None
    history.note(it, IntegerCase(1 << 10), 1, 1.0)
    assert history.predict(it, IntegerCase(1 << 14), 1) == pytest.approx(expected)
    assert history.predict(it, IntegerCase(1 << 10), 2) is None


def test_another_dtype_tells_how_time_grows():
    history, it = History(), contestant(truth)
    small, large = MatrixCase(64, "int64"), MatrixCase(128, "int64")
    history.note(it, small, 1, 1.0)
    assert history.predict(it, large, 1) == pytest.approx(8.0)
    history.note(it, large, 1, 20.0)
    assert history.predict(it, large, 1) == 20.0
    history.note(it, MatrixCase(64, "int32"), 1, 0.5)
    assert history.predict(it, MatrixCase(128, "int32"), 1) == pytest.approx(10.0)
    assert history.predict(it, MatrixCase(256, "int32"), 1) == pytest.approx(0.5 * 64)
    assert history.predict(it, MatrixCase(128, "int32"), 2) is None


def entry(warm, home="peer"):
    record = Record("mul", "a", home, "integer", 8, 1, OK)
    return measure.Entry(record, lambda: None, 1, warm)


def test_of_slow_ones_far_behind_the_checked_run_is_the_timed_one():
    fastest, near, behind, yardstick = entry(0.3), entry(0.4), entry(0.5), entry(0.5, "float")
    measure._spare([fastest, near, behind, yardstick])
    assert [e.samples for e in (fastest, near, behind, yardstick)] == [[], [], [0.5], []]
    short = [entry(0.001), entry(0.01)]
    measure._spare(short)
    assert not any(e.samples for e in short)
    measure._spare([])


def test_a_better_time_replaces_the_first():
    history, it = History(), contestant(truth)
    history.note(it, INT, 1, 9.0)
    history.note_record(Record("matmul", "it", "peer", "int64", 16, 1, OK, seconds=2.0), INT)
    assert history.predict(it, INT, 1) == 2.0


# ---------------------------------------------------------------- turns


def test_contestants_take_turns_in_rotating_order(monkeypatch):
    order = []
    monkeypatch.setattr(measure, "_sample", lambda call, repeats: order.append(call()) or 1.0)
    entries = [
        measure.Entry(Record("mul", n, "peer", "integer", 8, 1, OK), lambda n=n: n, 1)
        for n in "abc"
    ]
    measure._time_in_turns(entries, 3)
    assert "".join(order) == "abcbcacab"
    assert all(len(e.samples) == 3 for e in entries)


@pytest.mark.parametrize(("hurried", "rounds"), [(False, 2), (True, 1)])
def test_long_cases_get_few_rounds_and_fewer_in_a_hurry(monkeypatch, hurried, rounds):
    monkeypatch.setattr(measure, "CASE_SECONDS", -1.0)
    monkeypatch.setattr(measure, "HURRIED_CASE_SECONDS", -1.0)
    entry = measure.Entry(Record("mul", "a", "peer", "integer", 8, 1, OK), lambda: None, 1)
    measure._time_in_turns([entry], 5, hurried)
    assert len(entry.samples) == rounds


@pytest.mark.parametrize(("warm", "calls"), [(0.001, 2), (0.1, 1)])
def test_short_calls_find_their_operands_in_the_caches(warm, calls):
    made, it = [], entry(warm)
    it.call = lambda: made.append(1)
    measure._time_in_turns([it], 1)
    assert len(made) == calls


def test_slow_ones_are_sampled_once(monkeypatch):
    monkeypatch.setattr(measure, "_sample", lambda call, repeats: 1.0)
    it = entry(1.0)
    measure._time_in_turns([it], 4)
    assert len(it.samples) == 1


def test_threads_are_set_around_the_calls():
    seen = []

    def look(case):
        seen.append(get_threads())
        return case.truth

    run_case(INT, [(contestant(look), 3)], History(), rounds=1)
    assert set(seen) == {3}


def test_a_slower_baseline_on_more_threads_is_no_excuse():
    def record(threads, seconds):
        return Record("mul", "base", "peer", "integer", 8, threads, OK, seconds=seconds)

    records = [record(1, 1.0), record(2, 4.0)]
    add_ratios(records, ("base",))
    assert [r.ratios["base"] for r in records] == [1.0, 0.25]


def test_ratios_are_to_the_best_baseline_on_at_most_as_many_threads():
    def record(name, threads, seconds):
        return Record("mul", name, "peer", "integer", 8, threads, OK, seconds=seconds)

    records = [record("base", 1, 4.0), record("base", 2, 2.0), record("it", 1, 1.0), record("it", 2, 1.0),
               record("it", 3, 1.0), record("skipped", 1, None)]  # fmt: skip
    add_ratios(records, ("base", "absent"))
    assert [r.ratios.get("base") for r in records] == [1.0, 1.0, 4.0, 2.0, 2.0, None]
    assert all("absent" not in r.ratios for r in records)


@pytest.mark.parametrize("fill", ["text", None, 1j])
def test_results_that_are_no_numbers_are_wrong_not_fatal(fill):
    case = MatrixCase(4, "int64")
    (record,) = run(case, contestant(lambda case: np.full((4, 4), fill)))
    assert record.status == WRONG
    assert record.note


def test_a_contestant_cannot_spoil_the_operands():
    for dtype in ("int64", "float64"):
        for operand in MatrixCase(4, dtype).operands:
            with pytest.raises(ValueError, match="read-only"):
                operand[0, 0] = 1


def test_results_without_numpy_arrays_are_wrong_not_fatal():
    (record,) = run(INT, contestant(lambda case: np.zeros(3)))
    assert record.status == WRONG
