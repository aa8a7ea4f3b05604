"""Gradients through a rounding: the formulas against values found in another way."""

from decimal import Decimal, getcontext
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest

from fastmul import nn
from fastmul.lowprecision import formats, quantize
from fastmul.nn.gradient_estimators import Outliers, cell

getcontext().prec = 40

#: All finite values of FP4, written down.
FP4 = [-6, -4, -3, -2, -1.5, -1, -0.5, 0, 0.5, 1, 1.5, 2, 3, 4, 6]

ELEMENTS = ["float4_e2m1fn", "float6_e2m3fn", "float8_e4m3fn", "float8_e5m2", "int8", "int4", "float16"]  # fmt: skip


def slope(x, lo, delta, k=5, limit=3):
    """f'(x) in decimals of 40 digits: (t^2)^((1/k - 1) / 2) / k."""
    t = 2 * (Decimal(x) - Decimal(lo)) / Decimal(delta) - 1
    if t == 0:
        return float(limit)
    power = ((t * t).ln() * (Decimal(1) / k - 1) / 2).exp() / k
    return float(min(power, Decimal(limit)))


def test_the_formula_between_all_neighbours_of_fp4():
    for lo, hi in pairwise(FP4):
        for share in (Fraction(i, 37) for i in range(1, 37)):
            x = float(lo + (hi - lo) * share)
            (found,) = nn.differentiable_gradient([1.0], [x], "float4_e2m1fn")
            assert found == pytest.approx(slope(x, lo, hi - lo), rel=1e-12)


def test_points_whose_slope_is_known():
    # t = 1 -> 1/k; t = 0 -> the limit; t = 2^-5 -> (2^-5)^(-4/5) / 5 = 16/5, cut to 3; t = (15)^(-5/4) -> 3
    points = {0.5: 0.2, 6.0: 0.2, -6.0: 0.2, 0.75: 3.0, -5.0: 3.0, 2.5 + 2**-6: 3.0}
    for x, expected in points.items():
        (found,) = nn.differentiable_gradient([1.0], [x], "float4_e2m1fn")
        assert found == pytest.approx(expected, rel=1e-12)
    (uncut,) = nn.differentiable_gradient([1.0], [2.5 + 2**-6], "float4_e2m1fn", limit=10)
    assert uncut == pytest.approx(16 / 5, rel=1e-12)
    assert (
        nn.differentiable_gradient(np.ones(3), [0.1, 2.2, 5.9], "float4_e2m1fn", k=1) == 1
    ).all()


def test_it_is_the_derivative_of_the_smooth_step():
    def step(x, lo, delta):
        t = 2 * (x - lo) / delta - 1
        return lo + delta / 2 * (1 + np.sign(t) * abs(t) ** (1 / 5))

    h = 1e-6
    for x in (0.1, 0.2, 0.7, 2.2, 4.5, -0.3, -3.9):
        y = np.array(x)
        lo, delta = (float(v) for v in cell(y, formats.get("float4_e2m1fn")))
        expected = (step(x + h, lo, delta) - step(x - h, lo, delta)) / (2 * h)
        (found,) = nn.differentiable_gradient([1.0], [x], "float4_e2m1fn", limit=np.inf)
        assert found == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("name", ELEMENTS)
def test_cells_are_those_between_neighbouring_values(name):
    fmt = formats.get(name)
    rng = np.random.default_rng(1)
    y = rng.uniform(fmt.min, fmt.max, 500) * 2.0 ** rng.integers(-30, 1, 500)
    lo, delta = cell(y, fmt)
    assert (lo <= y).all()
    assert (y <= lo + delta).all()
    for edge in (lo, lo + delta):  # on the grid, and nothing of it between them
        assert np.array_equal(quantize(edge, name).dequantize(np.float64), edge)
    middle = quantize(lo + delta / 2, name).dequantize(np.float64)
    assert ((middle == lo) | (middle == lo + delta)).all()
    lo, delta = cell(np.array([fmt.max, fmt.min]), fmt)
    assert ((lo >= fmt.min) & (lo + delta <= fmt.max)).all()


