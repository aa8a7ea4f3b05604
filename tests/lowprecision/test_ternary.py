"""Ternary weights times int8: every edge of blocks, tiles and rows, extremes, and the window of int32."""

from fractions import Fraction

import numpy as np
import pytest

from fastmul import AlgorithmError, lowprecision
from fastmul.kernels.cpu.lowprecision import ternary as kernels
from fastmul.kernels.cpu.lowprecision.ternary_dots import BLOCK_ACTIVATIONS, ROWS
from fastmul.lowprecision import Quantized, ternary
from fastmul.lowprecision.multiplication.table import choose
from fastmul.planning.pick import pick
from fastmul.runtime.target import target
from tests.adversaries import straddle
from tests.guard_pages import guarded
from tests.runtime.processes import run_python

HASWELL = {"NUMBA_CPU_NAME": "haswell", "NUMBA_CPU_FEATURES": "+avx2,+fma,+bmi,+bmi2"}
PLAIN = {"NUMBA_CPU_NAME": "x86-64", "NUMBA_CPU_FEATURES": "+sse2"}


def packed(weights, filling=0):
    """The codes of (n, k) weights, four to a byte, the lowest bits first; `filling` beyond the last."""
    n, k = weights.shape
    codes = np.full((n, -(-k // 4) * 4), filling, np.uint8)
    codes[:, :k] = weights + 1
    return codes[:, 0::4] | codes[:, 1::4] << 2 | codes[:, 2::4] << 4 | codes[:, 3::4] << 6


def product(x, codes, threads=1):
    out = np.full((len(x), len(codes)), 99, np.int32)
    kernels.multiply(x, codes, out, threads)
    return out


def check(x, weights, threads=1, **options):
    got = product(x, packed(weights, **options), threads)
    np.testing.assert_array_equal(got, x.astype(np.int64) @ weights.T.astype(np.int64))


def operands(tokens, k, n, seed=0):
    rng = np.random.default_rng(seed)
    return (
        rng.integers(-128, 128, (tokens, k), np.int8),
        rng.integers(-1, 2, (n, k), np.int8),
    )


def check_edges():
    for k in [1, 2, 3, 4, 5, *straddle(BLOCK_ACTIVATIONS, 2 * BLOCK_ACTIVATIONS), 1000]:
        check(*operands(3, k, 2 * ROWS + 1, k), filling=3)
    for n in straddle(1, ROWS, 2 * ROWS):
        check(*operands(2, 300, n))
    for tokens in range(10):
        check(*operands(tokens, 300, ROWS + 1))
    empty = product(np.empty((2, 0), np.int8), np.empty((3, 0), np.uint8))
    assert empty.tolist() == [[0, 0, 0], [0, 0, 0]]


def check_extremes():
    for activation in (-128, -127, 127):
        for weight in (-1, 0, 1):
            x, w = np.full((5, 700), activation, np.int8), np.full((5, 700), weight, np.int8)
            check(x, w)
    signs = np.where(np.arange(700) % 2, 1, -1).astype(np.int8)
    check(np.tile(np.where(signs > 0, 127, -128).astype(np.int8), (5, 1)), np.tile(signs, (5, 1)))


def test_every_edge():
    check_edges()


def test_extreme_operands():
    check_extremes()


@pytest.mark.skipif(not target().vnni, reason="run where there is another twin")
@pytest.mark.parametrize("other", [HASWELL, PLAIN], ids=["AVX2", "SSE2"])
def test_the_twins_without_vnni(other):
    run_python(
        "from tests.lowprecision.test_ternary import *; check_edges(); check_extremes()\n"
        "assert 'zmm' not in str(kernels._multiply_rows.inspect_asm())",
        **other,
    )


def test_tokens_in_several_passes_and_rows_in_chunks(monkeypatch):
    monkeypatch.setattr(kernels, "ACTIVATION_BYTES", 2 * 4 * 512)
    monkeypatch.setattr(kernels, "CHUNK_WORK", 1 << 12)
    for threads in (1, 2):
        check(*operands(19, 500, 33), threads=threads)


def test_operands_of_any_strides_that_nobody_may_write_to():
    x, weights = operands(6, 600, 10)
    codes = packed(weights)
    expected = x.astype(np.int64) @ weights.T.astype(np.int64)
    wide = np.zeros((12, 1200), np.int8)
    wide[::2, ::2] = x
    for array in (x, codes, wide):
        array.flags.writeable = False
    for given in (x, wide[::2, ::2], np.asfortranarray(x), x[:, ::-1][:, ::-1]):
        for stored in (codes, np.asfortranarray(codes)):
            assert (product(given, stored) == expected).all()


@pytest.mark.parametrize("k", [256, 300, 1029])
def test_nothing_is_read_outside(k):
    x, weights = operands(5, k, 7)
    expected = x.astype(np.int64) @ weights.T.astype(np.int64)
    for before in (False, True):
        given, codes = guarded(x, before=before), guarded(packed(weights), before=before)
        assert (product(given, codes) == expected).all()


# ---------------------------------------------------------------- operands with formats


def quantised(x, weights, scale=1.0, scales=None):
    """int8 activations (t, k) and the transpose of ternary weights (n, k), as `lowprecision.matmul` takes them."""
    stored = Quantized(packed(weights), scale, "bitnet_b158", 1, shape=weights.shape)
    return Quantized(x, scales, "int8", 1), stored.T


def problem(a, b):
    return lowprecision.matmul.operation.problem(a, b)


def test_the_product_is_the_integers_and_the_scales_rounded_once():
    x, weights = operands(3, 301, 6)
    scale, scales = np.float32(0.3), np.float32([[0.1], [7.7], [1e-3]])
    a, b = quantised(x, weights, scale, scales)
    integers = x.astype(np.int64) @ weights.T.astype(np.int64)
    expected = [
        [float(Fraction(int(v)) * Fraction(float(s[0])) * Fraction(float(scale))) for v in row]
        for row, s in zip(integers, scales, strict=True)
    ]  # rounded to float64, then to float32: no midpoint of those is hit here
    got = ternary.matmul(a, b)
    assert got.dtype == np.float32
    np.testing.assert_array_equal(got, np.float32(expected))
    np.testing.assert_array_equal(ternary.matmul(b.T, a.T), np.float32(expected).T)
    assert lowprecision.matmul(a, b, algorithm="int8").tobytes() == got.tobytes()


def test_quantised_arrays_are_multiplied_so_by_default():
    rng = np.random.default_rng(3)
    x = lowprecision.quantize(rng.standard_normal((2, 512)), "int8", scaling="token")
    w = lowprecision.quantize(rng.standard_normal((40, 512)), "bitnet_b158")
    assert choose(problem(x, w.T)).name == "ternary"
    assert pick(lowprecision.matmul.operation, problem(x, w.T)).name == "ternary"
    got = lowprecision.matmul(x, w.T)
    assert got.tobytes() == lowprecision.matmul(x, w.T, algorithm="int8").tobytes()
    exact = x.dequantize(np.float64) @ w.dequantize(np.float64).T
    np.testing.assert_allclose(got, exact, rtol=1e-6, atol=1e-6)


def test_a_few_tokens_take_a_shorter_way_to_the_same_result():
    x, weights = operands(3, 301, 70)
    scales = np.float32([[0.1], [7.7], [1e-3]])
    a, b = quantised(x, weights, np.float32(0.3), scales)
    short = ternary.few_tokens(a, b)
    assert short.dtype == np.float32
    assert lowprecision.matmul(a, b).tobytes() == short.tobytes()
    assert lowprecision.matmul(a, b, algorithm="int8").tobytes() == short.tobytes()
    one = Quantized(x, np.float32([[0.5]]), "int8", 1)
    expected = lowprecision.matmul(one, b, algorithm="int8")
    assert ternary.few_tokens(one, b).tobytes() == expected.tobytes()


def test_what_takes_no_shorter_way(monkeypatch):
    a, b = quantised(*operands(3, 8, 8), scales=np.float32([[1.0]]))
    assert ternary.few_tokens(a, b) is not None
    along_k = Quantized(a.codes, np.ones((1, 8), np.float32), "int8", 1)
    unscaled = Quantized(a.codes, None, "int8", 1)
    packed_along_n = Quantized(packed(np.ones((8, 8), np.int8)), 1.0, "bitnet_b158", 1)
    longer = Quantized(np.ones((3, 9), np.int8), np.float32([[1.0]]), "int8", 1)
    for x, y in (
        (along_k, b),
        (unscaled, b),
        (a, packed_along_n),
        (longer, b),
        (b.T, a.T),
        (a.codes, b),
    ):
        assert ternary.few_tokens(x, y) is None
    monkeypatch.setattr(ternary, "FEW_ENTRIES", 1)
    assert ternary.few_tokens(a, b) is None


def test_the_window_of_int32_at_its_edge():
    # all weights -1, all activations -128: the sum is 128 k, the largest there is
    for k, fits in ((ternary.DEEPEST, True), (ternary.DEEPEST + 1, False)):
        x = np.broadcast_to(np.int8(-128), (1, k))
        codes = np.zeros((1, -(-k // 4)), np.uint8)
        a = Quantized(x, None, "int8", 1)
        b = Quantized(codes, 1.0, "bitnet_b158", 1, shape=(1, k)).T
        assert (ternary.refuses(problem(a, b)) is None) == fits
        out = ternary.integer_product(a, b, np.empty((1, 1), np.int32))
        assert (int(out[0, 0]) == 128 * k) == fits
    with pytest.raises(AlgorithmError, match="may leave int32"):
        ternary.matmul(a, b)


def test_other_formats_and_layouts_are_refused():
    x, weights = operands(2, 8, 8)
    a, _ = quantised(x, weights)
    assert "not int8 by int8" in ternary.refuses(problem(a, Quantized(weights, None, "int8", 0)))
    square = quantised(x[:, :2], weights[:2, :2])[1]
    assert "not ternary by ternary" in ternary.refuses(problem(square, square))
    other = Quantized(packed(weights), 1.0, "bitnet_b158", 1)
    with pytest.raises(AlgorithmError, match="packed along axis 1, not along axis 0"):
        ternary.matmul(a, other)
    np.testing.assert_array_equal(
        lowprecision.matmul(a, other), x.astype(np.int64) @ weights.astype(np.int64)
    )
