"""Scales: per line and per block, every rule against rationals; layouts of operands; what raises."""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fastmul.lowprecision import Philox, formats, quantize
from fastmul.lowprecision.formats import BLOCKS, ELEMENTS
from fastmul.lowprecision.scaling import BITNET_EPSILON
from tests.guard_pages import guarded
from tests.lowprecision import oracles
from tests.lowprecision.test_formats import named

MX = [f for f in BLOCKS if len(f.rules) == 3]
VALUES = [f for f in ELEMENTS if f.kind != "scale"]


def normal(*shape, dtype=np.float32, seed=0, spread=3):
    rng = np.random.default_rng(seed)
    return (rng.standard_normal(shape) * np.exp2(rng.uniform(-spread, spread, shape))).astype(dtype)


# ---------------------------------------------------------------- powers of two


def floor_log2(x: Fraction) -> int:
    guess = x.numerator.bit_length() - x.denominator.bit_length()
    return guess if Fraction(2) ** guess <= x else guess - 1


def expected_scale(fmt, amax: float, rule: str) -> int:
    """The E8M0 code by the words of the specification."""
    if not math.isfinite(amax):
        return 255
    if amax == 0:
        return 0
    element, x = fmt.element, Fraction(amax)
    top = Fraction(element.max)
    if rule == "floor":
        exponent = floor_log2(x) - floor_log2(top)
    elif rule == "rceil":
        exponent = floor_log2(x / top)
        exponent += Fraction(2) ** exponent < x / top
    else:
        unit = Fraction(2) ** (floor_log2(x) - element.mantissa_bits)
        exponent = floor_log2(math.floor(x / unit + Fraction(1, 2)) * unit) - floor_log2(top)
    return 255 if exponent > 127 else max(exponent + 127, 0)


@pytest.mark.parametrize("rule", ["floor", "rceil", "even"])
@pytest.mark.parametrize("fmt", MX, ids=named)
def test_the_scale_rules_around_their_thresholds(fmt, rule):
    tops = [1.0, fmt.element.max, 2 - 2.0 ** -(fmt.element.mantissa_bits + 1), 1.5, 2 - 2.0**-23]
    fractions = [math.frexp(top)[0] for top in tops]
    for dtype in (np.float32, np.float64):
        powers = [-160, -149, -135, -127, -126, -120, 0, 100, 119, 126, 127, 128]
        powers += [200] * (dtype == np.float64)
        with np.errstate(over="ignore", under="ignore"):
            points = np.array([math.ldexp(f, e) for f in fractions for e in powers], dtype)
            near = [np.nextafter(points, dtype(0)), np.nextafter(points, dtype(np.inf))]
        amax = np.concatenate([points, *near, np.array([0.0, np.inf, np.nan], dtype)])
        x = np.zeros((len(amax), 32), dtype)
        x[np.arange(len(amax)), np.arange(len(amax)) % 32] = -amax
        found = quantize(x, fmt, scaling=rule)
        want = [expected_scale(fmt, float(a), rule) for a in amax]
        np.testing.assert_array_equal(found.scales[:, 0], want)
        down = quantize(np.ascontiguousarray(x.T), fmt, axis=0, scaling=rule)
        np.testing.assert_array_equal(down.scales[0], want)


@pytest.mark.parametrize("fmt", MX, ids=named)
def test_elements_are_rounded_once_under_their_power_of_two(fmt):
    x = normal(40, 64, spread=6)
    x[0, :32] = 0
    x[1, 3], x[2, 40] = np.nan, -np.inf
    x[3] *= np.float32(2.0**-130)  # subnormal numbers
    x[4] *= np.float32(2.0**100)
    for rule in fmt.rules:
        for y in (x, x.astype(np.float64)):
            found = quantize(y, fmt, scaling=rule)
            bad = np.repeat(found.scales == 255, 32, axis=1)
            assert bad[1, :32].all()
            assert bad[2, 32:].all()
            assert bad.sum() == 64
            np.testing.assert_array_equal(found.specials(), bad)
            assert np.isnan(found.dequantize()[bad]).all()
            shift = np.repeat(found.scales.astype(int) - 127, 32, axis=1)
            scaled = np.ldexp(np.where(bad, 0, x).astype(np.float64), -shift)
            if fmt.element.kind == "float":
                want = oracles.codes_of(fmt.element, scaled, "ties_to_even", True)
                want[bad] = 0
            else:
                want = np.clip(np.rint(scaled * 64), -127, 127)
            np.testing.assert_array_equal(found.unpacked(), want)


