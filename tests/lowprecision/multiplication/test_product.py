"""Every row of the table, all formats: equal to Python's fractions, rounded once."""

from __future__ import annotations

import itertools
from fractions import Fraction

import ml_dtypes
import numpy as np
import pytest

from fastmul import explain
from fastmul.exceptions import AlgorithmError
from fastmul.lowprecision import Quantized, formats, matmul, quantize
from tests.lowprecision.multiplication import oracle

OPERANDS = [name for name, fmt in formats.formats.items() if getattr(fmt, "kind", "") != "scale"]
ROWS = matmul.operation.names


def check(a, b, out_format="float32", rows=ROWS, **keywords):
    """Every row that does not refuse gives the fractions' product; the rows that did."""
    want = oracle.product(a, b, out_format)
    done = []
    for row in ("auto", *rows):
        try:
            c = matmul(a, b, out_format=out_format, algorithm=row, **keywords)
        except AlgorithmError:
            continue
        got = c.dequantize(np.float64) if isinstance(c, Quantized) else c.astype(np.float64)
        np.testing.assert_array_equal(got, want, err_msg=f"{row}: {a!r} @ {b!r}")
        done.append(row)
    assert "auto" in done
    return done


@pytest.mark.parametrize("spread", [3, 254])
@pytest.mark.parametrize("name", OPERANDS)
def test_every_format_by_every_row(name, spread):
    rng = np.random.default_rng(len(name) + spread)
    a = oracle.operand(name, (3, 64), 1, rng, spread=spread)
    b = oracle.operand(name, (64, 2), 0, rng, spread=spread)
    done = check(a, b, threads=1)
    assert {"filtered", "accumulator"} <= set(done)


def test_every_pair_of_formats():
    rng = np.random.default_rng(5)
    lefts = {name: oracle.operand(name, (2, 32), 1, rng) for name in OPERANDS}
    rights = {name: oracle.operand(name, (32, 2), 0, rng) for name in OPERANDS}
    rows, columns = (
        {name: oracle.fractions_of(q) for name, q in x.items()} for x in (lefts, rights)
    )
    for x, y in itertools.product(OPERANDS, OPERANDS):
        exact = rows[x].dot(columns[y])
        want = [[oracle.nearest(Fraction(v), "float32") for v in row] for row in exact]
        c = matmul(lefts[x], rights[y], out_format="float32", threads=1)
        np.testing.assert_array_equal(c.astype(float), want, err_msg=f"{x} @ {y}")


@pytest.mark.parametrize("out_format", oracle.ROUNDED)
@pytest.mark.parametrize("name", ["int8", "mxfp4_e2m1", "bfloat16"])
def test_every_output_format(name, out_format):
    rng = np.random.default_rng(3)
    if name == "bfloat16":  # of magnitudes around 1
        a, b = (quantize(rng.normal(size=s), name, axis=i) for s, i in (((4, 96), 1), ((96, 3), 0)))
    else:
        a = oracle.operand(name, (4, 96), 1, rng)
        b = oracle.operand(name, (96, 3), 0, rng)
    check(a, b, out_format, threads=1)


def test_unscaled_integers_give_int32():
    rng = np.random.default_rng(1)
    a = rng.integers(-128, 128, (5, 33)).astype(np.int8)
    b = rng.integers(-128, 128, (33, 4)).astype(np.int8)
    for row in ("auto", "int8", "int16", "float32", "float64"):
        c = matmul(a, b, algorithm=row)
        assert c.dtype == np.int32
        np.testing.assert_array_equal(c, a.astype(int) @ b.astype(int))
    np.testing.assert_array_equal(
        matmul(a, b, out_format="float32"), a.astype(float) @ b.astype(float)
    )


