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


@pytest.mark.parametrize(
    ("p", "least"), [(2, 2), (6, 2), (9, 3), (35, 5), (1021 * 1021, 1021), (2**64, 2)]
)
def test_vectors_modulo(p, least):
    """Errors p/q in one place hide from one vector in q; so many vectors make that 2^-40 at most."""
    count = freivalds.vectors_modulo(p)
    assert least**-count <= 2.0**-freivalds.VECTORS
    assert count == -(-40 // (least.bit_length() - 1))


def test_few_vectors_modulo_large_primes():
    assert freivalds.vectors_modulo(2**40 + 15) == 1
    assert freivalds.vectors_modulo(2**31 - 1) == 2
    assert freivalds.vectors_modulo(1031 * 1033) == 4  # a factor above 2^10 is all that is known
