"""The windows of low precision: both sides of each edge, and that they are edges."""

from __future__ import annotations

import random
from fractions import Fraction

import numpy as np
import pytest

from fastmul.bounds import low_precision as bounds
from fastmul.bounds.low_precision import LineBounds


@pytest.mark.parametrize("limit", [2**24, 2**31 - 1, 2**53, 2**63 - 1])
def test_the_first_bound_at_its_edge(limit):
    """k max|x| max|y| = limit is inside, one more is not."""
    for k, x in ((1, 3), (7, 11), (4096, 1)):
        y = limit // (k * x)
        a, b = LineBounds.of_integers(k, x), LineBounds.of_integers(k, y)
        assert bounds.reaches_within(a, b, k * x * y)
        assert not bounds.reaches_within(a, b, k * x * y - 1)


@pytest.mark.parametrize("limit", [2**24, 2**31 - 1, 2**53])
def test_the_second_bound_at_its_edge(limit):
    """|x|_2 |y|_2 up to the slack below the limit is inside, beyond the limit it is not."""
    inside = LineBounds(1 << 20, float(limit), limit * (1 - 2.0**-20))
    beyond = LineBounds(1 << 20, float(limit), limit * (1 + 2.0**-20))
    assert bounds.reaches_within(inside, inside, limit)
    assert not bounds.reaches_within(beyond, beyond, limit)
    deep = LineBounds(bounds.DEEPEST + 1, float(limit), 1.0)
    assert not bounds.reaches_within(deep, deep, limit)


def test_the_slack_covers_sums_of_floats_in_any_order():
    """Two energies and their product, every rounding downwards by the most it may: (1 - u)^r >= 1 - r u."""
    u = Fraction(1, 2**53)
    for k in (1, 1000, bounds.DEEPEST):
        lost = 1 - Fraction(2 * (2 * k + 4) + 1) * u
        assert lost * Fraction(bounds.ENERGY_SLACK) > 1


def test_no_sum_leaves_the_reach():
    rng = random.Random(1)
    for _ in range(200):
        k = rng.randrange(1, 12)
        x, y = (
            [rng.randrange(-(2**20), 2**20) >> rng.randrange(20) for _ in range(k)] for _ in "xy"
        )
        lines = [LineBounds(k, max(map(abs, v)), float(sum(t * t for t in v))) for v in (x, y)]
        largest = sum(abs(p * q) for p, q in zip(x, y, strict=True))
        assert largest == 0 or not bounds.reaches_within(*lines, largest - 1)


def test_pieces():
    a = LineBounds.of_integers(1 << 20, 127)
    assert bounds.piece(a, a, "int8") == (2**31 - 1) // 127**2
    assert bounds.piece(a, a, "float32") == 2**24 // 127**2
    assert bounds.piece(a, a, "float64") == 1 << 20
    wide = LineBounds.of_integers(1 << 20, 2**23)
    assert bounds.piece(wide, wide, "float64") == 0  # pieces of 128 are too short
    narrow = LineBounds.of_integers(1 << 17, 2**22)
    assert bounds.piece(narrow, narrow, "float64") == 512
    assert bounds.piece(narrow, LineBounds.of_integers(1 << 17, 2**23), "float64") == 256
    huge = LineBounds.of_integers(1 << 30, 2**20)
    assert bounds.piece(huge, huge, "float64") == 0  # the whole would not fit int64


def test_beyond_the_window_floats_do_round():
    """One more than 2^24, and float32 loses it: the window is sharp."""
    a = np.float32([2**12, 1.0])
    assert bounds.reaches_within(
        LineBounds(2, 2.0**12, 2.0**24 + 1), LineBounds(1, 1.0, 1.0), 2**24
    )
    assert int(a @ a) == 2**24  # and not 2^24 + 1
    assert not bounds.reaches_within(*[LineBounds(2, 2.0**12, 2.0**24 + 1)] * 2, 2**24)
