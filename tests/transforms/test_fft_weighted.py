"""Weights and schedules of the weighted FFT, from their definitions."""

import cmath
import math

import gmpy2
import numpy as np
import pytest

from fastmul.kernels.cpu import fft_cyclic_root, fft_mirrored
from fastmul.transforms import fft
from fastmul.transforms import fft_weighted as transforms


@pytest.mark.parametrize(("p", "points"), [(9689, 256), (4096, 256), (15360, 448), (16382, 512)])
def test_weights_are_powers_of_two_between_1_and_2(p, points):
    w = transforms.build_weights(p, points)
    n = 2 * points
    widths = np.diff([-(-p * j // n) for j in range(n + 1)])
    for j in range(n):
        lane = 8 * (j & 1) + ((j >> 1) & 7)
        product, inverse = (
            w.blocks[j >> 4] * w.lanes[lane],
            w.inverse_blocks[j >> 4] * w.inverse_lanes[lane],
        )
        wraps = product >= w.scale[4]
        weight, inverse = product / (1 + wraps), inverse * (1 + wraps)
        with gmpy2.context(precision=100):
            exact = gmpy2.exp2(gmpy2.mpq(-p * j % n, n))
            assert abs(weight / exact - 1) < 4 * 2.0**-53
            assert abs(inverse * points * exact - 1) < 4 * 2.0**-53
        assert widths[j] == p // n + (weight < w.scale[5]), (
            "the digit's width, told from its weight"
        )


@pytest.mark.parametrize(("rows", "m"), [(4, 6), (5, 6), (6, 7), (7, 8), (4, 9), (5, 12)])
def test_schedules_pair_conjugate_roots(rows, m):
    steps = transforms.schedule(rows, m)
    n = rows << m
    angles = np.empty(n)  # of the root at each point, in turns
    order = fft.reversed_bits(m)
    for child in range(rows):
        angles[child << m : (child + 1) << m] = (child / rows + order) / (1 << m)
    seen = np.zeros(n, int)
    for step, start, other, count, _, _ in steps:
        if step == transforms.FIRST_LEAF:
            mirrors = np.array([transforms.mirror_of_first(i) for i in range(64)])
            points, conjugates = np.arange(64), mirrors
        elif step == transforms.LEAVES:
            points = np.arange(start, start + 64 * count)
            conjugates = np.arange(other, other + 64 * count)[::-1]
            if start != other:
                seen[conjugates] += 1
        else:
            continue
        seen[points] += 1
        total = angles[points] + angles[conjugates]
        assert np.allclose(total, np.round(total), atol=1e-12)
    assert (seen == 1).all()


def test_schedules_go_down_and_up_once_through_every_node():
    for rows, m in ((4, 6), (5, 9), (6, 13)):
        steps = transforms.schedule(rows, m)
        down = [tuple(row[1:]) for row in steps if row[0] == transforms.DOWN]
        up = [tuple(row[1:]) for row in steps if row[0] == transforms.UP]
        assert sorted(down) == sorted(up)
        assert len(set(down)) == len(down)
        sizes = fft.bounds.levels(m)
        assert len(down) == sum(rows << (m - size) for size in sizes[:-1])


def test_steps_are_numbered_alike():
    for name in ("DOWN", "UP", "LEAVES", "FIRST_LEAF"):
        assert getattr(transforms, name) == getattr(fft_mirrored, name)


def test_small_transforms_and_their_constants():
    rng = np.random.default_rng(0)
    for rows in fft.ROWS:
        n = 16
        z = rng.standard_normal((rows, n)) + 1j * rng.standard_normal((rows, n))
        x = np.empty((rows * n // 8, 2, 8))
        x[:, 0], x[:, 1] = z.real.reshape(-1, 8), z.imag.reshape(-1, 8)
        flat = x.ravel()
        fft_cyclic_root.cyclic_root(flat, 0, n, rows, n, 0, 8)
        found = (x[:, 0] + 1j * x[:, 1]).reshape(rows, n)
        expected = [
            sum(z[j] * cmath.exp(2j * math.pi * j * k / rows) for j in range(rows))
            for k in range(rows)
        ]
        assert np.allclose(found, expected, rtol=0, atol=1e-13)
        fft_cyclic_root.cyclic_root(flat, 0, n, rows, n, 8, 0)
        assert np.allclose((x[:, 0] + 1j * x[:, 1]).reshape(rows, n), rows * z, rtol=0, atol=1e-13)
    with gmpy2.context(precision=100):
        turn = 2 * gmpy2.const_pi()
        for d, j in ((5, 1), (5, 2), (7, 1), (7, 2), (7, 3)):
            assert getattr(fft_cyclic_root, f"COSINE_{d}_{j}") == float(gmpy2.cos(turn * j / d))
            assert getattr(fft_cyclic_root, f"SINE_{d}_{j}") == float(gmpy2.sin(turn * j / d))
        assert float(gmpy2.sin(turn / 3)) == fft_cyclic_root.SINE_3


def test_plans_are_the_shortest_that_hold_random_digits():
    for p in (9689, 44497, 216091, 10**6):
        plan = transforms.plan(p)
        likely = transforms.bounds.likely_norm
        assert likely(plan.n_digits, p) ** 2 <= plan.limit
        shorter = [
            (rows, m) for m in range(6, plan.child_bits + 1) for rows in fft.ROWS
            if rows << m < plan.points and p // (2 * rows << m) <= transforms.MAX_DIGIT_BITS
        ]  # fmt: skip
        for rows, m in shorter:
            limit = transforms.bounds.max_norm_product(rows, m)
            assert likely(2 * rows << m, p) ** 2 > limit
