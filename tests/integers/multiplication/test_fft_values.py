"""The steps of the FFT row: kept operands, sums of products, and when they decline."""

from __future__ import annotations

import random

import numpy as np
import pytest

from fastmul.bounds import fft as bounds
from fastmul.integers.multiplication import fft, fft_values
from fastmul.integers.multiplication.problem import MulProblem
from tests.adversaries import from_limbs, integers, to_limbs

SHAPES = [
    (1, 1),
    (9, 700),
    (700, 9),
    (128, 128),
    (333, 100),
    (512, 512),
    (1000, 1000),
    (1024, 1024),
]


def signed(limbs: np.ndarray) -> int:
    value = from_limbs(limbs)
    return value - (value >> (64 * limbs.size - 1) << (64 * limbs.size))


@pytest.mark.parametrize(("m", "n"), SHAPES)
@pytest.mark.parametrize("guaranteed", [False, True])
def test_steps_compose_to_the_product(m, n, guaranteed):
    plan = fft_values.plan(MulProblem(m, n), guaranteed=guaranteed)
    for (name, a), (_, b) in zip(integers(m), integers(n, seed=1), strict=True):
        x = fft_values.encode(plan, to_limbs(a, m))
        z = fft_values.multiply(plan, x, fft_values.encode(plan, to_limbs(b, n)))
        out, kept = np.full(m + n, 7, np.uint64), np.full(m + n, 7, np.uint64)
        if fft_values.decode(plan, z, out):
            assert from_limbs(out) == a * b, name
            assert fft_values.multiply_kept(plan, x, to_limbs(b, n), kept)
            assert from_limbs(kept) == a * b, name
        else:
            assert not guaranteed
            assert not fft_values.multiply_kept(plan, x, to_limbs(b, n), kept)
            assert (out == 7).all()
            assert (kept == 7).all()


@pytest.mark.parametrize(("m", "n"), SHAPES)
def test_sums_of_products_have_one_inverse(m, n):
    rng = random.Random(m)
    ones = ((1 << 64 * m) - 1, (1 << 64 * n) - 1)
    pairs = [ones, (rng.getrandbits(64 * m), rng.getrandbits(64 * n)), ones]
    plan = fft_values.plan(MulProblem(m, n), terms=len(pairs), guaranteed=True)
    values = [
        (fft_values.encode(plan, to_limbs(a, m)), fft_values.encode(plan, to_limbs(b, n)))
        for a, b in pairs
    ]
    for negative in ((False, False, False), (True, False, False), (True, False, True)):
        z, expected = None, 0
        for (x, y), (a, b), minus in zip(values, pairs, negative, strict=True):
            z = fft_values.multiply(plan, x, y, z, minus)
            expected += -a * b if minus else a * b
        out = np.full(m + n + 1, 7, np.uint64)
        assert fft_values.decode(plan, z, out)
        assert signed(out) == expected


def test_a_sum_that_cancels_is_zero():
    plan = fft_values.plan(MulProblem(512, 512), terms=2)
    x = fft_values.encode(plan, np.full(512, 2**64 - 1, np.uint64))
    z = fft_values.multiply(plan, x, x)
    out = np.full(plan.max_limbs, 7, np.uint64)
    assert fft_values.decode(plan, fft_values.multiply(plan, x, x, z, negative=True), out)
    assert not out.any()


def test_values_outlive_one_size():
    long, short = fft.plans(1000, 1000)[-1], fft.plans(990, 1001)[-1]
    assert long.key == short.key
    a, b = (1 << 64 * 990) - 1, (1 << 64 * 1001) - 3
    z = fft_values.multiply(
        short,
        fft_values.encode(long, to_limbs(a, 990)),
        fft_values.encode(short, to_limbs(b, 1001)),
    )
    out = np.empty(1991, np.uint64)
    assert fft_values.decode(short, z, out)
    assert from_limbs(out) == a * b


def test_sums_have_a_narrower_window():
    assert bounds.max_norm_product(5, 9, terms=2) < bounds.max_norm_product(5, 9)
    one = fft_values.plan(MulProblem(3000, 3000), guaranteed=True)
    many = fft_values.plan(MulProblem(3000, 3000), terms=100, guaranteed=True)
    assert many.digit_bits < one.digit_bits - 2
    assert bounds.add_norm_products(4.0, 9.0) >= 25.0


@pytest.mark.parametrize("threads", [2])
def test_threads(threads):
    n = 1000
    plan = fft_values.plan(MulProblem(n, n))
    rng = random.Random(5)
    a, b = rng.getrandbits(64 * n), rng.getrandbits(64 * n)
    x, y = (fft_values.encode(plan, to_limbs(v, n), threads) for v in (a, b))
    out = np.empty(2 * n, np.uint64)
    assert fft_values.decode(plan, fft_values.multiply(plan, x, y), out, threads)
    assert from_limbs(out) == a * b
    assert fft_values.multiply_kept(plan, x, to_limbs(b, n), out, threads)
    assert from_limbs(out) == a * b
