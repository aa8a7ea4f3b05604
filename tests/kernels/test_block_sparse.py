"""Products that skip blocks: equal to the products of zeroed matrices, bit for bit."""

import numpy as np
import pytest

from fastmul.kernels.cpu.gemm.block_sparse import (
    Kept,
    multiply_block_samples,
    multiply_block_sparse,
)
from tests.guard_pages import guarded

#: (m, k, n), block: whole and cut-off tiles and blocks, one pass and several, blocks deeper than a pass.
SIZES = [
    ((128, 128, 64), (64, 64)),
    ((130, 150, 70), (64, 32)),
    ((7, 9, 5), (3, 2)),
    ((1, 1, 1), (1, 1)),
    ((100, 1300, 50), (32, 128)),
    ((40, 1100, 33), (64, 1024)),
    ((33, 520, 17), (16, 8)),
]


def expanded(mask, block, shape):
    """The mask of the elements."""
    elements = np.repeat(np.repeat(mask, block[0], axis=0), block[1], axis=1)
    return elements[: shape[0], : shape[1]]


def kept_blocks(shape, block, seed):
    """About half of the blocks of a matrix of this shape."""
    rng = np.random.default_rng(seed)
    return rng.random((-(-shape[0] // block[0]), -(-shape[1] // block[1]))) < 0.5


@pytest.mark.parametrize(("sizes", "block"), SIZES)
def test_exact_sums_equal_numpys_of_the_zeroed_matrix(sizes, block):
    m, k, n = sizes
    rng = np.random.default_rng(1)
    a, b = (rng.integers(-8, 9, shape).astype(np.float32) for shape in ((m, k), (k, n)))
    mask = kept_blocks((m, k), block, 2)
    c = rng.integers(-8, 9, (m, n)).astype(np.float32)
    expected = c + np.where(expanded(mask, block, (m, k)), 2 * a, 0) @ b
    a[~expanded(mask, block, (m, k))] = np.nan  # is not read
    multiply_block_sparse(a, Kept.of(mask), block, b, c, 2.0)
    assert np.array_equal(c, expected)


@pytest.mark.parametrize(("sizes", "block"), SIZES)
def test_exact_samples_equal_numpys_product_there(sizes, block):
    m, k, n = sizes
    rng = np.random.default_rng(2)
    a, b = (rng.integers(-8, 9, shape).astype(np.float32) for shape in ((m, k), (k, n)))
    mask = kept_blocks((m, n), block, 3)
    c = np.full((m, n), 7, np.float32)
    multiply_block_samples(a, b, Kept.of(mask), block, c)
    assert np.array_equal(c, np.where(expanded(mask, block, (m, n)), a @ b, 7))


@pytest.mark.parametrize(("sizes", "block"), SIZES)
def test_skipping_equals_zeroing_where_sums_are_rounded(sizes, block):
    m, k, n = sizes
    rng = np.random.default_rng(2)
    a, b = (rng.standard_normal(shape).astype(np.float32) for shape in ((m, k), (k, n)))
    b[::7] *= np.float32(2.0**-140)  # products that underflow to a zero of either sign
    mask = kept_blocks((m, k), block, 4)
    zeroed = np.where(expanded(mask, block, (m, k)), a, np.float32(0))
    every = Kept.of(np.ones_like(mask))
    skipping, zeroing = np.zeros((2, m, n), np.float32)
    multiply_block_sparse(a, Kept.of(mask), block, b, skipping, 1 / 0.6)
    multiply_block_sparse(zeroed, every, block, b, zeroing, 1 / 0.6)
    assert skipping.tobytes() == zeroing.tobytes()
    some, whole = np.zeros((2, m, n), np.float32)
    mask_c = kept_blocks((m, n), block, 5)
    multiply_block_samples(a, b, Kept.of(mask_c), block, some)
    multiply_block_samples(a, b, Kept.of(np.ones_like(mask_c)), block, whole)
    kept = expanded(mask_c, block, (m, n))
    assert some.tobytes() == np.where(kept, whole, np.float32(0)).tobytes()


def test_operands_end_at_pages_that_are_not_there_and_need_not_be_contiguous():
    rng = np.random.default_rng(3)
    a, b = (rng.integers(-8, 9, s).astype(np.float32) for s in ((37, 45), (45, 51)))
    mask = kept_blocks(a.shape, (16, 16), 4)
    expected = np.where(expanded(mask, (16, 16), a.shape), a, 0) @ b
    for x, y in ((a, b), (a.T.copy().T, b.T.copy().T), (np.repeat(a, 2, 1)[:, ::2], b[::-1][::-1])):
        c = guarded(np.zeros(expected.shape, np.float32))
        if x is a:
            x, y = guarded(x), guarded(y)
        x.setflags(write=False)
        multiply_block_sparse(x, Kept.of(mask), (16, 16), y, c)
        assert np.array_equal(c, expected)
