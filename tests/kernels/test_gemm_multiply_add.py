"""C += A B by the packed driver: the same blocks, all of them added to what is there."""

import numpy as np
import pytest

from fastmul.kernels.cpu import gemm
from fastmul.kernels.cpu.gemm import modular
from fastmul.kernels.cpu.gemm.driver import FEW_BLOCKS
from fastmul.kernels.cpu.gemm.kernels import kernels

P = 998_244_353


def _shapes(ring):
    """One tile and less, more depth than a block, and so many rows that columns of B are packed for all of them."""
    tile = kernels(ring).ring.tile
    yield from ((1, 1, 1), (tile.mr, 2, 3), (tile.mr + 1, tile.kc + 3, 17))
    yield FEW_BLOCKS * tile.mc + 1, tile.kc + 1, 65


@pytest.mark.parametrize("threads", [1, 2])
def test_modulo_p(threads):
    rng = np.random.default_rng(threads)
    ring = modular.ring_of(P)
    for m, k, n in _shapes(ring):
        a, b = rng.integers(-(1 << 63), 1 << 63, (m, k)), rng.integers(0, P, (k, n))
        c = rng.integers(0, P, (m, n))
        expected = (c + np.matmul(a % P, b, dtype=object)) % P
        gemm.multiply_add(a, b, c, ring, threads, modular.parameters(P))
        assert np.array_equal(c, expected.astype(np.int64))


def test_words_and_strides():
    rng = np.random.default_rng(3)
    for m, k, n in _shapes("int64"):
        a, b, wide = (
            rng.integers(-(1 << 63), 1 << 63, shape) for shape in ((m, k), (n, k), (m, 2 * n))
        )
        expected = wide.copy()
        expected[:, ::2] += a @ b.T
        gemm.multiply_add(a, b.T, wide[:, ::2], "int64")
        assert np.array_equal(wide, expected)
