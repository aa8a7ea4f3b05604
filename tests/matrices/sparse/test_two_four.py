"""Two of four: what is kept, how it is packed, and a product equal to the dense masked one, bit for bit."""

from itertools import permutations

import ml_dtypes
import numpy as np
import pytest

import fastmul
from fastmul.matrices import TwoFour, prune_2_4


def test_the_two_largest_of_each_four_are_kept():
    groups = np.array(list(permutations([1, -2, 3, -4])))
    kept = prune_2_4(groups).to_dense()
    np.testing.assert_array_equal(kept, np.where(np.abs(groups) > 2, groups, 0))
    assert prune_2_4(np.array([[2, 2, 2, 2]])).to_dense().tolist() == [[2, 2, 0, 0]]
    assert prune_2_4(np.zeros((2, 0))).shape == (2, 0)


def test_magnitudes_that_have_no_negative():
    lowest = np.array([[-128, 127, 127, 1]], np.int8)
    assert prune_2_4(lowest).to_dense().tolist() == [[-128, 127, 0, 0]]
    largest = np.array([[0, (1 << 64) - 1, 1 << 63, 1]], np.uint64)
    assert prune_2_4(largest).to_dense().tolist() == [[0, (1 << 64) - 1, 1 << 63, 0]]
    least = np.array([[5, -(1 << 63), (1 << 63) - 1, 6]])
    assert prune_2_4(least).to_dense()[0, 1:3].tolist() == [-(1 << 63), (1 << 63) - 1]


def test_magnitudes_of_narrow_and_complex_floats():
    x = np.array([[0.25, 0.5, -0.75, 0.1], [-0.1, 0.2, 0.3, -0.4]])
    expected = np.array([[0, 0.5, -0.75, 0], [0, 0, 0.3, -0.4]])
    for dtype in (ml_dtypes.bfloat16, ml_dtypes.float8_e4m3fn, np.float16, np.complex64):
        np.testing.assert_array_equal(prune_2_4(x.astype(dtype)).to_dense(), expected.astype(dtype))
        with pytest.raises(ValueError, match="NaN"):
            prune_2_4(np.full((1, 4), np.nan, dtype))


@pytest.mark.parametrize(("rows", "k"), [(0, 8), (3, 0), (0, 0)])
def test_no_rows_or_columns(rows, k):
    assert prune_2_4(np.ones((rows, k))).to_dense().shape == (rows, k)


@pytest.mark.parametrize("k", [4, 8, 12])
def test_storage(k):
    x = np.arange(1, 3 * k + 1, dtype=np.float32).reshape(3, k)
    w = prune_2_4(x)
    assert w.shape == x.shape
    assert w.values.shape == (3, k // 2)
    assert w.places.tolist() == [[0xEE] * (k // 8) + [0x0E] * (k // 4 % 2)] * 3  # 2 and 3, of 4
    assert w.nbytes == 4 * 3 * k // 2 + 3 * -(-k // 8)
    again = TwoFour(w.values, w.places)
    np.testing.assert_array_equal(again.to_dense(), w.to_dense())
    assert repr(w) == f"TwoFour((3, {k}), float32)"


@pytest.mark.parametrize("dtype", ["int64", "float32"])
def test_the_product_is_that_of_the_dense_masked_matrix(dtype):
    rng = np.random.default_rng(1)
    x, b = (rng.standard_normal(shape) * 50 for shape in ((20, 40), (40, 11)))
    x, b = x.astype(dtype), b.astype(dtype)
    w = prune_2_4(x)
    masked = w.to_dense()
    assert np.count_nonzero(masked) <= x.size // 2
    assert (w @ b).tobytes() == fastmul.matmul(masked, b).tobytes()
    left = np.ascontiguousarray(b[:20].T)
    assert (left @ w).tobytes() == fastmul.matmul(left, masked).tobytes()


def test_what_has_the_pattern_and_what_has_not():
    masked = np.array([[0, 5, 0, -3], [0, 0, 0, 0]])
    np.testing.assert_array_equal(TwoFour.from_dense(masked).to_dense(), masked)
    with pytest.raises(ValueError, match=r"prune_2_4\(x\) keeps"):
        TwoFour.from_dense(np.ones((1, 4)))


@pytest.mark.parametrize(
    ("values", "places", "match"),
    [
        (np.ones((1, 3)), np.zeros((1, 1), np.uint8), "k a multiple of 4"),
        (np.ones((1, 2)), np.zeros((1, 2), np.uint8), r"places of shape \(1, 1\)"),
        (np.ones((1, 2)), np.zeros((1, 1), np.int64), "uint8"),
        (np.ones((1, 2)), np.array([[0b0101]], np.uint8), "ascending"),
        (np.ones((1, 2)), np.array([[0b0001]], np.uint8), "ascending"),
    ],
)
def test_parts_that_make_no_matrix(values, places, match):
    with pytest.raises(ValueError, match=match):
        TwoFour(values, places)


def test_what_cannot_be_pruned():
    with pytest.raises(ValueError, match="pad it with zeros"):
        prune_2_4(np.ones((2, 6)))
    with pytest.raises(ValueError, match="NaN"):
        prune_2_4(np.array([[1.0, np.nan, 2.0, 3.0]]))
