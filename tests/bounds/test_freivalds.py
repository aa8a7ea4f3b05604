"""Odds of Freivalds' check, counted."""

from __future__ import annotations

import itertools

import pytest

from fastmul.bounds import freivalds


@pytest.mark.parametrize("bits", [1, 2, 3, 4])
@pytest.mark.parametrize("length", [1, 2])
def test_one_vector_misses_half_at_most(bits, length):
    """Every nonzero error modulo 2^bits against every vector."""
    modulus = 1 << bits
    vectors = list(itertools.product(range(modulus), repeat=length))
    worst = 0.0
    for error in vectors:
        if any(error):
            missed = sum(
                sum(d * x for d, x in zip(error, vector, strict=True)) % modulus == 0
                for vector in vectors
            )
            worst = max(worst, missed / len(vectors))
    assert worst == 0.5  # reached by a flipped top bit


def test_more_checks_miss_less():
    assert freivalds.miss_modulo_power_of_two(2) == freivalds.miss_modulo_power_of_two(1) ** 2
    assert freivalds.miss_modulo_prime(1, 2000) < 2.0**-48
    assert freivalds.miss_modulo_prime(2, 2000) < 2.0**-96
