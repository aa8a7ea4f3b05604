"""Exact sums times scales, rounded to nearest or to odd: by Python fractions."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from fastmul.kernels.cpu.lowprecision import finish
from tests.lowprecision.multiplication import oracle

floats = st.floats(width=32, allow_nan=False, allow_infinity=False)
NARROWER = ["float32", "float16", "bfloat16", "float8_e5m2"]
sums = st.one_of(st.integers(-(2**53), 2**53), st.integers(-(2**31), 2**31 - 1), st.just(0))


def to_odd(value: Fraction) -> float:
    """The float64 itself, or the one of its neighbours with an odd significand."""
    near = oracle.nearest(value, "float64")
    if Fraction(near) == value:
        return near
    if int(np.float64(near).view(np.int64)) & 1:
        return near
    return float(np.nextafter(near, np.inf if value > Fraction(near) else -np.inf))


def as_limbs(value: int, count: int) -> np.ndarray:
    return np.frombuffer(
        (value % 2 ** (64 * count)).to_bytes(8 * count, "little"), np.uint64
    ).reshape(1, 1, count)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(sums, floats, floats)
def test_sums_of_floats(total, row, column):
    value = Fraction(total) * Fraction(row) * Fraction(column)
    rows, columns = np.float64([row]), np.float64([column])
    out = np.empty((1, 1))
    for odd, want in ((False, oracle.nearest(value, "float64")), (True, to_odd(value))):
        finish.scale_rows["float64", "float64"](
            np.float64([[total]]), rows, columns, out, odd, 0, 1
        )
        assert out[0, 0] == want
        assert (out[0, 0] == 0) <= (not np.signbit(out[0, 0]))
        finish.scale_limbs(as_limbs(total, 1), rows, columns, out, odd, 0, 1)
        assert out[0, 0] == want
    single = np.empty((1, 1), np.float32)
    finish.scale_rows["float64", "float32"](
        np.float64([[total]]), rows, columns, single, True, 0, 1
    )
    assert single[0, 0] == oracle.nearest(value, "float32")


@settings(max_examples=150, deadline=None, derandomize=True)
@given(st.integers(1, 190), st.integers(0, 2**190), floats, st.integers(-300, 200))
def test_sums_in_limbs(bits, pattern, scale, power):
    total = pattern % 2**bits - 2 ** (bits - 1)
    rows, columns = np.float64([scale]), np.float64([2.0**power])
    value = total * Fraction(scale) * Fraction(2) ** power
    out = np.empty((1, 1))
    finish.scale_limbs(as_limbs(total, 3), rows, columns, out, True, 0, 1)
    assert out[0, 0] == to_odd(value)
    finish.scale_limbs(as_limbs(total, 3), rows, columns, out, False, 0, 1)
    assert out[0, 0] == oracle.nearest(value, "float64")


@settings(max_examples=300, deadline=None, derandomize=True)
@given(st.integers(-(2**100), 2**100), st.integers(-220, 60), st.sampled_from(NARROWER))
def test_rounding_to_odd_first_rounds_once(numerator, power, name):
    """Every narrower format: subnormal numbers, midpoints, overflow."""
    value = Fraction(numerator) * Fraction(2) ** power
    assert oracle.nearest(Fraction(to_odd(value)), name) == oracle.nearest(value, name)


def test_scales_that_are_no_numbers():
    rows, out = np.float64([np.nan, np.inf, np.inf, np.inf]), np.empty((4, 1))
    totals = np.float64([[3.0], [3.0], [-3.0], [0.0]])
    want = [np.nan, np.inf, -np.inf, np.nan]
    finish.scale_rows["float64", "float64"](totals, rows, np.ones(1), out, True, 0, 4)
    np.testing.assert_array_equal(out[:, 0], want)
    limbs = totals.astype(np.int64).view(np.uint64)[..., np.newaxis]
    finish.scale_limbs(limbs, rows, np.ones(1), out, True, 0, 4)
    np.testing.assert_array_equal(out[:, 0], want)
