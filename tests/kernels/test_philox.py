"""Random words inside kernels equal their meaning, in scalars and in vectors, at any coordinate."""

import numpy as np
import pytest
from numba import int64, uint32, uint64, void

from fastmul.kernels.cpu.philox import fill_words, permute, permute8, word_at
from fastmul.kernels.cpu.vectors import splat, store
from fastmul.runtime.jit import const, kernel
from fastmul.runtime.philox import philox4x32
from tests.guard_pages import guarded
from tests.runtime.processes import run_python
from tests.runtime.test_philox import KNOWN_ANSWERS, ONES

HASWELL = {"NUMBA_CPU_NAME": "haswell", "NUMBA_CPU_FEATURES": "+avx2,+fma,+bmi,+bmi2"}


@kernel(void(const(uint64[::1]), const(uint64[::1]), int64, uint64[::1], uint64[::1]))
def permute_both_ways(counter, key, rounds, scalar, vector):
    scalar[0], scalar[1], scalar[2], scalar[3] = permute(
        counter[0], counter[1], counter[2], counter[3], key[0], key[1], rounds
    )
    c0, c1, c2, c3 = permute8(
        splat(counter[0]), splat(counter[1]), splat(counter[2]), splat(counter[3]), key[0], key[1], rounds
    )  # fmt: skip
    store(vector, 0, c0)
    store(vector, 8, c1)
    store(vector, 16, c2)
    store(vector, 24, c3)


@kernel(void(uint32[::1], uint32[::1], int64, int64, int64, int64, uint64, uint64))
def words_both_ways(scalar, vector, column, row, plane, site, key0, key1):
    fill_words(vector, scalar.size, column, row, plane, site, key0, key1)
    for i in range(scalar.size):
        scalar[i] = word_at(column + i, row, plane, site, key0, key1)


@pytest.mark.parametrize(("rounds", "counter", "key", "words"), KNOWN_ANSWERS)
def test_the_known_answers(rounds, counter, key, words):
    scalar, vector = np.empty(4, np.uint64), np.empty(32, np.uint64)
    permute_both_ways(
        np.array(counter, np.uint64), np.array(key, np.uint64), rounds, scalar, vector
    )
    expected = [int(word, 16) for word in words.split()]
    assert scalar.tolist() == expected
    low = vector & np.uint64(ONES)
    assert (expected == low.reshape(4, 8).T).all()


@pytest.mark.parametrize("column", [0, 4, 124, (1 << 32) - 64, (1 << 34) - 64])
@pytest.mark.parametrize(("row", "plane", "site"), [(0, 0, 0), (1, 2, 3), (ONES, ONES, ONES)])
def test_words_at_coordinates(column, row, plane, site):
    # 8 counters are one vector and 2 vectors are 32 words: around each, and up to a page that is not there
    key = (0x89ABCDEF, 0xFEDCBA98)
    vector = guarded(np.zeros(64, np.uint32))
    scalar = np.zeros(61, np.uint32)
    words_both_ways(scalar, vector, column, row, plane, site, *key)
    counters = [((column >> 2) + i, row, plane, site) for i in range(16)]
    expected = philox4x32(counters, key).reshape(-1)
    assert (vector == expected).all()
    assert (scalar == expected[:61]).all()


def test_an_avx2_target_gives_the_same_words():
    source = (
        "from tests.kernels.test_philox import *\n"
        "a, b = np.zeros(64, np.uint32), np.zeros(64, np.uint32)\n"
        "words_both_ways(a, b, 8, 1, 2, 3, 4, 5)\n"
        "assert (a == b).all() and 'zmm' not in str(words_both_ways.inspect_asm())\n"
        "print(*a)"
    )
    words = [int(word) for word in run_python(source, **HASWELL).split()]
    expected = philox4x32([(2 + i, 1, 2, 3) for i in range(16)], (4, 5)).reshape(-1)
    assert words == expected.tolist()
