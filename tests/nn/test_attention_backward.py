"""Attention backward: within its bound of float64, equal to finite differences through a fixed mask of dropout."""

from __future__ import annotations

import numpy as np
import pytest

from fastmul.bounds import attention as bounds
from fastmul.lowprecision import Philox
from fastmul.nn import attention, attention_backward
from tests.guard_pages import guarded
from tests.nn.attention_oracle import attend
from tests.nn.test_attention import SHAPES, heads, masks

NAMES = ("dq", "dk", "dv")


def both(q, k, v, grad=None, **options):
    """out's gradient, and what attention_backward makes of it."""
    threads = options.pop("threads", None)
    out, lse = attention(q, k, v, return_lse=True, **options)
    if grad is None:
        grad = np.random.default_rng(1).standard_normal(out.shape).astype(np.float32)
    return grad, attention_backward(grad, q, k, v, out, lse, threads=threads, **options)


def check(q, k, v, **options):
    grad, made = both(q, k, v, **options)
    truth = attend(q, k, v, **options)
    largest = truth.largest + 2 * (options.get("softcap") or 0)
    factors = bounds.backward_errors(
        q.shape[-1], v.shape[-1], q.shape[-2] * truth.group, k.shape[-2], largest
    )
    scales = truth.scales_of_gradients(grad)
    for name, ours, exact, factor, scale, operand in zip(
        NAMES, made, truth.gradients(grad), factors, scales, (q, k, v), strict=True
    ):
        assert ours.shape == operand.shape, name
        assert ours.dtype == operand.dtype, name
        assert (np.abs(ours - exact) <= factor * scale + 2.0**-120).all(), name


@pytest.mark.parametrize(("lead", "group", "n_q", "n_k", "d", "d_v"), SHAPES)
@pytest.mark.parametrize("causal", [False, True])
def test_shapes(lead, group, n_q, n_k, d, d_v, causal):
    q, k, v = heads(np.random.default_rng(n_q), lead, n_q, n_k, d, d_v, group)
    check(q, k, v, causal=causal)


@pytest.mark.parametrize("name", ["boolean", "added", "a vector of keys", "a column for all keys"])
def test_masks(name):
    rng = np.random.default_rng(3)
    q, k, v = heads(rng, (2,), 70, 150, 8, 20)
    mask = masks(rng, 70, 150)[name]
    check(q, k, v, mask=mask)
    check(q, k, v, mask=mask, causal=True, offset=40)


@pytest.mark.parametrize(
    "options", [{"scale": -0.7}, {"scale": 0.0}, {"softcap": 2.0}, {"softcap": 2.0, "causal": True}]
)
def test_scores(options):
    check(*heads(np.random.default_rng(4), (2,), 70, 100, 16, 16), **options)


@pytest.mark.parametrize("p", [0.1, 0.9])
def test_dropout(p):
    q, k, v = heads(np.random.default_rng(5), (2, 3), 70, 77, 8, 16, 2)
    check(q, k, v, dropout=p, rng=Philox(7, site=3), training=True)
    check(q, k, v, dropout=p, rng=11, training=True, causal=True, offset=5, softcap=3.0)


def test_finite_differences_through_the_mask_of_dropout():
    """The forward pass is linear in v, and smooth in q and k: a wrong mask in the backward pass is off by all."""
    rng = np.random.default_rng(6)
    q, k, v = heads(rng, (1,), 5, 9, 3, 4)
    options = {"dropout": 0.4, "rng": 17, "training": True}
    grad, made = both(q, k, v, **options)
    for index, gradient in enumerate(made):
        operands = [q, k, v]
        direction = rng.standard_normal(gradient.shape).astype(np.float32)
        values = []
        for step in (np.float32(0.01), np.float32(-0.01)):
            moved = list(operands)
            moved[index] = operands[index] + step * direction
            values.append((grad * attention(*moved, **options).astype(np.float64)).sum())
        slope = (values[0] - values[1]) / 0.02
        assert abs(slope - (gradient * direction).sum()) < 1e-3 * np.abs(grad).sum()


def test_rows_and_keys_that_do_not_count_get_no_gradient():
    q, k, v = heads(np.random.default_rng(7), (), 70, 80, 8, 8)
    mask = np.ones((70, 80), bool)
    mask[3], mask[:, 5] = False, False
    _, (dq, dk, dv) = both(q, k, v, mask=mask)
    assert (dq[3] == 0).all()
    assert (dk[5] == 0).all()
    assert (dv[5] == 0).all()
    _, (_, dk, dv) = both(q, k, v, causal=True)
    assert (dk[70:] == 0).all()
    assert (dv[70:] == 0).all()


@pytest.mark.parametrize("level", [1e4, -1e4, 1e30])
def test_large_logits_overflow_nothing(level):
    q, k, v = heads(np.random.default_rng(8), (), 5, 70, 4, 4)
    for y in both(q, k * np.float32(level), v)[1]:
        assert np.isfinite(y).all()


