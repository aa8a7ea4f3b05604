"""The kernels of exact floats: the grid, rounding at every edge, and the long accumulator."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from fastmul.bounds import ozaki as bounds
from tests.matrices.exact_floats import FORMATS, OPERANDS, operand, rounded

accumulator = pytest.importorskip("fastmul.kernels.cpu.accumulator")
from fastmul.kernels.cpu import ozaki_encode, ozaki_round  # noqa: E402


def encoded(x, axis, beta):
    lines, length = x.shape[1 - axis], x.shape[axis]
    blocks = -(-length // 64)
    q = np.empty(x.shape, np.int64)
    exponents, discarded = np.empty(lines, np.int64), np.empty(lines, np.int64)
    inexact = np.empty((lines, blocks) if axis else (blocks, lines), np.uint64)
    kernel = ozaki_encode.encode_rows if axis else ozaki_encode.encode_columns
    kernel(x.view(np.uint64), x, q, exponents, inexact, discarded, beta, 0, lines)
    return q, exponents, inexact, discarded


@pytest.mark.parametrize("kind", sorted(OPERANDS))
@pytest.mark.parametrize("beta", [26, 55, 63])
def test_the_grid(kind, beta):
    """Integers, exponents, masks and parts, against fractions; columns as rows of the transpose."""
    x = operand(kind, (5, 130), "float64", 3)
    q, exponents, inexact, discarded = encoded(x, 1, beta)
    of_columns = encoded(np.ascontiguousarray(x.T), 0, beta)
    for mine, other in zip((q, exponents, inexact, discarded), of_columns, strict=True):
        np.testing.assert_array_equal(mine, other.T)
    for i, line in enumerate(x):
        if not np.isfinite(line).all():
            assert exponents[i] == ozaki_encode.SPECIAL
            assert not q[i].any()
            assert discarded[i] == 0
            continue
        largest = Fraction(float(abs(line).max()))
        if largest:
            assert (
                Fraction(2) ** int(exponents[i] - 1) <= largest < Fraction(2) ** int(exponents[i])
            )
        scaled = [Fraction(float(v)) * Fraction(2) ** int(beta - exponents[i]) for v in line]
        assert q[i].tolist() == [int(v) for v in scaled]
        lost = [abs(v - int(v)) for v in scaled]
        assert discarded[i] == sum(-(-v * bounds.PARTS // 1) for v in lost)
        bits = [bool(int(inexact[i, l // 64]) >> (l % 64) & 1) for l in range(130)]
        assert bits == [v > 0 for v in lost]


# ---------------------------------------------------------------- rounding, and what is left open


def round_integers(values, exponent, parts, beta, dtype):
    """round_rows on a row of integers V 2^exponent, each with R = parts * 2^beta / PARTS."""
    n = len(values)
    limbs = np.array([[[v >> (64 * w) & (2**64 - 1) for w in range(3)] for v in values]], np.uint64)
    zeros, ones = np.zeros(1, np.int64), np.ones((n, 1))
    out, undecided = np.full((1, n), np.nan), np.empty((1, n), np.uint8)
    ozaki_round.round_rows(
        limbs, np.array([exponent + 2 * beta]), np.zeros(n, np.int64), zeros, np.full(n, parts),
        ones[:1], ones, out, undecided, beta, *FORMATS[dtype][:2], 0, 1,
    )  # fmt: skip
    return out[0], undecided[0].astype(bool)


def in_format(x, dtype):
    """Float64s that are values of the format, but for what overflows from it."""
    with np.errstate(over="ignore"):
        return np.asarray(x).astype(dtype).astype(float)


def integers_beside_boundaries(bits):
    """Integers of up to 190 bits beside floats, midpoints and powers of two."""
    rng = np.random.default_rng(1)
    for size in (1, 2, 11, 12, 52, 53, 54, 63, 64, 65, 66, 117, 118, 127, 128, 129, 180, 190):
        tops = {1 << (size - 1), (1 << size) - 1, int(rng.integers(1, 2**62)) << size >> 62}
        for top in tops:
            step = 1 << max(0, top.bit_length() - bits)
            for near in (top // step * step, top // step * step + step // 2):
                for d in (0, 1, -1, step // 4, -(step // 4), int(rng.integers(-9, 9))):
                    yield near + d
                    yield -(near + d)


@pytest.mark.parametrize("dtype", FORMATS)
@pytest.mark.parametrize("exponent", [-1200, -1074, -1080, -170, -149, -60, 0, 70, 800, 900])
def test_rounding_once(dtype, exponent):
    """Exact integers: into subnormals, zeros with a sign, infinities beyond the largest float64."""
    values = list(integers_beside_boundaries(FORMATS[dtype][0]))
    got, undecided = round_integers(values, exponent, 0, 5, dtype)
    assert not undecided.any()
    for value, x in zip(values, in_format(got, dtype), strict=True):
        expected = rounded(value * Fraction(2) ** exponent, dtype) if value else 0.0
        assert x == expected
        assert np.signbit(x) == np.signbit(expected)


@pytest.mark.parametrize("dtype", FORMATS)
@pytest.mark.parametrize("exponent", [-1200, -1080, -170, 0, 900])
@pytest.mark.parametrize(("parts", "beta"), [(1, 4), (16, 4), (3, 40), (1 << 40, 4), (5, 63)])
def test_what_is_decided_rounds_alike_in_all_of_its_interval(dtype, exponent, parts, beta):
    values = list(integers_beside_boundaries(FORMATS[dtype][0]))
    got, undecided = round_integers(values, exponent, parts, beta, dtype)
    got = in_format(got, dtype)
    radius, unit = bounds.radius(parts, 0, beta), Fraction(2) ** exponent
    assert undecided.any()
    for value, x, is_open in zip(values, got, undecided, strict=True):
        ends = [rounded((value + d) * unit, dtype) for d in (-radius, radius)]
        alike = ends[0] == ends[1] and (value - radius > 0 or value + radius < 0)
        assert is_open or (alike and x == ends[0])
        if alike and 8 * radius < abs(value) >> FORMATS[dtype][0] + 2 and exponent == 0:
            half = 1 << abs(value).bit_length() - FORMATS[dtype][0] - 1
            distance = abs(abs(value) % (2 * half) - half)
            assert not is_open or distance <= 2 * radius + 2 * half // 2**60  # not idly


# ---------------------------------------------------------------- the long accumulator


def accumulated(terms, dtype="float64"):
    out = np.empty(1)
    accumulator.sum_rows(np.array([terms], np.float64), out, *FORMATS[dtype][:2], 0, 1)
    return float(out[0])


@pytest.mark.parametrize("dtype", FORMATS)
@pytest.mark.parametrize("kind", ["normal", "integers", "every binade", "maximal", "cancelling"])
def test_sums(dtype, kind):
    for seed in range(40):
        terms = operand(kind, (1, 1 + seed), dtype, seed)[0].astype(float)
        exact = sum(map(Fraction, terms.tolist()))
        expected = rounded(exact, dtype) if exact else 0.0
        assert in_format(accumulated(terms, dtype), dtype) == expected


def test_sums_that_borrow_through_every_word():
    least = 2.0**-1074
    assert accumulated([1e308, -least, -1e308]) == -least
    assert accumulated([-1e308, least, 1e308]) == least
    assert accumulated([2.0**1023] * 4 + [-(2.0**1023)] * 3) == 2.0**1023
    assert accumulated([1.0, 2.0**-53, least]) == 1 + 2.0**-52
    assert accumulated([1.0, 2.0**-53, -least]) == 1.0
    assert accumulated([1.7e308, 1.7e308]) == np.inf


def test_pieces_are_added_before_they_are_rounded():
    x = operand("every binade", (1, 100), "float64", 7)[0]
    words = np.zeros((1, 4, accumulator.ACCUMULATOR_WORDS), np.int64)
    for piece in range(4):
        accumulator.add_floats(x[25 * piece : 25 * (piece + 1)], words[0, piece])
    out = np.empty(1)
    accumulator.round_sums(words, out, *FORMATS["float64"][:2])
    assert out[0] == accumulated(x)
