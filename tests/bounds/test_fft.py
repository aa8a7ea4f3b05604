"""The window of the FFT: on both sides of its edge, and that the kernels' arithmetic is the bounded one."""

from __future__ import annotations

import math
from fractions import Fraction
from itertools import pairwise

import gmpy2
import pytest

from fastmul.bounds import fft as bounds
from fastmul.transforms import fft as transforms


def test_half_root_is_as_near_as_claimed():
    from fastmul.kernels.cpu.fft_butterflies import HALF_ROOT

    with gmpy2.context(gmpy2.get_context(), precision=200):
        off = abs(gmpy2.mpfr(HALF_ROOT) / gmpy2.sqrt(gmpy2.mpq(1, 2)) - 1)
    assert off < bounds.HALF


@pytest.mark.parametrize("m", range(6, 25))
def test_levels_are_the_passes_that_exist(m):
    sizes = bounds.levels(m)
    assert sizes[0] == m
    assert sizes[-1] == 6
    assert {a - b for a, b in pairwise(sizes)} <= {1, 2, 3}
    if m != 7:
        assert 1 not in {a - b for a, b in pairwise(sizes)}


@pytest.mark.parametrize("rows", transforms.ROWS)
def test_error_grows_like_the_number_of_levels(rows):
    previous = 0.0
    for m in range(6, 27):
        error = bounds.error(rows, m)
        levels = m + math.log2(rows)
        assert 7 * bounds.U * levels < error < 11 * bounds.U * levels
        assert bounds.error(rows, m, whole=True) > error
        assert error >= previous * (1 - 1e-9)
        previous = error


def test_limit_is_the_rounding_radius():
    for rows in transforms.ROWS:
        for m in (6, 10, 17):
            largest = math.isqrt(int(bounds.max_norm_product(rows, m)))
            assert Fraction(largest) * Fraction(bounds.error(rows, m)) < Fraction(1, 2)
            assert largest < 2**51
            if largest * 1.001 < 2**51:
                assert largest * bounds.error(rows, m) > 0.499


@pytest.mark.parametrize("n_limbs", [64, 1000, 4096, 16384, 2**20])
def test_one_bit_more_is_outside_the_window(n_limbs):
    plan = transforms.plan(n_limbs, n_limbs, True)
    limit = bounds.max_norm_product(plan.rows, plan.child_bits)
    inside = bounds.worst_norm_product(plan.a_digits, plan.b_digits, plan.digit_bits)
    assert inside <= limit
    wider = plan.digit_bits + 1
    count = transforms.digit_count(n_limbs, wider)
    rows, m = transforms.shortest_length(2 * count)
    assert bounds.worst_norm_product(count, count, wider) > bounds.max_norm_product(rows, m)


def test_forecast_lies_between_average_and_worst():
    for n in (200, 10_000, 10**6):
        worst = bounds.worst_norm_product(n, n, 16)
        assert worst / 9 < bounds.likely_norm_product(n, n, 16) < worst