@pytest.mark.parametrize("level", [1e6, 1e9, 1e20])
def test_no_weight_is_above_1_where_references_are_rounded_coarsely(level):
    q = 1 + np.random.default_rng(0).random((640, 1), np.float32)
    k, v = np.full((1, 1), 1.2345 * level, np.float32), np.ones((1, 1), np.float32)
    out, lse = attention(q, k, v, scale=1.0, return_lse=True)
    _, dk, dv = attention_backward(np.ones_like(out), q, k, v, out, lse, scale=1.0)
    assert dk == 0
    assert 320 < dv <= 640


def test_threads_change_nothing():
    q, k, v = heads(np.random.default_rng(9), (2, 2), 130, 200, 16, 24, 2)
    for options in ({}, {"causal": True, "dropout": 0.3, "rng": 5, "training": True}):
        for one, two in zip(both(q, k, v, threads=1, **options)[1],
                            both(q, k, v, threads=2, **options)[1], strict=True):  # fmt: skip
            np.testing.assert_array_equal(one, two)


@pytest.mark.parametrize(("n_q", "n_k"), [(0, 5), (5, 0)])
def test_nothing_to_attend(n_q, n_k):
    q, k, v = heads(np.random.default_rng(0), (2,), n_q, n_k, 4, 3)
    for made, operand in zip(both(q, k, v)[1], (q, k, v), strict=True):
        assert made.shape == operand.shape
        assert (made == 0).all()
    assert all((made == 0).all() for made in both(q[:0], k, v)[1])


def test_values_without_columns_send_nothing_back():
    q, k = np.ones((2, 70, 5), np.float32), np.ones((1, 66, 5), np.float32)
    v = np.ones((1, 66, 0), np.float32)
    out, lse = attention(q, k, v, return_lse=True)
    dq, dk, dv = attention_backward(out, q, k, v, out, lse)
    np.testing.assert_array_equal(dq, np.zeros_like(q))
    np.testing.assert_array_equal(dk, np.zeros_like(k))
    assert out.shape == (2, 70, 0)
    assert dv.shape == v.shape


def test_operands_of_any_strides_that_nobody_writes_to():
    q, k, v = heads(np.random.default_rng(10), (2, 3), 40, 50, 8, 8)
    grad, expected = both(q, k, v)
    out, lse = attention(q, k, v, return_lse=True)
    strided = [np.asfortranarray(x) for x in (grad, q, k, v, out, lse)]
    for x in strided:
        x.flags.writeable = False
    for made, other in zip(attention_backward(*strided), expected, strict=True):
        np.testing.assert_array_equal(made, other)


@pytest.mark.parametrize("before", [False, True])
def test_nothing_outside_the_operands_is_touched(before):
    rng = np.random.default_rng(11)
    for n_q, n_k, d, d_v in ((67, 71, 19, 5), (3, 130, 16, 33)):
        q, k, v = (guarded(x, before=before) for x in heads(rng, (), n_q, n_k, d, d_v))
        out, lse = (guarded(x, before=before) for x in attention(q, k, v, return_lse=True))
        attention_backward(out, q, k, v, out, lse)


def test_narrow_floats_are_rounded_once():
    q, k, v = (x.astype(np.float16) for x in heads(np.random.default_rng(12), (2,), 20, 30, 8, 8))
    out, lse = attention(q, k, v, return_lse=True)
    made = attention_backward(out, q, k, v, out, lse)
    wide = attention_backward(*(x.astype(np.float32) for x in (out, q, k, v, out)), lse)
    for narrow, full in zip(made, wide, strict=True):
        np.testing.assert_array_equal(narrow, full.astype(np.float16))


@pytest.mark.parametrize("causal", [False, True])
def test_pytorch_says_the_same(causal):
    torch = pytest.importorskip("torch", reason="PyTorch is no dependency")
    q, k, v = heads(np.random.default_rng(13), (2, 4), 100, 100, 32, 32)
    leaves = [torch.from_numpy(x.copy()).requires_grad_() for x in (q, k, v)]
    out = torch.nn.functional.scaled_dot_product_attention(*leaves, is_causal=causal)
    grad, made = both(q, k, v, causal=causal)
    out.backward(torch.from_numpy(grad))
    for name, ours, leaf in zip(NAMES, made, leaves, strict=True):
        np.testing.assert_allclose(ours, leaf.grad.numpy(), rtol=1e-3, atol=2e-5, err_msg=name)


def test_what_is_refused():
    q, k, v = heads(np.random.default_rng(14), (2,), 5, 6, 4, 3)
    out, lse = attention(q, k, v, return_lse=True)
    with pytest.raises(ValueError, match=r"out of shape \(2, 4, 3\).*\(2, 5, 3\)"):
        attention_backward(out, q, k, v, out[:, :4], lse)
    with pytest.raises(ValueError, match=r"lse of shape \(5,\).*\(2, 5\)"):
        attention_backward(out, q, k, v, out, lse[0])
    with pytest.raises(ValueError, match=r"grad of shape"):
        attention_backward(out[0], q, k, v, out, lse)
    with pytest.raises(TypeError, match="Generator does not give the bits"):
        attention_backward(
            out, q, k, v, out, lse, dropout=0.5, rng=np.random.default_rng(0), training=True
        )
