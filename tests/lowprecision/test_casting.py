"""Plain casts against exact rationals, ml_dtypes and gfloat: every value, midpoint and neighbour, all roundings."""

import gfloat
import ml_dtypes
import numpy as np
import pytest

from fastmul.kernels.reference import casting as reference
from fastmul.lowprecision import Philox, formats, quantize
from fastmul.lowprecision.casting import RANDOM_BITS, ROUNDINGS
from fastmul.lowprecision.formats import ELEMENTS
from tests.lowprecision import oracles
from tests.lowprecision.test_formats import GFLOAT, NARROW, named

FLOATS = [f for f in ELEMENTS if f.kind == "float"]
NEAREST = ROUNDINGS[:3]


def wide(n, dtype=np.float32, spread=40):
    """Random numbers over many binades, with zeros and the extremes of the dtype."""
    rng = np.random.default_rng(1)
    x = (rng.standard_normal(n) * np.exp2(rng.uniform(-spread, spread, n))).astype(dtype)
    info = np.finfo(dtype)
    x[:6] = [0.0, -0.0, info.max, -info.max, info.smallest_subnormal, -info.tiny]
    return x


@pytest.mark.parametrize("fmt", NARROW, ids=named)
def test_every_value_every_midpoint_and_the_floats_beside_them(fmt):
    for dtype in (np.float32, np.float64):
        x = oracles.edges(fmt, dtype)
        for rounding in NEAREST:
            for saturate in (True, False) if fmt.has_nan else (True,):
                found = quantize(x, fmt, rounding=rounding, saturate=saturate).unpacked()
                want = oracles.codes_of(fmt, x, rounding, saturate)
                np.testing.assert_array_equal(found, want, f"{rounding} {saturate} {dtype}")


@pytest.mark.parametrize("fmt", [f for f in FLOATS if f.dtype and f.bits < 32], ids=named)
def test_ml_dtypes_casts_float32_alike(fmt):
    x = wide(20000)
    if (
        fmt.has_nan
    ):  # of these, ml_dtypes makes -0 or the largest value in formats that have neither
        x = np.concatenate([x, np.array([np.nan, np.inf, -np.inf], np.float32)])
    with np.errstate(over="ignore"):
        want = x.astype(fmt.dtype)
    np.testing.assert_array_equal(quantize(x, fmt).unpacked(), want.view(fmt.code_dtype))
    np.testing.assert_array_equal(quantize(x, fmt).to_numpy().view(np.uint8), want.view(np.uint8))


@pytest.mark.parametrize("fmt", NARROW, ids=named)
def test_all_halves(fmt):
    halves = np.arange(65536, dtype=np.uint16).view(np.float16)
    halves = halves if fmt.has_nan else halves[np.isfinite(halves)]
    with np.errstate(invalid="ignore"):  # NaN that signals
        want = halves.astype(np.float32).astype(fmt.dtype).view(np.uint8)
    found = quantize(halves, fmt).unpacked()
    nan = np.isnan(halves)
    np.testing.assert_array_equal(found[~nan], want[~nan])
    assert np.isnan(quantize(halves, fmt).dequantize()[nan]).all()


@pytest.mark.parametrize("name", sorted(set(GFLOAT) - {"float8_e8m0fnu", "ocp_int8"}))
def test_gfloat_rounds_alike(name):
    x = wide(300, np.float64, 12)
    modes = {
        "ties_to_even": "TiesToEven",
        "ties_to_away": "TiesToAway",
        "toward_zero": "TowardZero",
    }
    for rounding, theirs in modes.items():
        found = quantize(x, name, rounding=rounding, saturate=True).dequantize(np.float64)
        mode = gfloat.RoundMode[theirs]
        want = [gfloat.round_float(GFLOAT[name], float(v), mode, sat=True) for v in x]
        np.testing.assert_array_equal(found, want, rounding)


def test_float64_is_rounded_once():
    x = np.array([1 + 2**-4 + 2.0**-40])
    assert x.astype(ml_dtypes.float8_e4m3fn)[0] == 1.0  # by way of float32: twice
    assert quantize(x, "float8_e4m3fn").dequantize()[0] == 1.125
    assert quantize(x - 2.0**-39, "float8_e4m3fn").dequantize()[0] == 1.0


@pytest.mark.parametrize("fmt", FLOATS, ids=named)
def test_formats_wider_than_a_byte_round_as_the_reference_does(fmt):
    for dtype in (np.float32, np.float64):
        x = wide(3000, dtype, 160 if dtype == np.float64 else 60)
        if fmt.has_nan:
            x = np.concatenate([x, np.array([np.nan, np.inf, -np.inf], dtype)])
        for rounding in NEAREST:
            want = reference.encode_float(x.astype(np.float64), fmt, rounding, not fmt.has_nan)
            np.testing.assert_array_equal(quantize(x, fmt, rounding=rounding).unpacked(), want)


def test_tf32_and_bfloat16_are_the_top_of_a_float32():
    x = wide(1000)
    bits = x.view(np.uint32)
    found = quantize(x, "tf32", rounding="toward_zero")
    np.testing.assert_array_equal(found.unpacked(), bits >> 13)
    np.testing.assert_array_equal(found.dequantize(), (bits & ~np.uint32(0x1FFF)).view(np.float32))
    np.testing.assert_array_equal(quantize(x, "float32").unpacked(), bits)


