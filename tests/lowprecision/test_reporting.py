"""error_report: the parts of an error, each against an exact product of its own."""

import io
import json
from fractions import Fraction

import numpy as np
import pytest

from fastmul.lowprecision import quantize
from fastmul.lowprecision.accumulators import accumulators, product
from fastmul.lowprecision.reporting import PARTS, ErrorReport, error_report

RNG = np.random.default_rng(0)
A, B = RNG.random((5, 192)), RNG.standard_normal((192, 6))
ROUNDOFF = 2.0**-52


@pytest.fixture(scope="module")
def report():
    return error_report(
        A, B, formats=("float8_e4m3fn", "mxfp4_e2m1", ("float8_e5m2", "float8_e4m3fn")),
        accumulators=("exact", "float32", "hopper"), ks=(64, 192), out_format="bfloat16",
    )  # fmt: skip


def exact_product(a, b):
    def dot(x, y):
        return sum(Fraction(p) * Fraction(q) for p, q in zip(x, y, strict=True))

    return np.array([[dot(x, y) for y in b.T.tolist()] for x in a.tolist()], object)


def norm(x):
    return float(sum(e * e for e in x.ravel())) ** 0.5


def test_one_record_for_all_that_go_together(report):
    pairs = {(r.formats, r.accumulator) for r in report}
    assert len(report) == 2 * len(pairs) == 2 * (3 + 2 + 3)
    assert (("mxfp4_e2m1",) * 2, "hopper_fp8") not in pairs
    assert [r.k for r in report][:4] == [64, 192, 64, 192]
    assert {r.format for r in report} == {
        "float8_e4m3fn",
        "mxfp4_e2m1",
        "float8_e5m2 x float8_e4m3fn",
    }


def test_the_parts_are_what_fractions_say(report):
    (record,) = [
        r for r in report if (r.format, r.accumulator, r.k) == ("float8_e4m3fn", "hopper_fp8", 192)
    ]
    a, b = quantize(A, "float8_e4m3fn", axis=1), quantize(B, "float8_e4m3fn", axis=0)
    t, q = exact_product(A, B), exact_product(a.dequantize(np.float64), b.dequantize(np.float64))
    s = product(a, b, "hopper")
    r = quantize(s, "bfloat16").dequantize(np.float64)
    s, r = (np.vectorize(lambda x: Fraction(float(x)), otypes=[object])(x) for x in (s, r))
    for part, error in zip(PARTS, (q - t, s - q, r - s, r - t), strict=True):
        assert getattr(record, part) == pytest.approx(norm(error) / norm(t), rel=1e-9), part


def test_the_parts_add_up(report):
    for r in report:
        parts = [r.quantization, r.accumulation, r.rounding]
        assert r.total <= sum(parts) + 8 * ROUNDOFF
        assert max(parts) <= r.total + sum(parts) - max(parts) + 8 * ROUNDOFF
        assert (r.accumulation == 0) == (r.accumulator == "exact") or r.accumulator == "float32"
        assert r.sqnr == pytest.approx(-20 * np.log10(r.total))


def test_nothing_is_lost_where_nothing_is_rounded():
    a, b = (np.array(RNG.integers(-8, 9, s), float) for s in ((3, 32), (32, 4)))
    for r in error_report(
        a, b, formats=("float8_e4m3fn", "mxfp8_e4m3"), accumulators=("exact", "blackwell")
    ):
        assert (r.quantization, r.accumulation, r.rounding, r.total) == (0, 0, 0, 0)
        assert r.sqnr == np.inf


def test_scales_of_rows_and_columns_are_no_error_of_the_sums():
    (r,) = error_report(A, B, formats="int8", accumulators="float32")
    assert r.accumulation == 0  # integers below 2^24: float32 adds them exactly
    assert 0 < r.rounding < 2.0**-24
    (r,) = error_report(A, B, formats="float8_e4m3fn", accumulators="hopper", scaling="tensor")
    assert 1e-6 < r.accumulation < 1e-2


def test_a_row_of_your_own_and_a_generation():
    report = error_report(A, B, formats="float16", accumulators=(accumulators["volta"], "ampere"))
    assert [r.accumulator for r in report] == ["volta", "ampere"]


def test_text_json_and_picture(report, tmp_path):
    lines = report.table().splitlines()
    assert len(lines) == 1 + len(report)
    assert lines[0].split()[-2:] == ["SQNR", "dB"]
    assert repr(report) == report.table()
    loaded = json.loads(report.to_json())
    assert loaded[0]["formats"] == ["float8_e4m3fn", "float8_e4m3fn"]
    assert loaded[-1]["sqnr"] == report[-1].sqnr
    part = report[:4]
    assert isinstance(part, ErrorReport)
    for name, start in (("a.png", b"\x89PNG"), ("b.svg", b"<?xml")):
        part.plot(tmp_path / name)
        assert (tmp_path / name).read_bytes().startswith(start)
    file = io.BytesIO()
    report.plot(file)
    assert file.getvalue().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"ks": (64, 256)}, "depths from 1 to 192"),
        ({"formats": "fp8"}, "no format is called 'fp8'"),
        ({"accumulators": "hoper"}, "no accumulator is called"),
        ({"accumulators": ("exact", "volta"), "formats": "bfloat16"}, "'volta' takes float16"),
        ({"formats": "mxfp8_e4m3", "ks": (33,)}, "multiple"),
        ({"formats": []}, "no formats"),
        ({"formats": [("int8",) * 3]}, "no pair of formats"),
    ],
)
def test_refusals(changes, why):
    with pytest.raises(ValueError, match=why):
        error_report(A, B, **changes)


def test_a_depth_is_not_a_sequence_of_them():
    with pytest.raises(TypeError, match=r"such as \[64\]"):
        error_report(A, B, ks=64)


def test_shapes_that_do_not_multiply():
    with pytest.raises(ValueError, match=r"shapes \(5, 192\) and \(5, 192\)"):
        error_report(A, A)
