"""The int32 windows of narrow products, on both sides of their edges, against Python integers."""

import numpy as np
import pytest

from fastmul.bounds.accumulators import RANGES, exact_depth, product_range
from fastmul.kernels.cpu.gemm import multiply

NARROW = [(a, b) for a in RANGES for b in RANGES if "int32" not in (a, b)]


def fits(value):
    return -(2**31) <= value < 2**31


def test_ranges_are_numpys():
    for name, (low, high) in RANGES.items():
        if name not in ("bool", "ternary"):  # which iinfo does not know
            assert (np.iinfo(name).min, np.iinfo(name).max) == (low, high)


@pytest.mark.parametrize(("a", "b"), NARROW)
def test_the_product_range_is_attained_and_not_left(a, b):
    rng = np.random.default_rng(0)
    low, high = product_range(a, b)
    seen = [x * y for x in RANGES[a] for y in RANGES[b]]
    assert low in seen
    assert high in seen
    for _ in range(200):
        x = int(rng.integers(RANGES[a][0], RANGES[a][1] + 1))
        y = int(rng.integers(RANGES[b][0], RANGES[b][1] + 1))
        assert low <= x * y <= high


@pytest.mark.parametrize(("a", "b"), NARROW)
def test_the_depth_is_sharp(a, b):
    depth = exact_depth(a, b)
    low, high = product_range(a, b)
    assert fits(depth * low)
    assert fits(depth * high)
    assert not (fits((depth + 1) * low) and fits((depth + 1) * high))


@pytest.mark.parametrize(
    ("ring", "a", "b"),
    [
        ("int8_int32", "int8", "int8"),
        ("uint8_int8_int32", "uint8", "int8"),
        ("uint8_int32", "uint8", "uint8"),
        ("int16_int32", "int16", "int16"),
    ],
)
def test_the_kernels_are_exact_up_to_the_depth_and_wrap_one_beyond(ring, a, b):
    """Constant operands at the corner of the larger product: exact at the depth, off by 2^32 one step further."""
    corners = [(x, y) for x in RANGES[a] for y in RANGES[b]]
    x, y = max(corners, key=lambda pair: abs(pair[0] * pair[1]))
    depth = exact_depth(a, b)
    for k in (depth - 1, depth, depth + 1, depth + 2):
        out = np.empty((1, 1), np.int32)
        multiply(np.full((1, k), x, a), np.full((k, 1), y, b), out, ring)
        truth = k * x * y
        assert (int(out[0, 0]) - truth) % 2**32 == 0  # declared: modulo 2^32, always
        assert (int(out[0, 0]) == truth) == fits(truth)
    assert not fits((depth + 1) * x * y)
