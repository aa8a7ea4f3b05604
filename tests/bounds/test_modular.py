"""The windows of products modulo p, on both sides of their edges."""

from __future__ import annotations

import random
from math import gcd

import pytest

from fastmul.bounds import modular

MODULI = [2, 3, 5, 10, 2**31 - 1, 2**32, 2**33 + 1, 2**62 + 1, 2**63 - 25, 2**63 - 1, 2**63]


def words(p):
    rng = random.Random(p)
    edges = [0, 1, p - 1, p, p + 1, 2**63 - 1, 2**63, 2**64 - 1, 2**64 // p * p - 1]
    return [x % 2**64 for x in edges] + [rng.getrandbits(64) for _ in range(200)]


@pytest.mark.parametrize("p", MODULI)
def test_reciprocals_leave_less_than_two_moduli(p):
    m = modular.reciprocal(p)
    for x in words(p):
        assert 0 <= x - (x * m >> 64) * p < 2 * p


@pytest.mark.parametrize("p", MODULI)
def test_constants_leave_less_than_two_moduli(p):
    for c in {0, 1, p // 2, p - 1, 2**52 % p, 2**64 % p}:
        s = modular.shoup(c, p)
        assert 0 <= s < 2**64
        for x in words(p):
            r = x * c - (x * s >> 64) * p
            assert 0 <= r < 2 * p
            assert r % p == x * c % p


def test_halves_fill_an_int32():
    for p in (2**13, 2**14):
        product, period = (p // 2) ** 2, modular.period_of_halves(p)
        start = p // 2 + modular.INT32_SLACK
        assert start + 2 * period * product < 2**31 <= start + 2 * (period + 1) * product


def test_words_fill_64_bits():
    p = modular.LARGEST["modulo_2_30"]
    period = modular.period_of_words(p)
    assert 2**63 + p + period * (p - 1) ** 2 <= 2**64 < 2**63 + p + (period + 1) * (p - 1) ** 2


@pytest.mark.parametrize(("ring", "halves"), [("modulo_2_25", 1), ("modulo_2_51", 2)])
def test_pairs(ring, halves):
    p = modular.LARGEST[ring]
    depth = modular.HALVES_DEPTH
    assert modular.is_paired_exact(p, depth, halves)
    assert (2 * p - 2) ** 2 < 2 ** (52 * halves)
    assert not modular.is_paired_exact(p + 1, depth, halves)
    assert not modular.is_paired_exact(p, 2 * depth + 1, halves)


def test_fold_depth():
    depth = modular.fold_depth(3, 2**21, 2**20)
    assert 3 * depth * 2**41 <= 2**62 < 3 * (depth + 1) * 2**41


def test_three_moduli_tell_products_of_int64_apart():
    m1, m2, m3 = modular.THREE_MODULI
    assert gcd(m1, m2) == gcd(m1, m3) == gcd(m2, m3) == 1
    assert max(m1, m2, m3) <= modular.LARGEST["modulo_2_51"]
    assert max(m1, m2, m3) < 2 * min(m1, m2, m3)
    k = modular.longest_of_three()
    assert k * 2**126 <= m1 * m2 * m3 // 4 < (k + 1) * 2**126
