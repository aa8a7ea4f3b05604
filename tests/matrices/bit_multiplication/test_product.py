"""The product of packed bits: every algorithm at every edge of words, blocks and tiles, against NumPy's integers."""

from dataclasses import replace

import numpy as np
import pytest

from fastmul.exceptions import AlgorithmError
from fastmul.matrices.bit_multiplication import gfni
from fastmul.matrices.bit_multiplication import product as module
from fastmul.matrices.bit_multiplication.problem import BitProblem
from fastmul.matrices.bit_multiplication.product import BITS, TABLE, multiply
from fastmul.matrices.bit_packing import pack, unpack
from fastmul.planning.pick import able_rows
from fastmul.runtime.target import target
from tests.adversaries import straddle
from tests.guard_pages import guarded
from tests.runtime.processes import run_python

ABLE = [row.name for row in able_rows(BITS, BitProblem(8, 8, 8))]
every_row = pytest.mark.parametrize("name", ABLE)

#: Around the sides of blocks, words, stripes and register tiles.
EDGES = straddle(1, 8, 64, 96, 128, 512)


@pytest.fixture
def rng():
    return np.random.default_rng(1)


def bits(shape, rng, density=0.5):
    return (rng.random(shape) < density).astype(np.uint8)


def truth(a, b):
    return (a.astype(np.int64) @ b.astype(np.int64) & 1).astype(np.uint8)


def entries(words, n):
    x = np.empty((words.shape[0], n), np.uint8)
    unpack(words, x)
    return x


def product(a, b, name, **keywords):
    return multiply(pack(a)[0], pack(b)[0], algorithm=name, **keywords)


@every_row
def test_every_edge(name, rng):
    sides = rng.choice(EDGES, (60, 3))
    for m, k, n in [
        *sides,
        *((1, 1, n) for n in EDGES),
        *((n, 1, 1) for n in EDGES),
        *((1, n, 1) for n in EDGES),
    ]:
        a, b = bits((m, k), rng), bits((k, n), rng)
        words = product(a, b, name)
        np.testing.assert_array_equal(entries(words, n), truth(a, b), err_msg=f"{m} {k} {n}")
        if n % 64:
            assert not (words[:, -1] >> np.uint64(n % 64)).any(), "bits beyond the last column"


@every_row
@pytest.mark.parametrize("density", [0.0, 0.01, 0.99, 1.0])
def test_sparse_and_full(name, density, rng):
    a, b = bits((130, 200), rng, density), bits((200, 140), rng, density)
    np.testing.assert_array_equal(entries(product(a, b, name), 140), truth(a, b))


@every_row
def test_all_blocks_of_the_depth(name, rng):
    a, b = bits((90, 9000), rng), bits((9000, 90), rng)  # several kc of the register kernel
    np.testing.assert_array_equal(entries(product(a, b, name), 90), truth(a, b))


@every_row
def test_adding_to_what_is_there(name, rng):
    a, b, c = bits((77, 100), rng), bits((100, 650), rng), bits((77, 650), rng)
    words = pack(c)[0]
    assert product(a, b, name, out=words, add=True) is words
    np.testing.assert_array_equal(entries(words, 650), truth(a, b) ^ c)


@every_row
def test_views_of_whole_words(name, rng):
    a, b = bits((70, 128), rng), bits((128, 130), rng)
    wide_a, wide_b, wide_c = (rng.integers(0, 1 << 64, (150, 9), np.uint64) for _ in range(3))
    x, y, z = wide_a[10:80, 3:5], wide_b[5:133, 1:4], wide_c[40:110, 6:9]
    x[...], y[...] = pack(a)[0], pack(b)[0]
    before = wide_c.copy()
    multiply(x, y, z, algorithm=name)
    np.testing.assert_array_equal(entries(z, 130), truth(a, b))
    before[40:110, 6:9] = z
    np.testing.assert_array_equal(wide_c, before)


@every_row
@pytest.mark.parametrize("before", [True, False])
def test_nothing_beside_the_operands_is_touched(name, before, rng):
    for m, k, n in [(9, 70, 130), (64, 64, 64), (33, 200, 513), (15, 71, 64)]:
        a, b = bits((m, k), rng), bits((k, n), rng)
        words = [guarded(pack(x)[0], before=before) for x in (a, b, np.zeros((m, n), np.uint8))]
        for x in words[:2]:
            x.flags.writeable = False
        multiply(*words, algorithm=name)
        np.testing.assert_array_equal(entries(words[2], n), truth(a, b))


