"""compare("lowprecision"): its products are checked, its tables fit, its picture draws."""

import io
import json

import numpy as np
import pytest

import fastmul
from fastmul import lowprecision
from fastmul.comparison import presentation, text
from fastmul.comparison.low_precision import errors, layers, orders
from fastmul.comparison.low_precision.checks import is_right
from fastmul.comparison.low_precision.layers import Layer
from fastmul.comparison.low_precision.recipes import RECIPES


@pytest.fixture(scope="module")
def found():
    """The whole comparison, of one small layer and a shallow sample."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(layers, "LAYERS", (Layer("small", 48, 64),))
        patch.setattr(layers, "TOKENS", 8)
        patch.setattr(errors, "INPUTS", 128)
        patch.setattr(errors, "DEPTHS", (128, 256))
        patch.setattr(orders, "PERMUTATIONS", 3)
        return fastmul.compare("lowprecision")


def test_every_recipe_is_exact(found):
    ours = [s for s in found.speeds if s.home == "fastmul"]
    assert [s.recipe for s in ours] == [recipe.name for recipe in RECIPES]
    assert all(s.is_right for s in ours)
    assert found.failures == []


def test_a_wrong_product_is_reported(found):
    x, w = layers.activations(4, 64), layers.weights(6, 64)
    for recipe in RECIPES:
        qx, qw = recipe.encode(x, w)
        c = lowprecision.matmul(qx, qw.T)
        assert is_right(qx, qw, c), recipe.name
        c[0, 0] = np.nextafter(c[0, 0], np.float32(np.inf))
        assert not is_right(qx, qw, c), recipe.name


def test_bits_per_weight_count_scales(found):
    bits = {s.recipe: s.bits_per_weight for s in found.speeds}
    assert bits["float32 (sgemm)"] == 32
    assert bits["MXFP4"] == 4.25
    assert bits["NVFP4"] == pytest.approx(4.5, abs=0.02)  # a float32 for the tensor
    assert bits["ternary x INT8"] == pytest.approx(2, abs=0.02)


def test_causes_are_told_apart(found):
    by_name = {(e.recipe, e.outliers): e for e in found.errors}
    assert by_name["INT8, tensor", True].encoding > 2 * by_name["INT8, tensor", False].encoding
    assert by_name["MXFP4", False].encoding > by_name["MXFP8 E4M3", False].encoding > 0
    wide = {(w.accumulator, w.k): w.error for w in found.widths}
    assert wide["hopper_fp8", 256] > wide["float32", 256]
    for spread in found.spreads:
        assert spread.exact_differ == 0 < spread.differ


def test_report_picture_and_page(found):
    report = repr(found)
    assert max(map(len, report.splitlines())) <= text.WIDTH
    for recipe in RECIPES:
        assert recipe.name in report
    drawn = io.BytesIO()
    presentation.save(found, drawn, "svg")
    assert b"</svg>" in drawn.getvalue()
    page = presentation.page(found)
    assert "</svg>" in page
    assert "MXFP4" in page
    json.dumps(found.as_dict(), allow_nan=False)


@pytest.mark.parametrize("keywords", [{"sizes": [64]}, {"threads": (1, 2)}, {"dtypes": ["int8"]}])
def test_what_it_does_not_take(keywords):
    with pytest.raises(ValueError, match="takes one number of threads"):
        fastmul.compare("lowprecision", **keywords)


def test_unknown_layers():
    with pytest.raises(ValueError, match="knows the layers attention"):
        layers.named(["embedding"])
