"""BlockSparse: skipping blocks is zeroing them, bit for bit, at every edge of the kernels' own blocks."""

import numpy as np
import pytest

import fastmul
from fastmul.kernels.cpu.gemm import stored_blocks
from fastmul.matrices import BlockSparse


def random_blocks(grid, block, dtype, rng, density=0.5):
    """A matrix of grid x block, block rows with no block and with all of them among them."""
    mask = rng.random(grid) < density
    mask[0], mask[-1] = False, True
    dense = rng.integers(-50, 50, (grid[0] * block[0], grid[1] * block[1]))
    if np.dtype(dtype).kind == "f":
        dense = dense / 7
    dense = dense.astype(dtype) * np.kron(mask, np.ones(block, np.int8)).astype(dtype)
    return BlockSparse.from_dense(dense, block), dense


@pytest.mark.parametrize("dtype", ["int8", "int64", "uint64"])
def test_integers_equal_the_dense_product(dtype):
    rng = np.random.default_rng(1)
    s, dense = random_blocks((4, 5), (6, 10), dtype, rng)
    b = rng.integers(0, 100, (50, 33)).astype(dtype)
    for threads in (1, 2):
        for made, expected in (
            (fastmul.matmul(s, b, threads=threads), dense @ b),
            (fastmul.matmul(b.T, s.T, threads=threads), b.T @ dense.T),
            (fastmul.matmul(s, b[:, 0], threads=threads), dense @ b[:, 0]),
            (fastmul.matmul(b[:, 0], s.T, threads=threads), b[:, 0] @ dense.T),
        ):
            assert made.dtype == expected.dtype
            np.testing.assert_array_equal(made, expected)
            assert made.flags.c_contiguous


def test_blocks_deeper_than_a_pass_and_columns_in_several_slabs(monkeypatch):
    monkeypatch.setattr(stored_blocks, "SLAB_BYTES", 1 << 16)
    monkeypatch.setattr(stored_blocks, "PACK_BYTES", 1 << 12)
    monkeypatch.setattr(stored_blocks, "CHUNK_WORK", 1 << 12)
    rng = np.random.default_rng(2)
    for dtype, width in (("int64", 600), ("int8", 2100), ("float64", 600)):
        s, dense = random_blocks((3, 3), (5, width), dtype, rng)
        if dtype == "float64":
            s = BlockSparse(np.rint(s.blocks * 7), s.rows, s.columns, s.shape)
            dense = s.to_dense()
        b = rng.integers(-9, 9, (3 * width, 70)).astype(dtype)
        np.testing.assert_array_equal(fastmul.matmul(s, b, threads=2), dense @ b)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_skipping_is_zeroing_bit_for_bit(dtype):
    rng = np.random.default_rng(3)
    s, dense = random_blocks((5, 6), (8, 24), dtype, rng)
    b = rng.standard_normal((dense.shape[1], 50)).astype(dtype)
    grid = dense.reshape(5, 8, 6, 24).swapaxes(1, 2)
    rows, columns = np.indices((5, 6)).reshape(2, -1)
    everything = BlockSparse(grid[rows, columns], rows, columns, dense.shape)
    assert everything.density == 1 > s.density
    skipped, zeroed = s @ b, everything @ b
    assert skipped.tobytes() == zeroed.tobytes()
    scale = np.abs(dense) @ np.abs(b)
    assert (np.abs(skipped - dense @ b) <= 200 * np.finfo(dtype).eps * scale).all()
    # what is skipped is not looked at
    poisoned = b.copy()
    unused = np.setdiff1d(np.arange(6), s.columns[s.rows == s.rows[0]])
    poisoned.reshape(6, 24, -1)[unused] = np.nan
    first = slice(8 * s.rows[0], 8 * s.rows[0] + 8)
    assert (s @ poisoned)[first].tobytes() == skipped[first].tobytes()


def test_the_order_in_which_blocks_are_given_does_not_matter():
    rng = np.random.default_rng(4)
    s, dense = random_blocks((4, 4), (3, 5), "float64", rng)
    order = rng.permutation(len(s.blocks))
    other = BlockSparse(s.blocks[order], s.rows[order], s.columns[order], s.shape)
    b = rng.standard_normal((20, 7))
    assert (s @ b).tobytes() == (other @ b).tobytes()
    np.testing.assert_array_equal(other.to_dense(), dense)
    np.testing.assert_array_equal(other.T.to_dense(), dense.T)
    assert repr(other).startswith("BlockSparse((12, 20), ")


def test_results_wrap_and_widen_as_dtype_says():
    s = BlockSparse(np.full((1, 2, 2), 100, np.int8), [0], [0], (2, 2))
    b = np.full((2, 1), 100, np.int8)
    assert (s @ b).tolist() == [[20000 % 256 - 256 * (20000 % 256 > 127)]] * 2
    assert (s @ b.astype(np.int64)).tolist() == [[20000]] * 2
    assert fastmul.matmul(s, b.astype(np.float32)).dtype == np.float32


def test_nothing_stored_and_nothing_to_multiply():
    s = BlockSparse(np.empty((0, 2, 3)), [], [], (4, 6))
    assert (s @ np.ones((6, 2))).tolist() == [[0.0, 0.0]] * 4
    assert (s @ np.ones((6, 0))).shape == (4, 0)
    assert s.density == 0


@pytest.mark.parametrize(
    ("arguments", "match"),
    [
        ((np.ones((1, 2, 2)), [0], [0], (4, 5)), "pad it with zeros"),
        ((np.ones((1, 2, 2)), [2], [0], (4, 4)), "from 0 to 1; got 2"),
        ((np.ones((2, 2, 2)), [0, 0], [1, 1], (4, 4)), r"two blocks at \(0, 1\)"),
        ((np.ones((2, 2, 2)), [0], [1], (4, 4)), "got 1 rows"),
        ((np.ones((2, 2)), [0, 0], [1, 1], (4, 4)), r"\(count, height, width\)"),
        ((np.ones((0, 2, 2)), [], [], (-4, 4)), "do not divide a matrix of -4 x 4"),
    ],
)
def test_blocks_that_make_no_matrix(arguments, match):
    with pytest.raises(ValueError, match=match):
        BlockSparse(*arguments)


def test_what_it_does_not_multiply():
    s = BlockSparse(np.ones((1, 2, 2), np.int64), [0], [0], (2, 2))
    with pytest.raises(TypeError, match="one of the two has to be an array"):
        s @ s
    with pytest.raises(ValueError, match="mod=7"):
        fastmul.matmul(s, np.ones((2, 2), int), mod=7)
    with pytest.raises(ValueError, match=r"shapes \(2, 2\) and \(3, 2\)"):
        s @ np.ones((3, 2), int)
    with pytest.raises(TypeError, match="complex128"):
        s @ np.ones((2, 2), complex)
    with pytest.raises(TypeError, match="blocks are integers"):
        BlockSparse(np.ones((1, 2, 2), complex), [0], [0], (2, 2))
    with pytest.raises(ValueError, match="pad it with zeros"):
        BlockSparse.from_dense(np.ones((3, 4)), (2, 2))
    with pytest.raises(ValueError, match="blocks of 0 x 2"):
        BlockSparse.from_dense(np.ones((4, 4)), (0, 2))
    with pytest.raises(
        TypeError, match="rows of blocks are counted in blocks, by integers; got float64"
    ):
        BlockSparse(np.ones((1, 2, 2)), [0.7], [0], (2, 2))
