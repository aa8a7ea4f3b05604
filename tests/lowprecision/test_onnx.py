"""Scored on ONNX's own node tests: Cast, CastLike, QuantizeLinear, DequantizeLinear, MatMulInteger, QLinearMatMul.

`fastmul` has symmetric formats, so that a zero point is subtracted here, where a case has one; types that are no format
(16-bit integers) and what is no operation of this library (DynamicQuantizeLinear's own choice of a zero point) are
listed with the reason. Attention and dropout: tests/nn.
"""

from __future__ import annotations

import warnings
from collections import Counter
from functools import cache

import numpy as np
import pytest

import fastmul
from fastmul.lowprecision import Quantized, formats, quantize

onnx = pytest.importorskip("onnx", reason="ONNX's node tests come with the package onnx")

OPERATORS = ("Cast", "CastLike", "QuantizeLinear", "DequantizeLinear", "DynamicQuantizeLinear",
             "MatMulInteger", "QLinearMatMul")  # fmt: skip
NO_FORMAT = "16-bit integers are no low-precision format"
ROUNDED_UP = "rounds up to a power of two: here scales are chosen by a block format's rule"
ZERO_POINTS = "chooses a zero point: fastmul's formats are symmetric"
#: Why a case is not scored, by a part of its name.
NOT_OURS = {
    "quantizelinear_uint16": NO_FORMAT,
    "quantizelinear_int16": NO_FORMAT,
    "blocked_symmetric": NO_FORMAT,
    "to_FLOAT8E8M0": ROUNDED_UP,
    "dynamicquantizelinear": ZERO_POINTS,
}


@cache
def cases():
    """{name: (operator, attributes, inputs, outputs)}, of one node each."""
    from onnx.backend.test.case.node import collect_testcases
    from onnx.helper import get_attribute_value

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = collect_testcases(None)
    chosen = {}
    for case in found:
        nodes = case.model.graph.node
        if len(nodes) == 1 and nodes[0].op_type in OPERATORS:
            inputs, outputs = ([_array(x) for x in xs] for xs in case.data_sets[0])
            attributes = {a.name: get_attribute_value(a) for a in nodes[0].attribute}
            chosen[case.name] = nodes[0].op_type, attributes, inputs, outputs
    return chosen


def _array(x):
    return (
        np.asarray(x) if isinstance(x, np.ndarray | np.generic) else onnx.numpy_helper.to_array(x)
    )


def _name(x):
    return x.dtype.name


def _cast(x, to, attributes):
    """x as the dtype `to`: encoded, decoded, or both, by fastmul."""
    if _name(x) not in ("float32", "float64"):
        x = Quantized(x, None, _name(x)).dequantize()
    if to.name == "float64":
        return x.astype(to)
    target = formats.get(to.name)
    if target.kind == "integer":  # as C does: towards zero
        return quantize(x, target, rounding="toward_zero").to_numpy()
    x = np.where(_is_another_matter(x, target), 0, x)
    saturate = bool(attributes.get("saturate", 1)) and target.bits <= 8
    return quantize(x, target, saturate=saturate or not target.has_nan).to_numpy()


def _is_another_matter(x, target):
    """Where the two differ on purpose: beyond an integer format's range ONNX wraps, and fastmul saturates; of NaN,
    where the format has none, ONNX makes some number, and fastmul raises."""
    if not isinstance(target, formats.Format):
        return False
    if target.kind == "integer":
        x = np.trunc(x)
        return (x > target.max) | (x < target.min)
    return np.isnan(x) & (not target.has_nan)


def _spread(scale, shape, attributes):
    """A scale or zero point for each element."""
    scale, axis = np.asarray(scale), attributes.get("axis", 1)
    if scale.ndim == 1 and scale.size > 1:
        scale = scale.reshape([-1 if i == axis % len(shape) else 1 for i in range(len(shape))])
    elif scale.ndim > 1:
        scale = np.repeat(scale, attributes["block_size"], axis)
    return np.broadcast_to(
        scale.reshape(1) if scale.ndim <= 1 and scale.size == 1 else scale, shape
    )


def _quantize(x, scale, zero, attributes):
    quotient = x.astype(np.float64) / _spread(scale, x.shape, attributes).astype(np.float64)
    if formats.get(_name(zero)).kind == "integer":
        offset = _spread(zero.astype(np.float64), x.shape, attributes)
        # the offset is added after rounding; an even one commutes with it
        rounded = quantize(np.rint(quotient) + offset, _name(zero))
        return rounded.to_numpy()
    return quantize(quotient, _name(zero), saturate=True).to_numpy()


def _dequantize(codes, scale, zero, attributes):
    values = Quantized(codes, None, _name(codes)).dequantize()
    if zero is not None:
        values = values - _spread(zero.astype(np.float32), codes.shape, attributes)
    return (values * _spread(scale, codes.shape, attributes)).astype(scale.dtype)


def _answer(operator, attributes, inputs, outputs):
    if operator == "Cast" or operator == "CastLike":
        return _cast(inputs[0], outputs[0].dtype, attributes)
    if operator == "QuantizeLinear":
        return _quantize(*inputs, attributes)
    if operator == "DequantizeLinear":
        return _dequantize(*inputs, *[None] * (3 - len(inputs)), attributes)
    if operator == "MatMulInteger":
        a, b, a_zero, b_zero = (x.astype(np.int16) for x in inputs)
        return fastmul.matmul(a - a_zero, b - b_zero, dtype=np.int32)
    a, a_scale, a_zero, b, b_scale, b_zero, scale, zero = inputs
    a, b = (x.astype(np.int16) - z.astype(np.int16) for x, z in ((a, a_zero), (b, b_zero)))
    ratio = np.float64(a_scale) * np.float64(b_scale)
    product = fastmul.matmul(a, b, dtype=np.int32)
    return _quantize(product * ratio, scale, zero, {})


@cache
def score():
    """{case: None where right, why it is not scored, or what differs}."""
    told = {}
    for name, (operator, attributes, inputs, outputs) in cases().items():
        told[name] = next((why for part, why in NOT_OURS.items() if part in name), None)
        if told[name]:
            continue
        got, expected = _answer(operator, attributes, inputs, outputs), outputs[0]
        assert got.dtype == expected.dtype, name
        x, y = (v.astype(np.float64) for v in (got, expected))
        same = (x == y) | (np.isnan(x) & np.isnan(y))
        if operator in ("Cast", "CastLike"):
            given = inputs[0].astype(np.float64)
            same &= np.isnan(x) | (np.signbit(x) == np.signbit(y))  # of zeros
            same |= _is_another_matter(given, formats.formats.get(_name(expected)))
        if not same.all():
            told[name] = f"differs: {got[~same][:3]} for {expected[~same][:3]}"
    return told


def test_the_score():
    wrong = {name: said for name, said in score().items() if (said or "").startswith("differs")}
    assert wrong == {}


def test_how_many_are_scored():
    """The figures of docs/lowprecision.md, of onnx 1.23; later versions have more cases."""
    told = score()
    scored = Counter(cases()[name][0] for name, said in told.items() if said is None)
    least = {"Cast": 114, "CastLike": 56, "QuantizeLinear": 10, "DequantizeLinear": 12, "QLinearMatMul": 8,
             "MatMulInteger": 1}  # fmt: skip
    for operator, count in least.items():
        assert scored[operator] >= count, operator
