"""Attention forward: within its proved bound of float64, whatever the masks, shapes, threads and neighbours."""

from __future__ import annotations

import tracemalloc

import ml_dtypes
import numpy as np
import pytest

from fastmul.bounds import attention as bounds
from fastmul.kernels import softmax_weights
from fastmul.kernels.reference.elementary import Floats
from fastmul.lowprecision import Philox
from fastmul.nn import attention, dropout_mask
from fastmul.runtime.scratch import clear_cache
from tests.guard_pages import guarded
from tests.nn.attention_oracle import attend
from tests.runtime.processes import run_python

HASWELL = {"NUMBA_CPU_NAME": "haswell", "NUMBA_CPU_FEATURES": "+avx2,+fma,+bmi,+bmi2"}


def heads(rng, lead, n_q, n_k, d, d_v, group=1, size=1.0):
    """Random q, k, v; lead ends with the heads of k."""
    q_lead = (*lead[:-1], lead[-1] * group) if lead else ()
    return (
        (size * rng.standard_normal((*q_lead, n_q, d))).astype(np.float32),
        (size * rng.standard_normal((*lead, n_k, d))).astype(np.float32),
        rng.standard_normal((*lead, n_k, d_v)).astype(np.float32),
    )


def check(q, k, v, **options):
    """Every element within its bound, and the log-sum-exp too."""
    out, lse = attention(q, k, v, return_lse=True, **options)
    truth = attend(q, k, v, **options)
    assert out.shape == truth.out.shape
    assert lse.shape == truth.lse.shape
    assert out.dtype == q.dtype
    assert lse.dtype == np.float32
    d, n_k = q.shape[-1], k.shape[-2]
    # a cap adds the error of tanh, an ulp or two of the cap, to the exponent: as much as a larger X
    largest = truth.largest + (options.get("softcap") or 0)
    factor = bounds.forward_error(d, n_k, largest)
    limit = factor * (truth.dropped @ np.abs(truth.v))
    limit += bounds.UNDERFLOW * (truth.keep @ np.abs(truth.v))
    assert (np.abs(out - truth.out) <= limit).all()
    absent = truth.lse == -np.inf
    assert (lse[absent] == -np.inf).all()
    slack = factor + 4 * bounds.U * (largest + 1 + np.log(max(1, n_k)))
    assert (np.abs(lse[~absent] - truth.lse[~absent]) <= slack).all()
    return out, truth


# ---------------------------------------------------------------- shapes

SHAPES = [
    # leading axes, group, n_q, n_k, d, d_v: around blocks of 64, vectors of 16 and tiles of 4 and 6
    ((), 1, 1, 1, 1, 1),
    ((), 1, 63, 65, 15, 17),
    ((1,), 1, 64, 64, 16, 16),
    ((2,), 1, 65, 129, 33, 7),
    ((2, 3), 2, 17, 70, 8, 10),
    ((1, 1), 4, 5, 6, 64, 128),
    ((2, 1, 2), 3, 3, 200, 80, 5),
]


@pytest.mark.parametrize(("lead", "group", "n_q", "n_k", "d", "d_v"), SHAPES)
@pytest.mark.parametrize("causal", [False, True])
def test_shapes(lead, group, n_q, n_k, d, d_v, causal):
    q, k, v = heads(np.random.default_rng(n_q), lead, n_q, n_k, d, d_v, group)
    check(q, k, v, causal=causal)


@pytest.mark.parametrize("offset", [-70, -3, 0, 1, 60, 64, 1000])
def test_causal_with_a_cache_before_the_queries(offset):
    q, k, v = heads(np.random.default_rng(offset + 100), (2,), 80, 150, 16, 16)
    out, _ = check(q, k, v, causal=True, offset=offset)
    assert (out[:, : max(0, -offset)] == 0).all()


@pytest.mark.parametrize(("n_q", "n_k"), [(0, 5), (5, 0), (0, 0)])
def test_nothing_to_attend(n_q, n_k):
    q, k, v = heads(np.random.default_rng(0), (2,), n_q, n_k, 4, 3)
    out, lse = attention(q, k, v, return_lse=True)
    assert out.shape == (2, n_q, 3)
    assert (out == 0).all()
    assert (lse == -np.inf).all()