def test_a_transposed_operand_is_requantised_not_turned():
    x = normal(64, 32)
    rows, columns = quantize(x, "mxfp8_e4m3", axis=1), quantize(x, "mxfp8_e4m3", axis=0)
    assert not np.array_equal(rows.dequantize(), columns.dequantize())
    again = quantize(rows, "mxfp8_e4m3", axis=0)  # from the values it has
    np.testing.assert_array_equal(
        again.codes, quantize(rows.dequantize(), "mxfp8_e4m3", axis=0).codes
    )
    np.testing.assert_array_equal(
        quantize(x.T, "mxfp8_e4m3", axis=0).dequantize(), rows.dequantize().T
    )


def test_unsaturated_blocks_overflow_to_what_the_element_has():
    x = np.full((1, 32), 480.0, np.float32)  # floor leaves 480 = 1.875 * 2^8
    assert (quantize(x, "mxfp8_e4m3").dequantize() == 448).all()
    assert np.isnan(quantize(x, "mxfp8_e4m3", saturate=False).dequantize()).all()
    assert (quantize(x, "mxfp8_e4m3", scaling="rceil").dequantize() == 480).all()


# ---------------------------------------------------------------- float32 scales


@pytest.mark.parametrize("fmt", [f for f in VALUES if f.bits <= 8], ids=named)
def test_lines_are_divided_by_their_scale_and_rounded_once(fmt):
    x = normal(6, 40)
    x[2] = 0
    for y in (x, x.astype(np.float64) * (1 + 2.0**-40)):
        for scaling in ("tensor", "token"):
            found = quantize(y, fmt, scaling=scaling)
            amax = np.abs(y).max(axis=None if scaling == "tensor" else 1, keepdims=True)
            want = np.where(amax > 0, amax / fmt.max, 1).astype(np.float32)
            np.testing.assert_array_equal(found.scales, want)
            scales = np.broadcast_to(found.scales, y.shape)
            values = found.dequantize(np.float64) / scales  # exact: a code's value
            for v, code, s in zip(y.flat, values.flat, scales.flat, strict=True):
                quotient = Fraction(float(v)) / Fraction(float(s))
                if not fmt.signed and quotient < 0:
                    quotient = Fraction(0)
                assert abs(quotient - Fraction(float(code))) <= half_unit(fmt, quotient)


def half_unit(fmt, quotient):
    """Half a unit in the last place beside a quotient, at least half the distance of the largest value's."""
    if fmt.kind == "integer":
        return Fraction(2) ** (fmt.lsb_exponent - 1)
    x = max(min(abs(quotient), Fraction(fmt.max)), Fraction(fmt.smallest_normal))
    return Fraction(2) ** (floor_log2(x) - fmt.mantissa_bits - 1)


def test_int8_by_tokens_is_bitnets_rule():
    a = normal(5, 96)
    found = quantize(a, "int8", scaling="token")
    top = np.abs(a).max(1, keepdims=True).astype(np.float64)
    np.testing.assert_array_equal(found.codes, np.rint(127 * a.astype(np.float64) / top))
    assert found.codes.dtype == np.int8
    assert found.scales.shape == (5, 1)


def test_bitnet_weights():
    w = normal(48, 64)
    found = quantize(w, "bitnet_b158")
    mean = np.float32(max(math.fsum(np.abs(w).ravel().tolist()) / w.size, BITNET_EPSILON))
    assert found.scales.shape == (1, 1)
    assert found.scales[0, 0] == mean
    want = np.clip(np.rint(w.astype(np.float64) / np.float64(mean)), -1, 1)
    np.testing.assert_array_equal(found.unpacked().astype(int) - 1, want)
    assert found.nbytes == 48 * 64 // 4 + 4
    assert quantize(np.zeros((4, 4), np.float32), "bitnet_b158").scales[0, 0] == np.float32(
        BITNET_EPSILON
    )


