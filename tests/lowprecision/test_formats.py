"""The table of formats against ml_dtypes and gfloat, code by code."""

import gfloat
import gfloat.formats
import ml_dtypes
import numpy as np
import pytest

from fastmul.lowprecision import formats
from fastmul.lowprecision.formats import BLOCKS, ELEMENTS, Format
from fastmul.lowprecision.quantized import Quantized
from tests.lowprecision import oracles

FLOATS = [f for f in ELEMENTS if f.kind == "float"]
NARROW = [f for f in FLOATS if f.bits <= 8]
GFLOAT = {
    "float16": gfloat.formats.format_info_binary16,
    "bfloat16": gfloat.formats.format_info_bfloat16,
    "float8_e5m2": gfloat.formats.format_info_ocp_e5m2,
    "float8_e4m3fn": gfloat.formats.format_info_ocp_e4m3,
    "float6_e2m3fn": gfloat.formats.format_info_ocp_e2m3,
    "float6_e3m2fn": gfloat.formats.format_info_ocp_e3m2,
    "float4_e2m1fn": gfloat.formats.format_info_ocp_e2m1,
    "ocp_int8": gfloat.formats.format_info_ocp_int8,
    "float8_e8m0fnu": gfloat.formats.format_info_ocp_e8m0,
}


def named(f):
    return f.name


@pytest.mark.parametrize("fmt", [f for f in FLOATS if f.name != "tf32"], ids=named)
def test_limits_are_those_of_ml_dtypes(fmt):
    info = ml_dtypes.finfo(fmt.dtype)
    assert (fmt.max, fmt.min) == (float(info.max), float(info.min))
    assert fmt.smallest_normal == float(info.smallest_normal)
    assert fmt.smallest_subnormal == float(info.smallest_subnormal)
    assert (fmt.bits, fmt.exponent_bits, fmt.mantissa_bits) == (info.bits, info.nexp, info.nmant)
    assert fmt.max == fmt.max_integer * 2.0**fmt.lsb_exponent
    assert 2.0**fmt.max_exponent <= fmt.max < 2.0 ** (fmt.max_exponent + 1)


def test_tf32_has_bfloat16s_exponents_and_float16s_mantissa():
    fmt = formats.get("tf32")
    assert (fmt.bits, fmt.exponent_bits, fmt.mantissa_bits) == (19, 8, 10)
    assert fmt.max == (2 - 2.0**-10) * 2.0**127
    assert fmt.dtype is None
    assert fmt.code_dtype == np.uint32


def _all_codes(fmt):
    """Every code, unpacked, and its decoded values."""
    codes = np.arange(2**fmt.bits, dtype=np.uint16 if fmt.bits == 16 else np.uint8)
    if fmt.is_packed:
        raw = codes.view(np.uint8)
        stored = np.packbits(
            np.unpackbits(raw[:, None], axis=1, count=fmt.bits, bitorder="little").reshape(-1),
            bitorder="little",
        )
    else:
        stored = codes.view(fmt.code_dtype)
    return codes, Quantized(stored, None, fmt)


@pytest.mark.parametrize("fmt", [f for f in ELEMENTS if 4 <= f.bits <= 16 and f.dtype], ids=named)
def test_every_code_decodes_as_in_ml_dtypes(fmt):
    codes, found = _all_codes(fmt)
    theirs = codes.astype(fmt.code_dtype if fmt.bits <= 8 else codes.dtype).view(fmt.dtype)
    for dtype in (np.float32, np.float64):
        ours = found.dequantize(dtype)
        with np.errstate(invalid="ignore"):  # NaN that signals
            want = theirs.astype(dtype)
        np.testing.assert_array_equal(ours, want)
        if fmt.kind == "float":
            np.testing.assert_array_equal(np.signbit(ours), np.signbit(want))
    if fmt.kind != "integer":
        np.testing.assert_array_equal(found.unpacked(), codes)


@pytest.mark.parametrize("name", sorted(set(GFLOAT) - {"bfloat16", "float16"}))
def test_every_code_decodes_as_in_gfloat(name):
    codes, found = _all_codes(formats.get(name))
    want = [gfloat.decode_float(GFLOAT[name], int(code)).fval for code in codes]
    np.testing.assert_array_equal(found.dequantize(np.float64), want)


@pytest.mark.parametrize("fmt", NARROW, ids=named)
def test_values_are_what_the_fields_say(fmt):
    _, found = _all_codes(fmt)
    exact = [float(value) for value in oracles.values(fmt)[:-1]]
    np.testing.assert_array_equal(found.dequantize(np.float64)[: len(exact)], exact)


def test_block_formats_are_those_of_the_specifications():
    rows = {f.name: (f.element.name, f.scale.name, f.block, f.rules, f.two_level) for f in BLOCKS}
    mx = ("float8_e8m0fnu", 32, ("floor", "rceil", "even"), False)
    assert rows == {
        "mxfp8_e4m3": ("float8_e4m3fn", *mx),
        "mxfp8_e5m2": ("float8_e5m2", *mx),
        "mxfp6_e2m3": ("float6_e2m3fn", *mx),
        "mxfp6_e3m2": ("float6_e3m2fn", *mx),
        "mxfp4_e2m1": ("float4_e2m1fn", *mx),
        "mxint8": ("ocp_int8", *mx),
        "nvfp4": ("float4_e2m1fn", "float8_e4m3fn", 16, ("amax",), True),
        "bitnet_b158": ("ternary", "float32", 0, ("absmean",), False),
    }


def test_names_lead_to_formats_and_wrong_ones_to_near_names():
    assert all(formats.get(name) is fmt is formats.formats[name] for name, fmt in formats.formats.items())  # fmt: skip
    assert formats.get(BLOCKS[0]) is BLOCKS[0]
    with pytest.raises(ValueError, match=r"no format is called 'float8_e4m3n'.*float8_e4m3"):
        formats.get("float8_e4m3n")
    with pytest.raises(ValueError, match="no format is called None"):
        formats.get(None)
    with pytest.raises(ValueError, match="no integers"):
        _ = formats.get("float8_e8m0fnu").max_integer
    assert isinstance(formats.get("int4"), Format)
