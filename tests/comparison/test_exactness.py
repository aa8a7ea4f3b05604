"""What counts as exact, as sound and as wrong."""

import numpy as np
import pytest

from fastmul.comparison.cases import IntegerCase, MatrixCase
from fastmul.comparison.contestants.matrices import Modular
from fastmul.comparison.exactness import error_of

INT, FLOAT = MatrixCase(40, "int64"), MatrixCase(40, "float64")


def test_the_exact_product_has_no_error():
    error = error_of(INT, INT.truth.copy())
    assert (error.exact, error.sound, error.max_abs, error.max_rel, error.wrong_entries) == (
        True,
        True,
        0,
        0,
        0,
    )


@pytest.mark.parametrize("kind", [np.int64, object, np.longdouble])
def test_one_wrong_entry_is_seen(kind):
    result = INT.truth.astype(kind)
    result[3, 4] += 1
    error = error_of(INT, result)
    assert not error.exact
    assert not error.sound
    assert (error.max_abs, error.wrong_entries) == (1, 1)
    assert error.max_rel == pytest.approx(1 / np.abs(INT.truth).max())


def test_a_float_gemm_of_integers_is_inexact_and_its_error_is_the_true_one():
    a, b = INT.operands
    result = a.astype(float) @ b.astype(float)
    exact = a.astype(object) @ b.astype(object)
    error = error_of(INT, result)
    assert error.max_abs == max(
        abs(int(x) - y) for x, y in zip(result.flat, exact.flat, strict=True)
    )
    assert (
        error.wrong_entries
        == sum(int(x) != y for x, y in zip(result.flat, exact.flat, strict=True))
        > 0
    )


def test_differences_too_large_for_int64_are_found():
    result = INT.truth.copy()
    result[0, 0] = np.iinfo(np.int64).min if result[0, 0] > 0 else np.iinfo(np.int64).max
    error = error_of(INT, result)
    assert error.wrong_entries == 1
    assert error.max_abs > 2.0**62


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("case", [INT, FLOAT])
def test_what_is_not_finite_is_infinitely_wrong(case, value):
    result = case.truth.astype(np.float64)
    result[1, 2] = value
    error = error_of(case, result)
    assert error.max_abs == np.inf
    assert not error.sound


def test_a_rounded_float_product_is_sound_and_another_product_is_not():
    a, b = FLOAT.operands
    rounded = error_of(FLOAT, a @ b)
    assert rounded.sound
    assert 0 < rounded.max_abs < 1e-13
    assert not error_of(FLOAT, b @ a).sound
    assert error_of(
        FLOAT, a.astype(np.float32) @ b.astype(np.float32)
    ).sound  # by float32's own bound


@pytest.mark.parametrize("result", [None, 3, np.zeros((2, 2)), [[1]]])
def test_what_is_no_matrix_of_the_right_shape_is_wrong(result):
    error = error_of(INT, result)
    assert not error.exact
    assert not error.sound


def test_a_modular_product_is_compared_modulo_p():
    p = 2**31 - 1
    right = Modular(INT.truth % p, p)
    assert error_of(INT, right).exact
    right.values[0, 0] = (right.values[0, 0] + 1) % p
    assert error_of(INT, right).wrong_entries == 1


def test_integers():
    case = IntegerCase(1000)
    a, b = case.operands
    assert error_of(case, a * b).exact
    error = error_of(case, a * b + (1 << 700))
    assert (error.exact, error.sound, error.max_abs, error.wrong_entries) == (
        False,
        False,
        2.0**700,
        1,
    )
    assert error_of(case, "1").exact is False
    assert error_of(case, None).sound is False
    assert error_of(case, -a * b).sound is False


def test_an_error_beyond_float64_is_infinite():
    case = IntegerCase(1 << 12)
    error = error_of(case, case.truth + (1 << 8000))
    assert error.max_abs == float("inf")
    assert error.wrong_entries >= 1
