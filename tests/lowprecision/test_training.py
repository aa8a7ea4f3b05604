"""The backward pass of a quantised product, against products of dequantised operands in float64."""

import numpy as np
import pytest

from fastmul.lowprecision import Philox, matmul_backward, quantize
from fastmul.lowprecision.training import along

M, K, N = 64, 96, 32


def operands(seed, m=M, k=K, n=N):
    rng = np.random.default_rng(seed)
    return (rng.standard_normal(s).astype(np.float32) for s in ((m, n), (m, k), (k, n)))


def rounded(x, axis, name, **how):
    """The values of x quantised along an axis, by quantize alone."""
    scaling = "channel" if name.startswith("int") else None
    return quantize(x, name, axis=axis, scaling=scaling, **how).dequantize(np.float64)


@pytest.mark.parametrize("name", ["mxfp8_e5m2", "mxfp4_e2m1", "nvfp4", "int8", "float8_e4m3fn"])
def test_each_operand_is_quantised_along_the_axis_that_is_contracted(name):
    grad, a, b = operands(1)
    by_a, by_b = matmul_backward(grad, a, b, formats=name)
    assert by_a.dtype == by_b.dtype == np.float32
    expected_a = rounded(grad, 1, name) @ rounded(b, 1, name).T
    expected_b = rounded(a, 0, name).T @ rounded(grad, 0, name)
    # float64 sums of K <= 96 products are within 96 u of exact, and then rounded once to float32
    assert np.allclose(by_a, expected_a, rtol=2**-23, atol=1e-12)
    assert np.allclose(by_b, expected_b, rtol=2**-23, atol=1e-12)


def test_the_axis_matters():
    # an outlier takes the precision of its block: in the forward pass of half a column of B, in the backward pass of
    # its row, so that the other columns of dA do not suffer
    grad, a, b = operands(2)
    b[5, 7] = 1e6
    by_a, _ = matmul_backward(grad, a, b, formats="mxfp8_e4m3")
    reused = grad @ quantize(b, "mxfp8_e4m3", axis=0).dequantize().T
    others = [l for l in range(32) if l != 5]
    errors = [np.linalg.norm((x - grad @ b.T)[:, others]) for x in (by_a, reused)]
    assert errors[0] < errors[1] / 3


def test_formats_of_each_operand():
    grad, a, b = operands(3)
    by_a, by_b = matmul_backward(grad, a, b, formats=("mxfp8_e5m2", "mxfp4_e2m1", "mxfp8_e4m3"))
    expected_a = rounded(grad, 1, "mxfp8_e5m2") @ rounded(b, 1, "mxfp8_e4m3").T
    expected_b = rounded(a, 0, "mxfp4_e2m1").T @ rounded(grad, 0, "mxfp8_e5m2")
    assert np.allclose(by_a, expected_a, rtol=2**-23, atol=1e-12)
    assert np.allclose(by_b, expected_b, rtol=2**-23, atol=1e-12)


def test_axes_that_are_no_multiple_of_the_block_are_filled_up():
    grad, a, b = operands(4, m=5, k=7, n=3)
    by_a, by_b = matmul_backward(grad, a, b, formats="mxfp8_e4m3")
    assert by_a.shape == (5, 7)
    assert by_b.shape == (7, 3)
    wide = [np.pad(x, ((0, 0), (0, 29))) for x in (grad, b)]
    expected, _ = matmul_backward(wide[0], a, wide[1], formats="mxfp8_e4m3")
    assert np.array_equal(by_a, expected)


def test_quantised_operands_are_dequantised_first():
    grad, a, b = operands(5)
    qa, qb = quantize(a, "mxfp8_e4m3", axis=1), quantize(b, "mxfp8_e4m3", axis=0)
    found = matmul_backward(grad, qa, qb, formats="mxfp8_e4m3")
    expected = matmul_backward(grad, qa.dequantize(), qb.dequantize(), formats="mxfp8_e4m3")
    assert all(np.array_equal(x, y) for x, y in zip(found, expected, strict=True))


def test_stochastic_rounding_of_the_gradient_makes_both_unbiased():
    grad, a, b = operands(6, m=32, k=8, n=32)
    # scaled by "rceil", nothing saturates; by "floor", what is above 6 units would, and bias its mean
    how = {"formats": "mxfp4_e2m1", "scaling": "rceil", "grad_rounding": "stochastic"}
    rounds = 200
    found = [matmul_backward(grad, a, b, rng=Philox(1, site=i), **how) for i in range(rounds)]
    exact_a = grad @ along(b, 1, "mxfp4_e2m1", "rceil").dequantize(np.float64).T
    exact_b = along(a, 0, "mxfp4_e2m1", "rceil").dequantize(np.float64).T @ grad
    for which, exact in enumerate((exact_a, exact_b)):
        samples = np.array([pair[which] for pair in found], np.float64)
        deviation = samples.std(axis=0, ddof=1) / np.sqrt(rounds)
        z = (samples.mean(axis=0) - exact) / deviation
        assert np.abs(z).max() < 5.5  # of 256 entries and 200 rounds
        nearest = matmul_backward(grad, a, b, formats="mxfp4_e2m1", scaling="rceil")[which]
        assert np.linalg.norm(samples.mean(axis=0) - exact) < np.linalg.norm(nearest - exact) / 4
    again = matmul_backward(grad, a, b, rng=Philox(1, site=3), **how)
    assert all(np.array_equal(x, y) for x, y in zip(again, found[3], strict=True))


def test_a_generator_gives_both_products_the_same_bits():
    grad, a, b = operands(7)
    generator = np.random.default_rng(8)
    how = {"formats": "mxfp8_e5m2", "grad_rounding": "stochastic"}
    found = matmul_backward(grad, a, b, rng=generator, **how)
    expected = matmul_backward(grad, a, b, rng=Philox.of(np.random.default_rng(8)), **how)
    assert all(np.array_equal(x, y) for x, y in zip(found, expected, strict=True))


def test_other_arguments_are_refused():
    grad, a, b = operands(9)
    with pytest.raises(ValueError, match=r"must be \(m, n\), \(m, k\) and \(k, n\)"):
        matmul_backward(grad.T, a, b, formats="int8")
    with pytest.raises(ValueError, match="one for each of grad, a and b"):
        matmul_backward(grad, a, b, formats=("int8", "int8"))
    with pytest.raises(TypeError, match="int seed"):
        matmul_backward(grad, a, b, formats="mxfp4_e2m1", grad_rounding="stochastic")
    assert along(a, 1, "int8").scales.shape == (M, 1)
