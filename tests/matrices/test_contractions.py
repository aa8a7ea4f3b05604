"""dot, tensordot and matrix_power: NumPy's shapes and values, the same keywords over every ring."""

from fractions import Fraction

import numpy as np
import pytest

import fastmul
from fastmul.matrices import BitMatrix
from tests.matrices.cases import assert_same, random_matrix

P = 998244353
SHAPES = [
    ((), ()), ((), (3,)), ((2, 3), ()), ((3,), (3,)), ((2, 3), (3,)), ((3,), (3, 4)), ((2, 3), (3, 4)),
    ((2, 5, 3), (3,)), ((3,), (2, 3, 4)), ((2, 5, 3), (4, 3, 2)), ((0, 3), (3, 2)), ((2, 0), (4, 0, 3)),
    ((2, 3), (0, 3, 2)),
]  # fmt: skip


def array(shape, dtype, seed):
    return random_matrix(shape, np.dtype(dtype), seed) if shape else np.dtype(dtype).type(7)


@pytest.mark.parametrize(("a_shape", "b_shape"), SHAPES)
@pytest.mark.parametrize("dtype", ["int64", "uint8", "float64"])
def test_dot_is_numpys(a_shape, b_shape, dtype):
    made = np.int8 if dtype == "float64" else dtype  # sums that no order rounds
    a, b = (array(s, made, i).astype(dtype) for i, s in enumerate((a_shape, b_shape)))
    expected = np.dot(a, b)
    got = fastmul.dot(a, b)
    assert_same(np.asarray(got), np.asarray(expected))
    assert isinstance(got, np.ndarray) == isinstance(expected, np.ndarray)
    if np.ndim(expected):
        out = np.empty_like(expected)
        assert fastmul.dot(a, b, out=out) is out
        assert_same(out, expected)


def test_dot_over_other_rings():
    a, b = np.array([2**40, -3, 5]), np.array([2**40, 7, 11])
    true = 2**80 + 34
    assert fastmul.dot(a, b, mod=P) == true % P
    assert fastmul.dot(a, b, overflow="promote") == true
    assert fastmul.dot(a, b, semiring=fastmul.min_plus) == 4
    assert fastmul.dot([1e200, 1.0, -1e200], [1e200, 1.0, 1e200], accuracy="correctly_rounded") == 1
    with pytest.raises(fastmul.ResultOverflowError):
        fastmul.dot(a, b, overflow="raise")
    assert fastmul.dot(2**40, b, mod=P).tolist() == [2**80 % P, 7 * 2**40 % P, 11 * 2**40 % P]
    assert fastmul.dot([2**70, 1], [3, 2**90]) == 3 * 2**70 + 2**90
    ones = BitMatrix.identity(3)
    assert fastmul.dot(ones, ones) == ones


def test_dot_refuses():
    with pytest.raises(
        ValueError, match=r"dot of shapes \(2, 3\) and \(4, 2, 5\): .* of length 3, meets axis 1"
    ):
        fastmul.dot(np.ones((2, 3)), np.ones((4, 2, 5)))
    with pytest.raises(ValueError, match=r"dot\(out=...\): the result has shape \(2, 4, 5\)"):
        fastmul.dot(np.ones((2, 3)), np.ones((4, 3, 5)), out=np.ones(3))


AXES = [
    0,
    1,
    2,
    ([0], [1]),
    ([2, 0], [0, 1]),
    (-1, 0),
    ((), ()),
    ((1, 2), (2, 0)),
    (np.array([1]), [2]),
]


@pytest.mark.parametrize("axes", AXES, ids=str)
def test_tensordot_is_numpys(axes):
    a, b = (
        random_matrix((3, 4, 5), np.dtype("int64"), 1),
        random_matrix((5, 3, 4), np.dtype("int64"), 2),
    )
    try:
        expected = np.tensordot(a, b, axes)
    except ValueError:
        with pytest.raises(ValueError, match=r"tensordot\(axes="):
            fastmul.tensordot(a, b, axes)
        return
    assert_same(fastmul.tensordot(a, b, axes), expected)
    out = np.empty_like(expected)
    assert fastmul.tensordot(a, b, axes, out=out) is out
    assert_same(out, expected)


