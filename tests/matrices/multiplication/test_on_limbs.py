"""Matrices of long integers: limb arrays and Python ints, by every algorithm, against Python's own arithmetic."""

import random
from fractions import Fraction

import gmpy2
import numpy as np
import pytest

import fastmul
from fastmul.matrices import matmul_limbs
from fastmul.matrices.multiplication import on_limbs, python_integers
from fastmul.matrices.multiplication.numbers import Numbers, NumbersProblem, limbs_for
from fastmul.planning.pick import able_rows
from tests.adversaries import integers as adversaries

NAMES = on_limbs.OPERATION.names


def unsigned(limbs):
    return sum(limbs[..., i].astype(object) << (64 * i) for i in range(limbs.shape[-1]))


def limb_matrix(shape, n_limbs, seed):
    """Adversarial numbers and random ones."""
    rng = random.Random(seed)
    pool = [
        0,
        1,
        *(value for _, value in adversaries(n_limbs, seed)),
        rng.getrandbits(64 * n_limbs),
    ]
    flat = [rng.choice(pool) for _ in range(int(np.prod(shape)))]
    data = b"".join(value.to_bytes(8 * n_limbs, "little") for value in flat)
    return np.frombuffer(data, np.uint64).reshape(*shape, n_limbs)


def product(a, b):
    return (
        np.matmul(a.astype(object), b.astype(object))
        if a.shape[1]
        else np.zeros((len(a), b.shape[1]), object)
    )


# ---------------------------------------------------------------- limb arrays


@pytest.mark.parametrize("name", ["auto", *NAMES])
@pytest.mark.parametrize(
    ("m", "k", "n", "p", "q"),
    [(1, 1, 1, 1, 1), (2, 3, 4, 1, 2), (3, 1, 2, 2, 2), (5, 7, 6, 5, 3), (2, 2, 2, 17, 20)],
)
def test_limb_arrays(name, m, k, n, p, q):
    a, b = limb_matrix((m, k), p, 1), limb_matrix((k, n), q, 2)
    c = matmul_limbs(a, b, algorithm=name)
    assert c.shape == (m, n, p + q + (k > 1))
    np.testing.assert_array_equal(unsigned(c), product(unsigned(a), unsigned(b)))


@pytest.mark.parametrize("name", NAMES)
def test_all_ones_fill_the_result(name):
    a, b = np.full((2, 5, 3), 2**64 - 1, np.uint64), np.full((5, 2, 2), 2**64 - 1, np.uint64)
    expected = 5 * (2**192 - 1) * (2**128 - 1)
    assert (unsigned(matmul_limbs(a, b, algorithm=name)) == expected).all()
    one = matmul_limbs(a[:, :1], b[:1], algorithm=name)
    assert one.shape == (2, 2, 5)
    assert (unsigned(one) == (2**192 - 1) * (2**128 - 1)).all()


@pytest.mark.parametrize("name", NAMES)
def test_stacks_out_and_layouts(name):
    a, b = limb_matrix((2, 1, 3, 4), 2, 3), limb_matrix((5, 4, 2), 1, 4)
    a.flags.writeable = False
    out = np.empty((2, 5, 3, 2, 4), np.uint64)
    assert matmul_limbs(a, b, out, algorithm=name, threads=2) is out
    for i in range(2):
        for j in range(5):
            np.testing.assert_array_equal(
                unsigned(out[i, j]), product(unsigned(a[i, 0]), unsigned(b[j]))
            )
    turned = matmul_limbs(b[0].transpose(1, 0, 2), a[0, 0].transpose(1, 0, 2), algorithm=name)
    np.testing.assert_array_equal(unsigned(turned), unsigned(out[0, 0]).T)


@pytest.mark.parametrize("name", ["auto", *NAMES])
@pytest.mark.parametrize("shape", [(0, 2, 3), (2, 0, 3), (2, 3, 0)])
def test_empty(name, shape):
    m, k, n = shape
    c = matmul_limbs(np.ones((m, k, 1), np.uint64), np.ones((k, n, 1), np.uint64), algorithm=name)
    assert c.shape[:2] == (m, n)
    assert not c.any()