@pytest.mark.parametrize("fmt", [f for f in ELEMENTS if f.kind == "integer"], ids=named)
def test_integers_round_and_saturate(fmt):
    lsb = 2.0**fmt.lsb_exponent
    for dtype in (np.float32, np.float64):
        halves = np.arange(-600, 601).astype(dtype) / 2
        x = np.concatenate([halves, np.nextafter(halves, dtype(9e9)), np.nextafter(halves, dtype(-9e9)),
                            np.array([np.inf, -np.inf, 1e30, -1e30, 1e-40, -0.0], dtype)])  # fmt: skip
        for rounding, rule in (("ties_to_even", np.rint), ("toward_zero", np.trunc),
                               ("ties_to_away", lambda v: np.trunc(v) + np.trunc(2 * (v - np.trunc(v))))):  # fmt: skip
            finite = np.clip(x.astype(np.float64), -1e6, 1e6)
            want = np.clip(rule(finite), fmt.min / lsb, fmt.max / lsb) * lsb
            found = quantize(x * dtype(lsb), fmt, rounding=rounding)
            np.testing.assert_array_equal(found.dequantize(np.float64), want)
    if fmt.name == "ternary":
        np.testing.assert_array_equal(quantize([-5.0, -0.5, 0.6], fmt).unpacked(), [0, 1, 2])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", ["float8_e4m3fn", "float4_e2m1fn", "bfloat16", "int8"])
def test_stochastic_rounding_is_the_stated_rule(name, dtype):
    fmt = formats.get(name)
    x = wide(4000, dtype, 12).reshape(40, 100)
    rng = Philox(seed=5, site=3)
    found = quantize(x, fmt, rounding="stochastic", rng=rng, saturate=True).unpacked()
    words = rng.words(x.shape)
    args = ("stochastic", fmt.kind == "float", words, RANDOM_BITS)
    encode = reference.encode_float if fmt.kind == "float" else reference.encode_integer
    np.testing.assert_array_equal(found, encode(x.astype(np.float64), fmt, *args))


def test_stochastic_rounding_is_unbiased_keeps_values_and_depends_on_coordinates_alone():
    fmt = formats.get("float4_e2m1fn")
    grid = quantize(
        np.tile(np.arange(16, dtype=np.uint8).view(ml_dtypes.float4_e2m1fn).astype(np.float32), 8),
        fmt,
    )
    again = quantize(grid.dequantize(), fmt, rounding="stochastic", rng=1)
    np.testing.assert_array_equal(again.codes, grid.codes)
    n, fraction = 1 << 16, 0.3
    x = np.full(n, 2 + fraction, np.float32)
    mean = quantize(x, fmt, rounding="stochastic", rng=2).dequantize(np.float64).mean()
    assert abs(mean - 2 - fraction) < 5 * np.sqrt(fraction * (1 - fraction) / n)
    y = np.random.default_rng(0).standard_normal((5, 8, 64), dtype=np.float32)
    whole = quantize(y, "float8_e5m2", rounding="stochastic", rng=9).unpacked()
    part = quantize(y[:2, :4, :16], "float8_e5m2", rounding="stochastic", rng=9).unpacked()
    turned = quantize(np.asfortranarray(y), "float8_e5m2", rounding="stochastic", rng=9).unpacked()
    np.testing.assert_array_equal(whole[:2, :4, :16], part)
    np.testing.assert_array_equal(whole, turned)
    along = quantize(y, "float4_e2m1fn", axis=1, rounding="stochastic", rng=9).unpacked()
    np.testing.assert_array_equal(
        along, quantize(y, "float4_e2m1fn", rounding="stochastic", rng=9).unpacked()
    )


def test_scales_as_elements():
    x = np.array([1.0, 1.49, 1.5, 3.0, 2.0**-127, 2.0**-140, 2.0**127, 0.0, -1.0, np.nan, np.inf])
    found = quantize(x, "float8_e8m0fnu").codes
    np.testing.assert_array_equal(found, [127, 127, 128, 129, 0, 0, 254, 255, 255, 255, 255])
    np.testing.assert_array_equal(
        quantize(x, "float8_e8m0fnu", rounding="toward_zero").codes[:4], [127, 127, 127, 128]
    )


def test_what_has_no_code_raises():
    nan = np.array([1.0, np.nan] * 40, np.float32)
    for fmt in ("float4_e2m1fn", "float6_e2m3fn", "int8", "ternary"):
        for x in (nan, nan.astype(np.float64), nan[:2], np.stack([nan, nan], 1)):
            with pytest.raises(
                ValueError, match=r"x has NaN, which .* has no code for: replace it"
            ):
                quantize(x, fmt, axis=0)
        with pytest.raises(ValueError, match="saturate=True is its only rule"):
            quantize(nan, fmt, saturate=False)
    with pytest.raises(ValueError, match="needs rng="):
        quantize(nan, "float8_e5m2", rounding="stochastic")
    with pytest.raises(ValueError, match="is none of ties_to_even"):
        quantize(nan, "float8_e5m2", rounding="nearest")
