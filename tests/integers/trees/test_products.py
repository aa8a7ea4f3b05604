"""prod against math.prod: numbers, words and arrays, of lengths around every block."""

import math
import random

import gmpy2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastmul.integers import prod
from fastmul.integers.trees.products import (
    BLOCK_WORDS,
    filled,
    middle_of,
    padded,
    product,
    product_of_words,
)
from tests import adversaries

mpz = gmpy2.mpz


@given(st.lists(st.integers() | st.integers(-(2**70), 2**70)), st.integers())
def test_prod_as_math_prod(factors, start):
    expected = math.prod(factors, start=start)
    result = prod(iter(factors), start=start)
    assert result == expected
    assert type(result) is int
    assert prod(map(mpz, factors), start=start) == expected


@pytest.mark.parametrize("bits", [1, 20, 21, 22, 31, 32, 33, 63, 64, 65, 700])
def test_lengths_around_words_and_blocks(bits):
    rng = random.Random(bits)
    for count in adversaries.straddle(1, 3, 8, BLOCK_WORDS, 3 * BLOCK_WORDS):
        factors = [
            rng.choice((1, -1)) * ((1 << bits) - 1 - rng.getrandbits(2)) for _ in range(count)
        ]
        assert prod(factors) == math.prod(factors)


def test_factors_of_very_different_lengths():
    rng = random.Random(1)
    lengths = [1 << k for k in range(16)] + [1] * 1000 + [40_000] + [100] * 50
    for _ in range(3):
        rng.shuffle(lengths)
        factors = [mpz(rng.getrandbits(n) | 1) for n in lengths]
        assert product(factors) == math.prod(factors)


@pytest.mark.parametrize("dtype", [np.int8, np.int64, np.uint8, np.uint64, np.bool_])
def test_arrays_of_every_kind(dtype):
    low, high = (0, 1) if dtype is np.bool_ else (np.iinfo(dtype).min, np.iinfo(dtype).max)
    extremes = np.array([high] * 9 + [low] * 5 * (low < 0), dtype)
    for array in (extremes, extremes[:0], extremes[::-2], extremes.reshape(1, -1)):
        array.setflags(write=False)
        assert prod(array) == math.prod(int(x) for x in array.ravel())
    assert prod(np.array([3, 2**70, -5], object)) == -15 * 2**70
    assert prod(np.arange(5)) == 0


def test_words_with_bits_to_spare_share_one():
    words = np.full(5, 2**21 - 1, np.uint64)
    assert filled(words, 2**21 - 1).tolist() == [(2**21 - 1) ** 3, (2**21 - 1) ** 2]
    assert filled(words, 2**22 - 1).size == 3  # 66 bits are too many
    for bits in range(1, 65):  # as many as fit, and no more: five of 13 bits do not
        assert product_of_words(np.full(130, 2**bits - 1, np.uint64)) == (2**bits - 1) ** 130
    full = np.full(3, 2**64 - 1, np.uint64)
    assert product_of_words(full) == (2**64 - 1) ** 3
    assert padded(full, 2).tolist() == [[2**64 - 1] * 2, [2**64 - 1, 1]]


def test_blocks_of_the_largest_words():
    # (2**64 - 1)**n: every carry there can be
    n = 2 * BLOCK_WORDS + 1
    assert product_of_words(np.full(n, 2**64 - 1, np.uint64)) == (2**64 - 1) ** n


@given(st.lists(st.integers(1, 1000), min_size=2))
def test_the_middle_halves_as_well_as_can_be(lengths):
    ends = np.cumsum(lengths).tolist()
    cut = middle_of(ends, 0, len(ends))
    assert 0 < cut < len(ends)
    longer = [max(end, ends[-1] - end) for end in ends[:-1]]
    assert longer[cut - 1] == min(longer)


def test_types_and_errors():
    assert type(prod([])) is int
    assert type(prod([1, mpz(2)])) is mpz
    assert type(prod([], start=mpz(2))) is mpz
    assert prod([], start=-3) == -3
    with pytest.raises(TypeError, match=r"prod\(iterable\) needs Python ints"):
        prod([1, 2.0])
    with pytest.raises(TypeError, match="needs an array of integers, got dtype float64"):
        prod(np.ones(3))
    with pytest.raises(TypeError):
        prod(7)