def test_no_heads_at_all():
    assert attention(*heads(np.random.default_rng(0), (0,), 2, 2, 4, 4)).shape == (0, 2, 4)


# ---------------------------------------------------------------- masks


@pytest.mark.parametrize("offset", [1 << 62, (1 << 63) - 1, 1 << 70])
def test_offsets_beyond_every_key(offset):
    x = np.eye(3, dtype=np.float32)
    np.testing.assert_array_equal(
        attention(x, x, x, causal=True, offset=offset), attention(x, x, x)
    )
    np.testing.assert_array_equal(attention(x, x, x, causal=True, offset=-offset), 0 * x)


def masks(rng, n_q, n_k):
    random = rng.random((2, n_q, n_k)) < 0.6
    random[0, : n_q // 3] = False  # rows without a key
    random[1, :, : n_k // 2] = False  # blocks without one
    added = (3 * rng.standard_normal((2, n_q, n_k))).astype(np.float32)
    added[~random] = -np.inf
    return {
        "boolean": random,
        "added": added,
        "one for all heads": random[1],
        "a row for all queries": random[1, -1:],
        "a vector of keys": added[1, -1],
        "a column for all keys": random[:, :, -1:],
        "an added column": added[1, :, -1:],
        "float64, transposed": np.asfortranarray(added[1].astype(np.float64)),
        "float16": added.astype(np.float16),
        "a scalar": np.float32(-2.5),
    }


@pytest.mark.parametrize("name", list(masks(np.random.default_rng(0), 6, 6)))
def test_masks(name):
    rng = np.random.default_rng(3)
    q, k, v = heads(rng, (2,), 70, 150, 8, 20)
    mask = masks(rng, 70, 150)[name]
    check(q, k, v, mask=mask)
    check(q, k, v, mask=mask, causal=True, offset=40)


def test_rows_without_keys_are_zeros_and_their_masked_scores_do_not_matter():
    q, k, v = heads(np.random.default_rng(5), (), 3, 70, 8, 4)
    mask = np.ones((3, 70), bool)
    mask[1] = False
    k[0] = np.inf  # scores of +-inf or NaN, forbidden to all
    mask[:, 0] = False
    for form in (mask, np.where(mask, np.float32(0), np.float32(-np.inf))):
        out, lse = attention(q, k, v, mask=form, return_lse=True)
        assert (out[1] == 0).all()
        assert lse[1] == -np.inf
        assert np.isfinite(out).all()
        np.testing.assert_allclose(
            lse, attention(q, k[1:], v[1:], mask=form[:, 1:], return_lse=True)[1], rtol=1e-6
        )


def test_true_everywhere_is_no_mask_bit_for_bit():
    q, k, v = heads(np.random.default_rng(6), (2,), 70, 90, 16, 16)
    for nothing in (np.ones((70, 90), bool), np.zeros((70, 90), np.float32)):
        np.testing.assert_array_equal(attention(q, k, v, mask=nothing), attention(q, k, v))


# ---------------------------------------------------------------- scores


@pytest.mark.parametrize("scale", [0.0, -0.7, 3.0, 1e-3])
def test_scales(scale):
    check(*heads(np.random.default_rng(7), (2,), 20, 100, 16, 16), scale=scale)


@pytest.mark.parametrize("softcap", [0.5, 2.0, 50.0])
def test_softcap(softcap):
    rng = np.random.default_rng(8)
    q, k, v = heads(rng, (2,), 20, 100, 16, 16, size=2.0)
    check(q, k, v, softcap=softcap)
    check(q, k, v, softcap=softcap, mask=masks(rng, 20, 100)["added"], causal=True)


@pytest.mark.parametrize("size", [1e4, -1e4, 1e30])
def test_large_logits(size):
    """The maximum is taken away first: the largest alone counts."""
    q, k = (
        np.ones((3, 1), np.float32),
        np.linspace(0, 1, 200, dtype=np.float32)[:, None] * np.float32(size),
    )
    v = np.arange(400, dtype=np.float32).reshape(200, 2)
    winner = int(np.argmax(k))
    out, lse = attention(q, k, v, scale=1.0, return_lse=True)
    np.testing.assert_allclose(out, np.broadcast_to(v[winner], (3, 2)), rtol=1e-6, atol=1e-15)
    np.testing.assert_allclose(lse, k[winner, 0], rtol=1e-6)


def test_a_maximum_that_rises_and_falls():
    rng = np.random.default_rng(9)
    q, k, v = heads(rng, (), 70, 64 * 6 + 5, 4, 4)
    for level in (np.arange(6), -np.arange(6), [0, 5, -200, 90, -300, 91]):
        added = np.repeat(np.append(level, 3), 64)[: k.shape[0]].astype(np.float32) * 7
        check(q, k, v, mask=added)


@pytest.mark.parametrize(
    "bad", [np.nan, np.float32(np.uint32(0x7FC00155).view(np.float32)), np.inf]
)
def test_nan_and_infinity_stay_in_their_rows(bad):
    q, k, v = heads(np.random.default_rng(10), (), 70, 130, 8, 4)
    clean = attention(q, k, v)
    q[3, 2] = bad
    out, lse = attention(q, k, v, return_lse=True)
    assert np.isnan(out[3]).all()
    assert np.isnan(lse[3])
    others = np.arange(70) != 3
    np.testing.assert_array_equal(out[others], clean[others])


def test_a_score_of_minus_infinity_counts_nothing():
    q, k, v = heads(np.random.default_rng(11), (), 1, 70, 2, 4)
    q[:], k[7] = 1, -np.inf
    np.testing.assert_allclose(
        attention(q, k, v), attend(q, np.delete(k, 7, 0), np.delete(v, 7, 0)).out, rtol=1e-5
    )


def test_weights_are_within_their_stated_error():
    """On every 4001st float32 of [-1/2, 1/2]; 2^n only scales."""
    words = np.arange(0, np.float32(0.5).view(np.uint32) + 1, 4001, dtype=np.uint32)
    for x in (words.view(np.float32), -words.view(np.float32), words.view(np.float32) - 3):
        made = softmax_weights.weight(Floats(x)).value.astype(np.float64)
        assert (np.abs(made / np.exp2(x.astype(np.float64)) - 1) <= bounds.WEIGHT_ERROR).all()
    far = np.array([-np.inf, -1e30, -127.5, -127, -126.5, -126, np.nan, 0], np.float32)
    made = softmax_weights.weight(Floats(far)).value
    assert (made[:4] == 0).all()
    assert (made[4:6] <= 2.0**-126).all()
    assert np.isnan(made[6])
    assert made[7] == 1


# ---------------------------------------------------------------- what the result depends on


def test_threads_and_neighbours_change_nothing():
    q, k, v = heads(np.random.default_rng(12), (2,), 200, 300, 16, 24, 2)
    for options in ({}, {"causal": True}, {"dropout": 0.3, "rng": 5, "training": True}):
        whole, lse = attention(q, k, v, threads=1, return_lse=True, **options)
        again, lse_again = attention(q, k, v, threads=2, return_lse=True, **options)
        np.testing.assert_array_equal(whole, again)
        np.testing.assert_array_equal(lse, lse_again)
        np.testing.assert_array_equal(
            attention(q[..., :77, :], k, v, **options), whole[..., :77, :]
        )
    last = attention(q[..., 77:, :], k, v, causal=True, offset=77)
    np.testing.assert_array_equal(last, attention(q, k, v, causal=True)[..., 77:, :])


def test_later_keys_change_nothing_where_causal():
    q, k, v = heads(np.random.default_rng(13), (), 100, 100, 16, 16)
    np.testing.assert_array_equal(
        attention(q, k, v, causal=True)[:50], attention(q[:50], k[:50], v[:50], causal=True)
    )


#: A digest of results that every target, compiler and machine makes.
DIGEST = """
import hashlib
import numpy as np
from fastmul.lowprecision import Philox
from fastmul.nn import attention
digest = hashlib.sha256()
for n_q, n_k, d, d_v in ((70, 150, 20, 24), (64, 64, 64, 64)):
    shapes = ((2, n_q, d), (1, n_k, d), (1, n_k, d_v), (n_q, n_k))
    q, k, v, mask = (Philox(i).words(s).astype(np.int32).astype(np.float32) * np.float32(2**-30)
                     for i, s in enumerate(shapes))
    for options in ({}, {"causal": True}, {"mask": mask, "softcap": 3.0},
                    {"mask": mask > 0, "dropout": 0.3, "rng": 3, "training": True}):
        digest.update(attention(q, k, v, **options).tobytes())
print(digest.hexdigest())
"""
PINNED = "068e26d55cd91068f4b7326e23f122e72dade030a646265e8a5c0f24b054123d"


def test_bits_are_the_same_under_avx2():
    """The other target's vectors are half as long and its tiles another shape."""
    assert run_python(DIGEST).strip() == PINNED
    assert run_python(DIGEST, **HASWELL).strip() == PINNED


# ---------------------------------------------------------------- dropout


@pytest.mark.parametrize("p", [0.1, 0.5, 0.9])
def test_dropout_drops_what_dropout_mask_says(p):
    q, k, v = heads(np.random.default_rng(14), (2, 3), 70, 77, 8, 16, 2)
    check(q, k, v, dropout=p, rng=Philox(7, site=3), training=True)
    check(q, k, v, dropout=p, rng=11, training=True, causal=True, offset=5)


def test_weights_show_the_mask():
    n = 130
    q, k, v = (
        np.zeros((2, 3, 1), np.float32),
        np.zeros((2, n, 1), np.float32),
        np.eye(n, dtype=np.float32),
    )
    out = attention(q, k, np.stack([v, v]), dropout=0.25, rng=3, training=True)
    np.testing.assert_array_equal(out != 0, dropout_mask((2, 3, n), 0.25, rng=3))
    np.testing.assert_allclose(out[out != 0], 1 / (0.75 * n), rtol=1e-6)


def test_without_training_no_bits_are_drawn():
    q, k, v = heads(np.random.default_rng(15), (2,), 5, 6, 4, 4)
    rng = np.random.default_rng(1)
    before = rng.bit_generator.state
    np.testing.assert_array_equal(attention(q, k, v, dropout=0.5, rng=rng), attention(q, k, v))
    np.testing.assert_array_equal(attention(q, k, v, dropout=0.5), attention(q, k, v))
    assert rng.bit_generator.state == before
    attention(q, k, v, dropout=0.5, rng=rng, training=True)
    assert rng.bit_generator.state != before


# ---------------------------------------------------------------- memory and operands


def test_memory_is_linear():
    """Beyond its results, a call at 2048 keys takes less than a fiftieth of the matrix of weights."""
    q, k, v = heads(np.random.default_rng(16), (2,), 2048, 2048, 16, 16)
    attention(q[:, :1], k, v)  # compiles
    clear_cache()
    tracemalloc.start()
    try:
        out, lse = attention(q, k, v, return_lse=True, causal=True, threads=1)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    own = peak - out.nbytes - lse.nbytes
    assert own < 2 * 2048 * 2048 * 4 / 50
    assert own < 8 * (q.nbytes + k.nbytes + v.nbytes)


def test_operands_of_any_strides_that_nobody_writes_to():
    rng = np.random.default_rng(17)
    q, k, v = heads(rng, (2, 3), 40, 50, 8, 8)
    expected = attention(q, k, v)
    token_major = [np.ascontiguousarray(np.moveaxis(x, -3, -2)) for x in (q, k, v)]
    for x in token_major:
        x.flags.writeable = False
    np.testing.assert_array_equal(
        attention(*(np.moveaxis(x, -2, -3) for x in token_major)), expected
    )
    reversed_keys = [np.ascontiguousarray(x[..., ::-1, :])[..., ::-1, :] for x in (k, v)]
    np.testing.assert_array_equal(attention(q, *reversed_keys), expected)
    np.testing.assert_array_equal(attention(*(np.asfortranarray(x) for x in (q, k, v))), expected)


@pytest.mark.parametrize("before", [False, True])
def test_nothing_outside_the_operands_is_touched(before):
    rng = np.random.default_rng(18)
    for n_q, n_k, d, d_v in ((67, 71, 19, 5), (3, 130, 16, 33)):
        q, k, v = (guarded(x, before=before) for x in heads(rng, (), n_q, n_k, d, d_v))
        keep = guarded(rng.random((n_q, n_k)) < 0.7, before=before)
        added = guarded(rng.standard_normal((n_q, n_k)).astype(np.float32), before=before)
        check(q, k, v, mask=keep)
        check(q, k, v, mask=added, causal=True)


@pytest.mark.parametrize("dtype", [np.float16, ml_dtypes.bfloat16])
def test_narrow_floats_are_rounded_once(dtype):
    q, k, v = (x.astype(dtype) for x in heads(np.random.default_rng(19), (2,), 20, 30, 8, 8))
    out = attention(q, k, v)
    assert out.dtype == dtype
    wide = attention(*(x.astype(np.float32) for x in (q, k, v)))
    np.testing.assert_array_equal(out.astype(np.float32), wide.astype(dtype).astype(np.float32))


# ---------------------------------------------------------------- against PyTorch


@pytest.mark.parametrize("causal", [False, True])
def test_pytorch_says_the_same(causal):
    torch = pytest.importorskip("torch", reason="PyTorch is no dependency")
    q, k, v = heads(np.random.default_rng(20), (2, 4), 100, 100, 32, 32)
    theirs = torch.nn.functional.scaled_dot_product_attention(
        *(torch.from_numpy(x) for x in (q, k, v)), is_causal=causal
    ).numpy()
    np.testing.assert_allclose(attention(q, k, v, causal=causal), theirs, rtol=1e-4, atol=1e-6)


# ---------------------------------------------------------------- what is refused


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"k": (2, 6, 5)}, r"k \(2, 6, 5\).*same number of columns"),
        ({"k": (2, 7, 4)}, r"k \(2, 7, 4\).*each key has one value"),
        ({"k": (6, 4), "v": (6, 3)}, "same axes"),
        ({"q": (4,), "k": (4,), "v": (4,)}, "at least"),
        ({"q": (3, 5, 4)}, "multiple of those of k and v, 2"),
        ({"q": (1, 2, 5, 4), "k": (3, 2, 6, 4), "v": (3, 2, 6, 3)}, "leading axes are equal"),
        ({"q": (2, 5, 0), "k": (2, 6, 0)}, "at least one"),
        ({"mask": np.ones((5, 7), bool)}, r"mask of shape \(5, 7\).*\(2, 5, 6\)"),
        ({"softcap": 0.0}, "softcap=0.0 must be positive"),
        ({"scale": np.inf}, "scale=inf"),
        ({"dropout": 1.0}, r"\[0, 1\)"),
        ({"dropout": -0.1}, r"\[0, 1\)"),
    ],
)
def test_what_does_not_fit_is_restated(change, message):
    options = {"q": (2, 5, 4), "k": (2, 6, 4), "v": (2, 6, 3)} | change
    arrays = [np.zeros(options.pop(name), np.float32) for name in "qkv"]
    with pytest.raises(ValueError, match=message):
        attention(*arrays, **options)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"mask": np.zeros((2, 2), int)}, "mask of dtype int64"),
        ({"dropout": 0.5, "training": True}, "rng=None"),
    ],
)
def test_types_that_are_refused(options, message):
    x = np.zeros((2, 2), np.float32)
    with pytest.raises(TypeError, match=message):
        attention(x, x, x, **options)
    with pytest.raises(TypeError, match="q of dtype float64"):
        attention(x.astype(np.float64), x, x)
