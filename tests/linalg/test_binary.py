"""Linear algebra over GF(2) on packed bits, against elimination in Python ints and python-flint."""

import numpy as np
import pytest

from fastmul.exceptions import SingularMatrixError
from fastmul.linalg import binary, binary_elimination
from fastmul.matrices import BitMatrix

flint = pytest.importorskip("flint")

#: Around words (64), small triangular systems (128) and panels (512): (m, n, rank).
SHAPES = [
    (1, 1, 1), (1, 1, 0), (1, 70, 1), (70, 1, 1), (3, 5, 2), (63, 64, 40), (65, 65, 65), (64, 200, 64),
    (128, 128, 127), (129, 130, 129), (200, 64, 33), (300, 600, 290), (600, 300, 300), (513, 515, 512),
    (700, 520, 9), (0, 3, 0), (3, 0, 0),
]  # fmt: skip
every_shape = pytest.mark.parametrize("shape", SHAPES, ids=str)


def matrix(shape, seed=0):
    """A random matrix of that size and at most that rank: nearly always less by little, if at all."""
    m, n, r = shape
    rng = np.random.default_rng([m, n, r, seed])
    if r == min(m, n):
        return BitMatrix.random((m, n), rng)
    return BitMatrix.random((m, r), rng) @ BitMatrix.random((r, n), rng)


def gaps(m, n, seed=0):
    """A random matrix of which a third of the columns are zero or the sum of others: pivots straddle words."""
    rng = np.random.default_rng([m, n, seed])
    x = rng.integers(0, 2, (m, n))
    x[:, rng.random(n) < 0.15] = 0
    for j in np.flatnonzero(rng.random(n) < 0.2):
        x[:, j] = x[:, rng.integers(0, n, 3)].sum(axis=1) % 2
    return BitMatrix(x)


def regular(n, seed=0):
    """A random matrix with an inverse."""
    rng = np.random.default_rng([n, seed])
    lower, upper = np.tril(rng.integers(0, 2, (n, n)), -1), np.triu(rng.integers(0, 2, (n, n)), 1)
    a = BitMatrix(lower + np.eye(n, dtype=int)) @ BitMatrix(upper + np.eye(n, dtype=int))
    return a[rng.permutation(n)]


def reduced(a):
    """(reduced row echelon form, rank), by flint."""
    form, rank = flint.nmod_mat(*a.shape, a.to_array(int).ravel().tolist(), 2).rref()
    return np.array([[int(x) for x in row] for row in form.tolist()], int).reshape(a.shape), rank


@every_shape
def test_rref_and_rank(shape):
    a = matrix(shape)
    expected, rank = reduced(a) if 0 not in a.shape else (a.to_array(), 0)
    form, pivots = binary.rref(a)
    np.testing.assert_array_equal(form.to_array(), expected)
    assert binary.rank(a) == rank == len(pivots)
    assert [int(np.argmax(row)) for row in expected[:rank]] == pivots.tolist()


@every_shape
def test_lu(shape):
    a = matrix(shape)
    order, l, u = binary.lu(a)
    assert sorted(order) == list(range(shape[0]))
    assert l @ u == a[order]
    r = l.shape[1]
    assert u.shape == (r, a.shape[1])
    np.testing.assert_array_equal(np.triu(l.to_array()), np.eye(*l.shape))
    starts = [int(np.argmax(row)) for row in u.to_array()]
    assert u.to_array().any(axis=1).all()
    assert starts == sorted(set(starts))


@every_shape
def test_nullspace(shape):
    a = matrix(shape)
    basis = binary.nullspace(a)
    n, r = a.shape[1], binary.rank(a)
    assert basis.shape == (n, n - r)
    assert not (a @ basis).to_array().any()
    assert binary.rank(basis) == n - r
    free = np.setdiff1d(np.arange(n), binary.rref(a)[1])
    assert basis[free] == BitMatrix.identity(n - r)


@pytest.mark.parametrize("shape", [(200, 130), (300, 700), (700, 300), (700, 1100)], ids=str)
def test_pivots_anywhere(shape):
    a = gaps(*shape)
    expected, rank = reduced(a)
    form, pivots = binary.rref(a)
    np.testing.assert_array_equal(form.to_array(), expected)
    assert rank == len(pivots)
    order, l, u = binary.lu(a)
    assert l @ u == a[order]
    assert not (a @ binary.nullspace(a)).to_array().any()


@pytest.mark.parametrize("n", [1, 2, 63, 64, 65, 127, 129, 300, 513, 700])
def test_inverses_and_systems(n):
    a = regular(n)
    assert binary.det(a) == 1
    inverse = binary.inv(a)
    assert a @ inverse == inverse @ a == BitMatrix.identity(n)
    for columns in (1, 64, 70):
        b = BitMatrix.random((n, columns), rng=columns)
        x = binary.solve(a, b)
        assert a @ x == b
        assert x == inverse @ b


@pytest.mark.parametrize("n", [1, 2, 64, 65, 513])
def test_singular(n):
    x = regular(n).to_array()
    x[:, n // 2] = x[:, : n // 2].sum(axis=1) % 2  # of the columns before, or zero
    a = BitMatrix(x)
    assert binary.det(a) == 0
    assert binary.rank(a) == n - 1
    for solve in (binary.inv, lambda a: binary.solve(a, a)):
        with pytest.raises(
            SingularMatrixError, match=f"{n} x {n} matrix is singular modulo 2, of rank {n - 1}"
        ):
            solve(a)


def test_structured():
    n = 200
    for x in (
        np.zeros((n, n)),
        np.ones((n, n)),
        np.eye(n),
        np.eye(n)[::-1],
        np.tri(n),
        np.tri(n)[::-1],
        np.tri(n).T,
    ):
        a = BitMatrix(x.astype(int))
        np.testing.assert_array_equal(binary.rref(a)[0].to_array(), reduced(a)[0])
        if binary.det(a):
            assert a @ binary.inv(a) == BitMatrix.identity(n)


def test_shapes_are_checked():
    a, square = BitMatrix.zeros((2, 3)), BitMatrix.identity(3)
    for function in (binary.det, binary.inv, lambda x: binary.solve(x, x)):
        with pytest.raises(ValueError, match=r"square matrix, got shape \(2, 3\)"):
            function(a)
    with pytest.raises(ValueError, match="3 equations, 2 right-hand sides"):
        binary.solve(square, a)


def test_operands_stay_and_threads_do_not_matter():
    a = regular(600)
    before = a.words.copy()
    assert binary.inv(a, threads=1) == binary.inv(a, threads=2)
    np.testing.assert_array_equal(a.words, before)


def test_one_panel_or_many(monkeypatch):
    a = matrix((300, 400, 270))
    form, pivots = binary.rref(a)
    monkeypatch.setattr(binary_elimination, "PANEL_WORDS", 1)
    again, same = binary.rref(a)
    assert form == again
    np.testing.assert_array_equal(pivots, same)