def bits_of(target: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """float8_e5m2 rows x, y with the sum of x y equal to target * 2^-32: one product for each set bit."""
    sign = -1 if target < 0 else 1
    exponents = [i - 32 for i in range(abs(target).bit_length()) if abs(target) >> i & 1]
    halves = [(max(-16, min(15, e // 2)), e - max(-16, min(15, e // 2))) for e in exponents]
    x = np.array([sign * 2.0**p for p, _ in halves])
    y = np.array([2.0**q for _, q in halves])
    order = rng.permutation(len(x))
    return x[order], y[order]


@pytest.mark.parametrize("name", ["float8_e5m2", "bfloat16"])
def test_midpoints_and_their_neighbours(name):
    """Sums at a midpoint of two float32s, one unit of their last bit beside it, above and below, of both parities."""
    rng = np.random.default_rng(7)
    for kept, shift, unit in itertools.product(
        (2**23 + 1, 2**24 - 2, 2**24 - 1), (1, 20, 34), (-1, 0, 1)
    ):
        target = (kept << shift) + (1 << (shift - 1)) + (unit if shift > 1 else 0)
        for sign in (1, -1):
            x, y = bits_of(sign * target, rng)
            a, b = quantize(x[None, :], name, axis=1), quantize(y[:, None], name, axis=0)
            done = check(a, b, threads=1)
            assert {"filtered", "residues", "accumulator"} <= set(done)


def test_large_terms_that_cancel_hide_what_float64_loses():
    """2^30 and -2^30 about a sum of 2^-32's: where they meet, float64 has lost its bits, whatever the order."""
    rng = np.random.default_rng(17)
    for kept, unit in itertools.product((2**23 + 1, 2**24 - 1), (-1, 0, 1)):
        x, y = bits_of((kept << 2) + 2 + unit, rng)
        x, y = (np.concatenate([[2.0**15], v, [2.0**15]]) for v in (x, y))
        y[-1] = -y[-1]
        a, b = (
            quantize(x[None, :], "float8_e5m2", axis=1),
            quantize(y[:, None], "float8_e5m2", axis=0),
        )
        done = check(a, b, threads=1)
        assert {"filtered", "residues", "accumulator"} <= set(done)
        assert "float64" not in done


def test_midpoints_of_scaled_integers():
    """V * scale at a midpoint of two float32s: the fused error decides."""
    for v, low in itertools.product((3, 5, 7, 101), (-1, 0, 1)):
        for scale in range(2**24 - 400, 2**24):
            bits = (v * scale).bit_length() - 24
            rest = v * scale & ((1 << bits) - 1)
            if rest == (1 << (bits - 1)) + low:
                a = Quantized(np.int8([[v, 0]]), np.float32([[scale * 2.0**-20]]), "int8", 1)
                b = Quantized(np.int8([[1], [9]]), np.float32([[2.0**-130]]), "int8", 0)
                check(a, b, threads=1)
                break
        else:
            raise AssertionError(f"no scale found for {v}, {low}")


def test_cancellation_to_zero_and_to_one_unit():
    x = np.array([[57344.0, -57344.0, 2.0**-16, 448.0, -448.0, 0.0]])
    for last in (0.0, 2.0**-16, -(2.0**-16)):
        y = np.array([[57344.0], [57344.0], [last], [3.0], [3.0], [1.0]])
        done = check(
            quantize(x, "float8_e5m2", axis=1), quantize(y, "float8_e5m2", axis=0), threads=1
        )
        assert {"residues", "accumulator"} <= set(done)
    zero = matmul(quantize(-x, "bfloat16", axis=1), quantize(0.0 * x.T, "bfloat16", axis=0))
    assert zero[0, 0] == 0
    assert not np.signbit(zero[0, 0])


def scale_bytes(*exponents: int) -> np.ndarray:
    return np.array([[e + 127 for e in exponents]], np.uint8)


def test_exponents_at_both_ends():
    """Results beyond float32, among its subnormal numbers, and blocks 254 binades apart."""
    rng = np.random.default_rng(2)
    codes = oracle.finite_codes(formats.get("float8_e4m3fn"), (1, 64), rng)
    for left, right in [((127, 127), (0, 1)), ((-127, -127), (-20, -18)), ((-127, 127), (127, -127)),
                        ((-127, 127), (-30, -127)), ((-75, -76), (-70, -71))]:  # fmt: skip
        a = Quantized(codes, scale_bytes(*left), "mxfp8_e4m3", 1)
        b = Quantized(codes.T.copy(), scale_bytes(*right).T.copy(), "mxfp8_e4m3", 0)
        check(a, b, threads=1)


def test_a_block_of_zeros_may_have_any_scale():
    codes = np.zeros((1, 96), np.uint8)
    codes[0, 40] = 0x38
    a = Quantized(codes, scale_bytes(-127, 0, 127), "mxfp8_e4m3", 1)
    done = check(a, a.T, threads=1)
    assert "int8" in done  # one integer is left, 1


@pytest.mark.parametrize("scaling", ["tensor", "token"])
@pytest.mark.parametrize(
    "name", ["float8_e4m3fn", "float8_e5m2", "float4_e2m1fn", "int4", "float16"]
)
def test_scales_of_tensors_and_lines(name, scaling):
    rng = np.random.default_rng(12)
    x = rng.normal(size=(3, 40)) * [[1e-30], [1.0], [1e30]]
    a = quantize(x, name, axis=1, scaling=scaling)
    b = quantize(x.T[:, :2], name, axis=0, scaling=scaling)
    check(a, b, threads=1)
    turned = Quantized(b.codes, -b.scales, b.format, b.axis, shape=b.shape)
    check(a, turned, threads=1)  # scales of a checkpoint may have any sign


def test_plain_codes_may_be_packed_along_either_axis():
    rng = np.random.default_rng(13)
    a = oracle.operand("float4_e2m1fn", (3, 10), 1, rng)
    for axis in (0, 1):
        check(a, oracle.operand("float6_e2m3fn", (10, 8), axis, rng), threads=1)


# ---------------------------------------------------------------- windows


@pytest.mark.parametrize(
    ("engine", "name", "depth"),
    [("int8", "int8", 131071), ("float32", "ocp_int8", 1024), ("float32", "float4_e2m1fn", 116508),
     ("float64", "float8_e4m3fn", 171196)],
)  # fmt: skip
def test_largest_codes_everywhere_at_the_edge_of_a_window(engine, name, depth):
    """The largest magnitude in every place but one, whose lowest bit keeps the line on the format's grid."""
    fmt = formats.get(name)
    largest = Fraction(fmt.min)  # -128 where there is no 128
    lowest = Fraction(2) ** fmt.lsb_exponent
    for k in (depth - 1, depth, depth + 1):
        values = np.full((1, k + 1), float(largest))
        values[0, k // 2] = float(lowest)
        a = quantize(values, name, axis=1)
        if fmt.kind == "integer":  # which casting keeps symmetric
            a = Quantized((values / float(lowest)).astype(np.int8), None, name, 1)
        for sign in (1, -1):
            b = Quantized(a.T.codes, np.float32([[sign]]), name, 0, shape=(k + 1, 1))
            problem = matmul.operation.problem(a, b)
            assert (problem.piece(engine) == k + 1) == (
                k < depth + (engine != "int8") - (name == "ocp_int8")
            )
            c = matmul(a, b, algorithm=engine, out_format="float64")
            assert c[0, 0] == sign * oracle.nearest(k * largest**2 + lowest**2, "float64")


def test_depths_about_a_block():
    rng = np.random.default_rng(11)
    for k in (0, 1, 2, 31, 32, 33, 63):
        a = oracle.operand("float8_e4m3fn", (2, k), 1, rng)
        b = oracle.operand("float4_e2m1fn", (k, 3), 0, rng)
        check(a, b, threads=1)


@pytest.mark.parametrize("shape", [(0, 32, 4), (4, 32, 0), (3, 0, 2)])
def test_empty_products(shape):
    m, k, n = shape
    c = matmul(np.ones((m, k)), np.ones((k, n)), formats="float8_e4m3fn")
    assert c.shape == (m, n)
    assert c.dtype == np.float32
    assert not c.any()


# ---------------------------------------------------------------- specials


def test_nan_and_infinities_as_in_ieee_sums():
    rng = np.random.default_rng(4)
    x, y = rng.normal(size=(6, 32)), rng.normal(size=(32, 5))
    x[0, 3], x[1, 4], x[2, 5], x[2, 6], x[3, 7] = np.nan, np.inf, np.inf, -np.inf, -np.inf
    y[4, 0], y[9, 2], y[7, 3] = 0.0, np.inf, -np.inf
    for name in ("float8_e5m2", "bfloat16", "float16", "tf32"):
        a, b = quantize(x, name, axis=1), quantize(y, name, axis=0)
        with np.errstate(invalid="ignore"):
            want = a.dequantize(np.float64) @ b.dequantize(np.float64)
        for row in ROWS:
            try:
                c = matmul(a, b, algorithm=row)
            except AlgorithmError:
                continue
            finite = np.isfinite(want)
            np.testing.assert_array_equal(c[~finite], want[~finite].astype(np.float32))
            np.testing.assert_allclose(c[finite], want[finite], rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("name", ["mxfp8_e4m3", "mxfp4_e2m1", "nvfp4"])
def test_a_scale_that_is_nan_makes_its_row_nan(name):
    a = oracle.operand(name, (3, 64), 1, np.random.default_rng(0))
    b = oracle.operand(name, (64, 2), 0, np.random.default_rng(1))
    want = oracle.product(a, b)
    a.scales[1, 1] = formats.get(name).scale.nan_code
    c = matmul(a, b)
    assert np.isnan(c[1]).all()
    np.testing.assert_array_equal(c[[0, 2]], want[[0, 2]])


# ---------------------------------------------------------------- layouts, threads, memory


def test_transposed_weights_are_read_as_they_lie():
    rng = np.random.default_rng(6)
    for name in ("mxfp4_e2m1", "mxfp8_e4m3", "nvfp4", "int8", "bfloat16"):
        w = oracle.operand(name, (5, 64), 1, rng)
        a = oracle.operand(name, (3, 64), 1, rng)
        check(a, w.T, threads=1)
        check(w, a.T, threads=1)
        straight = Quantized(*(None if x is None else np.ascontiguousarray(x) for x in (w.T.codes, w.T.scales)),
                             w.format, 0, tensor_scale=w.tensor_scale, shape=(64, 5))  # fmt: skip
        np.testing.assert_array_equal(matmul(a, w.T), matmul(a, straight))


def test_strided_and_read_only_operands():
    rng = np.random.default_rng(8)
    wide = rng.integers(-128, 128, (6, 80)).astype(np.int8)
    wide.flags.writeable = False
    a, b = wide[::2, 1::3], wide[::-1, 5:7].repeat(9, 0)[: wide[::2, 1::3].shape[1]]
    np.testing.assert_array_equal(matmul(a, b), a.astype(int) @ b.astype(int))


@pytest.mark.parametrize("row", ROWS)
def test_threads_do_not_matter(row):
    rng = np.random.default_rng(9)
    formats = ("int8", "ternary") if row == "ternary" else ("mxfp4_e2m1", "mxfp4_e2m1")
    a = oracle.operand(formats[0], (130, 64), 1, rng)
    b = oracle.operand(formats[1], (64, 700), 0, rng)
    one, two = (matmul(a, b, algorithm=row, threads=t) for t in (1, 2))
    np.testing.assert_array_equal(one, two)
    np.testing.assert_array_equal(one, matmul(a, b))


def test_bytes_are_not_copied():
    import tracemalloc

    n = 512
    a = np.random.default_rng(0).integers(-128, 128, (n, n)).astype(np.int8)
    matmul(a, a)
    tracemalloc.start()
    c = matmul(a, a.T)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < c.nbytes + a.nbytes


def test_explain_names_the_row_and_the_reasons():
    rng = np.random.default_rng(0)
    a = oracle.operand("mxfp8_e4m3", (64, 64), 1, rng, spread=254)
    told = explain(matmul, a, a.T)
    assert told.chosen == "filtered"
    assert "holds 127" in repr(told)
    with pytest.raises(AlgorithmError, match="'filtered', 'accumulator' would do"):
        matmul(a, a.T, algorithm="int8")


# ---------------------------------------------------------------- epilogue, shorthand, bad input


def test_the_epilogue_sees_each_row_once():
    rng = np.random.default_rng(0)
    x, w = rng.normal(size=(300, 64)), rng.normal(size=(64, 500))
    a, b = quantize(x, "mxfp8_e4m3", axis=1), quantize(w, "mxfp8_e4m3", axis=0)
    seen = np.zeros(300, int)

    def epilogue(rows, first_row):
        assert rows.dtype == np.float32
        assert rows.flags.c_contiguous
        seen[first_row : first_row + len(rows)] += 1
        np.maximum(
            rows + np.arange(first_row, first_row + len(rows), dtype=np.float32)[:, None],
            0,
            out=rows,
        )

    plain = matmul(a, b)
    want = np.maximum(plain + np.arange(300, dtype=np.float32)[:, None], 0)
    for row in ("auto", "filtered"):
        seen[:] = 0
        np.testing.assert_array_equal(matmul(a, b, epilogue=epilogue, algorithm=row), want)
        assert (seen == 1).all()
    half = matmul(a, b, epilogue=epilogue, out_format="bfloat16")
    np.testing.assert_array_equal(half, want.astype(half.dtype))
    x[7, 3] = np.nan
    seen[:] = 0
    c = matmul(quantize(x, "mxfp8_e4m3", axis=1), b, epilogue=epilogue)
    assert (seen == 1).all()
    assert np.isnan(c[7]).all()
    assert np.isfinite(c[8:]).all()


def test_arrays_with_the_name_of_a_format():
    rng = np.random.default_rng(0)
    x, w = rng.normal(size=(4, 64)), rng.normal(size=(64, 3))
    a, b = quantize(x, "nvfp4", axis=1), quantize(w, "int8", axis=0, scaling="channel")
    np.testing.assert_array_equal(matmul(x, w, formats=("nvfp4", "int8")), matmul(a, b))
    np.testing.assert_array_equal(matmul(a, w, formats=(None, "int8")), matmul(a, b))
    half = x.astype(np.float16)
    quantized = quantize(half, "float16", axis=1), quantize(half.T, "float16", axis=0)
    np.testing.assert_array_equal(matmul(half, half.T), matmul(*quantized))


def test_accumulators_share_the_door():
    a, b = np.float16([[1.0, 2.0]]), np.float16([[3.0], [0.5]])
    c = matmul(a, b, accumulate="float32")
    assert c.dtype == np.float32
    assert c[0, 0] == 4.0
    assert matmul(a, b, accumulate="float32", out_format="bfloat16").dtype.name == "bfloat16"
    with pytest.raises(ValueError, match="algorithms are those of accumulate='exact'"):
        matmul(a, b, accumulate="float32", algorithm="float64")


def test_bad_input_says_what_to_do():
    x = np.ones((32, 64))
    a, b = quantize(x, "mxfp8_e4m3", axis=1), quantize(x.T, "mxfp8_e4m3", axis=0)
    with pytest.raises(
        ValueError, match=r"contracts axis 0 of B.*quantize\(x, 'mxfp8_e4m3', axis=0\)"
    ):
        matmul(
            quantize(np.ones((32, 32)), "int8"), quantize(np.ones((32, 32)), "mxfp8_e4m3", axis=1)
        )
    scaled = quantize(np.ones((8, 32)), "int8", axis=0, scaling="channel")
    with pytest.raises(ValueError, match="along which its scales differ"):
        matmul(scaled, quantize(np.ones((32, 4)), "int8"))
    with pytest.raises(ValueError, match="64 columns of A meet 32 rows of B"):
        matmul(a, a)
    with pytest.raises(TypeError, match="give formats="):
        matmul(x, x.T)
    with pytest.raises(ValueError, match="no format is called"):
        matmul(x, x.T, formats="mxfp5")
    with pytest.raises(ValueError, match="without a scale of their own"):
        matmul(a, b, out_format="mxfp8_e4m3")
    with pytest.raises(ValueError, match="only integers without scales"):
        matmul(a, b, out_format="int32")
    with pytest.raises(ValueError, match="already"):
        matmul(a, b, formats="nvfp4")
    with pytest.raises(AlgorithmError, match="has no algorithm"):
        matmul(a, b, algorithm="magic")
    with pytest.raises(ValueError, match="two axes"):
        matmul(quantize(np.ones((2, 2, 32)), "mxfp8_e4m3"), b)
    with pytest.raises(ValueError, match="two axes"):
        matmul(np.int8(1), np.int8(2))
    with pytest.raises(TypeError, match="a function of"):
        matmul(a, b, epilogue=3)


def test_scales_are_no_operands():
    powers = np.array([[127, 126, 128]], np.uint8).view(ml_dtypes.float8_e8m0fnu)  # 1, 1/2, 2
    with pytest.raises(ValueError, match="holds scales, which no product takes"):
        matmul(powers, powers.T)
    again = quantize(quantize([[1.0, 0.5, 2.0]], "float8_e8m0fnu").dequantize(), "bfloat16", axis=1)
    assert matmul(again, again.T) == [[5.25]]


def test_an_accumulator_has_no_integers_to_give():
    a = np.full((1, 2), 300.25, np.float16)
    with pytest.raises(ValueError, match="its sums are floats"):
        matmul(a, a.T, accumulate="float32", out_format="int32")
    with pytest.raises(ValueError, match="without a scale of their own"):
        matmul(a, a.T, accumulate="float32", out_format="nvfp4")
    assert matmul(a, a.T, accumulate="float16").dtype == np.float16


@pytest.mark.parametrize("algorithm", ["int16", "float32", "float64", "residues"])
def test_a_block_of_zeros_has_any_scale(algorithm):
    # its factor, 2^254, is no float32, and 0 times it has to stay 0
    codes = np.zeros((1, 64), np.uint8)
    codes[0, :32] = 0x38  # 1
    x = Quantized(codes, np.uint8([[0, 254]]), "mxfp8_e4m3")
    y = quantize(np.ones((64, 1)), "int8", axis=0)
    assert matmul(x, y, algorithm=algorithm) == [[2.0**-122]]


def test_two_long_scales_lengthen_a_long_sum():
    # one sum in the accumulator that is as wide as float64's exponents, wherever its uppermost word begins
    scale = np.float32([[(2**24 - 1) * 2.0**-20]])
    y = np.float32([[(2**24 - 1) * 2.0**-90], [2.0**-30]])
    for bits in range(32):
        x = np.float32([[(2**24 - 1) * 2.0 ** (60 + bits), 2.0**-120]])
        a, b = Quantized(x, scale, "float32", 1), Quantized(y, scale, "float32", 0)
        exact = sum(
            Fraction(float(p)) * Fraction(float(q)) for p, q in zip(x[0], y[:, 0], strict=True)
        )
        exact *= Fraction(float(scale[0, 0])) ** 2
        found = matmul(a, b, algorithm="accumulator", out_format="float64")
        assert found[0, 0] == exact.numerator / exact.denominator