def test_nvfp4_is_two_levels_of_quotients():
    x = normal(7, 64)
    x[0, :16] = 0
    x[1, :16] = 1e-9  # its scale rounds to zero
    x[2, 5] = np.nan
    for y in (x, x.astype(np.float64)):
        found = quantize(y, "nvfp4")
        blocks = np.where(np.isfinite(x), x, 0).astype(np.float64).reshape(7, 4, 16)
        blocks[2, 0] = 0
        amax = np.abs(blocks).max(2)
        assert found.tensor_scale == np.float32(amax.max() / (448 * 6))
        e4m3 = formats.get("float8_e4m3fn")
        wanted = amax / (6 * np.float64(found.tensor_scale))
        codes = oracles.codes_of(e4m3, wanted, "ties_to_even", True)
        codes[2, 0] = 0x7F
        np.testing.assert_array_equal(found.scales, codes)
        assert found.scales[0, 0] == found.scales[1, 0] == 0
        e2m1 = formats.get("float4_e2m1fn")
        for row, b in ((0, 0), (1, 0), (1, 1), (3, 2), (6, 3)):
            scale = oracles.value_of(e4m3, int(codes[row, b])) * Fraction(float(found.tensor_scale))
            for i in range(16):
                value = Fraction(float(blocks[row, b, i]))
                code = (
                    oracles.magnitude_code(e2m1, abs(value) / scale, "ties_to_even") if scale else 0
                )
                sign = 8 if value < 0 and scale else 0
                assert found.unpacked()[row, 16 * b + i] == min(code, 7) | sign
        assert np.isnan(found.dequantize()[2, :16]).all()
        assert np.isfinite(found.dequantize()[2, 16:]).all()
    assert quantize(np.zeros((2, 16), np.float32), "nvfp4").tensor_scale == 1


# ---------------------------------------------------------------- layouts

SHAPES = [((33,), 0), ((5, 34), 0), ((6, 20), 0), ((6, 20), 1), ((2, 7, 18), 1), ((3, 4, 2, 5), 1), ((40, 3), 0),
          ((2, 2101), 0)]  # fmt: skip


BLOCKED = [((64, 33), 0), ((3, 32, 20), 1), ((2, 64, 3), 1), ((32, 2, 9), 0), ((32, 2100), 0)]


@pytest.mark.parametrize(("shape", "axis"), SHAPES)
def test_the_layout_of_an_operand_changes_nothing(shape, axis):
    x = normal(*shape)
    last = np.ascontiguousarray(np.moveaxis(x, axis, -1))
    arrays = [x, np.asfortranarray(x), x[..., ::-1][..., ::-1], np.repeat(x, 2, axis=0)[::2]]
    arrays[0].flags.writeable = False
    for fmt in ("float4_e2m1fn", "float6_e3m2fn", "ternary", "int4", "float8_e5m2", "float16"):
        for scaling in (None, "tensor", "channel"):
            want = quantize(last, fmt, scaling=scaling)
            for y in arrays:
                found = quantize(y, fmt, axis=axis, scaling=scaling)
                assert found.shape == shape
                np.testing.assert_array_equal(np.moveaxis(found.codes, axis, -1), want.codes)
                np.testing.assert_array_equal(
                    np.moveaxis(found.unpacked(), axis, -1), want.unpacked()
                )
                if scaling:
                    np.testing.assert_array_equal(np.moveaxis(found.scales, axis, -1), want.scales)
                np.testing.assert_array_equal(
                    np.moveaxis(found.dequantize(), axis, -1), want.dequantize()
                )


@pytest.mark.parametrize(("shape", "axis"), BLOCKED)
def test_blocks_along_any_axis(shape, axis):
    x = normal(*shape)
    last = np.ascontiguousarray(np.moveaxis(x, axis, -1))
    for fmt in ("mxfp8_e4m3", "mxfp6_e3m2", "mxfp4_e2m1", "nvfp4"):
        for dtype in (np.float32, np.float64):
            want = quantize(last.astype(dtype), fmt)
            for y in (x.astype(dtype), np.asfortranarray(x.astype(dtype))):
                found = quantize(y, fmt, axis=axis)
                np.testing.assert_array_equal(np.moveaxis(found.codes, axis, -1), want.codes)
                np.testing.assert_array_equal(np.moveaxis(found.scales, axis, -1), want.scales)
                assert found.tensor_scale == want.tensor_scale
                np.testing.assert_array_equal(
                    np.moveaxis(found.dequantize(), axis, -1), want.dequantize()
                )
    draws = Philox(3)
    for fmt in ("mxfp4_e2m1", "nvfp4"):
        a = quantize(x, fmt, axis=axis, rounding="stochastic", rng=draws)
        b = quantize(np.asfortranarray(x), fmt, axis=axis, rounding="stochastic", rng=draws)
        np.testing.assert_array_equal(a.codes, b.codes)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.floats(width=32, allow_nan=False), min_size=1, max_size=50),
    st.sampled_from(["float8_e4m3fn", "float6_e2m3fn", "float4_e2m1fn", "float8_e5m2fnuz"]),
)
def test_any_floats(numbers, name):
    fmt, x = formats.get(name), np.array(numbers, np.float32)
    found = quantize(x, fmt, saturate=True).unpacked()
    np.testing.assert_array_equal(found, oracles.codes_of(fmt, x, "ties_to_even", True))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("before", [False, True])
