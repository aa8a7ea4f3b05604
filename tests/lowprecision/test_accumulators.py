"""Emulated accumulators against their meaning in Python's integers, and what they promise."""

import dataclasses
import os

import numpy as np
import pytest

from fastmul.bounds.aligned_sums import largest_fraction_bits
from fastmul.kernels.reference import casting
from fastmul.kernels.reference.accumulators import Line, Rounding, dot
from fastmul.lowprecision import Quantized, packing, quantize
from fastmul.lowprecision.accumulators import OUTPUTS, Accumulator, accumulators, find, product
from fastmul.lowprecision.formats import BlockFormat, formats
from tests.guard_pages import guarded

#: Dot products of each row; FASTMUL_TEST_MULTIPLIER=2000 makes them 10^5.
ROWS = round(5 * float(os.environ.get("FASTMUL_TEST_MULTIPLIER", "1")))
COLUMNS = 10
WORDS = {8: np.uint8, 16: np.uint16, 32: np.uint32}


def element_codes(fmt, shape, rng):
    """Codes line by line: quantised normals, wide exponents, few low bits, pairs that cancel, all codes there are."""
    element = getattr(fmt, "element", fmt)
    if element.kind == "integer":
        if element.name == "ternary":
            return rng.integers(0, 3, shape).astype(np.uint8)
        low, high = (int(np.ldexp(x, -element.lsb_exponent)) for x in (element.min, element.max))
        return rng.integers(low, high, shape, endpoint=True).astype(element.code_dtype)
    lines, depth = shape
    codes = np.empty(shape, element.code_dtype)
    widest = min(element.bias + element.mantissa_bits, 60)
    for i in range(lines):
        x = rng.standard_normal(depth)
        kind = i % 5
        if kind == 1:
            x *= 2.0 ** rng.integers(-widest, min(widest, 8), depth)
        if kind == 3:
            x[1::2] = -x[: depth // 2 * 2 : 2] * (1 + (rng.random(depth // 2) < 0.1))
        x[rng.random(depth) < 0.2] = 0.0
        if kind == 0:
            x[np.repeat(rng.random(-(-depth // 16)) < 0.4, 16)[:depth]] = 0.0  # whole blocks
        codes[i] = quantize(x, element, saturate=True).unpacked()
        if kind == 2:
            sign = rng.integers(0, 2, depth) << (element.bits - 1)
            codes[i] = rng.integers(0, 2 << element.mantissa_bits, depth) | sign
        if kind == 4:
            rare = rng.random(depth) < 0.02
            codes[i, rare] = rng.integers(0, 1 << element.bits, rare.sum())
    return codes


def block_scales(fmt, lines, depth, rng):
    shape = lines, depth // fmt.block
    near = 127 if fmt.scale.kind == "scale" else 56
    scales = rng.integers(near - 6, near + 6, shape)
    far = rng.random(shape) < 0.2
    scales[far] = rng.integers(0, fmt.scale.max_code, far.sum(), endpoint=True)
    scales[rng.random(shape) < 0.01] = fmt.scale.nan_code
    return scales.astype(np.uint8)


def operand(name, lines, depth, rng):
    """Lines along axis 1, as Quantized, and as `Line`s of Python floats."""
    fmt = formats[name]
    element = getattr(fmt, "element", fmt)
    codes = element_codes(fmt, (lines, depth), rng)
    values = casting.decode(codes, element)
    scales, of_elements, least_scale = None, np.ones((lines, depth)), 0
    if isinstance(fmt, BlockFormat):
        scales = block_scales(fmt, lines, depth, rng)
        of_elements = np.repeat(casting.decode(scales, fmt.scale), fmt.block, axis=1)
        least_scale = -127 if fmt.scale.kind == "scale" else 1 - fmt.scale.bias
    least = 1 - element.bias if element.kind == "float" else element.lsb_exponent
    stored = codes
    if element.is_packed:
        stored = packing.pack(codes.astype(np.uint8) & (2**element.bits - 1), element.bits, 1)
    made = Quantized(stored, scales, fmt, 1, shape=codes.shape)
    return made, [
        Line(v.tolist(), s.tolist(), (least, least_scale))
        for v, s in zip(values, of_elements, strict=True)
    ]


def rounding(row):
    bits, least, limit = OUTPUTS[row.output]
    return Rounding(bits + 1, least, limit, row.rounding == "ties_to_even")


def same_bits(x, y):
    """Equal, signs of zeros included; any NaN is any other."""
    return ((x == y) & (np.signbit(x) == np.signbit(y))) | (np.isnan(x) & np.isnan(y))


def check(row, a_name, b_name, depth, seed=0):
    rng = np.random.default_rng(seed)
    a, rows = operand(a_name, ROWS, depth, rng)
    b, columns = operand(b_name, COLUMNS, depth, rng)
    c = product(a, b.T, row, threads=1)
    expected = np.array([[dot(x, y, row, rounding(row)) for y in columns] for x in rows], c.dtype)
    same = same_bits(c, expected)
    assert same.all(), (c[~same][:3], expected[~same][:3])
    return c


HARDWARE = [row for row in accumulators.values() if row.fraction_bits is not None]
OTHER_PAIRS = [
    ("float32", "float32", "float32"),
    ("float32", "bfloat16", "float8_e5m2"),
    ("float32", "mxfp8_e5m2", "nvfp4"),
    ("float32_unfused", "float32", "bfloat16"),
    ("float32", "int8", "int4"),
    ("float16", "float16", "float16"),
    ("float16", "float8_e5m2", "int8"),
    ("float16_unfused", "float16", "nvfp4"),
    ("hopper_fp8", "float8_e5m2", "float8_e4m3fn"),
    ("blackwell_fp8", "mxfp8_e5m2", "mxfp6_e3m2"),
    ("blackwell_fp8", "mxfp4_e2m1", "mxfp6_e2m3"),
    ("blackwell_fp4", "mxfp4_e2m1", "mxfp4_e2m1"),
]


@pytest.mark.parametrize("row", HARDWARE, ids=lambda row: row.name)
def test_every_row_is_its_reference(row):
    plain = [name for name in row.formats if not isinstance(formats[name], BlockFormat)]
    first, last = (plain[0], plain[-1]) if plain else (row.formats[0], row.formats[0])
    depth = 2 * row.group + 3 if plain else 96
    check(row, first, last, depth + (row.promote_every or 0))


@pytest.mark.parametrize(("name", "a", "b"), OTHER_PAIRS)
def test_pairs_of_formats(name, a, b):
    is_blocked = any(isinstance(formats[f], BlockFormat) for f in (a, b))
    check(accumulators[name], a, b, 64 if is_blocked else 41, seed=1)


@pytest.mark.parametrize(
    "row",
    [
        Accumulator("own", group=5, fraction_bits=9, rounding="ties_to_even", output="e8m13"),
        Accumulator("promoted half", output="float16", promote_every=7),
        Accumulator("zeros stand high", group=4, fraction_bits=3, zero_exponent=-14, output="float16"),
    ],
    ids=lambda row: row.name,
)  # fmt: skip
def test_rows_of_your_own(row):
    check(row, "float8_e4m3fn", "float8_e4m3fn", 23, seed=2)


def test_nvfp4_in_a_row_that_is_not_made_for_it():
    check(Accumulator("wide", group=16, fraction_bits=20), "nvfp4", "mxfp4_e2m1", 64, seed=3)


# ---------------------------------------------------------------- what follows from the definition


def test_zeros_align_at_their_exponent():
    a = quantize([[2.0**-10]], "float16", axis=1)
    b = quantize([[2.0**-9]], "float16", axis=0)
    high = Accumulator("high", group=2, fraction_bits=3, output="float16", zero_exponent=-14)
    assert product(a, b, high) == 0.0  # cut below 2^-17
    assert product(a, b, dataclasses.replace(high, zero_exponent=-133)) == 2.0**-19


def test_a_block_of_zeros_aligns_nothing_and_a_sum_that_cancels_does():
    def fp4(first, second):
        codes = np.repeat(
            np.uint8([first, second]), 32
        )  # 32 elements under a scale of 1, 32 under 2^40
        return Quantized(packing.pack(codes[None], 4, 1), np.uint8([[127, 167]]), "mxfp4_e2m1", 1)

    ones, zeros, signs = fp4(2, 2), fp4(2, 0), fp4(2, 2)  # the code of 1 is 2, of -1 it is 10
    signs.codes[0, 16::2] = 0xAA
    one_scale = Quantized(ones.codes, np.uint8([[127, 127]]), "mxfp4_e2m1", 1)
    assert product(zeros, one_scale.T, "blackwell_fp4") == 32.0
    assert product(signs, one_scale.T, "blackwell_fp4") == 0.0  # 16 is cut below 2^5


def test_kernels_stay_within_their_operands():
    from fastmul.kernels.cpu.lowprecision import accumulators as kernels

    depth = 8
    single, half = (
        (True, 23, 2.0**-23, 2.0**-126, 2.0**128),
        (True, 10, 2.0**-10, 2.0**-14, 2.0**16),
    )
    a, b = guarded(np.ones(3 * depth)), guarded(np.ones(2 * depth * 8))
    c = guarded(np.zeros((3, 16)))
    kernels.add_aligned(
        a, a, b, b, depth, 0, 3, 4, depth, (20, 2.0**-20, 2.0**-133), single, single, c
    )
    assert (c == depth).all()
    c[...] = 0
    kernels.add_each(a, b, depth, 0, 3, depth, True, half, half, c)
    assert (c == depth).all()
    a4, b4 = guarded(np.ones(3 * 2)), guarded(np.ones(2 * 2 * 8))
    c[...] = 0
    kernels.add_aligned_sums(a, a4, a4, b, b4, b4, depth, 0, 3, 8, 4, depth, (20, 2.0**-20, 2.0**-133),
                             single, single, c)  # fmt: skip
    assert (c == depth).all()
    a, b, c = (guarded(x.astype(np.float32)) for x in (a, np.ones(depth * 16), c))
    kernels.add_each_single(a, b, depth, 0, 3, depth, True, c)
    assert (c == depth).all()


@pytest.fixture(scope="module")
def fp8():
    rng = np.random.default_rng(4)
    a = quantize(rng.standard_normal((7, 96)), "float8_e4m3fn", axis=1)
    b = quantize(rng.standard_normal((96, 21)), "float8_e4m3fn", axis=0)
    return a, b, a.dequantize(np.float64) @ b.dequantize(np.float64)  # exact: 53 bits hold it


def test_enough_fraction_bits_and_one_group_are_the_exact_product_rounded_once(fp8):
    a, b, exact = fp8
    bits = largest_fraction_bits(96)
    row = Accumulator("exact", group=96, fraction_bits=bits, rounding="ties_to_even")
    assert (product(a, b, row) == exact.astype(np.float32)).all()


def test_promotion_changes_nothing_up_to_its_depth_and_helps_beyond(fp8):
    a, b, _ = fp8
    plain, promoted = accumulators["hopper_fp8"], accumulators["hopper_fp8_promoted"]
    assert (product(a, b, plain) == product(a, b, promoted)).all()
    rng = np.random.default_rng(5)
    a = quantize(rng.random((4, 4096)), "float8_e4m3fn", axis=1)
    b = quantize(rng.random((4096, 8)), "float8_e4m3fn", axis=0)
    exact = a.dequantize(np.float64) @ b.dequantize(np.float64)
    errors = [np.abs(product(a, b, row) / exact - 1).max() for row in (plain, promoted)]
    assert errors[0] > 0.02  # 13 bits of positive terms: the measured 7e-2 of the model
    assert errors[1] < 2e-3


def test_threads_strips_and_layout_change_nothing(fp8, monkeypatch):
    from fastmul.lowprecision import accumulation

    a, b, _ = fp8
    plain = product(a, b, "hopper", threads=1)
    monkeypatch.setattr(accumulation, "STRIP_BYTES", 16 * 96 * 8)
    monkeypatch.setattr(accumulation, "CHUNK_WORK", 96 * 8)
    assert (product(a, b, "hopper", threads=2) == plain).all()
    turned = Quantized(np.ascontiguousarray(b.codes.T), None, "float8_e4m3fn", 1).T
    assert (product(a, turned, "hopper") == plain).all()


def test_float32_scales_are_multiplied_exactly_and_rounded_once():
    rng = np.random.default_rng(6)
    a = quantize(rng.standard_normal((6, 40)), "float8_e4m3fn", axis=1, scaling="token")
    b = quantize(rng.standard_normal((40, 9)), "float8_e5m2", axis=0, scaling="channel")
    bare = product(
        Quantized(a.codes, None, a.format, 1), Quantized(b.codes, None, b.format, 0), "ada"
    )
    wide = bare.astype(np.longdouble) * a.scales.astype(np.longdouble)
    expected = (wide * b.scales.astype(np.longdouble)).astype(np.float32)  # no tie among so few
    assert (product(a, b, "ada") == expected).all()


def test_nan_is_the_hardwares():
    a = quantize([[np.inf, np.inf]], "bfloat16", axis=1)
    b = quantize([[1.0], [-1.0]], "bfloat16", axis=0)
    assert product(a, b, "ampere").view(np.uint32) == 0x7FFFFFFF
    half = quantize([[np.inf, 1.0]], "float16", axis=1)
    zero = quantize([[0.0], [1.0]], "float16", axis=0)
    assert product(half, zero, "volta_float16").view(np.uint16) == 0x7FFF


def test_sums_beyond_the_output_are_infinite():
    a = quantize(np.full((1, 8), 60000.0), "float16", axis=1)
    assert product(a, a.T, "turing_float16") == np.inf
    assert np.isfinite(product(a, a.T, "turing"))


def test_a_rounded_product_may_be_infinite_where_a_fused_one_is_not():
    a = quantize([[400.0, 400.0, 1.0]], "float16", axis=1)
    b = quantize([[-400.0], [400.0], [1.0]], "float16", axis=0)
    assert np.isnan(product(a, b, "float16_unfused"))  # -Inf + Inf
    assert product(a, b, "float16") == -np.inf
    check(accumulators["float16_unfused"], "float16", "float8_e5m2", 3, seed=8)


@pytest.mark.parametrize("depth", [0, 1])
def test_nothing_or_one_to_add(depth):
    a = quantize(np.ones((2, depth)), "float16", axis=1)
    c = product(a, a.T, "volta")
    assert c.shape == (2, 2)
    assert (c == depth).all()


# ---------------------------------------------------------------- names and refusals


@pytest.mark.parametrize(
    ("name", "fmt", "row"),
    [
        ("ampere", "bfloat16", "ampere"),
        ("ampere", "tf32", "ampere_tf32"),
        ("hopper", "float8_e5m2", "hopper_fp8"),
        ("blackwell", "nvfp4", "blackwell_fp4"),
        ("blackwell", "mxfp4_e2m1", "blackwell_fp4"),
        ("blackwell", "mxfp8_e4m3", "blackwell_fp8"),
        ("float16", "int8", "float16"),
    ],
)
def test_a_generation_finds_its_row(name, fmt, row):
    assert find(name, formats[fmt]).name == row


def test_refusals_name_what_would_do():
    with pytest.raises(
        ValueError, match=r"'volta' takes float16, not bfloat16; these take it: float32.*ampere"
    ):
        find("volta", formats["bfloat16"])
    with pytest.raises(ValueError, match=r"'hopper' takes .* not mxfp8_e4m3; .*blackwell_fp8"):
        find("hopper", formats["mxfp8_e4m3"])
    with pytest.raises(ValueError, match="no accumulator is called 'hoper'; near: hopper"):
        find("hoper")
    with pytest.raises(ValueError, match="float16"):
        find(Accumulator("half", output="float16"), formats["float32"])


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"group": 4}, "IEEE arithmetic"),
        ({"group": 4.0, "fraction_bits": 9}, "are integers"),
        ({"group": 3, "inner": 2, "fraction_bits": 9}, "no positive multiple of inner"),
        ({"group": 4, "fraction_bits": 9, "promote_every": 6}, "no positive multiple of group"),
        ({"rounding": "up"}, "none of toward_zero"),
        ({"output": "bfloat16"}, "none of float32"),
        ({"output": "float16", "formats": ("float32",)}, "not all among"),
        ({"group": 4, "fraction_bits": 9, "zero_exponent": -125}, "zero_exponent=-125 is above -126"),
        ({"group": 4, "fraction_bits": 0}, r"within 1\.\.46"),
    ],
)  # fmt: skip
def test_contradictions(changes, why):
    with pytest.raises(ValueError, match=why):
        Accumulator("mine", **changes)


def test_the_window_of_fraction_bits_at_its_edge():
    for group in (1, 8, 32):
        bits = largest_fraction_bits(group)
        assert (16 * group + 2) << bits <= 2**53 < (16 * group + 2) << (bits + 1)
        Accumulator("widest", group=group, fraction_bits=bits)
        with pytest.raises(ValueError, match="float64 lanes"):
            Accumulator("too wide", group=group, fraction_bits=bits + 1)


def test_float64_in_between_does_not_change_sums_in_float16():
    # midpoints of float16 with the least that can come on top: c just beside, or a product that is a midpoint
    def row(*pairs):
        a, b = (np.array([x]) for x in zip(*pairs, strict=True))
        return product(quantize(a, "float16", axis=1), quantize(b.T, "float16", axis=0), "float16")[
            0, 0
        ]

    tiny = 2.0**-24
    assert row((2.0**15, 1.0), (2.0**4, 1.0)) == 2.0**15  # a tie, to even
    assert row((2.0**15, 1.0), (16.015625, 1.0009765625)) == 2.0**15 + 32
    assert row((tiny, 1.0), (683.0, 48.0)) == 2.0**15 + 32  # 32784 is a midpoint, tiny decides
    assert row((-tiny, 1.0), (683.0, 48.0)) == 2.0**15


def test_scales_and_blocks_have_to_leave_the_sum():
    rng = np.random.default_rng(7)
    b = quantize(rng.standard_normal((32, 32)), "mxfp8_e4m3", axis=1)
    with pytest.raises(ValueError, match=r"blocks of B run along axis 1.*axis=0"):
        product(b, b, "blackwell")
    a = quantize(rng.standard_normal((32, 32)), "float8_e4m3fn", axis=0, scaling="token")
    with pytest.raises(ValueError, match=r"scales of A .* axis 1"):
        product(a, a, "hopper")
    plain = quantize(rng.standard_normal((2, 3)), "float16")
    with pytest.raises(ValueError, match="do not fit"):
        product(plain, plain, "volta")


def test_rows_are_data():
    row = dataclasses.replace(accumulators["hopper_fp8"], name="hopper_fp8_512", promote_every=512)
    assert repr(row).endswith("promoted every 512)")
    assert find(row, formats["float8_e4m3fn"]) is row
