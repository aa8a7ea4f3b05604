"""Scored on ONNX's node tests of Dropout: what they ask without random bits, and of those with them, the scale."""

import warnings

import numpy as np
import pytest

from fastmul import nn

onnx = pytest.importorskip("onnx", reason="ONNX's node tests come with the package onnx")


def cases():
    from onnx.backend.test.case.node import collect_testcases

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = [c for c in collect_testcases(None) if "dropout" in c.name]
    return [c for c in found if c.model.graph.node[0].op_type == "Dropout"]


def test_every_case():
    """ONNX draws by NumPy's generator: there the kept elements are compared, its mask given."""
    identities = drawn = 0
    for case in cases():
        inputs, outputs = case.data_sets[0]
        x, y = inputs[0], outputs[0]
        p = float(inputs[1]) if len(inputs) > 1 else 0.5
        training = len(inputs) > 2 and bool(inputs[2])
        ours = nn.dropout(x, p, rng=1, training=training)
        if not training or p == 0:
            assert np.array_equal(ours, y), case.name
            assert len(outputs) == 1 or outputs[1].all()
            identities += 1
        else:
            kept = (ours != 0) & (y != 0)
            np.testing.assert_array_max_ulp(ours[kept], y[kept], 2)
            drawn += 1
    assert (identities, drawn) >= (8, 4)