def test_what_it_refuses():
    a = np.ones((2, 3, 1), np.uint64)
    with pytest.raises(
        TypeError, match="needs uint64 arrays of limbs; b is ndarray of dtype int64"
    ):
        matmul_limbs(a, a.astype(np.int64))
    with pytest.raises(TypeError, match="a is list"):
        matmul_limbs([[1]], a)
    with pytest.raises(ValueError, match=r"\(\.\.\., rows, columns, n_limbs\)"):
        matmul_limbs(a[0], a)
    with pytest.raises(ValueError, match="3 columns of the first meet 2 rows"):
        matmul_limbs(a, a)
    with pytest.raises(ValueError, match=r"\(2,\) and \(3,\) do not broadcast"):
        matmul_limbs(np.ones((2, 1, 1, 1), np.uint64), np.ones((3, 1, 1, 1), np.uint64))
    b = a.transpose(1, 0, 2)
    good = matmul_limbs(a, b)
    with pytest.raises(TypeError, match="out"):
        matmul_limbs(a, b, good.astype(np.int64))
    with pytest.raises(ValueError, match=r"gives shape \(2, 2, 3\)"):
        matmul_limbs(a, b, good[..., :2])
    with pytest.raises(ValueError, match="C-contiguous"):
        matmul_limbs(a, b, np.asfortranarray(good))
    square = np.ones((3, 3, 3), np.uint64)
    with pytest.raises(ValueError, match="no memory"):
        matmul_limbs(square[..., :1], square[..., 1:2], square)
    with pytest.raises(fastmul.AlgorithmError, match="'residues', 'kronecker', 'entries'"):
        matmul_limbs(a, b, algorithm="packed")


def test_residues_refuse_what_no_moduli_hold():
    long = np.full((1, 1, 4000), 2**64 - 1, np.uint64)
    with pytest.raises(
        fastmul.AlgorithmError, match=r"residues.*refuses.*more than all coprime moduli.*would do"
    ):
        matmul_limbs(long, long, algorithm="residues")
    assert unsigned(matmul_limbs(long, long))[0, 0] == (2**256000 - 1) ** 2


def test_costs_say_what_everyone_knows():
    """A large matrix of short numbers is for residues, a few long numbers are for GMP."""

    def best(problem):
        return min(able_rows(on_limbs.OPERATION, problem), key=lambda row: row.cost(problem)).name

    def stated(n, bits):
        highest = n << (2 * bits)
        return NumbersProblem(n, n, n, bits, bits, highest, limbs_for(highest))

    assert best(stated(256, 64)) == best(stated(256, 1000)) == "residues"
    assert best(stated(2, 64)) == "entries"
    explained = fastmul.explain(matmul_limbs, *(np.ones((4, 4, 2), np.uint64),) * 2)
    assert {line.algorithm for line in explained.lines} == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("bits", [1, 63, 64, 65, 191])
def test_signed_numbers(name, bits):
    """The largest magnitudes with mixed signs: borrows of Kronecker's digits, the sign of every piece of a residue."""
    rng = random.Random(bits)
    top = (1 << bits) - 1
    a, b = (
        np.array([[rng.choice((-top, top, 0, -1)) for _ in range(6)] for _ in range(6)], object)
        for _ in range(2)
    )
    a[0], b[:, 0] = -top, top
    highest = 6 * top * top
    problem = NumbersProblem(6, 6, 6, bits, bits, highest, limbs_for(highest))
    numbers = [Numbers.of(python_integers.to_limbs(x, bits), signed=True) for x in (a, b)]
    out = np.empty((6, 6, problem.n_limbs), np.uint64)
    on_limbs.OPERATION[name].run(problem, *numbers, out)
    np.testing.assert_array_equal(python_integers.from_limbs(out), product(a, b))


# ---------------------------------------------------------------- Python ints


def objects(shape, bits, seed):
    rng = random.Random(seed)
    out = np.empty(shape, object)
    for index in np.ndindex(shape):
        out[index] = rng.choice((-1, 1)) * rng.getrandbits(rng.randint(0, bits))
    return out


@pytest.mark.parametrize("name", ["auto", "numpy", *NAMES])
@pytest.mark.parametrize("bits", [70, 500])
def test_object_matrices(name, bits):
    a, b = objects((5, 7), bits, 1), objects((7, 6), 40, 2)
    a[0, 0] = 1 << bits
    c = fastmul.matmul(a, b, algorithm=name)
    assert c.dtype == object
    assert {type(x) for x in c.ravel()} == {int}
    np.testing.assert_array_equal(c, product(a, b))


@pytest.mark.parametrize("name", NAMES)
def test_third_door(name):
    from importlib import import_module

    module = import_module(f"fastmul.matrices.multiplication.{name}")
    assert module.matmul([[2**70, 1]], [[3], [-(2**80)]])[0, 0] == 3 * 2**70 - 2**80


