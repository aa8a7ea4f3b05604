"""The windows of residues: each holds at its edge, and something breaks beyond it."""

from fractions import Fraction
from math import gcd, prod

import numpy as np
import pytest

from fastmul.bounds import residues

INT32_MAX = 2**31 - 1


def test_depths_are_sharp():
    for largest in (255, 256):
        depth = residues.exact_depth("bytes", largest)
        assert depth * 255 * 128 <= 2**31 < (depth + 1) * 255 * 128
    for largest in (1001, 2047, 4096, 8191):
        depth = residues.exact_depth("halves", largest)
        assert depth * (largest // 2) ** 2 <= INT32_MAX < (depth + 1) * (largest // 2) ** 2


@pytest.mark.parametrize("depth", [127, 128, 129, 256, 511, 512, 1000, 65536, 10**6])
def test_the_largest_modulus_is_sharp(depth):
    largest = residues.largest_modulus("halves", depth)
    assert residues.exact_depth("halves", largest) >= depth
    assert (
        largest == residues.LARGEST["halves"] or residues.exact_depth("halves", largest + 1) < depth
    )


def test_moduli_are_pairwise_coprime_and_no_more_than_needed():
    for largest in (256, 2047, 4095):
        chosen = residues.coprime_below(largest)
        assert all(gcd(m, prod(chosen[:i])) == 1 for i, m in enumerate(chosen))
        assert len(residues.coprime_below(largest)) > 40
    for highest in (1, 127, 2**62, 2**126, 3**200):
        chosen = residues.moduli(256, highest)
        assert prod(chosen) >= 2 * highest * (1 + Fraction(1, 2**20))
        assert len(chosen) == 1 or prod(chosen[:-1]) < residues.needed(highest)
    assert residues.moduli(256, prod(residues.coprime_below(256)) // 2) is None


def test_an_int32_holds_a_segment():
    for largest in (1001, 2047, 4096, 8192):
        words = residues.segment_words("halves", largest)
        sums = [w * 2 * 2**15 * (largest // 2) + largest // 2 for w in (words, words + 1)]
        assert sums[0] <= INT32_MAX < sums[1] + largest
    assert residues.segment_words("bytes", 256) * 4 * 255 * 128 + 128 < 2**22


def reduce(r, m, dtype):
    """What the kernel does, where the fused operation is exact."""
    r = np.asarray(r, dtype)
    q = np.rint(r * (dtype(1) / dtype(m)))
    return r.astype(np.int64) - q.astype(np.int64) * m


@pytest.mark.parametrize(
    ("dtype", "limit", "largest"), [(np.float32, 2**22, 256), (np.float64, 2**31, 8192)]
)
def test_reduction_rounds_to_the_nearest(dtype, limit, largest):
    """Next to every tie below the limit; and far beyond it, it does not."""
    for m in residues.coprime_below(largest)[:60]:
        j = np.arange(-(limit // m), limit // m - 1)
        j = j if j.size < 20000 else np.concatenate([j[:10000], j[-10000:]])
        for beside in (-1, 0, 1):
            r = (2 * j + 1) * m // 2 + beside
            assert abs(reduce(r, m, dtype)).max() <= m // 2


def test_reduction_is_off_beyond_its_window():
    """Floats of 2^24 and more do not tell a number from its neighbour."""
    r = np.arange(2**24, 2**24 + 10**5)
    q = np.rint(r.astype(np.float32) * (np.float32(1) / np.float32(255))).astype(np.int64)
    assert abs(r - 255 * q).max() > 127


def test_groups_are_as_large_as_the_window():
    for chosen in (residues.moduli(256, 2**300), residues.moduli(4095, 2**1000), (3,), (256, 3)):
        groups = residues.groups(chosen)
        assert tuple(m for group, _ in groups for m in group) == chosen
        for i, (group, share) in enumerate(groups):
            p = prod(group)
            largest = sum(Fraction(m + 1, 2) * (p // m) for m in group)
            assert share * p - largest > 0
            assert share * p + largest < 2**52
            assert 2 * share <= residues.MAX_SHARE
            if i + 1 < len(groups):
                assert not residues.is_group((*group, groups[i + 1][0][0]))


def test_the_quotient_has_room():
    worst = residues.MAX_GROUPS
    error = Fraction((worst + 2) * worst * residues.MAX_SHARE, 2**53)
    assert error < Fraction(1, 2**22)
    assert 2 * (worst + 1) * 2**52 + 2**12 < 2**64
