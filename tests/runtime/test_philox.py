"""Random words: the known answers of Random123, and their coordinates."""

import numpy as np
import pytest

from fastmul.runtime.philox import Philox, as_planes, philox4x32

ONES = 0xFFFFFFFF
PI = (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344), (0xA4093822, 0x299F31D0)

#: The lines philox4x32 of Random123's kat_vectors: (rounds, counter, key, words).
KNOWN_ANSWERS = [
    (7, (0,) * 4, (0, 0), "5f6fb709 0d893f64 4f121f81 4f730a48"),
    (7, (ONES,) * 4, (ONES,) * 2, "5207ddc2 45165e59 4d8ee751 8c52f662"),
    (7, *PI, "4dfccaba 190a87f0 c47362ba b6b5242a"),
    (10, (0,) * 4, (0, 0), "6627e8d5 e169c58d bc57ac4c 9b00dbd8"),
    (10, (ONES,) * 4, (ONES,) * 2, "408f276d 41c83b0e a20bc7c6 6d5451fd"),
    (10, *PI, "d16cfe09 94fdcceb 5001e420 24126ea1"),
]


@pytest.mark.parametrize(("rounds", "counter", "key", "words"), KNOWN_ANSWERS)
def test_the_known_answers(rounds, counter, key, words):
    assert " ".join(f"{w:08x}" for w in philox4x32(counter, key, rounds).tolist()) == words


def test_a_word_is_that_of_its_coordinates():
    rng = Philox((7 << 32) + 5, site=3)
    words = rng.words((2, 3, 4, 9))
    for i, j, row, column in [(0, 0, 0, 0), (0, 2, 1, 3), (1, 0, 3, 4), (1, 2, 3, 8)]:
        counter = (column >> 2, row, i * 3 + j, 3)
        assert words[i, j, row, column] == philox4x32(counter, (5, 7))[column & 3]


@pytest.mark.parametrize("shape", [(), (1,), (7,), (4, 5), (2, 3, 4, 5), (0,), (3, 0), (2, 0, 5)])
def test_words_have_the_shape_and_a_part_has_the_words_of_the_whole(shape):
    words = Philox(1).words(shape)
    assert words.shape == shape
    assert words.dtype == np.uint32
    larger = Philox(1).words(tuple(extent + 2 for extent in shape[-2:]))
    if len(shape) <= 2:
        assert (words == larger[tuple(slice(extent) for extent in shape)]).all()


def test_seeds_and_sites_give_unrelated_words():
    streams = [Philox(0), Philox(1), Philox(1 << 32), Philox(0, 1), Philox(0).at(2)]
    words = np.array([rng.words(4096) for rng in streams])
    bits = np.unpackbits(words.view(np.uint8), axis=1).astype(int) * 2 - 1
    correlations = np.corrcoef(bits) - np.eye(len(streams))
    assert abs(correlations).max() < 5 / np.sqrt(bits.shape[1])  # five standard deviations
    assert abs(bits.mean()) < 5 / np.sqrt(bits.size)


def test_what_rng_accepts():
    assert Philox.of(5) == Philox.of(np.int64(5)) == Philox.of(Philox(5))
    drawn = Philox.of(np.random.default_rng(1))
    assert drawn == Philox.of(np.random.default_rng(1)) != Philox.of(np.random.default_rng(2))
    generator = np.random.default_rng(1)
    assert Philox.of(generator) != Philox.of(generator)  # each call draws anew
    for wrong in (None, 1.5, "seed"):
        with pytest.raises(TypeError, match="int seed"):
            Philox.of(wrong)


@pytest.mark.parametrize(("seed", "site"), [(-1, 0), (1 << 64, 0), (0, -1), (0, 1 << 32)])
def test_seeds_and_sites_out_of_range(seed, site):
    with pytest.raises(ValueError, match=r"must be in 0 <= s\w+ < 2\*\*"):
        Philox(seed, site)


def test_coordinates_that_have_no_word():
    assert as_planes((1 << 32, 1 << 32, 1 << 34)) == (1 << 32, 1 << 32, 1 << 34)
    for shape in [((1 << 34) + 1,), ((1 << 32) + 1, 1), (3, 1 << 31, 2, 2)]:
        with pytest.raises(ValueError, match=r"2\*\*34 columns"):
            as_planes(shape)
