"""The packed rings modulo p at the edges of what each takes, and the same on a target without AVX-512."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from fastmul.bounds.modular import HALVES_DEPTH, LARGEST
from fastmul.kernels.cpu.gemm import modular, multiply
from fastmul.runtime.target import target
from tests.kernels.test_gemm import ON_OTHER_TARGET, REPOSITORY, TARGETS, run_python

RINGS = list(modular.rings())
#: A tile's edges, odd depths, and sums over more than one block of the depth.
SHAPES = [(1, 1, 1), (3, 2, 5), (8, 8, 8), (13, 41, 27), (9, 2 * HALVES_DEPTH + 3, 17)]
WORDS = (-(2**63), -(2**63) + 1, -1, 0, 1, 2**53 + 1, 2**63 - 1)


def moduli(name):
    """The largest and the smallest that the ring takes, and their neighbours."""
    top = LARGEST[name]
    smallest = (
        2**25 + 1 if name in ("modulo_2_51", "modulo_2_52") else 2
    )  # of two halves: bounds/modular
    return sorted({smallest, smallest + 1, smallest + 8, top // 2 + 1, top - 1, top})


def operands(p, shape, kind, rng):
    m, k, n = shape
    if kind == "words":
        return rng.choice(np.array(WORDS, np.int64), (m, k)), rng.choice(np.array(WORDS), (k, n))
    low, high = {"largest": (p - 1, p), "middle": (p // 2, p // 2 + 1)}.get(kind, (0, p))
    return rng.integers(low, high, (m, k)), rng.integers(low, high, (k, n))


@pytest.mark.parametrize("kind", ["largest", "middle", "residues", "words"])
@pytest.mark.parametrize("name", RINGS)
def test_edges(name, kind):
    ring, rng = modular.rings()[name], np.random.default_rng(1)
    for p, shape in itertools.product(moduli(name), SHAPES):
        a, b = operands(p, shape, kind, rng)
        c = np.empty((shape[0], shape[2]), np.int64)
        multiply(a, b, c, ring, 1, modular.parameters(p))
        expected = (a.astype(object) % p) @ (b.astype(object) % p) % p
        np.testing.assert_array_equal(c, expected.astype(np.int64), err_msg=f"{p} {shape}")


@pytest.mark.parametrize("name", RINGS)
def test_strides_threads_and_blocks(name):
    ring, rng, p = modular.rings()[name], np.random.default_rng(2), LARGEST[name] - 1
    a = rng.integers(-(2**63), 2**63 - 1, (600, 410)).T[::2]
    b = rng.integers(-(2**63), 2**63 - 1, (600, 2 * 97))[:, ::-2]
    c = np.zeros((97, 205), np.int64).T
    multiply(a, b, c, ring, 2, modular.parameters(p))
    weights = rng.integers(0, 1 << 20, 97)
    reduced = (b % p).astype(object) @ weights % p  # Freivalds, in Python's integers
    expected = (a % p).astype(object) @ reduced % p
    np.testing.assert_array_equal(c.astype(object) @ weights % p, expected)
    assert c.min() >= 0
    assert c.max() < p


def test_the_first_ring_that_takes_p_is_taken():
    for name in RINGS:
        assert modular.ring_of(LARGEST[name]).name == name
    assert modular.ring_of(max(LARGEST[name] for name in RINGS) + 1) is None


@pytest.mark.skipif(not target().avx512, reason="run by the AVX-512 leg")
def test_the_same_on_avx2():
    path = str(REPOSITORY / "tests/kernels/test_gemm_modular.py")
    arguments = ("-q", "-x", "-p", "no:cacheprovider", "-k", "edges and not residues", path)
    run_python(ON_OTHER_TARGET, *arguments, **TARGETS["AVX2"])
