"""mul_limbs: shapes, out, refusals; and every limb algorithm at every small size."""

from __future__ import annotations

import random

import numpy as np
import pytest

from fastmul.integers import mul_limbs
from fastmul.integers.multiplication.table import LIMB_TABLE
from tests import adversaries

NAMES = [row.name for row in LIMB_TABLE]
GARBAGE = np.uint64(0xDEAD_BEEF_DEAD_BEEF)


def check(name: str, a: int, b: int, m: int, n: int) -> None:
    x, y = adversaries.to_limbs(a, m), adversaries.to_limbs(b, n)
    x.flags.writeable = y.flags.writeable = False
    block = np.full(m + n + 2, GARBAGE)
    out = block[1:-1]
    assert mul_limbs(x, y, out, algorithm=name) is out
    assert adversaries.from_limbs(out) == a * b, (name, m, n)
    assert block[0] == block[-1] == GARBAGE


@pytest.mark.parametrize("name", NAMES)
def test_all_lengths_to_70(name):
    rng = random.Random(70)
    for m in range(1, 71):
        for n in range(1, 71):
            check(name, (1 << 64 * m) - 1, (1 << 64 * n) - 1, m, n)
            check(name, adversaries.bit_runs(64 * m, rng), adversaries.bit_runs(64 * n, rng), m, n)
        a = adversaries.bit_runs(64 * m, rng)
        x = adversaries.to_limbs(a, m)
        assert adversaries.from_limbs(mul_limbs(x, x, algorithm=name)) == a * a
        check(name, 0, a, 5, m)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    ("m", "n"), [(100, 100), (129, 257), (400, 401), (513, 1025), (7, 3000), (800, 1600)]
)
def test_adversaries(name, m, n):
    for _, a in adversaries.integers(m, seed=1):
        for _, b in adversaries.integers(n, seed=2):
            check(name, a, b, m, n)


def test_batches():
    rng = np.random.default_rng(3)
    a = rng.integers(0, 1 << 64, (3, 1, 4), dtype=np.uint64)
    b = rng.integers(0, 1 << 64, (2, 6), dtype=np.uint64)
    found = mul_limbs(a, b)
    assert found.shape == (3, 2, 10)
    for i, j in np.ndindex(3, 2):
        expected = adversaries.from_limbs(a[i, 0]) * adversaries.from_limbs(b[j])
        assert adversaries.from_limbs(found[i, j]) == expected
    out = np.full((3, 2, 10), GARBAGE)
    assert np.array_equal(mul_limbs(a, b, out), found)
    assert mul_limbs(a[:0], b).shape == (0, 2, 10)
    square = mul_limbs(a, a)
    assert adversaries.from_limbs(square[2, 0]) == adversaries.from_limbs(a[2, 0]) ** 2


def test_strided_and_reversed_operands():
    base = np.arange(1, 41, dtype=np.uint64)
    a, b = base[::3], base[::-1]
    expected = adversaries.from_limbs(a) * adversaries.from_limbs(b)
    assert adversaries.from_limbs(mul_limbs(a, b)) == expected


def test_errors():
    one, two = np.ones(1, np.uint64), np.ones(2, np.uint64)
    with pytest.raises(TypeError, match="b is ndarray of dtype int64"):
        mul_limbs(one, np.array([1]))
    with pytest.raises(TypeError, match="a is list"):
        mul_limbs([1], one)
    with pytest.raises(ValueError, match=r"b has shape \(0,\)"):
        mul_limbs(one, one[:0])
    with pytest.raises(ValueError, match=r"a has shape \(\)"):
        mul_limbs(np.array(3, np.uint64), one)
    with pytest.raises(ValueError, match=r"shape \(3,\); out has shape \(2,\)"):
        mul_limbs(one, two, two.copy())
    with pytest.raises(TypeError, match="uint64 array, got float64"):
        mul_limbs(one, two, np.empty(3))
    with pytest.raises(ValueError, match="C-contiguous"):
        mul_limbs(one, two, np.empty(6, np.uint64)[::2])
    block = np.ones(6, np.uint64)
    with pytest.raises(ValueError, match="share no memory"):
        mul_limbs(block[:1], two, block[:3])
    locked = np.empty(3, np.uint64)
    locked.flags.writeable = False
    with pytest.raises(ValueError, match="writeable"):
        mul_limbs(one, two, locked)
    with pytest.raises(ValueError, match="has no algorithm 'python'"):
        mul_limbs(one, two, algorithm="python")
    with pytest.raises(ValueError, match="broadcast"):
        mul_limbs(np.ones((2, 1), np.uint64), np.ones((3, 1), np.uint64))
