"""fastmul tune and fastmul selftest."""

import json

import numpy as np
import pytest

from fastmul.cli import main
from fastmul.comparison import selftest as selftests
from fastmul.comparison import tuning
from fastmul.comparison.operands import any_size
from fastmul.integers.division import DIVMOD
from fastmul.integers.modulus.table import MODULUS
from fastmul.integers.multiplication import MUL
from fastmul.integers.multiplication.problem import MulProblem
from fastmul.matrices.bit_multiplication.problem import BitProblem
from fastmul.matrices.bit_multiplication.product import BITS
from fastmul.matrices.multiplication import MATMUL
from fastmul.planning import cost, tune
from fastmul.planning.algorithm import Algorithm, never


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """A folder of its own for tuned costs, which are forgotten afterwards."""
    monkeypatch.setattr(cost, "tuned_path", lambda: tmp_path / "costs.json")
    cost.forget()
    yield tmp_path
    monkeypatch.undo()
    cost.forget()


def row(curve, factor=1.0):
    return Algorithm(
        "it", lambda p: None, never, lambda p: factor * cost.seconds(curve, p), "", "", ""
    )


def test_a_reading_asks_the_cost_itself():
    assert tune.reading(row("a curve", 3.0), 8.0) == tune.Reading("a curve", 8.0, 3.0)
    assert cost.seconds("a curve", 8.0) == float("inf")  # nothing stays of the asking


def test_costs_of_several_curves_have_no_reading():
    two = Algorithm(
        "it",
        lambda p: None,
        never,
        lambda p: cost.seconds("a", p) + cost.seconds("b", p),
        "",
        "",
        "",
    )
    assert tune.reading(two, 8.0) is None
    assert (
        tune.reading(Algorithm("it", lambda p: None, never, lambda p: 1.0, "", "", ""), 8.0) is None
    )


#: Rows of matmul whose costs are those of their parts.
OF_PARTS = {"strassen", "symmetric", "modular_residues", "residues", "kronecker", "entries"}


def test_every_row_of_every_table_has_a_curve():
    """Otherwise `auto` would never take it, and tune would never measure it."""
    for r in MUL.table:
        kinds = [tune.reading(r, MulProblem(64, 64, kind=kind)) for kind in ("limbs", "mpz", "int")]
        assert any(kinds), f"mul {r.name}"
    measured = {
        t.row.name
        for trials in (
            tuning.matrix_trials,
            tuning.exact_float_trials,
            tuning.field_trials,
            tuning.semiring_trials,
        )
        for t in trials([64])
        if tune.reading(t.row, t.problem)
    }
    for r in MATMUL.table:
        assert r.name in measured or r.name in OF_PARTS, f"matmul {r.name}"


def test_every_row_of_packed_bits_has_a_curve():
    measured = {t.row.name for t in tuning.field_trials([64]) if tune.reading(t.row, t.problem)}
    assert {
        row.name for row in BITS.table if row.refuses(BitProblem(64, 64, 64)) is None
    } <= measured


def test_sums_of_blocks_have_a_curve():
    curves = tuning.measure(only=("matmul.strassen.sums",), largest=16)
    (points,) = curves.values()
    assert [size for size, _ in points] == [3 * 8 * n * n for n in (4, 8, 16)]
    assert all(seconds > 0 for _, seconds in points)


def test_fit_divides_by_the_factor_and_stops_after_a_long_one(monkeypatch):
    times = iter([1.0, 2.0, 9.0])
    monkeypatch.setattr(tune, "fastest", lambda call: next(times))
    trials = [tune.Trial(row("c", 2.0), size, lambda: None) for size in (1.0, 1.0, 2.0, 4.0)]
    assert tune.fit(trials) == {
        "c": [[1.0, 0.5], [2.0, 1.0]]
    }  # 1 s / 2 = 0.5; 2 s / 2 > LONGEST_SECONDS


def test_fastest_is_the_fastest():
    calls = []
    assert 0 < tune.fastest(lambda: calls.append(1)) < 1e-3
    assert len(calls) > tune.SAMPLES


