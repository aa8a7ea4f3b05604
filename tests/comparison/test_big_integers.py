"""compare("integers"): products checked, crossovers found, errors those of the transform, memory told."""

import dataclasses
import io
import json

import numpy as np
import pytest

import fastmul
from fastmul.cli import main
from fastmul.comparison import presentation, text
from fastmul.comparison.big_integers import crossovers, errors, memory
from fastmul.comparison.big_integers.report import power
from fastmul.integers import from_limbs
from fastmul.integers.multiplication import MUL, fft_values
from fastmul.integers.multiplication.problem import MulProblem
from fastmul.kernels.reference.fft import digits, right_angle_product


@pytest.fixture(scope="module")
def found():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(errors, "SIZES", (1 << 12,))
        return fastmul.compare("integers", sizes=[512, 1 << 12], threads=2, repetitions=1)


def test_every_row_is_there_and_right(found):
    names = {r.contestant for r in found.records if r.exact}
    assert names >= {"auto", "auto (int)", "auto (limbs)", *MUL.names} - {"python"}
    assert names >= {"GMP (gmpy2.mpz)", "Python int", "decimal", "FLINT (fmpz)"}
    assert found.failures == []


def test_report_picture_and_page(found):
    report = repr(found)
    assert max(map(len, report.splitlines())) <= text.WIDTH
    for said in ("nanoseconds per bit", "overtakes", "proven", "2^12", "karatsuba", "decimal"):
        assert said in report
    drawn = io.BytesIO()
    presentation.save(found, drawn, "svg")
    assert b"</svg>" in drawn.getvalue()
    assert "</svg>" in presentation.page(found)
    json.dumps(found.as_dict(), allow_nan=False)


def test_what_goes_wrong_is_reported(found):
    wrong = dataclasses.replace(found.records[0], status="wrong", note="off by one")
    beyond = dataclasses.replace(found.errors[0], error=found.errors[0].bound * 1.01)
    broken = dataclasses.replace(found, records=[wrong], errors=[beyond])
    assert broken.failures == [wrong, beyond]
    assert repr(broken).count("WRONG RESULT") == 2


def test_two_threads_are_a_table_of_their_own(found):
    of_two = [
        dataclasses.replace(r, threads=2, seconds=r.seconds / 2)
        for r in found.records
        if r.contestant in ("auto", "ntt")
    ]
    both = dataclasses.replace(found, records=[*found.records, *of_two])
    assert "2 threads: how many times as fast as one" in repr(both)
    presentation.save(both, io.BytesIO(), "svg")


# ---------------------------------------------------------------- crossovers


def test_crossovers():
    slow, fast = {16: 1.0, 64: 4.0, 256: 16.0}, {16: 4.0, 64: 4.0, 256: 4.0}
    assert crossovers.between("a", slow, "b", fast).bits == 64
    assert crossovers.between("b", fast, "a", slow).bits is None  # ahead only at first
    assert crossovers.between("a", {4: 2.0, 8: 2.0}, "b", {4: 1.0, 8: 1.0}).bits == 4  # everywhere
    assert crossovers.between("a", {4: 2.0}, "b", {8: 1.0}).bits is None  # never met
    halfway = crossovers.between("a", {16: 1.0, 64: 4.0}, "b", {16: 2.0, 64: 2.0})
    assert halfway.bits == pytest.approx(32)
    assert power(halfway.bits) == "2^5"


def test_the_fastest_rows_follow_each_other():
    curves = {"a": {1: 1.0, 2: 4.0, 4: 16.0}, "b": {1: 2.0, 2: 3.0, 4: 9.0}, "c": {2: 5.0, 4: 6.0}}
    changes = crossovers.of_rows(curves, ("a", "b", "c", "absent"))
    assert [(c.before, c.to) for c in changes] == [("a", "b"), ("b", "c")]


# ---------------------------------------------------------------- errors


@pytest.mark.parametrize("operands", [errors.RANDOM, errors.LARGEST])
def test_errors_are_those_of_the_coefficients(operands):
    """Against a product of digits in integers: also where the highest bits wrap."""
    n = 6
    plan = fft_values.plan(MulProblem(n, n), guaranteed=operands == errors.LARGEST)
    rng = np.random.default_rng(0)
    draw = errors._random if operands == errors.RANDOM else errors._largest
    a, b = (draw(n, plan, rng) for _ in range(2))
    x, y = (errors._digits(v, plan.digit_bits).astype(int).tolist() for v in (a, b))
    for limbs, listed in ((a, x), (b, y)):
        assert listed == digits(from_limbs(limbs), plan.digit_bits, len(listed))
    exact = np.array(right_angle_product(x, y, plan.points), float)
    product = fft_values.multiply(plan, fft_values.encode(plan, a), fft_values.encode(plan, b))
    off = np.abs(fft_values.coefficients(plan, product) - exact).max()
    measured = errors._error(64 * n, operands, plan, a, b)
    assert measured.error == off <= measured.bound < 0.5
    assert measured.numpy_error < 0.5


def test_largest_digits_are_the_largest():
    plan = fft_values.plan(MulProblem(40, 40), guaranteed=True)
    limbs = errors._largest(40, plan, np.random.default_rng(1))
    found = errors._digits(limbs, plan.digit_bits)[:-2]
    assert set(np.abs(found)) == {(1 << plan.digit_bits - 1) - 1}
    assert len(set(found)) == 2


# ---------------------------------------------------------------- memory, and what it does not take


def test_memory_of_a_call():
    n_bytes = memory.measure(lambda: np.ones(1 << 22))
    if n_bytes is None:
        pytest.skip("this system does not tell the largest resident size")
    assert 0.9 < n_bytes / (8 << 22) < 1.5


@pytest.mark.parametrize("keywords", [{"dtypes": ["int8"]}, {"threads": (1, 2)}, {"algorithms": ["fft"]}])  # fmt: skip
def test_what_it_does_not_take(keywords):
    with pytest.raises(ValueError, match="takes one number of threads beside 1"):
        fastmul.compare("integers", **keywords)


def test_the_command(capsys, monkeypatch):
    monkeypatch.setattr(errors, "SIZES", ())
    assert main(["compare", "integers", "--sizes", "2^9", "--repetitions", "1"]) == 0
    assert "fastmul compare integers" in capsys.readouterr().out