def test_scales_and_saturation():
    x = np.array([[0.25, 100.0], [-3.0, 12.1]])
    grad = np.array([[2.0, 2.0], [1.0, 1.0]], np.float32)
    scale = np.array([[1.0], [2.0]])
    through = nn.straight_through(grad, x, "mxfp4_e2m1", scale=scale)
    assert through.dtype == np.float32
    assert through.tolist() == [[2, 0], [1, 0]]
    smooth = nn.differentiable_gradient(grad, x, "mxfp4_e2m1", scale=scale)
    assert smooth.dtype == np.float32
    assert smooth.tolist() == [[6, 0], [np.float32(0.2), 0]]
    # two's complement: -8 is a code of int4, 8 is none
    assert nn.straight_through(np.ones(2), [-8.0, 8.0], "int4").tolist() == [1, 0]
    assert nn.differentiable_gradient([1, 1], [-8.0, 8.0], "int4").tolist() == [0.2, 0]


def test_outliers_are_cut_off_and_put_back():
    rng = np.random.default_rng(2)
    x = rng.standard_normal((60, 80)).astype(np.float32)
    x[:, 7] *= 50
    b = rng.standard_normal((80, 20)).astype(np.float32)
    values, outliers = nn.clamp_outliers(x)
    assert values.dtype == np.float32
    assert abs(values).max() < abs(x).max() / 5
    assert 0.015 < outliers.density < 0.025
    dense = np.zeros(x.shape)
    for i in range(60):
        entries = slice(outliers.starts[i], outliers.starts[i + 1])
        dense[i, outliers.columns[entries]] = outliers.values[entries]
    assert np.array_equal(values + dense, x)  # in float64, exactly
    product = values.astype(np.float64) @ b
    assert np.allclose(outliers.add_product(b, product), x.astype(np.float64) @ b, rtol=1e-12, atol=1e-12)  # fmt: skip


def test_compensation_lowers_the_error_of_a_quantised_product():
    rng = np.random.default_rng(3)
    x = rng.standard_normal((32, 64)).astype(np.float32)
    x[3, 5], x[9, 2] = 300, -200
    w = rng.standard_normal((64, 32)).astype(np.float32)

    def error(compensate):
        values, outliers = nn.clamp_outliers(x) if compensate else (x, None)
        product = quantize(values, "int4", scaling="tensor").dequantize() @ w
        if outliers:
            outliers.add_product(w, product)
        return np.linalg.norm(product - x @ w)

    assert error(True) < error(False) / 5


def test_other_arguments_are_refused():
    with pytest.raises(ValueError, match="at least 1"):
        nn.differentiable_gradient([1.0], [1.0], "int8", k=0.5)
    with pytest.raises(ValueError, match="not one shape"):
        nn.straight_through(np.ones(2), np.ones(3), "int8")
    with pytest.raises(ValueError, match="format"):
        nn.straight_through(np.ones(2), np.ones(2), "fp4")
    for wrong in (0.5, 1.1, np.nan):
        with pytest.raises(ValueError, match="must be above"):
            nn.clamp_outliers(np.ones((2, 2)), wrong)
    for x in (np.ones(3), np.full((2, 2), np.nan), np.ones((0, 3))):
        with pytest.raises(ValueError, match="finite"):
            nn.clamp_outliers(x)
    nothing = Outliers(np.zeros(3, int), np.zeros(0, int), np.zeros(0), (2, 3))
    with pytest.raises(ValueError, match="into"):
        nothing.add_product(np.ones((4, 4)), np.ones((2, 4)))
    with pytest.raises(ValueError, match="into"):
        nothing.add_product(np.ones(3), np.ones((2, 4)))


def test_a_quantile_of_one_cuts_nothing():
    x = np.arange(6.0).reshape(2, 3)
    values, outliers = nn.clamp_outliers(x, 1.0)
    assert np.array_equal(values, x)
    assert outliers.values.size == 0
