"""Shapes, strides, out, dtype and types: as np.matmul, except where the documentation says otherwise."""

from __future__ import annotations

import fractions
import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import fastmul
from tests.matrices.cases import INTEGERS, assert_same, random_matrix

RESULTS = ["auto", "packed", "split_float", "strassen"]


def any_strides(draw, base):
    """A view of the same values with other strides, maybe read-only."""
    x = base
    kind = draw(st.sampled_from(["C", "F", "reversed", "gaps", "read-only", "broadcast row"]))
    if kind == "F":
        x = np.asfortranarray(x)
    elif kind == "reversed":
        x = x[..., ::-1, ::-1]
    elif kind == "gaps":
        wide = np.zeros((*x.shape[:-1], 2 * x.shape[-1] + 1), x.dtype)
        wide[..., : 2 * x.shape[-1] : 2] = x
        x = wide[..., : 2 * x.shape[-1] : 2]
    elif kind == "read-only":
        x = x.copy()
        x.flags.writeable = False
    elif kind == "broadcast row":
        x = np.broadcast_to(x[..., :1, :], x.shape)
    return x


@st.composite
def operands(draw):
    """Two stacks of integer matrices that multiply."""
    sizes = st.integers(0, 9)
    m, k, n = draw(sizes), draw(sizes), draw(sizes)
    batches = draw(
        st.sampled_from([((), ()), ((3,), (3,)), ((2, 1), (3,)), ((), (2,)), ((2,), ())])
    )
    dtypes = [draw(st.sampled_from(INTEGERS)) for _ in range(2)]
    if np.result_type(*dtypes).kind == "f":
        dtypes[1] = dtypes[0]
    shapes = [(*batches[0], m, k), (*batches[1], k, n)]
    a, b = (
        random_matrix(shape, dtype, draw(st.integers(0, 99)))
        for shape, dtype in zip(shapes, dtypes, strict=True)
    )
    a, b = any_strides(draw, a), any_strides(draw, b)
    if draw(st.booleans()) and a.ndim == 2 and m:
        a = a[0]
    if draw(st.booleans()) and b.ndim == 2 and n:
        b = b[:, 0]
    return a, b


@settings(max_examples=150, deadline=None)
@given(operands(), st.sampled_from(RESULTS))
def test_shapes_and_strides(pair, name):
    a, b = pair
    expected = np.matmul(a, b)
    try:
        got = fastmul.matmul(a, b, algorithm=name)
    except fastmul.AlgorithmError:
        return
    assert_same(np.asarray(got), np.asarray(expected))
    assert type(got) is type(expected)  # a scalar of two 1-D operands


@settings(max_examples=60, deadline=None)
@given(operands(), st.data())
def test_out(pair, data):
    a, b = pair
    expected = np.asarray(np.matmul(a, b))
    layout = data.draw(st.sampled_from(["C", "F", "wider", "strided"]))
    if layout == "wider" and expected.dtype.itemsize < 8:
        out = np.empty(expected.shape, f"{expected.dtype.kind}8")
    elif layout == "strided" and expected.ndim:
        out = np.empty((*expected.shape[:-1], 2 * expected.shape[-1]), expected.dtype)[..., ::2]
    else:
        out = np.empty(expected.shape, expected.dtype, order="F" if layout == "F" else "C")
    assert fastmul.matmul(a, b, out=out) is out
    np.testing.assert_array_equal(out, expected)


@pytest.mark.parametrize("name", ["auto", "packed", "split_float", "strassen", "numpy"])
@pytest.mark.parametrize("view", ["whole", "transposed", "shifted"])
def test_out_may_overlap(name, view):
    memory = random_matrix((13, 12), np.dtype("int64"), 5)
    a = memory[:12]
    out = {"whole": memory[:12], "transposed": memory[:12].T, "shifted": memory[1:]}[view]
    expected = np.matmul(a, a)
    fastmul.matmul(a, a, out=out, algorithm=name)
    np.testing.assert_array_equal(out, expected)


def test_out_may_be_a_larger_stack():
    a = random_matrix((3, 4), np.dtype("int32"), 1)
    out, reference = (np.zeros((2, 3, 3), "int32") for _ in range(2))
    fastmul.matmul(a, a.T, out=out)
    np.matmul(a, a.T, out=reference)
    np.testing.assert_array_equal(out, reference)


@pytest.mark.parametrize(
    ("out", "error"),
    [
        (np.empty((3, 4), "int64"), ValueError),
        (np.empty((4,), "int64"), ValueError),
        (np.empty((1, 2), "int64"), ValueError),
        (np.empty((3, 3), "uint64"), TypeError),
        (np.empty((3, 3), bool), TypeError),
        ([[0] * 3] * 3, TypeError),
        (np.ma.zeros((3, 3), "int64"), TypeError),
    ],
)
def test_out_that_does_not_fit(out, error):
    a = np.arange(12).reshape(3, 4)
    with pytest.raises(error, match="out"):
        fastmul.matmul(a, a.T, out=out)


