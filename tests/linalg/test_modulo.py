"""Elimination modulo p against FLINT: every size around the panel's width, every rank, the moduli at each window."""

import random

import numpy as np
import pytest

from fastmul import linalg
from fastmul.bounds import shoup
from fastmul.exceptions import SingularMatrixError, ZeroDivisorError
from fastmul.linalg.determinants import sign_of
from fastmul.linalg.elimination import BASE, FEW
from fastmul.matrices import BitMatrix
from tests.linalg.matrices import listed, nmod, residues

#: Bits; pivots that are often zero; near 2^32, with 2^64 / p 0.97 above an integer, so that about half of the quotients
#: by the rounded reciprocal need their correction; above 2^32; the largest below 2^63.
PRIMES = (2, 3, 4294902751, 2**32 + 15, 2**63 - 25)
SIZES = (1, 2, BASE - 1, BASE, BASE + 1, 2 * BASE + 3, 100)


@pytest.mark.parametrize("p", PRIMES)
@pytest.mark.parametrize("n", SIZES)
def test_square_matrices_of_every_rank(n, p):
    for rank in sorted({None or n, n - 1, n // 2, 0}):
        a = residues(n, n, p, rank=rank)
        expected = nmod(a, p)
        assert linalg.rank(a, mod=p) == expected.rank()
        assert linalg.det(a, mod=p) == int(expected.det())
        if expected.rank() == n:
            assert np.array_equal(linalg.inv(a, mod=p), listed(expected.inv(), a.shape))
            b = residues(n, 3, p, seed=1)
            assert np.array_equal(
                linalg.solve(a, b, mod=p), listed(expected.solve(nmod(b, p)), b.shape)
            )
            assert np.array_equal(linalg.solve(a, b[:, 0], mod=p), linalg.solve(a, b, mod=p)[:, 0])
        else:
            with pytest.raises(SingularMatrixError, match=rf"rank (is )?{expected.rank()}"):
                linalg.inv(a, mod=p)
            with pytest.raises(np.linalg.LinAlgError, match="singular"):
                linalg.solve(a, np.ones(n, int), mod=p)


def test_no_pivot_is_sought_in_the_right_hand_side():
    """A singular matrix modulo 6, and a right-hand side whose entries have no inverse."""
    for n in (1, BASE, BASE + 3):
        a = np.eye(n, dtype=int)
        a[-1, -1] = 0
        for b in (np.full(n, 2), np.full((n, 2 * BASE), 3)):
            with pytest.raises(SingularMatrixError, match=rf"rank is {n - 1}"):
                linalg.solve(a, b, mod=6)


@pytest.mark.parametrize("p", PRIMES)
@pytest.mark.parametrize("q", [0, 1, FEW, FEW + 1, 2 * BASE + 3])
def test_few_and_many_right_hand_sides(q, p):
    for n in (1, BASE + 1, 60):
        lower = np.tril(residues(n, n, p), -1) + np.eye(n, dtype=object)
        pivots = [1 + i % (p - 1) for i in range(n)]
        upper = np.triu(residues(n, n, p, seed=1), 1) + np.diag(np.array(pivots, object))
        a, b = lower @ upper % p, residues(n, q, p, seed=2)
        assert np.array_equal(a @ linalg.solve(a, b, mod=p).astype(object) % p, b)


@pytest.mark.parametrize("p", PRIMES)
@pytest.mark.parametrize("shape", [(3, 5), (5, 3), (40, 90), (90, 40), (70, 70)])
def test_factors_and_echelon_forms(shape, p):
    for rank in (min(shape), min(shape) // 2):
        a = residues(*shape, p, rank=rank)
        expected, found = nmod(a, p).rref()
        order, lower, upper = linalg.lu(a, mod=p)
        assert np.array_equal(lower.astype(object) @ upper.astype(object) % p, a[order])
        assert not np.triu(lower, 1).any()
        assert (lower.diagonal() == 1).all()
        reduced, pivots = linalg.rref(a, mod=p)
        assert np.array_equal(reduced, listed(expected, shape))
        assert len(pivots) == found == lower.shape[1]
        basis = linalg.nullspace(a, mod=p)
        assert basis.shape == (shape[1], shape[1] - found)
        assert not (a @ basis.astype(object) % p).any()
        assert linalg.rank(basis, mod=p) == basis.shape[1]


@pytest.mark.parametrize("p", PRIMES)
def test_rows_are_exchanged_with_their_multipliers(p):
    for shape in ((20, 20), (60, 45)):
        a = residues(*shape, p) * (
            residues(*shape, 4, seed=1) == 0
        )  # three of four pivots are zero
        order, lower, upper = linalg.lu(a, mod=p)
        assert np.array_equal(lower.astype(object) @ upper.astype(object) % p, a[order])
        assert not np.array_equal(order, np.arange(shape[0]))


@pytest.mark.parametrize("p", PRIMES[2:])
def test_sums_of_products_that_end_beyond_p(p):
    """Eight pivots subtracted at once, by products c x - floor(c' x / B) p that are in [p, 2p) all."""
    base = 2**32 if p < 2**32 else 2**64
    rng = random.Random(p)
    for _ in range(200):
        c, x = rng.randrange(p), rng.randrange(p)
        if c * x - ((c * base // p) * x // base) * p >= p:
            break
    one, d = np.eye(8, dtype=np.int64), residues(8, 8, p)
    a = np.block([[one, np.full((8, 8), c)], [np.full((8, 8), x), d]])
    assert linalg.det(a, mod=p) == int(nmod(a, p).det())


@pytest.mark.parametrize("p", PRIMES)
@pytest.mark.parametrize("n", [1, 2, 3, 20])
def test_characteristic_polynomials(n, p):
    for rank in (n, n // 2):
        a = residues(n, n, p, rank=rank)
        expected = [int(x) for x in nmod(a, p).charpoly().coeffs()]
        assert [int(x) for x in linalg.charpoly(a, mod=p)[::-1]] == expected


def test_entries_of_every_integer_dtype():
    p = 1_000_003
    for dtype in ("i1", "u1", "i4", "i8", "u8", "?"):
        a = np.array([[1, 0, 1], [1, 1, 0], [0, 1, 1]], dtype)
        assert linalg.det(a, mod=p) == 2
    assert linalg.det([[-1, 0], [0, 2**64 + 3]], mod=p) == -(2**64 + 3) % p
    assert linalg.det(np.array([[2**64 - 1]], np.uint64), mod=2**63 - 25) == (2**64 - 1) % (
        2**63 - 25
    )
    assert (
        linalg.det([[-1, 0], [0, 2**63]], mod=p) == -(2**63) % p
    )  # NumPy alone would make floats of it
    assert linalg.det(np.array([[-(2**63)]]), mod=2**63) == 0


def test_operands_stay_as_they_are():
    a = np.arange(100).reshape(10, 10) ** 2 % 97
    a.flags.writeable = False
    before = a.copy()
    for view in (a, a.T, a[::-1, ::2][:5]):
        square = view[:5, :5]
        assert linalg.det(square, mod=97) == linalg.det(square.copy(), mod=97)
        linalg.lu(view, mod=97), linalg.rref(view, mod=97), linalg.charpoly(square, mod=97)
    assert np.array_equal(a, before)


def test_empty_matrices():
    empty = np.zeros((0, 0), int)
    assert linalg.det(empty, mod=7) == 1
    assert linalg.rank(np.zeros((0, 5), int), mod=7) == 0
    assert linalg.inv(empty, mod=7).shape == (0, 0)
    assert linalg.nullspace(np.zeros((0, 3), int), mod=7).tolist() == np.eye(3).tolist()
    assert linalg.charpoly(empty, mod=7).tolist() == [1]


def test_a_composite_modulus_works_as_long_as_pivots_do():
    a = [[2, 1], [1, 1]]  # the first entry of the column is no unit, the second is
    assert linalg.det(a, mod=6) == 1
    assert np.array_equal(np.array(a) @ linalg.inv(a, mod=6) % 6, np.eye(2))


@pytest.mark.parametrize("function", ["det", "rank", "inv", "rref", "nullspace", "lu", "charpoly"])
def test_a_composite_modulus_names_its_divisor(function):
    a = np.array([[2, 1, 0], [2, 4, 1], [4, 2, 2]])
    with pytest.raises(ZeroDivisorError, match=r"6 = 2 \* 3"):
        getattr(linalg, function)(a, mod=6)


@pytest.mark.parametrize("function", ["det", "inv", "charpoly"])
def test_square_matrices_only(function):
    with pytest.raises(ValueError, match=rf"{function} takes a square matrix, got shape \(2, 3\)"):
        getattr(linalg, function)(np.ones((2, 3), int), mod=7)


def test_bad_calls():
    with pytest.raises(ValueError, match="takes a matrix"):
        linalg.det(np.ones(3, int), mod=7)
    with pytest.raises(TypeError, match=r"numpy\.linalg"):
        linalg.det(np.ones((2, 2)), mod=7)
    with pytest.raises(TypeError, match="float"):
        linalg.det([[1.5, 2], [3, 4]], mod=7)
    with pytest.raises(ValueError, match=r"right-hand side of shape \(2,\)"):
        linalg.solve(np.eye(2, dtype=int), np.ones(3, int), mod=7)
    with pytest.raises(ValueError, match=r"2\*\*63, best a prime"):
        linalg.det(np.eye(2, dtype=int), mod=2**64)
    for function in (linalg.lu, linalg.rref, linalg.nullspace):
        with pytest.raises(TypeError, match="give mod=, or a BitMatrix"):
            function(np.eye(2, dtype=int))
    with pytest.raises(ValueError, match="at least 2"):
        linalg.det(np.eye(2, dtype=int), mod=1)


def test_signs_of_permutations():
    for order in ([0], [1, 0], [1, 2, 0], [1, 0, 3, 2], [3, 0, 1, 2]):
        assert sign_of(np.array(order)) == round(np.linalg.det(np.eye(len(order))[order]))


@pytest.mark.parametrize("bits", [32, 64])
def test_shoups_products_at_their_window(bits):
    p = shoup.largest_modulus(bits)
    base = 1 << bits
    for c in (1, 2, p // 2, p - 2, p - 1):
        for x in (0, 1, p // 3, p - 1):
            quotient = c * base // p
            assert quotient < base
            r = c * x - quotient * x // base * p
            assert 0 <= r < 2 * p <= 1 << 64
            assert bits == 64 or c * base < 1 << 64
    # one more, and either the largest remainder or the largest c B leaves the word
    assert (2 * (p + 1) if bits == 64 else p * base + 1) > 1 << 64


def test_bit_matrices_in_bit_matrices_out():
    rng = np.random.default_rng(4)
    a = rng.integers(0, 2, (40, 40))
    while not linalg.det(a, mod=2):
        a = rng.integers(0, 2, (40, 40))
    bits, b = BitMatrix(a), rng.integers(0, 2, 40)
    assert isinstance(linalg.inv(bits), BitMatrix)
    assert np.array_equal(linalg.inv(bits).to_array(), linalg.inv(a, mod=2))
    assert np.array_equal(linalg.inv(a, mod=2), linalg.inv(a + 2**40, mod=2))
    assert linalg.inv(a, mod=2).dtype == np.int64
    assert np.array_equal(linalg.solve(bits, b), linalg.solve(a, b, mod=2))
    assert np.array_equal(
        linalg.solve(a, BitMatrix(b[:, None]), mod=2)[:, 0], linalg.solve(a, b, mod=2)
    )
    for wrong in (b[:3], np.int64(1), np.ones((40, 1, 1), int)):
        with pytest.raises(ValueError, match="takes a right-hand side"):
            linalg.solve(bits, wrong)
    x = linalg.solve(bits, BitMatrix(b[:, None]))
    assert np.array_equal(x.to_array()[:, 0], linalg.solve(a, b, mod=2))
    assert (linalg.det(bits), linalg.rank(bits)) == (1, 40)
    assert linalg.charpoly(bits).tolist() == linalg.charpoly(a, mod=2).tolist()
    for function in (linalg.lu, linalg.rref):
        for packed, plain in zip(function(bits), function(a, mod=2), strict=True):
            array = packed.to_array() if isinstance(packed, BitMatrix) else packed
            assert np.array_equal(array, plain)
    assert linalg.nullspace(bits).shape == (40, 0)
    with pytest.raises(ValueError, match="whose entries live modulo 2"):
        linalg.det(bits, mod=7)
