"""Over the integers and rationals against FLINT and by multiplying back."""

from fractions import Fraction

import numpy as np
import pytest

from fastmul import linalg
from fastmul.bounds import hadamard
from fastmul.exceptions import SingularMatrixError
from fastmul.linalg import lifting, rationals
from fastmul.linalg.primes import primes
from tests.linalg.matrices import fmpz, integers


@pytest.mark.parametrize("bits", [1, 4, 31, 62, 64, 200])
@pytest.mark.parametrize("n", [1, 2, 7, 24])
def test_square_matrices(n, bits):
    a = integers(n, n, bits)
    expected = fmpz(a)
    determinant = linalg.det(a)
    assert determinant == int(expected.det())
    assert type(determinant) is int
    assert linalg.rank(a) == expected.rank()
    assert [int(x) for x in linalg.charpoly(a)[::-1]] == [
        int(x) for x in expected.charpoly().coeffs()
    ]
    if determinant:
        b = integers(n, 2, bits, seed=1)
        x = linalg.solve(a, b)
        assert np.array_equal(a @ x, b)
        assert isinstance(x[0, 0], Fraction)
        assert np.array_equal(linalg.inv(a) @ a, np.eye(n, dtype=int))


def test_solutions_by_lifting_in_words_and_beyond(monkeypatch):
    monkeypatch.setattr(rationals, "LIFTED_SIDE", 1)
    for bits in (3, 20, 29, 30, 40, 63):
        a = integers(9, 9, bits).astype(np.int64)
        assert linalg.det(a) == int(fmpz(a).det())
        assert linalg.det(a.astype(object)) == int(fmpz(a).det())


@pytest.mark.parametrize("shape", [(6, 6), (4, 9), (9, 4)])
def test_ranks_are_proved(shape):
    full = integers(*shape, 20)
    for rank in range(min(shape) + 1):
        a = integers(shape[0], rank, 10) @ integers(rank, shape[1], 10, seed=1)
        a = a if rank else np.zeros(shape, object)
        assert linalg.rank(a) == fmpz(a).rank()
    assert linalg.rank(full) == min(shape)


def test_a_matrix_that_vanishes_modulo_the_first_primes():
    usable = primes()
    p, q = next(usable), next(usable)
    a = np.array([[p * q, 0], [0, 1]], object)
    assert linalg.rank(a) == 2
    assert linalg.det(a) == p * q
    assert np.array_equal(linalg.solve(a, [1, 1]), [Fraction(1, p * q), 1])
    assert linalg.rank(a * p * q) == 2


def test_singular_matrices():
    a = integers(6, 6, 50)
    a[3] = a[0] - 5 * a[2]
    assert linalg.det(a) == 0
    for call in (lambda: linalg.inv(a), lambda: linalg.solve(a, np.ones(6, int))):
        with pytest.raises(SingularMatrixError, match="rank is 5"):
            call()
    assert linalg.det(np.zeros((3, 3), int)) == 0
    assert linalg.det(np.zeros((0, 0), int)) == 1
    assert linalg.solve(np.zeros((0, 0), int), np.zeros(0, int)).shape == (0,)
    with pytest.raises(SingularMatrixError):
        linalg.solve([[0]], np.zeros((1, 0), int))
    with pytest.raises(ValueError, match="threads"):
        linalg.det(np.eye(3, dtype=int), mod=7, threads=0)


def test_a_determinant_that_floats_get_wrong():
    hilbert = [[6**40 // (i + j + 1) for j in range(12)] for i in range(12)]
    a = np.array(hilbert, object)
    assert linalg.det(a) == int(fmpz(a).det())


def test_hadamards_bounds_are_reached():
    h = np.array([[1]])
    for _ in range(3):
        h = np.block([[h, h], [h, -h]])
    assert hadamard.largest_determinant(h) == abs(linalg.det(h)) == 8**4
    assert hadamard.largest_coefficient(1, 5) == 5
    for root in (0, 1, 2, 10**20):  # both sides of every square
        assert [hadamard.root_above(root**2 + d) for d in (0, 1)] == [root, root + 1]
    a = np.full((2, 2), 2**63 - 1, np.int64)
    assert hadamard.squared_norms(a, 0) == [2 * (2**63 - 1) ** 2] * 2
    numerator, denominator = hadamard.largest_solution(h, np.eye(8, dtype=int))
    assert all(
        abs(x.numerator) <= numerator and x.denominator <= denominator
        for x in linalg.inv(h).ravel()
    )


def test_the_window_of_lifting_in_words():
    p = next(primes())
    most = ((1 << 63) - 1) // (2 * p)
    assert lifting.stays_in_words(np.array([[most]]), p)
    assert not lifting.stays_in_words(np.array([[most + 1]]), p)
    for entry in (most, most + 1):
        assert linalg.solve([[entry]], [1]).item() == Fraction(1, entry)
