"""BitMatrix: what it takes, what it holds, and matmul of it and modulo 2."""

import pickle

import numpy as np
import pytest

import fastmul
from fastmul.matrices import BitMatrix
from fastmul.matrices.bit_matrix import permutation
from fastmul.matrices.multiplication import bits as row
from tests.guard_pages import guarded

DTYPES = ["bool", "int8", "uint8", "int16", "uint32", "int64", "uint64"]


def bits(m, n, seed=0):
    return np.random.default_rng([m, n, seed]).integers(0, 2, (m, n))


# ---------------------------------------------------------------- making one


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("n", [0, 1, 63, 64, 65, 200])
def test_arrays_there_and_back(dtype, n):
    x = bits(5, n).astype(dtype)
    a = BitMatrix(x)
    assert a.shape == (5, n)
    assert a.nbytes == 5 * -(-n // 64) * 8
    for to in ("uint8", dtype):
        back = a.to_array(to)
        assert back.dtype == to
        np.testing.assert_array_equal(back, x)


def test_the_documented_layout():
    x = bits(3, 130)
    words = BitMatrix(x).words
    for i in range(3):
        value = sum(int(bit) << j for j, bit in enumerate(x[i]))
        assert [int(w) for w in words[i]] == [value >> s & (1 << 64) - 1 for s in (0, 64, 128)]


@pytest.mark.parametrize("view", [lambda x: x.T, lambda x: x[::-1, ::3], lambda x: x[:, ::-1]])
def test_any_strides(view):
    x = bits(70, 140).astype(np.int16)
    x.flags.writeable = False
    np.testing.assert_array_equal(BitMatrix(view(x)).to_array(), view(x))


def test_foreign_byte_order_lists_and_unaligned():
    x = bits(4, 70)
    assert BitMatrix(x.astype(">i4")) == BitMatrix(x.tolist()) == BitMatrix(x)
    raw = np.zeros(x.size * 8 + 1, np.uint8)
    unaligned = raw[1:].view(np.int64).reshape(x.shape)
    unaligned[...] = x
    assert BitMatrix(unaligned) == BitMatrix(x)


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "int32", "int64"])
@pytest.mark.parametrize("before", [True, False])
def test_packing_reads_only_the_array(dtype, before):
    for n in (1, 64, 130):
        x = bits(3, n).astype(dtype)
        np.testing.assert_array_equal(BitMatrix(guarded(x, before=before)).to_array(dtype), x)


@pytest.mark.parametrize("value", [2, -1, 255])
@pytest.mark.parametrize("where", [(0, 0), (4, 63), (4, 64)])
def test_other_entries_are_refused(value, where):
    x = np.zeros((5, 65), np.int16)
    x[where] = value
    with pytest.raises(ValueError, match=r"zeros and ones.*% 2"):
        BitMatrix(x)


def test_what_is_no_matrix_of_bits():
    with pytest.raises(ValueError, match="2-D"):
        BitMatrix([1, 0])
    with pytest.raises(TypeError, match="float64"):
        BitMatrix([[0.0]])
    with pytest.raises(TypeError, match="masked"):
        BitMatrix(np.ma.array([[1]]))


def test_from_words():
    words = np.array([[5], [2]], np.uint64)
    np.testing.assert_array_equal(BitMatrix.from_words(words, 3).to_array(), [[1, 0, 1], [0, 1, 0]])
    for wrong, n, message in [
        (np.array([[8]], np.uint64), 3, "beyond its 3 columns"),
        (np.array([[8]], np.int64), 3, "uint64"),
        (np.zeros((2, 2), np.uint64), 3, r"\(m, 1\)"),
        (np.zeros((2, 4), np.uint64)[:, ::2], 128, "contiguous"),
    ]:
        with pytest.raises(ValueError, match=message):
            BitMatrix.from_words(wrong, n)


def test_ready_ones():
    np.testing.assert_array_equal(BitMatrix.identity(70).to_array(), np.eye(70))
    assert not BitMatrix.zeros((3, 70)).to_array().any()
    a = BitMatrix.random((100, 130), rng=3)
    assert a == BitMatrix.random((100, 130), rng=np.random.default_rng(3))
    assert BitMatrix(a.to_array()) == a
    assert 5000 < a.to_array().sum() < 8000
    order = np.random.default_rng(0).permutation(70)
    np.testing.assert_array_equal(
        (permutation(order) @ BitMatrix(bits(70, 9))).to_array(), bits(70, 9)[order]
    )


# ---------------------------------------------------------------- what it does


def test_it_cannot_be_changed_and_compares_by_value():
    a, b = BitMatrix(bits(3, 70)), BitMatrix(bits(3, 70))
    with pytest.raises(ValueError, match="read-only"):
        a.words[0, 0] = 1
    assert a == b
    assert hash(a) == hash(b)
    assert a != BitMatrix(bits(3, 70, seed=1))
    assert BitMatrix.zeros((1, 3)) != BitMatrix.zeros((1, 4))
    assert a != bits(3, 70).tolist()
    assert pickle.loads(pickle.dumps(a)) == a


