"""Plans and twiddles of the FFT."""

from __future__ import annotations

import random
from fractions import Fraction
from itertools import pairwise

import gmpy2
import numpy as np
import pytest

from fastmul.bounds import fft as bounds
from fastmul.transforms import fft as transforms


def twiddle(turns: Fraction):
    angle = 2 * gmpy2.const_pi() * gmpy2.mpq(turns.numerator, turns.denominator)
    return gmpy2.cos(angle), gmpy2.sin(angle)


def reverse(i: int, depth: int) -> int:
    return int(f"{i:0{depth}b}"[::-1], 2) if depth else 0


def off(record, turns: Fraction) -> float:
    """The largest error of a record's seven powers, in units of the rounding error."""
    worst = 0.0
    for power in range(1, 8):
        re, im = twiddle(turns * power)
        error = gmpy2.hypot(re - float(record[power - 1]), im - float(record[power + 7]))
        worst = max(worst, float(error) / bounds.U)
    return worst


@pytest.mark.parametrize("rows", transforms.ROWS)
@pytest.mark.parametrize("m", [6, 7, 9, 12])
def test_every_twiddle_is_within_beta(rows, m):
    table = transforms.build_table(rows, m)
    depth = m - 6
    nodes = table.nodes.reshape(rows, -1, 16)
    leaves = table.leaves.reshape(rows, -1, 128)
    rng = random.Random(rows + 10 * m)
    beta = bounds.BETA / bounds.U
    worst = 0.0
    with gmpy2.context(gmpy2.get_context(), precision=160):
        for child in range(rows):
            start = Fraction(1 + 4 * child, 4 * rows)
            for d in range(depth):
                for i in rng.sample(range(1 << d), min(1 << d, 5)):
                    turns = (start + reverse(i, d)) / 2**d / 8
                    worst = max(worst, off(nodes[child, (1 << d) + i], turns))
            for i in rng.sample(range(1 << depth), min(1 << depth, 5)):
                turns = (start + reverse(i, depth)) / 2**depth / 8
                worst = max(worst, off(leaves[child, i], turns))
                for lane in range(8):
                    turns = (start + reverse(8 * i + lane, depth + 3)) / 2 ** (depth + 3) / 8
                    parts = leaves[child, i, 16:].reshape(2, 7, 8)[:, :, lane]
                    record = np.concatenate((parts[0], [0.0], parts[1], [0.0]))
                    worst = max(worst, off(record, turns))
            scaled = table.roots.reshape(2, rows, 16)[:, child]
            assert off(scaled[0], start) <= beta
            for power in range(8):
                for part, exact in enumerate(twiddle(start * power)):
                    exact /= rows << m
                    found = float(scaled[1][(power - 1) % 8 + 8 * part])
                    assert abs(found - exact) <= abs(exact) * bounds.U
    assert 0.3 < worst <= beta  # the bound is no empty one


def test_unit_roots_are_rounded_to_nearest():
    order = 32 * 7 << 11
    rng = np.random.default_rng(5)
    turns = np.concatenate((rng.integers(0, order, 400), [0, order // 4, order // 2, order - 1]))
    re, im = transforms.unit_roots(turns, transforms.unit_root_factors(order))
    with gmpy2.context(gmpy2.get_context(), precision=160):
        for turn, c, s in zip(turns, re, im, strict=True):
            cos, sin = twiddle(Fraction(int(turn), order))
            for exact, found in ((cos, c), (sin, s)):
                assert abs(exact - float(found)) <= abs(float(found)) * bounds.U + gmpy2.exp2(-95)
                assert abs(float(exact) - found) <= 2.0**-95


def test_the_callers_context_of_gmpy2_does_not_reach_the_twiddles():
    expected = transforms.build_table(5, 7)
    with gmpy2.context(precision=8, round=gmpy2.RoundDown):
        found = transforms.build_table(5, 7)
        assert gmpy2.get_context().precision == 8  # and it is left as it was
    for name in ("roots", "nodes", "leaves"):
        assert np.array_equal(getattr(found, name), getattr(expected, name)), name


@pytest.mark.parametrize("a_limbs", [1, 2, 63, 64, 65, 128, 200, 1024, 4096, 16384, 100_000])
@pytest.mark.parametrize("b_limbs", [1, 17, 64, 128, 1000, 16384])
@pytest.mark.parametrize("guaranteed", [False, True])
def test_plans_hold_their_products(a_limbs, b_limbs, guaranteed):
    plan = transforms.plan(a_limbs, b_limbs, guaranteed)
    room = 2 * plan.points
    needed = plan.a_digits + plan.b_digits
    bits = plan.digit_bits
    if needed > room:  # the last digits, 0 or 1, wrap around
        assert a_limbs == b_limbs
        assert 64 * a_limbs % bits == 0
        assert needed == room + 2
    assert (plan.a_digits - 1) * bits <= 64 * a_limbs < plan.a_digits * bits
    worst = bounds.worst_norm_product(plan.a_digits, plan.b_digits, bits)
    if guaranteed:
        assert plan.limit == np.inf
    if plan.limit == np.inf:
        assert worst <= bounds.max_norm_product(plan.rows, plan.child_bits)
    else:
        assert bounds.likely_norm_product(plan.a_digits, plan.b_digits, bits) <= plan.limit < worst


def test_lengths_grow_in_small_steps():
    lengths = [rows << m for rows, m in map(transforms.shortest_length, range(1000, 300_000, 37))]
    assert all(a <= b <= 1.26 * a for a, b in pairwise(lengths))
    for digits in range(1000, 300_000, 371):
        rows, m = transforms.shortest_length(digits)
        assert 2 * (rows << m) >= digits
        assert (rows << m) <= 1.26 * max(digits / 2, 256)


def test_tables_are_kept():
    assert transforms.table(4, 8) is transforms.table(4, 8)