def test_read_only_out():
    out = np.empty((1, 1), "int64")
    out.flags.writeable = False
    with pytest.raises(ValueError, match="read-only"):
        fastmul.matmul([[1]], [[1]], out=out)


@pytest.mark.parametrize(
    "shapes", [((), (3,)), ((3,), ()), ((2, 3), (2, 3)), ((3,), (4,)), ((2, 3, 4), (3, 4, 5))]
)
def test_shapes_that_do_not_multiply(shapes):
    a, b = (np.ones(shape, int) for shape in shapes)
    with pytest.raises(ValueError):  # noqa: PT011 (the message is tested below)
        np.matmul(a, b)
    with pytest.raises(ValueError) as error:  # noqa: PT011
        fastmul.matmul(a, b)
    assert all(str(shape) in str(error.value) for shape in shapes)


@pytest.mark.parametrize(("m", "k", "n"), list(itertools.product((0, 3), repeat=3)))
@pytest.mark.parametrize("dtype", ["int8", "int64", "bool", "float64", "object"])
def test_empty(m, k, n, dtype):
    a, b = np.ones((m, k), dtype), np.ones((k, n), dtype)
    for keywords in ({}, {"overflow": "raise"}, {"overflow": "promote"}, {"verify": True}):
        if dtype == "float64" and keywords:
            continue
        got = fastmul.matmul(a, b, **keywords)
        np.testing.assert_array_equal(got, np.full((m, n), min(k, 1) if dtype == "bool" else k))
        assert got.dtype == dtype


@pytest.mark.parametrize("dtype", ["int8", "uint16", "int32", "int64", "uint64"])
def test_dtype_is_the_accumulator(dtype):
    a = random_matrix((7, 30), np.dtype("int8"), 3)
    b = random_matrix((30, 5), np.dtype("int8"), 4)
    if np.can_cast("int8", dtype, "same_kind"):
        assert_same(fastmul.matmul(a, b, dtype=dtype), np.matmul(a, b, dtype=dtype))
    exact = a.astype("int64") @ b.astype("int64")
    assert_same(fastmul.matmul(a, b, dtype=dtype), exact.astype(dtype))


def test_dtype_float_of_integers():
    a = random_matrix((7, 30), np.dtype("int16"), 3)
    assert_same(fastmul.matmul(a, a.T, dtype="f4"), np.matmul(a, a.T, dtype="f4"))
    assert fastmul.matmul(a, a.T.astype(float)).dtype == float


@pytest.mark.parametrize("kind", ["f8->i8", "i8->b1", "c16->f8"])
def test_dtype_that_does_not_hold_the_operands(kind):
    have, want = kind.split("->")
    a = np.ones((2, 2), have)
    with pytest.raises(TypeError, match="same_kind"):
        fastmul.matmul(a, a, dtype=want)


def test_int64_with_uint64():
    a, b = np.array([[-3, 5]]), np.array([[2**63], [7]], np.uint64)
    with pytest.raises(TypeError, match="dtype="):
        fastmul.matmul(a, b)
    true = -3 * 2**63 + 35
    assert int(fastmul.matmul(a, b, dtype=np.uint64)[0, 0]) == true % 2**64
    assert int(fastmul.matmul(a, b, dtype=np.int64)[0, 0]) == (true + 2**63) % 2**64 - 2**63
    assert fastmul.matmul(a, b, dtype=np.float64)[0, 0] == pytest.approx(true)
    assert fastmul.matmul(a, b, overflow="promote")[0, 0] == true


@pytest.mark.parametrize("dtype", ["complex64", "complex128", "float16", "longdouble"])
def test_numpy_business(dtype):
    a = np.arange(12).reshape(3, 4).astype(dtype)
    assert_same(fastmul.matmul(a, a.T), np.matmul(a, a.T))


def test_lists_and_scalars():
    assert fastmul.matmul([1, 2], [3, 4]) == 11
    assert_same(fastmul.matmul([[1, 2]], [[3.5], [4]]), np.array([[11.5]]))
    with pytest.raises(ValueError, match="scalars"):
        fastmul.matmul(3, [1])
    with pytest.raises(ValueError, match="scalars"):
        fastmul.matmul([1], np.int64(3))


def test_foreign_byte_order_and_misaligned():
    a = random_matrix((5, 6), np.dtype("int32"), 1)
    swapped = a.astype(a.dtype.newbyteorder())
    assert_same(fastmul.matmul(swapped, a.T), a @ a.T)
    assert_same(fastmul.matmul(swapped, swapped.T), a @ a.T)
    raw = np.zeros(a.nbytes + 1, np.uint8)
    misaligned = raw[1:].view("int32").reshape(a.shape)
    misaligned[...] = a
    for name in ("auto", "packed", "strassen"):
        assert_same(fastmul.matmul(misaligned, misaligned.T, algorithm=name), a @ a.T)
    out = np.zeros(4 * 25 + 1, np.uint8)[1:].view("int32").reshape(5, 5)
    np.testing.assert_array_equal(fastmul.matmul(a, a.T, out=out), a @ a.T)


