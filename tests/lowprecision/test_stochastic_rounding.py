"""The statistics of stochastic rounding: its bias, its spread, what it never moves, and what it is for."""

from fractions import Fraction

import numpy as np
import pytest

from fastmul.lowprecision import Philox, formats, quantize
from fastmul.lowprecision.casting import RANDOM_BITS

#: (format, an exponent at which its neighbours are 2**(exponent - mantissa bits) apart)
FORMATS = [("bfloat16", 3), ("float8_e4m3fn", -2), ("float4_e2m1fn", 1), ("int8", 6)]


def stochastic(x, fmt, rng, **how):
    return quantize(x, fmt, rounding="stochastic", rng=rng, **how).dequantize(np.float64)


def cell(name, exponent):
    """(lo, width) of a cell in the middle of a binade."""
    fmt = formats.get(name)
    width = 2.0 ** (exponent - fmt.mantissa_bits) if fmt.kind == "float" else 1.0
    return 2.0**exponent + width * (2**fmt.mantissa_bits // 2 if fmt.kind == "float" else 5), width


@pytest.mark.parametrize(("name", "exponent"), FORMATS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_up_iff_the_fraction_and_the_bits_make_a_whole(name, exponent, dtype):
    # exactly, in rationals, from the words of the coordinates: the bias is then below 2**-RANDOM_BITS of a cell
    lo, width = cell(name, exponent)
    rng = np.random.default_rng(1)
    x = (lo + width * rng.random((7, 33))).astype(dtype)
    x[0, :4] = lo + width * np.array([0, 2.0**-20, 0.5, 1 - 2.0**-15])
    key = Philox(5, site=2)
    found = stochastic(x, name, key)
    bits = key.words(x.shape) >> (32 - RANDOM_BITS)
    for value, result, drawn in zip(x.flat, found.flat, bits.flat, strict=True):
        share = (Fraction(float(value)) - Fraction(lo)) / Fraction(width)
        up = int(share * 2**RANDOM_BITS) + int(drawn) >= 2**RANDOM_BITS
        assert result == lo + width * up


@pytest.mark.parametrize(("name", "exponent"), FORMATS)
def test_the_mean_is_the_value_and_the_spread_that_of_a_coin(name, exponent):
    lo, width = cell(name, exponent)
    n = 40_000
    for share in (1 / 1024, 0.1, 1 / 3, 0.5, 0.9):
        x = np.full((200, n // 200), np.float32(lo + width * share))
        exact = (float(x[0, 0]) - lo) / width
        up = (stochastic(x, name, Philox(3)) - lo) / width
        deviation = np.sqrt(exact * (1 - exact) / n)
        assert set(np.unique(up)) <= {0, 1}
        assert abs(up.mean() - exact) <= 5 * deviation + 2.0**-RANDOM_BITS
        lines = up.mean(
            axis=1
        )  # the means of rows scatter as those of independent coins: chi-square of 199
        chi_square = ((lines - up.mean()) ** 2).sum() / (exact * (1 - exact) / up.shape[1])
        assert 199 - 6 * np.sqrt(2 * 199) < chi_square < 199 + 6 * np.sqrt(2 * 199)


@pytest.mark.parametrize("scaling", ["tensor", "token"])
def test_it_is_unbiased_under_a_float_scale(scaling):
    rng = np.random.default_rng(4)
    row = rng.standard_normal(64).astype(np.float32)
    x = np.tile(row, (4000, 1))
    found = stochastic(x, "int8", Philox(6), scaling=scaling)
    deviation = found.std(axis=0, ddof=1) / np.sqrt(len(x))
    largest = abs(row).max()  # is 127 steps, of a step that is rounded to float32
    assert (abs(found.mean(axis=0) - row) <= 5 * deviation + largest * 2.0**-23).all()


@pytest.mark.parametrize(
    "name", ["float8_e4m3fn", "float8_e5m2", "float6_e3m2fn", "float4_e2m1fn", "int8", "int4"]
)
def test_representable_values_never_move(name):
    fmt = formats.get(name)
    values = np.unique(quantize(np.linspace(fmt.min, fmt.max, 5000), name).dequantize(np.float64))
    x = np.tile(values.astype(np.float32), (50, 1))
    for seed in range(3):
        assert np.array_equal(stochastic(x, name, seed), x)


def test_what_is_no_ordinary_number_is_as_under_ties_to_even():
    x = np.array([0.0, -0.0, np.nan, np.inf, -np.inf, 1e30, -1e30], np.float32)
    for saturate in (False, True):
        for name in ("float8_e5m2", "float8_e4m3fn"):
            plain = quantize(x, name, saturate=saturate).unpacked()
            for seed in range(4):
                codes = quantize(x, name, saturate=saturate, rounding="stochastic", rng=seed)
                assert np.array_equal(codes.unpacked(), plain)


def test_the_sign_changes_nothing():
    x = np.random.default_rng(7).standard_normal((20, 30)).astype(np.float32)
    for name in ("float8_e4m3fn", "float4_e2m1fn", "bfloat16"):
        assert np.array_equal(stochastic(-x, name, 8), -stochastic(x, name, 8))


def test_a_sum_that_stagnates_under_ties_to_even_goes_on():
    # x += 1 with x = 512 in bfloat16, whose neighbours are 4 apart there: to even it stays, forever
    chains, steps = 256, 400
    plain = np.full(chains, 512, np.float32)
    random = plain.copy()
    for i in range(steps):
        plain = quantize(plain + 1, "bfloat16").dequantize()
        random = quantize(
            random + 1, "bfloat16", rounding="stochastic", rng=Philox(9, site=i)
        ).dequantize()
    assert (plain == 512).all()
    # an error of a step is at most 4 in size, with variance 1/4 3/4 4^2 = 3: of n steps sqrt(3 n) = 35, against n
    deviation = np.sqrt(3 * steps)
    assert abs(random.mean() - 912) < 5 * deviation / np.sqrt(chains)
    assert abs(random - 912).max() < 6 * deviation
    assert 0.8 < random.std() / deviation < 1.2