def test_tensordot_out_of_any_layout():
    a = random_matrix((3, 4, 5), np.dtype("int32"), 1)
    out = np.empty((3, 4, 3, 4), np.int32)[::-1].transpose(1, 0, 2, 3).transpose(1, 0, 2, 3)
    fastmul.tensordot(a, a, (2, 2), out=out)
    assert_same(np.ascontiguousarray(out), np.tensordot(a, a, (2, 2)))
    turned = np.empty((4, 3, 4, 3), np.int32).T
    fastmul.tensordot(a, a, (2, 2), out=turned)
    assert_same(np.ascontiguousarray(turned), np.tensordot(a, a, (2, 2)))


def test_tensordot_of_long_sums_and_other_rings():
    a, b = (random_matrix((4, 6, 7), np.dtype("int64"), s) for s in (3, 4))
    true = np.tensordot(a.astype(object), b.astype(object), ([1, 2], [1, 2]))
    np.testing.assert_array_equal(fastmul.tensordot(a, b, ([1, 2], [1, 2]), mod=P), true % P)
    np.testing.assert_array_equal(
        fastmul.tensordot(a, b, ([1, 2], [1, 2]), overflow="promote"), true
    )
    with pytest.raises(fastmul.ResultOverflowError):
        fastmul.tensordot(a, b, ([1, 2], [1, 2]), overflow="raise")


@pytest.mark.parametrize(
    "axes", [4, -1, ([0, 0], [1, 1]), ([5], [0]), ([0], [1, 2]), ([0], [0])], ids=str
)
def test_tensordot_refuses(axes):
    with pytest.raises(ValueError, match=r"tensordot\(axes="):
        fastmul.tensordot(np.ones((2, 3, 4)), np.ones((3, 4, 2)), axes)


# ---------------------------------------------------------------- powers


def power(a, n, multiply):
    """By the definition."""
    result = None
    for _ in range(n):
        result = a if result is None else multiply(result, a)
    return result


@pytest.mark.parametrize("n", [0, 1, 2, 3, 4, 5, 12, 15])
@pytest.mark.parametrize("dtype", ["int64", "uint16", "bool"])
def test_powers_are_numpys(n, dtype):
    a = random_matrix((5, 5), np.dtype(dtype), 1)
    got = fastmul.matrix_power(a, n)
    assert_same(got, np.linalg.matrix_power(a, n))
    assert not np.shares_memory(got, a)


@pytest.mark.parametrize("n", [0, 1, 2, 7])
def test_powers_over_other_rings(n):
    a = random_matrix((4, 4), np.dtype("int64"), 2)
    exact = a.astype(object)
    true = power(exact, n, np.matmul) if n else np.eye(4, dtype=int).astype(object)
    got = fastmul.matrix_power(a, n, mod=P)
    assert got.dtype == np.int64
    np.testing.assert_array_equal(got, true % P)
    np.testing.assert_array_equal(fastmul.matrix_power(exact, n), true)
    np.testing.assert_array_equal(fastmul.matrix_power(a >> 50, n, overflow="promote").astype(object),
                                  power(exact >> 50, n, np.matmul) if n else true)  # fmt: skip
    halves = np.array([[Fraction(1, 2), 1], [0, 3]], object)
    assert (
        fastmul.matrix_power(halves, n) == np.array([[Fraction(1, 2) ** n, 0], [0, 3**n]], object)
    )[1].all()


@pytest.mark.parametrize("n", [0, 1, 3, 6])
def test_shortest_paths(n):
    far = np.iinfo(np.int64).max
    a = np.array([[far, 5, far], [far, far, 2], [1, far, far]])
    got = fastmul.matrix_power(a, n, semiring=fastmul.min_plus)
    rows = [[0 if i == j else far for j in range(3)] for i in range(3)]
    for _ in range(n):
        rows = [
            [
                min(
                    far,
                    *(x + int(a[k, j]) for k, x in enumerate(row) if far not in (x, a[k, j])),
                    far,
                )
                for j in range(3)
            ]
            for row in rows
        ]
    assert got.tolist() == rows