def test_what_counts_as_integers():
    a = [[gmpy2.mpz(2) ** 70, np.int64(2**62)], [True, 5]]
    b = np.array([[3, 2**65], [4, -1]], object)
    expected = [[3 * 2**70 + 2**64, 2**135 - 2**62], [23, 2**65 - 5]]
    c = fastmul.matmul(a, b)
    assert c.tolist() == expected
    assert {type(x) for x in c.ravel()} == {int}
    assert fastmul.matmul(a, b, verify=3).tolist() == expected
    halves = np.array([[Fraction(1, 2)]], object)
    assert fastmul.matmul(halves, halves)[0, 0] == Fraction(1, 4)
    with pytest.raises(fastmul.AlgorithmError, match="Python ints"):
        fastmul.matmul(halves, halves, algorithm="residues")


def test_object_stacks_and_mixed_operands():
    a = objects((2, 3, 4, 5), 90, 3)
    b = np.arange(15).reshape(5, 3)
    c = fastmul.matmul(a, b)
    np.testing.assert_array_equal(c, np.matmul(a, b.astype(object)))
    v = a[0, 0, 0]
    assert fastmul.matmul(v, v) == sum(x * x for x in v)


@pytest.mark.parametrize(
    "value", [2**63 - 1, 2**63, 2**64 - 1, 2**64, -(2**63), -(2**63) - 1, -(2**64)]
)
def test_objects_at_the_edges_of_words(value):
    a = np.array([[value, 1]], object)
    assert fastmul.matmul(a, a.T)[0, 0] == value * value + 1
    long = np.array([[value] * 300], object)
    assert fastmul.matmul(long, long.T)[0, 0] == 300 * value * value


# ---------------------------------------------------------------- conversion

EDGES = [
    0,
    1,
    -1,
    2**30,
    -(2**30),
    2**59,
    2**60 - 1,
    2**60,
    -(2**60),
    2**63,
    -(2**63),
    2**64 - 1,
    -(2**64),
    3**400,
]


@pytest.fixture(params=["peeking", "bytes"])
def way(request, monkeypatch):
    """Digits read and written in place for any number of ints, or never."""
    monkeypatch.setattr(python_integers, "FEW", 0 if request.param == "peeking" else 1 << 60)
    return request.param


@pytest.mark.skipif(not python_integers.int_readable(), reason="ints are not read in place here")
def test_ints_are_written_where_they_are_read():
    assert python_integers.int_writable()


def test_ints_and_limbs(way):
    rng = random.Random(5)
    values = [
        *EDGES,
        *(rng.choice((1, -1)) * rng.getrandbits(rng.randint(1, 700)) for _ in range(200)),
    ]
    x = np.empty(len(values), object)
    x[:] = values
    bits = python_integers.bits_of(x)
    assert bits == max(map(int.bit_length, values))
    limbs = python_integers.to_limbs(x, bits)
    assert limbs.shape == (len(values), bits // 64 + 1)
    for value, row in zip(values, limbs, strict=True):
        assert int.from_bytes(row.tobytes(), "little", signed=True) == value
    back = python_integers.from_limbs(limbs)
    assert back.tolist() == values
    assert [hash(v) for v in back] == [hash(v) for v in values]
    assert [str(v) for v in back] == [str(v) for v in values]
    assert [v + 1 for v in back] == [v + 1 for v in values]
    plain = python_integers.from_limbs(limbs, signed=False)
    assert plain.tolist() == [v % (1 << (64 * limbs.shape[-1])) for v in values]


def test_every_count_of_limbs_up_to_its_last_bit(way, monkeypatch):
    monkeypatch.setattr(python_integers, "CHUNK", 64)
    rng = np.random.default_rng(6)
    for n_limbs in range(1, 34):
        limbs = rng.integers(0, 2**64, (5, n_limbs), np.uint64)
        limbs[0] = 2**64 - 1
        limbs[1, -1] = 1
        for signed in (True, False):
            expected = [int.from_bytes(row.tobytes(), "little", signed=signed) for row in limbs]
            assert python_integers.from_limbs(limbs, signed).tolist() == expected


@pytest.mark.parametrize(
    "values", [[-(2**63), 2**63 - 1], [2**64 - 1, 0], [2**63, -1], [-(2**63) - 1, 0], [5, 2**64]]
)
def test_narrowing(way, values):
    x = np.empty(2, object)
    x[:] = values
    got = python_integers.narrowed(x)
    fitting = [
        t
        for t in (np.int64, np.uint64)
        if all(np.iinfo(t).min <= v <= np.iinfo(t).max for v in values)
    ]
    assert got.dtype == (fitting[0] if fitting else object)
    assert got.tolist() == values