def test_kernels_stay_inside_their_operands(dtype, before):
    x = guarded(normal(32, 48, dtype=dtype), before=before)
    for fmt in ("mxfp6_e2m3", "nvfp4", "float6_e3m2fn", "float8_e4m3fn"):
        for axis in (0, 1):
            if fmt == "nvfp4" or x.shape[axis] % 32 == 0 or not fmt.startswith("mx"):
                quantize(x, fmt, axis=axis)
    blocks = guarded(normal(19, 64, dtype=dtype), before=before)
    want = quantize(normal(19, 64, dtype=np.float64).astype(dtype), "mxfp4_e2m1")
    np.testing.assert_array_equal(quantize(blocks, "mxfp4_e2m1").codes, want.codes)
    line = guarded(np.ascontiguousarray(x[0, :37]), before=before)
    for fmt in ("float4_e2m1fn", "bfloat16", "int8"):
        quantize(line, fmt, scaling=None if fmt == "bfloat16" else "tensor")


@pytest.mark.parametrize("shape", [(0,), (0, 32), (32, 0), (3, 0, 32)])
def test_nothing_is_quantised_to_nothing(shape):
    x = np.zeros(shape, np.float32)
    for fmt in ("float8_e4m3fn", "float4_e2m1fn", "mxfp4_e2m1", "nvfp4", "bitnet_b158"):
        for axis in range(len(shape)):
            if shape[axis] % 32 == 0:
                found = quantize(x, fmt, axis=axis)
                assert found.shape == shape
                assert found.dequantize().shape == shape
    assert quantize(x, "int8", scaling="token").dequantize().shape == shape


# ---------------------------------------------------------------- what raises


def test_bad_calls_say_what_would_do():
    x = normal(4, 40)
    for arguments, message in (
        ({"fmt": "mxfp4"}, "no format is called 'mxfp4'; near: mxfp4_e2m1"),
        (
            {"fmt": "mxfp4_e2m1"},
            "axis 1 of shape .4, 40. is no multiple of mxfp4_e2m1's block of 32: pad it with zeros",
        ),
        ({"fmt": "nvfp4", "axis": 0}, "block of 16"),
        (
            {"fmt": "int8", "scaling": "floor"},
            "for int8 it has to be one of 'tensor', 'channel', 'token'",
        ),
        ({"fmt": "mxint8", "scaling": "token"}, "'floor', 'rceil', 'even'"),
        ({"fmt": "float8_e8m0fnu", "scaling": "tensor"}, "it has to be None"),
    ):
        with pytest.raises(ValueError, match=message):
            quantize(x, **arguments)
    for bad in (np.nan, np.inf):
        x[1, 1] = bad
        for fmt, scaling in (("int8", "token"), ("float8_e4m3fn", "tensor"), ("bitnet_b158", None)):
            with pytest.raises(ValueError, match="x has NaN or infinities"):
                quantize(x, fmt, scaling=scaling)
    with pytest.raises(np.exceptions.AxisError):
        quantize(x, "int8", axis=2)
    with pytest.raises(ValueError, match="x is a number"):
        quantize(1.0, "int8")
    with pytest.raises(ValueError, match="too large for a float32 scale"):
        quantize([1e300], "int8", scaling="tensor")
    with pytest.raises(TypeError, match="rng="):
        quantize(normal(3), "int8", rounding="stochastic", rng="seed")


@pytest.mark.parametrize("blocks", [1, 16])  # one by one, and as lanes of a vector
@pytest.mark.parametrize(
    "name", ["mxfp8_e4m3", "mxfp8_e5m2", "mxfp6_e2m3", "mxfp6_e3m2", "mxfp4_e2m1"]
)
def test_subnormal_floats_under_the_scales_about_which_they_turn_normal(name, blocks):
    fmt = formats.get(name)
    for code in range(fmt.element.bias - 3, fmt.element.bias + 3):
        if code < 0:
            continue
        x = np.ldexp(np.linspace(0, 1, 32 * blocks, dtype=np.float32), -126).reshape(blocks, 32)
        x[:, 0] = np.ldexp(1.0, code - 127 + fmt.element.max_exponent)
        found = quantize(x, name)
        assert (found.scales == code).all()
        np.testing.assert_array_equal(found.codes, quantize(x.astype(np.float64), name).codes)