def test_first_power_of_nan_is_itself():
    a = np.array([[np.nan, 1], [np.inf, 2]])
    np.testing.assert_array_equal(fastmul.matrix_power(a, 1), a)
    np.testing.assert_array_equal(fastmul.matrix_power(a, 1, semiring=fastmul.min_plus), a)
    np.testing.assert_array_equal(fastmul.matrix_power(a, 0), np.eye(2))


def test_the_10_to_the_18th_power():
    n, p = 10**18, 10**9 + 7
    fibonacci = fastmul.matrix_power([[1, 1], [1, 0]], n, mod=p)
    assert fibonacci[0, 0] == (fibonacci[0, 1] + fibonacci[1, 1]) % p
    (a, b), (c, d) = fibonacci.tolist()
    assert (a * d - b * c) % p == 1
    rotation = np.array([[0, -1], [1, 0]])
    assert_same(fastmul.matrix_power(rotation, n + 1), rotation)


def test_powers_over_gf2():
    a = random_matrix((70, 70), np.dtype(bool), 5)
    packed = BitMatrix(a)
    for n in (0, 1, 2, 5):
        expected = fastmul.matrix_power(a.astype(int), n, mod=2)
        assert fastmul.matrix_power(packed, n) == BitMatrix(expected)
    with pytest.raises(ValueError, match=r"square matrices.*\(2, 3\)"):
        fastmul.matrix_power(BitMatrix(np.ones((2, 3), bool)), 2)
    with pytest.raises(TypeError, match="BitMatrix"):
        fastmul.matrix_power(packed, 2, out=np.empty((70, 70)))


def test_powers_of_stacks_and_in_place():
    a = random_matrix((3, 2, 2), np.dtype("int32"), 3)
    expected = np.linalg.matrix_power(a, 9)
    assert_same(fastmul.matrix_power(a, 9), expected)
    assert fastmul.matrix_power(a, 9, out=a) is a
    assert_same(a, expected)


def test_powers_that_overflow():
    a = np.array([[2, 0], [0, 1]])
    assert fastmul.matrix_power(a, 62, overflow="raise")[0, 0] == 2**62
    with pytest.raises(fastmul.ResultOverflowError):
        fastmul.matrix_power(a, 63, overflow="raise")
    assert fastmul.matrix_power(a, 64, overflow="promote")[0, 0] == 2**64
    with pytest.raises(fastmul.ResultOverflowError):
        fastmul.matrix_power([[300]], 1, dtype=np.int8, overflow="raise")


def test_powers_refuse():
    with pytest.raises(ValueError, match=r"square matrices.*\(2, 3\)"):
        fastmul.matrix_power(np.ones((2, 3)), 2)
    with pytest.raises(ValueError, match=r"matrix_power\(a, -1\).*linalg\.inv"):
        fastmul.matrix_power(np.eye(2), -1)
    with pytest.raises(TypeError, match=r"integer n, got 0\.5"):
        fastmul.matrix_power(np.eye(2), 0.5)
    with pytest.raises(ValueError, match="out has"):
        fastmul.matrix_power(np.eye(2), 2, out=np.eye(3))


@pytest.mark.parametrize(
    "keywords",
    [
        {"accuracy": "bogus"},
        {"algorithm": "nonsense"},
        {"threads": 0},
        {"accuracy": "fast", "overflow": "raise"},
    ],
)
@pytest.mark.parametrize("n", [0, 1, 2])
def test_every_power_refuses_alike(n, keywords):
    with pytest.raises(ValueError, match=r"matrix_power|matmul|threads|negative"):
        fastmul.matrix_power(np.ones((2, 2)), n, **keywords)


@pytest.mark.parametrize("n", [1, 2])
def test_no_power_drops_an_imaginary_part_or_leaves_a_semiring(n):
    with pytest.raises(TypeError):
        fastmul.matrix_power(np.array([[1 + 2j]]), n, dtype=np.float64)
    with pytest.raises(ValueError, match=r"matrix_power|matmul|threads|negative"):
        fastmul.matrix_power(np.array([[-1.0]]), n, semiring=fastmul.max_times)
