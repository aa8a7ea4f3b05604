"""gcd, gcdext and invert against math, gmpy2 and the identities that define them."""

import math
from fractions import Fraction
from itertools import pairwise

import gmpy2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastmul.exceptions import ZeroDivisorError
from fastmul.integers import gcd, gcdext, invert
from tests import adversaries

mpz = gmpy2.mpz
INTEGERS = st.integers() | st.integers(-(2**300), 2**300)


@given(st.lists(INTEGERS, max_size=5))
def test_gcd_is_the_largest_divisor(numbers):
    assert gcd(*numbers) == math.gcd(*numbers)


@pytest.mark.parametrize("n_limbs", [1, 2, 33, 700])
def test_gcd_of_adversaries(n_limbs):
    numbers = [x for _, x in adversaries.integers(n_limbs)]
    for a, b in pairwise(numbers):
        assert gcd(a * 3**50, -b * 3**50) == math.gcd(a * 3**50, b * 3**50)


@given(INTEGERS, INTEGERS)
def test_cofactors_make_the_divisor(a, b):
    g, s, t = gcdext(a, b)
    assert g == math.gcd(a, b) == a * s + b * t
    assert (g, s, t) == gmpy2.gcdext(a, b)


@given(INTEGERS, INTEGERS.filter(bool))
def test_an_inverse_or_the_shared_factor(x, m):
    if math.gcd(x, m) == 1:
        y = invert(x, m)
        assert 0 <= y < abs(m)
        assert (x * y - 1) % m == 0
    else:
        for error in (ZeroDivisorError, ZeroDivisionError, ValueError):
            with pytest.raises(error, match=r"no inverse, both are multiples of [\d<]"):
                invert(x, m)


def test_types_of_results():
    assert all(type(v) is int for v in (gcd(4, 6), *gcdext(4, 6), invert(3, 7)))
    assert type(gcd()) is int
    for call in (lambda: gcd(4, mpz(6)), lambda: gcdext(mpz(4), 6)[1], lambda: invert(3, mpz(7))):
        assert type(call()) is mpz
    assert gcd(np.int64(-4), True) == 1


def test_what_cannot_be():
    with pytest.raises(ZeroDivisionError, match=r"invert\(3, 0\): there are no residues modulo 0"):
        invert(3, 0)
    with pytest.raises(ZeroDivisorError, match=r"invert\(<201 bits>, 4\): .* multiples of 4"):
        invert(1 << 200, 4)
    for function in (gcd, gcdext, invert):
        with pytest.raises(TypeError, match=rf"{function.__name__}\("):
            function(Fraction(1), 2)
