"""Structured dropout: skipping blocks equals zeroing them, bit for bit, in the product and in both gradients."""

import numpy as np
import pytest

from fastmul import nn
from fastmul.kernels.cpu.gemm import block_sparse
from fastmul.lowprecision import Philox
from tests.guard_pages import guarded
from tests.kernels.test_block_sparse import expanded

#: (m, k, n), block: whole and cut-off ones.
SIZES = [((128, 128, 64), (64, 64)), ((130, 150, 70), (64, 32)), ((7, 9, 5), (3, 2)), ((1, 1, 1), (1, 1))]  # fmt: skip


@pytest.mark.parametrize(("sizes", "block"), SIZES)
def test_exact_sums_equal_numpys_of_the_zeroed_matrix(sizes, block):
    m, k, n = sizes
    rng = np.random.default_rng(1)
    a, b, grad = (
        rng.integers(-8, 9, shape).astype(np.float32) for shape in ((m, k), (k, n), (m, n))
    )
    mask = nn.block_dropout_mask((m, k), 0.5, block=block, rng=3)
    dropped = np.where(expanded(mask, block, (m, k)), 2 * a, 0)  # p = 1/2: the scale is 2
    assert np.array_equal(nn.dropout_matmul(a, b, 0.5, block=block, rng=3), dropped @ b)
    by_a, by_b = nn.dropout_matmul_backward(grad, a, b, 0.5, block=block, rng=3)
    assert np.array_equal(by_a, np.where(expanded(mask, block, (m, k)), 2 * (grad @ b.T), 0))
    assert np.array_equal(by_b, dropped.T @ grad)


def test_dropped_blocks_are_not_read_and_threads_change_nothing():
    rng = np.random.default_rng(3)
    a, b = (rng.standard_normal(s).astype(np.float32) for s in ((200, 300), (300, 90)))
    key = Philox(9, site=1)
    mask = expanded(nn.block_dropout_mask(a.shape, 0.5, block=32, rng=key), (32, 32), a.shape)
    expected = nn.dropout_matmul(a, b, 0.5, block=32, rng=key, threads=1)
    assert np.allclose(expected, np.where(mask, 2 * a, 0) @ b, rtol=1e-5, atol=1e-4)
    a[~mask] = np.nan
    assert np.array_equal(nn.dropout_matmul(a, b, 0.5, block=32, rng=key, threads=3), expected)
    strided = np.repeat(b, 2, axis=1)[:, ::2].T.copy().T
    still = guarded(a)
    still.setflags(write=False)
    assert np.array_equal(nn.dropout_matmul(still, strided, 0.5, block=32, rng=key), expected)


def test_skipping_is_zeroing_bit_for_bit_beyond_one_pass_of_the_depth():
    rng = np.random.default_rng(5)
    a, b = (rng.standard_normal(s).astype(np.float32) for s in ((70, 1500), (1500, 40)))
    for width in (32, 600):
        block = (16, width)
        mask = expanded(nn.block_dropout_mask(a.shape, 0.5, block=block, rng=1), block, a.shape)
        skipped = nn.dropout_matmul(a, b, 0.5, block=block, rng=1)
        zeroed = nn.dropout_matmul(np.where(mask, 2 * a, np.float32(0)), b, 0, block=block, rng=1)
        assert skipped.tobytes() == zeroed.tobytes()


def test_narrow_slabs_change_nothing(monkeypatch):
    rng = np.random.default_rng(4)
    a, b, grad = (
        rng.standard_normal(s).astype(np.float32) for s in ((70, 90), (90, 130), (70, 130))
    )
    wide = (
        nn.dropout_matmul(a, b, 0.3, block=16, rng=1),
        *nn.dropout_matmul_backward(grad, a, b, 0.3, block=16, rng=1),
    )
    monkeypatch.setattr(block_sparse, "SLAB_BYTES", 90 * 4 * 40)
    monkeypatch.setattr(block_sparse, "PACK_BYTES", 1)
    monkeypatch.setattr(block_sparse, "CHUNK_WORK", 1)
    narrow = (
        nn.dropout_matmul(a, b, 0.3, block=16, rng=1),
        *nn.dropout_matmul_backward(grad, a, b, 0.3, block=16, rng=1),
    )
    for x, y in zip(wide, narrow, strict=True):
        assert x.tobytes() == y.tobytes()


