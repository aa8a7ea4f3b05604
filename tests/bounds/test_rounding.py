"""Quotients that are rounded twice: harmless up to the bound, harmful one bit beyond it."""

from fractions import Fraction

import numpy as np
import pytest

from fastmul.bounds.rounding import ONE_LEVEL, TWO_LEVELS, rounds_once
from fastmul.lowprecision.formats import BLOCKS, ELEMENTS


def test_every_format_with_scales_is_inside_the_bound():
    for fmt in ELEMENTS:
        assert rounds_once(fmt.mantissa_bits + 1, ONE_LEVEL)
    for fmt in BLOCKS:
        if fmt.two_level:
            assert rounds_once(fmt.element.mantissa_bits + 1, TWO_LEVELS)


def crossings(precision, divisor_bits, tries=4000):
    """How often a quotient beside a midpoint t, x = t d +- its last bit, is moved onto t or across it."""
    rng = np.random.default_rng(0)
    found = 0
    for _ in range(tries):
        t = (int(rng.integers(1 << (precision - 1))) + (1 << (precision - 1))) * 2 + 1
        d = int(rng.integers(1 << (divisor_bits - 1))) + (1 << (divisor_bits - 1))
        x = t * d
        excess = max(0, x.bit_length() - 53)
        down = x >> excess << excess  # a float64, as are the next ones
        for near in (down - (1 << excess), down, down + (1 << excess)):
            if near == x:
                continue
            quotient = Fraction(float(near) / float(d))
            found += (quotient > t) != (Fraction(near, d) > t) or quotient == t
    return found


@pytest.mark.parametrize("precision", [2, 4, 24])
def test_both_sides_of_the_edge(precision):
    last = 53 - precision
    assert rounds_once(precision, last)
    assert not rounds_once(precision, last + 1)
    assert crossings(precision, last) == 0
    assert crossings(precision, last + 1) > 0