@every_row
def test_two_threads_give_the_same(name, rng):
    a, b = (rng.integers(0, 1 << 64, (2100, 33), np.uint64) for _ in "ab")
    b = np.resize(b, (33 * 64, 33))
    one, two = (multiply(a, b, algorithm=name, threads=t) for t in (1, 2))
    np.testing.assert_array_equal(one, two)


@every_row
@pytest.mark.parametrize("shape", [(0, 5, 5), (5, 0, 70), (5, 5, 0)])
def test_empty(name, shape):
    m, k, n = shape
    out = np.ones((m, -(-n // 64)), np.uint64)
    a, b = np.zeros((m, -(-k // 64)), np.uint64), np.zeros((k, -(-n // 64)), np.uint64)
    assert not multiply(a, b, algorithm=name).any()
    if k == 0:
        assert multiply(a, b, out, add=True, algorithm=name).all()
        assert not multiply(a, b, out, algorithm=name).any()


@pytest.mark.skipif(len(ABLE) < 2, reason="one algorithm only: nothing to compute again by")
@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.name)
def test_a_wrong_product_is_found(row, monkeypatch, rng):
    a, b = (rng.integers(0, 1 << 64, (128, 2), np.uint64) for _ in "ab")
    right = multiply(a, b, n_checks=2)

    def wrong(*arguments):
        c = row.run(*arguments)
        c[77, 1] ^= np.uint64(1)
        return c

    monkeypatch.setattr(module, "_cheapest", lambda problem: replace(row, run=wrong))
    with pytest.warns(RuntimeWarning, match=f"by {row.name} failed verification"):
        again = multiply(a, b, n_checks=1)
    np.testing.assert_array_equal(again, right)


def avx2(features, cache):
    """Another code-generation target, with a cache of its own: cached code shows no assembly."""
    return {
        "NUMBA_CPU_NAME": "haswell",
        "NUMBA_CPU_FEATURES": features,
        "FASTMUL_CACHE_DIR": str(cache),
    }


def test_without_gfni_the_other_rows_do(tmp_path):
    source = """
import numpy as np
from fastmul.matrices.bit_multiplication.product import multiply
from fastmul.matrices.bit_packing import pack, unpack
from fastmul.kernels.cpu.bits import four_russians
from fastmul.exceptions import AlgorithmError

rng = np.random.default_rng(1)
a, b = (rng.integers(0, 2, s).astype(np.uint8) for s in ((70, 131), (131, 90)))
words = multiply(pack(a)[0], pack(b)[0])
c = np.empty((70, 90), np.uint8)
unpack(words, c)
assert (c == (a.astype(int) @ b & 1)).all()
try:
    multiply(pack(a)[0], pack(b)[0], algorithm="gfni")
except AlgorithmError as error:
    print("GFNI" in str(error) and "four_russians" in str(error))
(asm,) = four_russians._multiply_part.inspect_asm().values()
print("ymm" in asm, "zmm" in asm)
"""
    environment = avx2("+avx2,+fma,+bmi,+bmi2", tmp_path)
    assert run_python(source, **environment).split() == ["True", "True", "False"]


@pytest.mark.skipif(not target().gfni, reason="this CPU has no GFNI")
def test_gfni_without_avx512(tmp_path):
    source = """
import numpy as np
from fastmul.matrices.bit_multiplication.product import multiply
from fastmul.kernels.cpu.gemm import fields
from fastmul.kernels.cpu.gemm.kernels import kernels

rng = np.random.default_rng(1)
a, b = rng.integers(0, 1 << 64, (70, 3), np.uint64), rng.integers(0, 1 << 64, (192, 5), np.uint64)
one, two = (multiply(a, b, algorithm=name) for name in ("gfni", "four_russians"))
assert (one == two).all()
(asm,) = kernels(fields.blocks()).multiply_rows.inspect_asm().values()
print("gf2p8affineqb" in asm, "zmm" in asm)
"""
    environment = avx2("+avx2,+fma,+bmi,+bmi2,+gfni", tmp_path)
    assert run_python(source, **environment).split() == ["True", "False"]


def test_a_row_that_does_not_exist():
    words = np.zeros((1, 1), np.uint64)
    with pytest.raises(AlgorithmError, match="'gfni', 'four_russians'"):
        multiply(words, words, algorithm="m4ri")


def test_gfni_refuses_by_the_target_alone():
    assert (gfni.refuses(BitProblem(1, 1, 1)) is None) == target().gfni
