"""The window of the weighted FFT: what it is made of, and how far below it real errors stay."""

import random

import numpy as np
import pytest

from fastmul.bounds import fft
from fastmul.bounds import fft_weighted as bounds
from fastmul.kernels.cpu.fft_cyclic_root import cyclic_root
from fastmul.kernels.cpu.fft_mirrored import multiply_children
from fastmul.transforms import fft_weighted as transforms


def test_it_is_wider_than_the_plain_bound_and_grows_with_the_depth():
    for rows in (4, 5, 6, 7):
        for m in range(6, 16):
            assert fft.error(rows, m) < bounds.error(rows, m) < 2.5 * fft.error(rows, m)
            assert bounds.error(rows, m) < bounds.error(rows, m + 3)
            edge = bounds.max_norm_product(rows, m) ** 0.5
            assert edge * bounds.error(rows, m) < 0.5
            assert edge < fft.MAX_COEFFICIENT


@pytest.mark.parametrize(("rows", "m"), [(4, 6), (5, 7), (6, 6), (7, 8)])
def test_measured_errors_stay_below(rows, m):
    """Integer digits without weights, whose cyclic square Python knows."""
    n = 2 * rows << m
    rng = random.Random(rows)
    for digits in (
        [rng.randrange(-(2**15), 2**15) for _ in range(n)],
        [2**15] * n,
        [
            2**15 * (-1) ** (i // 2) * (i % 2) for i in range(n)
        ],  # odd digits alone: the pairs' worst
    ):
        bits = 31 + n.bit_length() + 1
        packed = sum(d << (bits * i) for i, d in enumerate(digits))
        square = packed * packed
        exact = [0] * n
        mask, i = (1 << bits) - 1, 0
        while square:
            low = square & mask
            low -= (low >> (bits - 1)) << bits
            exact[i % n] += low
            square, i = (square - low) >> bits, i + 1
        x = np.empty(n)
        j = np.arange(n)
        place = 16 * (j >> 4) + 8 * (j & 1) + ((j >> 1) & 7)
        x[place] = digits
        norm = float(x @ x)
        t = transforms.table(rows, m)
        cyclic_root(x, 0, 1 << m, rows, 1 << m, 0, 8)
        multiply_children(x, x, True, t.steps, t.nodes, t.leaves, t.factors, t.mirrors)
        cyclic_root(x, 0, 1 << m, rows, 1 << m, 8, 0)
        points = rows << m
        error = max(abs(float(c) / points - e) for c, e in zip(x[place], exact, strict=True))
        assert error <= norm * bounds.error(rows, m)


def test_likely_norms_are_met_by_random_numbers_and_not_much_more():
    from fastmul.integers.modulus.weighted import Weighted

    for p in (11213, 44497):
        form = Weighted(2**p - 1)
        for seed in range(20):
            norm = form.enter(random.Random(seed).getrandbits(p)).norm
            likely = bounds.likely_norm(form.plan.n_digits, p)
            assert 0.5 * likely < norm < likely