def test_c_long_long_is_int64():
    a = random_matrix((5, 6), np.dtype("int64"), 1)
    assert_same(fastmul.matmul(a.astype(np.longlong), a.T), a @ a.T)


@pytest.mark.filterwarnings("ignore:the matrix subclass")
@pytest.mark.parametrize("kind", [np.ma.MaskedArray, np.matrix, np.recarray])
def test_subclasses(kind):
    x = {
        np.ma.MaskedArray: lambda: np.ma.masked_equal(np.eye(2), 1),
        np.matrix: lambda: np.asmatrix(np.eye(2)),
        np.recarray: lambda: np.eye(2).view(np.recarray),
    }[kind]()
    for pair in ((x, np.eye(2)), (np.eye(2), x)):
        with pytest.raises(TypeError, match=kind.__name__):
            fastmul.matmul(*pair)


def test_memory_map(tmp_path):
    a = random_matrix((5, 6), np.dtype("int64"), 1)
    np.save(tmp_path / "a.npy", a)
    mapped = np.load(tmp_path / "a.npy", mmap_mode="r")
    got = fastmul.matmul(mapped, mapped.T)
    assert type(got) is np.ndarray
    assert_same(got, a @ a.T)


def test_objects():
    rng = np.random.default_rng(1)
    for bits in (8, 31, 62, 64, 200):
        a, b = (
            np.array([int.from_bytes(rng.bytes(32)) % 2**bits * s for s in [1, -1] * 10], object)
            for _ in range(2)
        )
        a, b = a.reshape(4, 5), b.reshape(5, 4)
        expected = np.matmul(a, b)
        for verify in (False, True):
            got = fastmul.matmul(a, b, verify=verify)
            assert got.dtype == object
            assert (got == expected).all()
            assert all(type(x) is int for x in got.ravel())
    assert fastmul.matmul([2**70], [2**70]) == 2**140


def test_objects_with_fixed_width_entries_do_not_wrap():
    a = np.array([[np.int64(2**62), 3]], object)
    assert fastmul.matmul(a, a.T)[0, 0] == 2**124 + 9
    assert fastmul.matmul(np.array([[2**62]]), np.array([[2**62]]), dtype=object)[0, 0] == 2**124


@pytest.mark.parametrize("overflow", ["wrap", "raise", "promote"])
@pytest.mark.parametrize("x", [3, 2**100, fractions.Fraction(1, 2)], ids=str)
def test_objects_never_overflow(overflow, x):
    a = np.array([[x]], object)
    got = fastmul.matmul(a, a, overflow=overflow)
    assert got.dtype == object
    assert got[0, 0] == x * x


@pytest.mark.parametrize("x", [3, 2**100])
def test_objects_do_not_cast(x):
    a = np.array([[x]], object)
    with pytest.raises(TypeError, match="int64"):
        fastmul.matmul(a, a, dtype="int64")


def test_objects_that_are_no_integers():
    half = fractions.Fraction(1, 2)
    a = np.array([[half, 3]], object)
    assert fastmul.matmul(a, a.T)[0, 0] == half * half + 9


@pytest.mark.parametrize(
    "keywords",
    [
        {"overflow": "saturate"},
        {"accuracy": "exact"},
        {"overflow": "promote", "dtype": "int64"},
        {"overflow": "promote", "out": np.empty((2, 2), "int64")},
        {"accuracy": "fast"},
        {"verify": -1},
        {"threads": 0},
    ],
    ids=str,
)
def test_keywords_that_clash(keywords):
    x = np.eye(2, dtype="int64")
    with pytest.raises(ValueError, match=next(iter(keywords))) as error:
        fastmul.matmul(x, x, **keywords)
    assert all(name in str(error.value) for name in keywords)


@pytest.mark.parametrize(
    "keywords", [{"overflow": "raise"}, {"overflow": "promote"}, {"verify": 1}]
)
def test_integer_keywords_with_floats(keywords):
    with pytest.raises(ValueError, match=next(iter(keywords))):
        fastmul.matmul(np.eye(2), np.eye(2), **keywords)


@pytest.mark.parametrize("threads", [1, 2])
def test_threads(threads):
    a = random_matrix((70, 80), np.dtype("int64"), 1)
    for name in ("packed", "gemm", "split_float", "strassen", "numpy"):
        small = a % 100 if name == "gemm" else a
        got = fastmul.matmul(small, small.T, threads=threads, algorithm=name)
        assert_same(got, small @ small.T)


def test_memory_is_asked_for_first():
    a = np.broadcast_to(np.int64(1), (2**24, 1))
    with pytest.raises(MemoryError, match="MiB"):
        fastmul.matmul(a, a.T)
