"""The kernels of exact floats: the grid, rounding at every edge, and the long accumulator."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from fastmul.bounds import ozaki as bounds
from tests.matrices.exact_floats import FORMATS, OPERANDS, operand, rounded

accumulator = pytest.importorskip("fastmul.kernels.cpu.accumulator")
from fastmul.kernels.cpu import compensated, exact_entries, ozaki_encode, ozaki_round, wide_products  # noqa: E402


def cut(x, axis, beta):
    """Integers, exponents and discarded parts of the lines of x along `axis`."""
    lines = x.shape[1 - axis]
    exponents, discarded = np.empty(lines, np.int64), np.empty(lines, np.int64)
    of = "row" if axis == 1 else "column"
    getattr(ozaki_encode, f"{of}_exponents")(x.view(np.uint64), exponents, 0, lines)
    special = exponents == ozaki_encode.SPECIAL
    finite = np.where(np.expand_dims(special, axis), 0, x)
    q = np.empty(x.shape, np.int64)
    getattr(ozaki_encode, f"cut_{of}s")(
        finite, np.where(special, 0, exponents), q, discarded, beta, 0, lines
    )
    return q, exponents, discarded


@pytest.mark.parametrize("kind", sorted(OPERANDS))
@pytest.mark.parametrize("beta", [26, 55, 63])
def test_the_grid(kind, beta):
    """Integers, exponents and parts, against fractions; columns as rows of the transpose."""
    x = operand(kind, (5, 130), "float64", 3)
    q, exponents, discarded = cut(x, 1, beta)
    for mine, other in zip(
        (q, exponents, discarded), cut(np.ascontiguousarray(x.T), 0, beta), strict=True
    ):
        np.testing.assert_array_equal(mine, other.T)
    for i, line in enumerate(x):
        assert (exponents[i] == ozaki_encode.SPECIAL) == (not np.isfinite(line).all())
        if exponents[i] == ozaki_encode.SPECIAL:
            continue
        largest = Fraction(float(abs(line).max()))
        if largest:
            assert (
                Fraction(2) ** int(exponents[i] - 1) <= largest < Fraction(2) ** int(exponents[i])
            )
        scaled = [Fraction(float(v)) * Fraction(2) ** int(beta - exponents[i]) for v in line]
        assert q[i].tolist() == [int(v) for v in scaled]
        assert discarded[i] == sum(-(-abs(v - int(v)) * bounds.PARTS // 1) for v in scaled)


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


# ---------------------------------------------------------------- exact integers, entry by entry


def test_integers_in_three_words():
    rng = np.random.default_rng(4)
    extremes = np.array([-(2**63), -(2**63) + 1, -1, 0, 1, 2**63 - 1])
    for a, b in (
        (rng.integers(-(2**63), 2**63 - 1, (3, 40)), rng.integers(-(2**63), 2**63 - 1, (40, 5))),
        (rng.choice(extremes, (3, 40)), rng.choice(extremes, (40, 5))),
        (np.full((1, 100), -(2**63)), np.full((100, 1), -(2**63))),
    ):
        out = np.empty((a.shape[0], b.shape[1], wide_products.WORDS), np.uint64)
        wide_products.multiply_entries(a, b.T, out, 0, a.shape[0] * b.shape[1])
        exact = a.astype(object) @ b.astype(object)
        for index in np.ndindex(exact.shape):
            words = [int(w) << (64 * i) for i, w in enumerate(out[index])]
            assert sum(words) == exact[index] % 2**192


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


def test_a_tie_is_broken_however_far_below():
    """By one bit in the words that are kept, in the one below them, and in those that are only looked at."""
    for below in (*range(54, 240), 700, 1074):
        assert accumulated([1.0, 2.0**-53, 2.0**-below]) == 1 + 2.0**-52
        assert accumulated([1.0, 2.0**-53, -(2.0**-below)]) == 1.0
        assert accumulated([1.0, 2.0**-24, 2.0**-below], "float32") == 1 + 2.0**-23


def test_pieces_are_added_before_they_are_rounded():
    x = operand("every binade", (1, 100), "float64", 7)[0]
    words = np.zeros((1, 4, accumulator.ACCUMULATOR_WORDS), np.int64)
    for piece in range(4):
        accumulator.add_floats(x[25 * piece : 25 * (piece + 1)], words[0, piece])
    out = np.empty(1)
    accumulator.round_sums(words, out, *FORMATS["float64"][:2])
    assert out[0] == accumulated(x)


# ---------------------------------------------------------------- entries: compensated, then accumulated


@pytest.mark.parametrize("dtype", FORMATS)
@pytest.mark.parametrize("k", [1, 7, 8, 9, 64, 100])
def test_entries(dtype, k):
    """Sums that the compensated product decides and sums that it does not, both to the nearest float."""
    bits = FORMATS[dtype][0]
    for kind in ("normal", "wide", "integers", "cancelling", "every binade"):
        a, b = operand(kind, (4, k), dtype, k), operand(kind, (4, k), dtype, k + 1)
        a[0, 0], b[0, 0] = 2.0**bits, 1
        if k > 2:
            a[0, 1:], b[0, 1:] = 0, 1
            a[0, 1] = 0.5 + (k % 2)  # midway between two floats
        a, b = np.ascontiguousarray(a, float), np.ascontiguousarray(b, float)
        out = np.full((4, 4), np.nan)
        lines = np.arange(4)
        exact_entries.compute_entries(
            a, b, lines, lines, lines[::-1].copy(), out, *FORMATS[dtype][:2], 0, 4
        )
        for i in range(4):
            exact = sum(
                Fraction(x) * Fraction(y) for x, y in zip(a[i].tolist(), b[i].tolist(), strict=True)
            )
            expected = rounded(exact, dtype) if exact else 0.0
            assert in_format(out[i, 3 - i], dtype) == expected


def test_sums_are_decided_without_the_accumulator():
    """Cancellation by 2^60, which the working precision does not see through."""
    rng = np.random.default_rng(6)
    a = rng.standard_normal((1, 65))
    b = np.ascontiguousarray(a)
    a[0, 33:], b[0, 33:] = -a[0, :32], b[0, :32]
    a[0, 0] += 2.0**-50
    decided, value = decide(a[0], b[0])
    exact = sum(
        Fraction(x) * Fraction(y) for x, y in zip(a[0].tolist(), b[0].tolist(), strict=True)
    )
    assert decided
    assert value == rounded(exact, "float64")


def test_what_the_compensated_sum_loses_decides_nothing():
    """All three sums hold large terms, in one lane, that cancel when 2^-62 is lost: which makes it pass a midpoint."""
    large = [2.0**100, 2.0**46, 2.0**-8]
    terms = [*large, 2.0**-62, *(-x for x in reversed(large)), 1.0, 2.0**-53, -(2.0**-70)]
    a, b = np.zeros((1, 80)), np.ones((1, 80))
    a[0, ::8] = terms
    decided, _ = decide(a[0], b[0])
    assert not decided
    out, first = np.empty((1, 1)), np.zeros(1, np.int64)
    exact_entries.compute_entries(a, b, first, first, first, out, *FORMATS["float64"][:2], 0, 1)
    assert out[0, 0] == 1 + 2.0**-52


def decide(a, b):
    """rounded_dot, called from Python: (decided, value)."""
    return compensated.rounded_dot(a, b, np.empty(compensated.SCRATCH), False)
