"""The bounds of exact floats, on both sides of their edges, by fractions."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from fastmul.bounds import ozaki
from tests.matrices.exact_floats import FORMATS, OPERANDS, operand


def on_grid(line, beta):
    """(exponent, integers, what they discard) of one line of floats, by its definition."""
    values = [Fraction(float(v)) for v in line]
    largest = max(abs(v) for v in values)
    exponent = -3000
    while Fraction(2) ** exponent <= largest:
        exponent += 1
    scaled = [v * Fraction(2) ** (beta - exponent) for v in values]
    integers = [int(v) for v in scaled]  # Python cuts towards zero
    return exponent, integers, [abs(v - q) for v, q in zip(scaled, integers, strict=True)]


def in_parts(discarded):
    return sum(-(-x * ozaki.PARTS // 1) for x in discarded)


@pytest.mark.parametrize("kind", ["normal", "every binade", "cancelling", "maximal"])
@pytest.mark.parametrize("beta", [20, 55, 63])
def test_radius_holds(kind, beta):
    for seed in range(10):
        a, b = (
            operand(kind, (1, 9), "float64", seed)[0],
            operand(kind, (1, 9), "float64", 99 - seed)[0],
        )
        (e, x, x_lost), (f, y, y_lost) = on_grid(a, beta), on_grid(b, beta)
        assert all(abs(q) < 2**beta for q in x + y)
        v = sum(p * q for p, q in zip(x, y, strict=True))
        true = sum(Fraction(float(p)) * Fraction(float(q)) for p, q in zip(a, b, strict=True))
        distance = abs(true / Fraction(2) ** (e + f - 2 * beta) - v)
        radius = ozaki.radius(int(in_parts(x_lost)), int(in_parts(y_lost)), beta)
        assert distance < radius or distance == radius == 0


def test_radius_is_nearly_attained():
    """Entries that lose almost one unit beside the largest ones: all of R but its rounding to parts."""
    beta = 20
    a = np.array([2.0 - 2.0**-52] + [2.0**-20 * (2 - 2.0**-52)] * 8)
    b = np.array([1.0] + [2.0 - 2.0**-52] * 8)
    (e, x, x_lost), (f, y, y_lost) = on_grid(a, beta), on_grid(b, beta)
    v = sum(p * q for p, q in zip(x, y, strict=True))
    true = sum(Fraction(p) * Fraction(q) for p, q in zip(a.tolist(), b.tolist(), strict=True))
    distance = true / Fraction(2) ** (e + f - 2 * beta) - v
    radius = ozaki.radius(int(in_parts(x_lost)), int(in_parts(y_lost)), beta)
    assert radius * Fraction(9, 20) < distance < radius


def test_exact_rows_have_no_radius():
    _, _, lost = on_grid(np.array([1.0, 3.0, -0.5, 2.0**-61]), 63)
    assert in_parts(lost) == 0
    _, _, lost = on_grid(np.array([1.0, 2.0**-63]), 63)
    assert in_parts(lost) == ozaki.PARTS // 2


@pytest.mark.parametrize("dtype", FORMATS)
def test_reproducible_error(dtype):
    """Held on every adversary, and reached up to a factor of two and a half by rows just above a power of two."""
    beta, u = ozaki.grid_bits(dtype, "reproducible"), Fraction(1, 2 ** FORMATS[dtype][0])

    def error_and_bound(a, b):
        (e, x, _), (f, y, _) = on_grid(a, beta), on_grid(b, beta)
        v = sum(p * q for p, q in zip(x, y, strict=True)) * Fraction(2) ** (e + f - 2 * beta)
        true = sum(Fraction(float(p)) * Fraction(float(q)) for p, q in zip(a, b, strict=True))
        largest = Fraction(float(abs(a).max())) * Fraction(float(abs(b).max()))
        return abs(true - v), Fraction(ozaki.reproducible_error(len(a), dtype)) * largest

    for kind in set(OPERANDS) - {"zeros", "specials"}:
        for seed in range(5):
            error, bound = error_and_bound(
                operand(kind, (1, 11), dtype, seed)[0], operand(kind, (1, 11), dtype, seed + 9)[0]
            )
            assert error <= bound
    # every entry but the largest loses almost a unit of 2^(1 - beta), u / 2 of the largest
    a = np.full(64, 0.25 - 0.25 * float(u), dtype)
    a[1:] /= 4  # bits below the grid of a line whose largest is 1
    a[0] = 1
    error, bound = error_and_bound(a, np.ones(64, dtype))
    assert bound * Fraction(1, 20) < error <= bound


@pytest.mark.parametrize("beta", [20, 26, 31])
def test_depth_in_int64(beta):
    largest = (1 << beta) - 1
    depth = ozaki.depth_in_int64(beta)
    assert depth * largest**2 < 1 << 63 <= (depth + 1) * largest**2


def test_the_filter_covers_a_float64_product():
    """Also in the worst order, of terms that each lose half a unit."""
    rng = np.random.default_rng(0)
    for k in (1, 2, 100, 5000):
        factor = ozaki.filter_factor(k)
        u = Fraction(1, 2**53)
        assert Fraction(factor) >= (k - 1) * u / (1 - (k - 1) * u)
        a = (rng.random(k) + 1).astype(np.float32).astype(float)
        b = (rng.random(k) + 1).astype(np.float32).astype(float)
        total = 0.0
        for x, y in zip(a.tolist(), b.tolist(), strict=True):
            total += x * y
        true = sum(Fraction(x) * Fraction(y) for x, y in zip(a.tolist(), b.tolist(), strict=True))
        radius = factor * float(np.sqrt((a * a).sum())) * float(np.sqrt((b * b).sum()))
        assert abs(Fraction(total) - true) <= Fraction(radius)
    k = ozaki.FILTER_DEPTH
    assert (2 * k + 8) * Fraction(1, 2**53) <= Fraction(1, 2**20)
    assert (2 * (k + 1) + 8) * Fraction(1, 2**53) > Fraction(1, 2**20)


def test_the_accumulator_holds_every_term_and_sum():
    base, words = ozaki.ACCUMULATOR_BASE, ozaki.ACCUMULATOR_WORDS
    last = base + 32 * (
        words - 1
    )  # the word that carries and the sign reach, and nothing else needs
    assert base % 32 == 0
    assert base <= 2 * -1074
    assert last >= 2 * 971 + 160  # the largest term
    assert last >= 2 * 1024 + 63  # 2^63 terms of almost 2^2048
    assert ozaki.ADDITIONS_BETWEEN_CARRIES * 2 * 2**33 < 2**63