@pytest.mark.parametrize("shape", [(1, 1), (64, 64), (65, 130), (200, 3), (0, 5)])
def test_transposes(shape):
    a = BitMatrix(bits(*shape))
    np.testing.assert_array_equal(a.T.to_array(), a.to_array().T)
    assert a.T.T.words.tolist() == a.words.tolist()


def test_indexing():
    x = bits(10, 70)
    a = BitMatrix(x)
    assert len(a) == 10
    assert all(a[i, j] == x[i, j] for i in range(-10, 10) for j in (0, 63, 64, 69, -1, -70))
    np.testing.assert_array_equal(a[2:8:3].to_array(), x[2:8:3])
    np.testing.assert_array_equal(a[[3, 1]].to_array(), x[[3, 1]])
    np.testing.assert_array_equal(a[-1].to_array(), x[-1:])
    for wrong in ((10, 0), (0, 70), (0, 0, 0), 10):
        with pytest.raises(IndexError):
            a[wrong]


def test_sums():
    a, b = BitMatrix(bits(9, 70)), BitMatrix(bits(9, 70, seed=1))
    np.testing.assert_array_equal((a + b).to_array(), a.to_array() ^ b.to_array())
    assert a - b == a ^ b == a + b
    with pytest.raises(ValueError, match="shapes"):
        a + a.T
    with pytest.raises(TypeError):
        a + 1


def test_repr():
    assert repr(BitMatrix([[1, 0], [1, 1]])) == "BitMatrix([[1, 0],\n           [1, 1]])"
    assert repr(BitMatrix.zeros((100, 200))) == "<BitMatrix 100 x 200>"


# ---------------------------------------------------------------- matmul


def test_matmul_of_bit_matrices():
    a, b = BitMatrix(bits(50, 130)), BitMatrix(bits(130, 70))
    expected = bits(50, 130) @ bits(130, 70) % 2
    for c in (a @ b, fastmul.matmul(a, b), fastmul.matmul(a, b, mod=2, threads=2, verify=True)):
        assert isinstance(c, BitMatrix)
        np.testing.assert_array_equal(c.to_array(), expected)
    assert fastmul.explain(fastmul.matmul, a, b).chosen in ("gfni", "four_russians")
    assert fastmul.matmul(a, b, algorithm="four_russians") == a @ b


def test_what_matmul_of_bit_matrices_refuses():
    a = BitMatrix(bits(5, 5))
    with pytest.raises(TypeError, match="never taken for bits"):
        fastmul.matmul(a, a.to_array())
    with pytest.raises(TypeError):
        a @ a.to_array()
    with pytest.raises(ValueError, match="modulo 2"):
        fastmul.matmul(a, a, mod=3)
    for keywords in (
        {"out": np.zeros((5, 5))},
        {"dtype": int},
        {"overflow": "raise"},
        {"accuracy": "fast"},
    ):
        with pytest.raises(ValueError, match=next(iter(keywords))):
            fastmul.matmul(a, a, **keywords)
    with pytest.raises(ValueError, match=r"\(5, 5\) and \(4, 5\)"):
        fastmul.matmul(a, BitMatrix(bits(4, 5)))


@pytest.mark.parametrize("dtype", DTYPES)
def test_matmul_modulo_2_of_arrays(dtype):
    rng = np.random.default_rng(1)
    info = np.iinfo(dtype) if dtype != "bool" else None
    a, b = (
        rng.integers(0, 2, s).astype(bool)
        if info is None
        else rng.integers(info.min, info.max, s, dtype, True)
        for s in ((2, 40, 130), (130, 70))
    )
    expected = np.stack([x.astype(object) @ b.astype(object) % 2 for x in a]).astype(np.int64)
    got = fastmul.matmul(a, b, mod=2, algorithm="bits", verify=True)
    assert got.dtype == np.int64
    np.testing.assert_array_equal(got, expected)
    out = np.empty((2, 70, 40), np.int64).swapaxes(1, 2)
    assert fastmul.matmul(a, b, mod=2, algorithm="bits", out=out) is out
    np.testing.assert_array_equal(out, expected)


def test_bits_refuse_other_moduli():
    with pytest.raises(
        fastmul.AlgorithmError, match="modulo 2, and the product is over integers modulo 3"
    ):
        fastmul.matmul(np.eye(2, dtype=int), np.eye(2, dtype=int), mod=3, algorithm="bits")
    with pytest.raises(fastmul.AlgorithmError, match="modulo 2"):
        fastmul.matmul(np.eye(2, dtype=int), np.eye(2, dtype=int), algorithm="bits")


def test_the_door_of_the_row():
    x = np.arange(12).reshape(3, 4)
    np.testing.assert_array_equal(row.matmul(x, x.T), x @ x.T % 2)


def test_indices_and_words_that_make_no_matrix():
    a = BitMatrix.identity(2)
    with pytest.raises(IndexError, match="one axis"):
        a[np.array([[0, 1]])]
    with pytest.raises(ValueError, match="-5 columns"):
        BitMatrix.from_words(np.zeros((2, 0), np.uint64), -5)
    with pytest.raises(TypeError, match="a modulus is an integer"):
        fastmul.matmul(a, a, mod=2.0)
