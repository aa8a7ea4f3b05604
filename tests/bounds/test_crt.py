"""The window of the Chinese remainder, on both sides of its edge."""

from __future__ import annotations

import random
from fractions import Fraction
from math import prod

import numpy as np

from fastmul.bounds import crt, ntt
from fastmul.bounds.primes import PRIMES


def test_the_window_holds_two_to_the_22_terms_and_no_more_than_it_says() -> None:
    assert crt.max_terms() >= 2**22
    assert crt.fits(crt.max_terms())
    assert not crt.fits(crt.max_terms() + 1)
    assert crt.fits(0)


def quotient(residues: list[int]) -> int:
    """The kernel's sum, in scalar float64 with exact multiply-adds, rounded by adding 2^52 + 6."""
    total = crt.NEAR_ZERO - 0.5
    for r, p in zip(residues, PRIMES, strict=True):
        total = float(Fraction(r) * Fraction(1.0 / p) + Fraction(total))  # one rounding, as fma
    lifted = np.float64(total) + np.float64(crt.INTEGER_BITS + 3 * crt.REPRESENTATIVE)
    return int(lifted) - 2**52


def reconstruct(c: int, rng: random.Random) -> int:
    """What the kernel computes, in Python integers, from representatives anywhere in its bound."""
    m = prod(PRIMES)
    lifts, residues, total = int(crt.REPRESENTATIVE), [], 0
    for p in PRIMES:
        r = c * pow(m // p, -1, p) % p
        choices = [r + k * p for k in (-2, -1, 0, 1) if abs(r + k * p) <= ntt.RESIDUE * p]
        r = rng.choice(choices)
        assert 0 < r + lifts * p < 2**52
        residues.append(r)
        total += (r + lifts * p) * (m // p)
    k = quotient(residues)
    assert 0 <= k <= 12
    return total - k * m


def test_values_at_the_edges_of_the_window_come_back() -> None:
    rng = random.Random(5)
    largest = crt.max_terms() * crt.MAX_LIMB**2
    for base in (0, 1, prod(PRIMES) // 2, largest):
        for distance in (0, 1, 2, 1000, 2**64, 2**100):
            for c in (base - distance, base + distance):
                if 0 <= c <= largest:
                    for _ in range(8):
                        assert reconstruct(c, rng) == c


def test_a_value_just_below_the_product_of_the_primes_does_not_come_back() -> None:
    """Why the window keeps away from M: there the quotient is rounded up."""
    rng = random.Random(5)
    assert reconstruct(prod(PRIMES) - 1, rng) != prod(PRIMES) - 1
