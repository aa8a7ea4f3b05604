"""Exact products by residues: 64-bit matrices against Python's integers, at every window's edge."""

import numpy as np
import pytest

from fastmul.bounds import residues as bounds
from fastmul.matrices.multiplication import residues
from fastmul.transforms.residue_systems import ResidueSystem
from tests.matrices.cases import extreme_matrix, random_matrix, true_product

INT64, UINT64 = np.dtype("int64"), np.dtype("uint64")
BITS = {INT64: 63, UINT64: 64}


def integers(limbs):
    """Python ints of an (m, n, n_limbs) array in two's complement."""
    n_limbs = limbs.shape[-1]
    unsigned = sum(limbs[..., i].astype(object) << (64 * i) for i in range(n_limbs))
    return np.where(unsigned >= 1 << (64 * n_limbs - 1), unsigned - (1 << 64 * n_limbs), unsigned)


def check(a, b, a_bits, b_bits, threads=1):
    limbs = residues.multiply_int64(a, b, a_bits, b_bits, threads)
    bound = a.shape[1] << (a_bits + b_bits)
    assert limbs.shape == (a.shape[0], b.shape[1], max(1, -(-(bound.bit_length() + 1) // 64)))
    np.testing.assert_array_equal(integers(limbs), true_product(a, b))


@pytest.fixture(params=["bytes", "halves"])
def kind(request, monkeypatch):
    """Each kind of residues, whatever this machine would choose."""
    largest = {"bytes": 256, "halves": 2047}[request.param]
    monkeypatch.setattr(
        residues,
        "system_for",
        lambda problem: ResidueSystem(request.param, bounds.moduli(largest, problem.highest)),
    )
    return request.param


@pytest.mark.parametrize(("m", "k", "n"), [(1, 1, 1), (3, 5, 2), (8, 8, 8), (9, 70, 13)])
def test_64_bit_matrices(kind, m, k, n):
    for make in (random_matrix, extreme_matrix):
        for a_dtype, b_dtype in ((INT64, INT64), (UINT64, UINT64), (UINT64, INT64)):
            a, b = make((m, k), a_dtype, k), make((k, n), b_dtype, k + 1)
            check(a, b, BITS[a_dtype], BITS[b_dtype])
            check(
                a >> a.dtype.type(40), b >> b.dtype.type(61), BITS[a_dtype] - 40, BITS[b_dtype] - 61
            )


def test_the_bound_is_reached(kind):
    """-2^63 everywhere: every entry is k 2^126 exactly."""
    low = np.full((4, 4), -(2**63))
    check(low, low, 63, 63)
    check(low, -(low + 1), 63, 63)
    check(np.ones((2, 3), int), np.full((3, 2), -1), 0, 0)


def test_sums_are_cut_and_moduli_come_in_batches(kind, monkeypatch):
    monkeypatch.setattr(bounds, "exact_depth", lambda *args: 5)
    monkeypatch.setattr(residues, "BATCH_BYTES", 1)
    monkeypatch.setattr(residues, "CHUNK_WORK", 1)
    monkeypatch.setattr(residues, "CHUNK_RESIDUES", 1)
    a, b = extreme_matrix((11, 23), INT64, 1), random_matrix((23, 12), INT64, 2)
    check(a, b, 63, 63, threads=2)


@pytest.mark.parametrize("k", [65792, 65793, 65794])
def test_the_longest_sum(k):
    """Residues of -1 are m - 1, of 127 modulo 255 the largest: sums at the edge of an int32."""
    a, b = np.full((1, k), -1), np.full((k, 1), 127)
    got = integers(residues.multiply_int64(a, b, 0, 7))
    assert got[0, 0] == -127 * k


def test_layouts():
    a, b = random_matrix((12, 14), INT64, 3), random_matrix((14, 10), INT64, 4)
    a.flags.writeable = False
    check(a.T[::2, ::-1], np.asfortranarray(b)[:12], 63, 63)


def test_empty():
    for m, k, n in ((0, 3, 2), (2, 0, 3), (2, 3, 0)):
        got = residues.multiply_int64(np.ones((m, k), int), np.ones((k, n), int), 1, 1)
        assert got.shape[:2] == (m, n)
        assert not got.any()
