"""How many bits a product modulo 2^64 must be right in to be the true product."""

from math import gcd, prod

import pytest

from fastmul.bounds.wrapped_products import MODULI, moduli


def test_moduli_are_odd_and_coprime():
    assert all(m % 2 for m in MODULI)
    assert gcd(*MODULI) == 1


@pytest.mark.parametrize("count", range(1, len(MODULI) + 1))
def test_both_sides_of_the_window(count):
    """2^64 - 1 stays apart from every product of the window, and meets the first one beyond."""
    step = 2**64 * prod(
        MODULI[:count]
    )  # between numbers that are the same modulo 2^64 and the moduli
    highest = step - 2**64
    assert moduli(highest) == MODULI[:count]
    assert moduli(highest + 1) == (MODULI[: count + 1] if count < len(MODULI) else None)
    wrapped = 2**64 - 1
    assert wrapped - -highest < step
    assert wrapped - -(highest + 1) == step
