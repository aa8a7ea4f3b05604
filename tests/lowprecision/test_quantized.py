"""Quantized arrays: built from raw bytes, turned, unpacked, as integers, and back to floats with one rounding."""

from fractions import Fraction

import ml_dtypes
import numpy as np
import pytest

from fastmul.lowprecision import Quantized, dequantize, formats, quantize
from fastmul.lowprecision.formats import BLOCKS, ELEMENTS
from tests.guard_pages import guarded
from tests.lowprecision.test_formats import named
from tests.lowprecision.test_quantize import normal

INTEGRAL = [f for f in ELEMENTS if f.kind != "scale" and f.max_integer < 2**63]


def product(parts):
    """q * 2**exponents * scale, in float64."""
    q, exponents, scale = parts
    repeats = [n // e if e > 1 else 1 for n, e in zip(q.shape, exponents.shape, strict=True)]
    for axis, r in enumerate(repeats):
        exponents = np.repeat(exponents, r, axis)
    return np.ldexp(q.astype(np.float64), exponents) * (
        1 if scale is None else scale.astype(np.float64)
    )


@pytest.mark.parametrize("fmt", INTEGRAL + list(BLOCKS), ids=named)
def test_integers_exponents_and_scale_make_the_value(fmt):
    x = normal(64, 96)
    for axis in (0, 1):
        found = quantize(x, fmt, axis=axis, saturate=True)
        q, exponents, scale = found.integers()
        assert exponents.dtype == np.int32
        np.testing.assert_array_equal(product((q, exponents, scale)), found.dequantize(np.float64))
        element = found.element
        assert np.abs(q.astype(np.float64)).max() <= element.max_integer * (
            15 if fmt.name == "nvfp4" else 1
        )
        np.testing.assert_array_equal(found.T.integers()[0], q.T)
        if isinstance(fmt, formats.Format):
            scaled = quantize(x, fmt, axis=axis, scaling="token")
            np.testing.assert_array_equal(product(scaled.integers()), scaled.dequantize(np.float64))


def test_the_dtype_of_integers_is_the_smallest():
    x = normal(32, 32)
    kinds = {name: quantize(x, name).integers()[0].dtype.name for name in
             ("float4_e2m1fn", "mxfp6_e2m3", "mxfp6_e3m2", "float8_e4m3fn", "mxfp8_e5m2", "int8", "mxint8",
              "nvfp4", "bitnet_b158", "float16")}  # fmt: skip
    assert kinds == {
        "float4_e2m1fn": "int8", "mxfp6_e2m3": "int8", "mxfp6_e3m2": "int16", "float8_e4m3fn": "int32",
        "mxfp8_e5m2": "int64", "int8": "int8", "mxint8": "int8", "nvfp4": "int16", "bitnet_b158": "int8",
        "float16": "int64",
    }  # fmt: skip
    with pytest.raises(ValueError, match=r"fit no machine word: use dequantize\(\)"):
        quantize(x, "bfloat16").integers()


def test_specials():
    x = np.array([[1.0, np.nan, np.inf, -2.0] * 8], np.float32)
    for fmt in ("float8_e5m2", "float16", "tf32"):
        np.testing.assert_array_equal(quantize(x, fmt).specials(), ~np.isfinite(x))
        assert quantize(x[:, :1], fmt).specials() is None
    assert quantize(x, "mxfp4_e2m1").specials().all()
    assert (quantize(x, "float8_e4m3fnuz").integers()[0][0, 1:3] == 0).all()
    assert quantize(np.ones((2, 32)), "mxfp4_e2m1").specials() is None


@pytest.mark.parametrize("fmt", BLOCKS, ids=named)
def test_raw_bytes_of_a_checkpoint_make_the_same_array(fmt):
    found = quantize(normal(8, 64), fmt)
    again = Quantized(
        found.codes.copy(), found.scales.copy(), fmt.name, axis=1, tensor_scale=found.tensor_scale
    )
    np.testing.assert_array_equal(again.dequantize(), found.dequantize())
    assert again.shape == found.shape
    assert again.nbytes == found.nbytes
    assert repr(again) == f"Quantized({fmt.name}, (8, 64), axis 1, scales {found.scales.shape})"


def test_arrays_of_ml_dtypes_go_in_and_come_out():
    x = normal(4, 33)
    for name in ("float8_e4m3fn", "bfloat16", "float4_e2m1fn", "float6_e3m2fn", "int4"):
        dtype = formats.get(name).dtype
        theirs = np.clip(x, -7, 7).astype(dtype)
        inside = Quantized(theirs, None, name)
        np.testing.assert_array_equal(inside.dequantize(), theirs.astype(np.float32))
        back = inside.to_numpy()
        assert back.dtype == dtype
        np.testing.assert_array_equal(back.astype(np.float32), theirs.astype(np.float32))
        np.testing.assert_array_equal(quantize(theirs, name).codes, inside.codes)
    scales = np.full((4, 1), 1.0).astype(ml_dtypes.float8_e8m0fnu)
    x = np.ones((4, 32)).astype(ml_dtypes.float8_e4m3fn)
    assert (Quantized(x, scales, "mxfp8_e4m3").dequantize() == 1).all()
    with pytest.raises(ValueError, match=r"no dtype tf32: use unpacked\(\)"):
        quantize(x, "tf32").to_numpy()


def test_nbytes_and_packing():
    x = normal(3, 64)
    for name, n_bytes in (("float4_e2m1fn", 96), ("float6_e2m3fn", 144), ("ternary", 48), ("bfloat16", 384),
                          ("mxfp4_e2m1", 96 + 6), ("nvfp4", 96 + 12 + 4), ("tf32", 768)):  # fmt: skip
        assert quantize(x, name).nbytes == n_bytes
    found = quantize([[1.0, -6.0, 0.5]], "float4_e2m1fn")
    np.testing.assert_array_equal(found.codes, [[0xF2, 0x01]])
    assert found.shape == (1, 3)
    six = quantize([[0.0, 0.125, 0.25, -7.5]], "float6_e2m3fn")  # codes 0, 1, 2, 63
    np.testing.assert_array_equal(six.codes[0], [0x40, 0x20, 0xFC])
    np.testing.assert_array_equal(
        quantize([-1.0, 0, 1, 1, -1], "ternary").codes, [0b10_10_01_00, 0]
    )
    np.testing.assert_array_equal(
        six.codes, quantize([[0.0], [0.125], [0.25], [-7.5]], "float6_e2m3fn", axis=0).codes.T
    )


def test_values_are_rounded_once_into_every_dtype():
    x = normal(16, 64)
    for name, scaling in (
        ("float8_e4m3fn", "token"),
        ("nvfp4", None),
        ("mxfp8_e5m2", None),
        ("float16", "tensor"),
    ):
        found = quantize(x, name, scaling=scaling)
        exact = found.dequantize(np.float64)
        np.testing.assert_array_equal(found.dequantize(), exact.astype(np.float32))
        np.testing.assert_array_equal(dequantize(found, np.float16), exact.astype(np.float16))
        narrow = found.dequantize(ml_dtypes.bfloat16)
        assert narrow.dtype == ml_dtypes.bfloat16
        for ours, value in zip(narrow.flat, exact.flat, strict=True):
            u = Fraction(float(np.spacing(np.float32(abs(float(ours)) or 1)))) * 2**16
            assert abs(Fraction(float(ours)) - Fraction(float(value))) <= u / 2
    code = Quantized(np.array([3], np.int8), np.array([1 / 3], np.float32), "int8")
    assert code.dequantize(np.float64)[0] == 3 * float(np.float32(1 / 3))
    with pytest.raises(TypeError, match="float32, float64, float16 or bfloat16"):
        found.dequantize(np.int8)


def test_extreme_scales():
    codes = np.full((1, 32), 0x7E, np.uint8)  # 448
    high = Quantized(codes, np.array([[254]], np.uint8), "mxfp8_e4m3")
    assert np.isinf(high.dequantize()).all()
    assert (high.dequantize(np.float64) == 448 * 2.0**127).all()
    low = Quantized(np.full((1, 32), 1, np.uint8), np.zeros((1, 1), np.uint8), "mxfp8_e4m3")
    assert (low.dequantize() == np.float32(2.0 ** (-9 - 127))).all()
    assert (quantize(low, "mxfp8_e4m3").dequantize() == low.dequantize()).all()


def test_turned_arrays_keep_their_axis():
    x = normal(32, 64)
    found = quantize(x, "mxfp6_e3m2", axis=1)
    turned = found.T
    assert (turned.shape, turned.axis, turned.scales.shape) == ((64, 32), 0, (2, 32))
    assert turned.codes.base is not None
    np.testing.assert_array_equal(turned.unpacked(), found.unpacked().T)
    np.testing.assert_array_equal(turned.T.codes, found.codes)
    same = quantize(x.T, "mxfp6_e3m2", axis=0)
    np.testing.assert_array_equal(same.codes, turned.codes)


@pytest.mark.parametrize("length", [1, 2, 3, 5])
def test_a_last_group_of_bytes_is_not_read_beyond(length):
    x = np.clip(
        normal(length, 1024), -7, 7
    )  # 1024 columns: a row of bytes ends beside the guard page
    for name in ("float6_e2m3fn", "float4_e2m1fn", "ternary"):
        found = quantize(x, name, axis=0)
        inside = Quantized(guarded(found.codes), None, name, axis=0, shape=x.shape)
        np.testing.assert_array_equal(inside.dequantize(), found.dequantize())
        np.testing.assert_array_equal(found.dequantize(), quantize(x, name, axis=1).dequantize())


def test_bad_parts_say_what_would_fit():
    codes = np.zeros((4, 32), np.uint8)
    scales = np.zeros((4, 2), np.uint8)
    Quantized(codes, scales, "mxfp4_e2m1")
    for arguments, message in (
        ((codes, scales[:, :1], "mxfp4_e2m1"), r"takes scales of shape \(4, 2\), not \(4, 1\)"),
        ((codes, None, "mxfp4_e2m1"), "needs scales of float8_e8m0fnu"),
        ((codes[:, :24], scales, "mxfp4_e2m1"), "no multiple of mxfp4_e2m1's block of 32"),
        (
            (codes.astype(np.int32), scales, "mxfp4_e2m1"),
            "codes of float4_e2m1fn are an array of uint8, not int32",
        ),
        ((codes, np.ones(3), "uint8"), "each length has to be 1 or the array's"),
        ((codes, np.ones(2), "bitnet_b158"), "one scale for the whole array"),
        ((codes, None, "float9"), "no format is called 'float9'"),
        ((codes + 255, np.ones(1), "bitnet_b158"), "code 3"),
        (
            (codes, scales.astype(np.float32), "mxfp4_e2m1"),
            "scales of float8_e8m0fnu are an array of uint8",
        ),
    ):
        with pytest.raises(ValueError, match=message):
            Quantized(*arguments)
    with pytest.raises(ValueError, match="is the second level of nvfp4"):
        Quantized(codes, scales, "mxfp4_e2m1", tensor_scale=2.0)
    with pytest.raises(ValueError, match=r"takes codes of shape \(4, 17\), not \(4, 32\)"):
        Quantized(codes, None, "float4_e2m1fn", shape=(4, 33))
    assert Quantized(codes[:, :17], None, "float4_e2m1fn", shape=(4, 33)).unpacked().shape == (
        4,
        33,
    )


def test_scales_are_numbers_that_float32_holds():
    codes = np.ones((2, 16), np.int8)
    for scale, error, message in (
        (1e300, ValueError, "infinite, or too large for float32"),
        (np.inf, ValueError, "infinite, or too large for float32"),
        (1j, TypeError, "where float32 is needed"),
        ("a", TypeError, "where float32 is needed"),
        (np.full((2, 1), 127, np.uint8), TypeError, "uint8, where float32 is needed"),  # powers of two as bytes
    ):  # fmt: skip
        with pytest.raises(error, match=message):
            Quantized(codes, scale, "int8")
        with pytest.raises(error, match=message):
            Quantized(np.zeros((2, 4), np.uint8), np.ravel(scale)[:1], "bitnet_b158")
    bytes_ = np.full((2, 1), 0x38, np.uint8)
    for level, error in ((np.ones(2), ValueError), ("a", TypeError), (np.inf, ValueError)):
        with pytest.raises(error, match="tensor_scale"):
            Quantized(np.zeros((2, 8), np.uint8), bytes_, "nvfp4", tensor_scale=level)


def test_a_scale_that_is_nan_makes_special_what_it_scales():
    codes = np.ones((2, 16), np.int8)
    lines = Quantized(codes, np.float32([[1], [np.nan]]), "int8")
    np.testing.assert_array_equal(lines.specials(), np.isnan(lines.dequantize()))
    whole = Quantized(
        np.zeros((2, 8), np.uint8), np.full((2, 1), 0x38, np.uint8), "nvfp4", tensor_scale=np.nan
    )
    assert whole.specials().all()


def test_shapes_and_axes_that_are_none():
    codes = np.zeros((2, 2), np.uint8)
    for shape in ((4,), 4, (2, 2, 2)):
        with pytest.raises(ValueError, match="a tuple of as many lengths"):
            Quantized(codes, None, "int4", shape=shape)
    for axis in (None, 1.0):
        with pytest.raises(TypeError, match="the integer of one axis"):
            quantize(np.ones((2, 2)), "int4", axis=axis)
    with pytest.raises(TypeError, match="takes what quantize returns"):
        dequantize(np.ones(3))


def test_a_mask_is_not_lost():
    with pytest.raises(TypeError, match=r"x.filled\(0\)"):
        quantize(np.ma.masked_array([1.0, 2.0], [False, True]), "int8")


def test_numbers_of_other_kinds_are_taken_at_their_value():
    for dtype in (
        np.int8,
        np.uint16,
        np.int32,
        np.int64,
        bool,
        np.float16,
        ml_dtypes.bfloat16,
        ">f4",
        ">f8",
    ):
        x = np.array([0, 1, 1, 0], np.int8).astype(dtype)
        np.testing.assert_array_equal(quantize(x, "float8_e4m3fn").dequantize(), [0, 1, 1, 0])
    assert quantize([2**24 + 1], "float32", rounding="toward_zero").dequantize()[0] == 2**24
    with pytest.raises(ValueError, match="beyond 2"):
        quantize([2**53 + 1], "float16")
    for x in ([1j], ["a"], [None], np.zeros(2, np.longdouble)):
        with pytest.raises(TypeError, match="real numbers of at most 64 bits"):
            quantize(x, "float16")