def test_tune_keeps_curves_and_provenance_and_they_are_read_back(cache, capsys):
    command = [
        "tune",
        "--only",
        "mul.gmp",
        "mul.python",
        "convert",
        "matmul.gemm",
    ]  # nothing to compile
    assert main([*command, "--largest", "8"]) == 0
    path = cost.tuned_path()
    assert path == cache / "costs.json"
    assert str(path) in capsys.readouterr().out
    stored = json.loads(path.read_text())
    assert set(stored["provenance"]) == {"machine", "date", "command"}
    assert stored["provenance"]["command"] == f"fastmul {' '.join(command)} --largest 8"
    assert cost.provenance() == stored["provenance"]
    for name in ("mul.gmp", "mul.python", "convert.int.limbs", "matmul.gemm.float64"):
        sizes = [size for size, _ in stored["curves"][name]]
        assert sizes == sorted(set(sizes))
        assert cost.curves()[name] == stored["curves"][name]
        assert cost.seconds(name, sizes[-1]) == pytest.approx(stored["curves"][name][-1][1])


def test_tuning_one_operation_keeps_the_other_curves(cache):
    before = cost.curves()
    assert main(["tune", "--largest", "4", "--only", "matmul.gemm"]) == 0
    after = json.loads((cache / "costs.json").read_text())["curves"]
    assert set(before) <= set(after)
    assert after["mul.gmp"] == before["mul.gmp"]


def test_the_shipped_file_is_made_by_the_same_command(cache, tmp_path):
    path = tmp_path / "shipped" / "costs.json"
    assert main(["tune", "--largest", "2", "--only", "mul.gmp", "--shipped", str(path)]) == 0
    assert "mul.gmp" in json.loads(path.read_text())["curves"]
    assert not (cache / "costs.json").exists()
    assert json.loads(path.read_text())["provenance"]["command"] == (
        "fastmul tune --only mul.gmp --largest 2"
    )
    assert main(["tune", "--largest", "1", "--only", "nothing"]) == 2
    assert (
        main(["tune", "--largest", "1", "--only", "mul.gmp", "--shipped", "/proc/costs.json"]) == 2
    )


# ---------------------------------------------------------------- selftest


def test_selftest_finds_nothing_and_prints_its_seed(capsys):
    assert main(["selftest", "--minutes", "0.02", "--seed", "1"]) == 0
    printed = capsys.readouterr().out
    assert printed.startswith("seed 1\n")
    assert "all right" in printed
    for name in (*(f"mul {n}" for n in MUL.names), *(f"matmul {n}" for n in MATMUL.names),
                 *(f"divmod {n}" for n in DIVMOD.names), *(f"Modulus {n}" for n in MODULUS.names),
                 "to_str", "from_str", "Integer", "sum_of_products"):  # fmt: skip
        assert name in printed


def test_selftest_chooses_a_seed(capsys, monkeypatch):
    monkeypatch.setattr(selftests, "LEAST_ROUNDS", 1)
    assert main(["selftest", "--minutes", "0"]) == 0
    assert capsys.readouterr().out.split()[1].isdigit()


def test_the_same_seed_makes_the_same_operands(monkeypatch):
    import random

    def entries(seed):
        rng = random.Random(seed)
        return [any_size(1000, rng) for _ in range(50)]

    assert entries(3) == entries(3) != entries(4)
    sizes = [any_size(160, random.Random(i)) for i in range(500)]
    assert min(sizes) <= 1
    assert 100 < max(sizes) <= 160


@pytest.mark.parametrize("broken", ["mul", "matmul"])
def test_selftest_finds_a_wrong_algorithm(broken, monkeypatch, capsys):
    import fastmul

    right = getattr(fastmul, broken)

    def wrong(a, b, **options):
        product = right(a, b, **options)
        if options.get("algorithm") == "auto":
            return product
        return (
            np.bitwise_not(product)
            if isinstance(product, np.ndarray) and product.size
            else product + 1
        )

    monkeypatch.setattr(fastmul, broken, wrong)
    assert main(["selftest", "--minutes", "0.05", "--seed", "1"]) == 1
    printed = capsys.readouterr().out
    assert "WRONG RESULT: round " in printed
    assert "fastmul selftest --seed 1" in printed


@pytest.mark.parametrize(
    "broken", ["divmod", "isqrt_rem", "cyclic_mul", "to_str", "from_str", "sum_of_products"]
)
def test_selftest_finds_a_wrong_operation(broken, monkeypatch, capsys):
    monkeypatch.setattr(f"fastmul.integers.{broken}", lambda *args, **options: None)
    assert main(["selftest", "--minutes", "0", "--seed", "1"]) == 1
    assert f"WRONG RESULT: round 1, {broken}" in capsys.readouterr().out