def test_the_gradients_are_those_of_the_product():
    rng = np.random.default_rng(5)
    a, b, grad, da, db = (
        rng.standard_normal(s).astype(np.float32)
        for s in ((20, 30), (30, 10), (20, 10), (20, 30), (30, 10))
    )
    how = {"block": (4, 8), "rng": 6}
    by_a, by_b = nn.dropout_matmul_backward(grad, a, b, 0.25, **how)
    # the product is linear in a and in b
    along_a = (nn.dropout_matmul(da, b, 0.25, **how) * grad).sum()
    along_b = (nn.dropout_matmul(a, db, 0.25, **how) * grad).sum()
    assert np.isclose(along_a, (by_a * da).sum(), rtol=1e-4)
    assert np.isclose(along_b, (by_b * db).sum(), rtol=1e-4)


def test_not_training_is_the_product_and_draws_nothing():
    a = np.arange(12, dtype=np.float32).reshape(3, 4)
    generator = np.random.default_rng(1)
    before = generator.bit_generator.state
    out = nn.dropout_matmul(
        a, np.eye(4, dtype=np.float32), 0.5, block=2, rng=generator, training=False
    )
    assert np.array_equal(out, a)
    assert generator.bit_generator.state == before


def test_empty_products():
    def ones(*shape):
        return np.ones(shape, np.float32)

    assert nn.dropout_matmul(ones(0, 3), ones(3, 2), 0.5, rng=1).shape == (0, 2)
    assert np.array_equal(nn.dropout_matmul(ones(2, 0), ones(0, 3), 0.5, rng=1), np.zeros((2, 3)))
    by_a, by_b = nn.dropout_matmul_backward(ones(2, 0), ones(2, 3), ones(3, 0), 0.5, rng=1)
    assert np.array_equal(by_a, np.zeros((2, 3)))
    assert by_b.shape == (3, 0)


def test_blocks_larger_than_the_matrix_take_no_more_scratch():
    a, b, grad = (
        np.ones((3, 4), np.float32),
        np.ones((4, 5), np.float32),
        np.ones((3, 5), np.float32),
    )
    block = np.int64(1 << 40)
    np.testing.assert_array_equal(nn.dropout_matmul(a, b, 0, block=block, rng=1), a @ b)
    by_a, by_b = nn.dropout_matmul_backward(grad, a, b, 0, block=block, rng=1)
    np.testing.assert_array_equal(by_a, grad @ b.T)
    np.testing.assert_array_equal(by_b, a.T @ grad)


def test_other_arguments_are_refused():
    a, b = np.ones((2, 4, 4), np.float32)
    with pytest.raises(ValueError, match=r"shape=\(4, 4, 4\)"):
        nn.block_dropout_mask((4, 4, 4), 0.5, rng=1)
    with pytest.raises(ValueError, match=r"block=\(2, 2, 2\)"):
        nn.block_dropout_mask((4, 4), 0.5, block=(2, 2, 2), rng=1)
    with pytest.raises(TypeError, match="integer"):
        nn.block_dropout_mask((4, 4), 0.5, block=(2.5, 2), rng=1)
    for p in (-0.5, 1.0, np.nan):
        with pytest.raises(ValueError, match=r"in \[0, 1\)"):
            nn.dropout_matmul(a, b, p, rng=1)
    with pytest.raises(ValueError, match="at least one row"):
        nn.dropout_matmul(a, b, 0.5, block=0, rng=1)
    with pytest.raises(ValueError, match="matrices"):
        nn.dropout_matmul(a[0], b, 0.5, rng=1)
    with pytest.raises(ValueError, match=r"\(4, 4\) and b of shape \(3, 4\)"):
        nn.dropout_matmul(a, b[:3], 0.5, rng=1)
    with pytest.raises(ValueError, match=r"grad of shape \(2, 4\)"):
        nn.dropout_matmul_backward(a[:2], a, b, 0.5, rng=1)
    with pytest.raises(TypeError, match="must be float32"):
        nn.dropout_matmul(a, b.astype(np.float64), 0.5, rng=1)
    with pytest.raises(TypeError, match="Generator"):
        nn.dropout_matmul_backward(a, a, b, 0.5, rng=np.random.default_rng(1))
