"""The radius of compensated dot products, by fractions."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from fastmul.bounds import compensated
from tests.matrices.exact_floats import operand


def two_sum(a, b):
    s = a + b
    t = s - a
    return s, (a - (s - t)) + (b - t)


def dot(a, b):
    """(s + c + t, magnitude) of the module's recurrence, in one lane; the product's error by fractions."""
    s = c = t = m = 0.0
    for x, y in zip(a.tolist(), b.tolist(), strict=True):
        p = x * y
        e = float(Fraction(x) * Fraction(y) - Fraction(p))
        s, d = two_sum(s, p)
        c, f = two_sum(c, d)
        c, g = two_sum(c, e)
        t, m = t + (f + g), m + abs(p)
    return Fraction(s) + Fraction(c) + Fraction(t), m


@pytest.mark.parametrize("kind", ["normal", "wide", "cancelling", "subnormal products", "integers"])
def test_radius_holds(kind):
    for seed in range(10):
        a, b = (
            operand(kind, (1, 60), "float64", seed)[0],
            operand(kind, (1, 60), "float64", 99 - seed)[0],
        )
        if kind == "cancelling":
            b[30:] = b[:30]
        got, magnitude = dot(a, b)
        true = sum(Fraction(x) * Fraction(y) for x, y in zip(a.tolist(), b.tolist(), strict=True))
        assert abs(got - true) <= Fraction(compensated.radius(60, magnitude))


def test_radius_is_of_the_third_order():
    """Sums that lose bits at every level: no bound of the fourth order would do."""
    rng = np.random.default_rng(0)
    a = np.ldexp(rng.random(400), rng.integers(-120, 0, 400))
    got, magnitude = dot(a, a)
    true = sum(Fraction(x) ** 2 for x in a.tolist())
    assert abs(got - true) > Fraction(magnitude) / 2**190
    assert abs(got - true) <= Fraction(compensated.radius(400, magnitude))


def test_depth():
    for k, holds in ((compensated.DEPTH, True), (compensated.DEPTH + 1, False)):
        assert ((k + 16) * Fraction(1, 2**53) <= Fraction(1, 2**20)) == holds
