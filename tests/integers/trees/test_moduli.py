"""Remainders and Chinese remainders against `%`, at every depth of the tree and on both sides of its windows."""

import math
import random

import gmpy2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastmul.integers import ModuliTree, crt, remainders
from fastmul.integers.sequences.primes import primes_up_to
from fastmul.integers.trees import nodes, scaled_remainders

mpz = gmpy2.mpz
MODULI = st.lists(st.integers(-(2**70), 2**70).filter(bool), max_size=20)


@pytest.fixture(params=["as it is", "scaled"])
def windows(request, monkeypatch):
    """The tree with its own thresholds, and with such as scale small numbers all the way."""
    if request.param == "scaled":
        monkeypatch.setattr(nodes, "LEAF_BITS", 20)
        monkeypatch.setattr(scaled_remainders, "LAST_BITS", 40)


def dividends(product, rng):
    """Numbers whose fractions x/M lie at the ends, around the middle, and anywhere."""
    yield from (0, 1, -1, product - 1, product, product + 1, -product, product // 2, product * product - 1)  # fmt: skip
    bits = product.bit_length()
    yield from (rng.getrandbits(n + 1) - (1 << n) for n in (bits // 3, bits, 3 * bits))


@pytest.mark.parametrize("bits", [1, 2, 17, 64, 700])
@pytest.mark.usefixtures("windows")
def test_remainders_are_those_of_division(bits):
    rng = random.Random(bits)
    for count in (0, 1, 2, 3, 33, 90):
        moduli = [
            rng.choice((1, -1)) * (rng.getrandbits(rng.randint(1, bits)) + 1) for _ in range(count)
        ]
        tree = ModuliTree(moduli)
        for x in dividends(abs(math.prod(moduli)), rng):
            assert tree.remainders(x) == [x % m for m in moduli]


@pytest.mark.usefixtures("windows")
def test_moduli_of_very_different_lengths():
    rng = random.Random(2)
    moduli = [rng.getrandbits(2**k) | 1 for k in range(13)] + [3] * 100 + [1, 2**64, 2**64]
    rng.shuffle(moduli)
    for x in dividends(math.prod(moduli), rng):
        assert remainders(x, moduli) == [x % m for m in moduli]


@pytest.mark.usefixtures("windows")
def test_remainders_at_the_ends_of_their_range():
    # x = -1, 0, 1 modulo every modulus at once: fractions next to both ends of the interval
    moduli = [2**61 - 1, 2**89 - 1, 2**107 - 1, 2**127 - 1] * 20
    product = math.prod(moduli)
    for d in (-1, 0, 1):
        assert remainders(5 * product + d, moduli) == [d % m for m in moduli]


def test_products_longer_than_those_divided_by():
    rng = random.Random(3)
    moduli = [mpz(rng.getrandbits(1 << 11) | 1) for _ in range(3 * 16 + 1)]
    assert math.prod(moduli).bit_length() > 4 * scaled_remainders.LAST_BITS
    x = mpz(rng.getrandbits(49 << 11))
    assert remainders(x, moduli) == [x % m for m in moduli]
    r, m = crt([x % m for m in moduli], moduli)
    assert (r, m) == (x % math.lcm(*moduli), math.lcm(*moduli))


@pytest.mark.parametrize("power", [1, 2, 40])
@pytest.mark.usefixtures("windows")
def test_crt_of_coprime_moduli(power):
    rng = random.Random(power)
    moduli = [int(p) ** power for p in primes_up_to(800)]
    tree, product = ModuliTree(moduli), math.prod(moduli)
    for x in (0, 1, product - 1, rng.randrange(product)):
        residues = [x % m + rng.randint(-2, 2) * m for m in moduli]
        assert tree.crt(residues) == (x, product)
        assert crt(residues, moduli) == (x, product)


@given(st.lists(st.tuples(st.integers(-50, 50), st.integers(1, 60)), max_size=8))
def test_crt_of_any_moduli_finds_the_number_or_the_contradiction(pairs):
    residues, moduli = [r for r, _ in pairs], [m for _, m in pairs]
    agree = all((r - s) % math.gcd(m, n) == 0 for r, m in pairs for s, n in pairs)
    if agree:
        r, m = crt(residues, moduli)
        assert m == math.lcm(*moduli)
        assert 0 <= r < m
        assert [r % n for n in moduli] == [s % n for s, n in pairs]
    else:
        with pytest.raises(ValueError, match=r"\(number \d\) and .*\(number \d\) differ modulo"):
            crt(residues, moduli)


def test_the_contradiction_is_named():
    residues, moduli = [5] * 40, [6] * 40
    residues[29], moduli[29] = 2, 4
    with pytest.raises(
        ValueError, match=r"5 modulo 6 .* 2 modulo 4 \(number 29\) differ modulo 2$"
    ):
        crt(residues, moduli)
    residues[29] = 1
    assert crt(residues, moduli) == (5, 12)


@given(MODULI, st.integers())
def test_types_of_results(moduli, x):
    assert all(type(r) is int for r in remainders(x, moduli))
    assert all(type(r) is mpz for r in remainders(mpz(x), moduli))
    assert all(type(r) is mpz for r in remainders(x, map(mpz, moduli)))


def test_arrays():
    array = primes_up_to(100)
    tree = ModuliTree(array)
    assert len(tree) == array.size
    assert repr(tree) == "<ModuliTree of 25 moduli, 121 bits together>"
    assert remainders(10**30, array) == [10**30 % int(p) for p in array]
    r, m = crt(np.arange(25), array)
    assert [r % int(p) for p in array] == [i % int(p) for i, p in enumerate(array)]
    assert type(m) is int


def test_types_of_crt():
    assert crt([], []) == (0, 1)
    assert all(type(v) is int for v in crt([1, 2], [3, 5]))
    assert all(type(v) is mpz for v in crt([1, mpz(2)], [3, 5]))
    assert all(type(v) is mpz for v in crt([1, 2], [mpz(3), 5]))


def test_what_cannot_be():
    with pytest.raises(ZeroDivisionError, match=r"moduli\[1\] is 0"):
        remainders(5, [3, 0])
    with pytest.raises(ZeroDivisionError, match=r"moduli\[0\] is 0"):
        crt([1], [0])
    with pytest.raises(ValueError, match=r"positive moduli; moduli\[1\] is -3"):
        crt([1, 1], [2, -3])
    with pytest.raises(ValueError, match="one residue for each modulus; got 1 and 2"):
        crt([1], [2, 3])
    with pytest.raises(TypeError, match=r"remainders\(x, moduli\) needs Python ints"):
        remainders(2.0, [3])
    with pytest.raises(TypeError, match=r"ModuliTree\(moduli\) needs Python ints"):
        remainders(2, [3.0])
    with pytest.raises(TypeError, match=r"crt\(residues, moduli\) needs Python ints"):
        crt([0.5], [3])
