"""Costs: curves interpolated, tuned ones before shipped ones, and damaged files never in the way."""

import json
import math

import pytest

from fastmul.planning import cost


@pytest.fixture
def tuned(tmp_path, monkeypatch):
    """A cache folder whose costs.json a test may write; call it to write and read anew."""
    monkeypatch.setenv("FASTMUL_CACHE_DIR", str(tmp_path))

    def write(content):
        text = content if isinstance(content, str) else json.dumps(content)
        cost.tuned_path().write_text(text)
        cost.forget()

    cost.forget()
    yield write
    cost.forget()


def _file(curves, machine="here"):
    return {
        "provenance": {"machine": machine, "date": "2026-01-01", "command": "fastmul tune"},
        "curves": curves,
    }


def test_the_shipped_file_is_sound_and_says_where_it_was_measured(tuned):
    assert set(cost.provenance()) >= {"machine", "date", "command"}
    for name, points in cost.curves().items():
        assert all(size > 0 and 0 < seconds < 3600 for size, seconds in points), name


def test_a_curve_is_straight_between_its_points_in_log_log(tuned):
    tuned(_file({"x": [[10, 1e-6], [1000, 1e-2]]}))  # slope 2
    assert cost.seconds("x", 10) == pytest.approx(1e-6)
    assert cost.seconds("x", 100) == pytest.approx(1e-4)
    assert cost.seconds("x", 1000) == pytest.approx(1e-2)
    assert cost.seconds("x", 10000) == pytest.approx(1.0), "and straight on"
    assert cost.seconds("x", 1) == pytest.approx(1e-7), "but with slope 1 at most below the first"


def test_a_flat_start_stays_flat(tuned):
    tuned(_file({"x": [[10, 1e-6], [20, 1e-6], [40, 4e-6]]}))
    assert cost.seconds("x", 5) == pytest.approx(1e-6)
    assert cost.seconds("x", 15) == pytest.approx(1e-6)
    assert cost.seconds("x", 80) == pytest.approx(16e-6)


def test_a_single_point_is_proportional(tuned):
    tuned(_file({"x": [[100, 2.0]]}))
    assert cost.seconds("x", 50) == 1.0


@pytest.mark.parametrize("size", [0, 0.5, 1e30])
def test_extreme_sizes_have_a_cost(size, tuned):
    tuned(_file({"x": [[10, 1e-6], [1000, 1e-2]]}))
    assert 0 <= cost.seconds("x", size) < math.inf


def test_nobody_measured_it(tuned):
    assert cost.seconds("no such curve", 10) == math.inf


def test_this_machines_curves_come_first_and_bring_their_provenance(tuned):
    shipped = dict(cost.curves())
    tuned(_file({"mine": [[1, 1.0]]}, machine="my machine"))
    assert cost.curves() == {**shipped, "mine": [[1, 1.0]]}
    assert cost.provenance()["machine"] == "my machine"


DAMAGED = [
    "", "{", "[]", "3", "null", '{"curves": {}}', '{"provenance": {}}',
    _file([]), _file(None), _file({"x": 3}), _file({"x": []}), _file({"x": [[1]]}), _file({"x": [["a", "b"]]}),
    _file({"x": [[1, 0.0]]}), _file({"x": [[1, -1.0]]}), _file({"x": [[0, 1.0]]}), _file({"x": [[2, 1.0], [1, 1.0]]}),
    _file({"x": [[1, 1.0], [1, 2.0]]}), _file({"x": [[1, math.nan]]}), _file({"x": [[1, math.inf]]}),
    {"provenance": 3, "curves": {}},
]  # fmt: skip


@pytest.mark.parametrize(
    "content", DAMAGED, ids=lambda c: c if isinstance(c, str) else json.dumps(c["curves"])
)
def test_a_damaged_tuned_file_leaves_the_shipped_curves(content, tuned):
    shipped, source = dict(cost.curves()), cost.provenance()
    tuned(content)
    assert cost.curves() == shipped
    assert cost.provenance() == source


def test_a_cache_folder_that_is_a_file_leaves_the_shipped_curves(tmp_path, monkeypatch):
    file = tmp_path / "file"
    file.touch()
    monkeypatch.setenv("FASTMUL_CACHE_DIR", str(file))
    cost.forget()
    assert cost.curves() == json.loads(cost.SHIPPED.read_text())["curves"]
    cost.forget()
