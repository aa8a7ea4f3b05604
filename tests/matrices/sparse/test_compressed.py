"""scipy.sparse operands of matmul: NumPy's product of the dense matrices, in every format and dtype."""

import numpy as np
import pytest

import fastmul

scipy_sparse = pytest.importorskip("scipy.sparse", reason="scipy is a test dependency")

FORMATS = ("csr", "csc", "coo", "bsr", "lil", "dok", "dia")
DTYPES = ("int8", "uint8", "int16", "uint32", "int32", "int64", "uint64", "float32", "float64")


def entries(shape, dtype, rng, density=0.2):
    """A matrix of few entries, anywhere in the dtype's range."""
    if np.dtype(dtype).kind == "f":
        values = rng.integers(-100, 100, shape).astype(dtype)
    else:
        info = np.iinfo(dtype)
        values = rng.integers(info.min, info.max, shape, dtype, endpoint=True)
    return values * (rng.random(shape) < density).astype(dtype)


def check(sparse_a, sparse_b, a, b, **keywords):
    with np.errstate(over="ignore"):
        expected = np.matmul(a, b)
    got = fastmul.matmul(sparse_a, sparse_b, **keywords)
    if scipy_sparse.issparse(got):
        got = got.toarray()
    assert got.dtype == expected.dtype
    np.testing.assert_array_equal(got, expected)
    assert got.flags.c_contiguous


@pytest.mark.parametrize("dtype", DTYPES)
def test_every_dtype_on_either_side_and_on_both(dtype):
    rng = np.random.default_rng(1)
    a, b = entries((13, 30), dtype, rng), entries((30, 9), dtype, rng, density=0.5)
    sparse_a, sparse_b = scipy_sparse.csr_array(a), scipy_sparse.csr_array(b)
    for threads in (1, 2):
        check(sparse_a, b, a, b, threads=threads)
        check(a, sparse_b, a, b, threads=threads)
        check(sparse_a, sparse_b, a, b, threads=threads)


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("family", ["array", "matrix"])
def test_every_format(form, family):
    rng = np.random.default_rng(2)
    a, b = entries((6, 9), "int64", rng), entries((9, 4), "int64", rng)
    make = getattr(scipy_sparse, f"{form}_{family}")
    check(make(a), b, a, b)
    check(a, make(b), a, b)
    made = fastmul.matmul(make(a), make(b))
    assert type(made) is type(make(a).tocsr())
    np.testing.assert_array_equal(made.toarray(), a @ b)


def test_vectors_empty_matrices_and_wide_results():
    rng = np.random.default_rng(3)
    a = entries((5, 8), "int64", rng)
    x = scipy_sparse.csr_array(a)
    check(x, np.arange(8), a, np.arange(8))
    check(np.arange(5), x, np.arange(5), a)
    for shape in ((0, 8), (5, 0), (0, 0)):
        empty = np.zeros(shape, np.int64)
        ones = np.ones((shape[1], 3), np.int64)
        check(scipy_sparse.csr_array(empty), ones, empty, ones)
    wide = rng.integers(-9, 9, (8, 1030))  # beyond a strip of columns, twice
    check(x, wide, a, wide)


def test_dtypes_follow_matmul():
    x = scipy_sparse.csr_array(np.array([[100, 0], [0, 100]], np.int8))
    assert fastmul.matmul(x, np.full((2, 2), 2, np.int8)).tolist() == [[-56, -56], [-56, -56]]
    assert fastmul.matmul(x, np.full((2, 2), 2, np.int8), dtype=np.int16)[0, 0] == 200
    assert fastmul.matmul(x, np.full((2, 2), 2, np.uint8)).dtype == np.int16
    with pytest.raises(TypeError, match="no integer dtype"):
        fastmul.matmul(x.astype(np.int64), np.ones((2, 2), np.uint64))
    with pytest.raises(TypeError, match="complex128"):
        fastmul.matmul(x, np.ones((2, 2), complex))
    truth = scipy_sparse.csr_array(np.array([[True, False], [True, True]]))
    assert fastmul.matmul(truth, truth).toarray().tolist() == [[True, False], [True, True]]


def test_entries_stored_twice_are_one():
    rows, columns = [0, 0, 0], [1, 1, 0]
    x = scipy_sparse.csr_array(scipy_sparse.coo_array(([100, 100, 1], (rows, columns)), (1, 2)))
    made = scipy_sparse.csr_array(
        (np.array([100, 100, 1], np.int8), np.array([1, 1, 0]), np.array([0, 3])), shape=(1, 2)
    )
    before = made.data.copy()
    # as in made.toarray(), where int8 wraps
    assert fastmul.matmul(made, np.eye(2, dtype=np.int64)).tolist() == [[1, -56]]
    assert (made.data == before).all()
    assert fastmul.matmul(x, np.eye(2, dtype=np.int64)).tolist() == [[1, 200]]


def test_floats_are_summed_in_ascending_order():
    values = np.array([1e16, 1.0, -1e16, 1.0])
    x = scipy_sparse.csr_array(values[None])
    assert fastmul.matmul(x, np.ones((4, 1)))[0, 0] == ((1e16 + 1.0) - 1e16) + 1.0
    assert fastmul.matmul(x, np.ones((4, 3)))[0].tolist() == [1.0] * 3
    shuffled = scipy_sparse.csr_array(
        (values[::-1].copy(), np.array([3, 2, 1, 0]), np.array([0, 4])), shape=(1, 4)
    )
    assert fastmul.matmul(shuffled, np.ones((4, 1)))[0, 0] == 1.0
    both = fastmul.matmul(x, scipy_sparse.csr_array(np.ones((4, 1))))
    assert both.toarray()[0, 0] == 1.0


def test_what_is_not_stored_is_not_looked_at():
    x = scipy_sparse.csr_array(np.array([[0.0, 2.0]]))
    assert fastmul.matmul(x, np.array([[np.nan], [3.0]])).tolist() == [[6.0]]


# ---------------------------------------------------------------- overflow and mod


def test_overflow_raises_exactly_beyond_the_limit():
    top = (1 << 63) - 1
    x = scipy_sparse.csr_array(np.array([[1 << 62, 1 << 61, 1]], np.int64))
    fits = np.array([[1], [1], [top - (1 << 62) - (1 << 61)]])
    beyond = fits.copy()
    beyond[2] += 1
    assert fastmul.matmul(x, fits, overflow="raise")[0, 0] == top
    with pytest.raises(fastmul.ResultOverflowError, match=r"9223372036854775808 .*int64"):
        fastmul.matmul(x, beyond, overflow="raise")
    with pytest.raises(fastmul.ResultOverflowError):
        fastmul.matmul(x, scipy_sparse.csr_array(beyond), overflow="raise")
    assert fastmul.matmul(x, -beyond, overflow="raise")[0, 0] == -top - 1
    # float64 loses each of the last three terms, and their sum with them
    lost = scipy_sparse.csr_array(np.array([[top - 1023, 500, 500, 500]]))
    with pytest.raises(fastmul.ResultOverflowError, match=str(top + 477)):
        fastmul.matmul(lost, np.ones((4, 1), np.int64), overflow="raise")
    unsigned = scipy_sparse.csr_array(np.array([[3]], np.uint8))
    assert fastmul.matmul(unsigned, np.array([[85]], np.uint8), overflow="raise")[0, 0] == 255
    with pytest.raises(fastmul.ResultOverflowError):
        fastmul.matmul(unsigned, np.array([[86]], np.uint8), overflow="raise")
    with pytest.raises(fastmul.ResultOverflowError, match=r"-3 .*uint8"):
        fastmul.matmul(unsigned, np.array([[-1]], np.int8), overflow="raise", dtype=np.uint8)


@pytest.mark.parametrize("p", [2, 97, (1 << 31) - 1, (1 << 50) - 27, (1 << 57) - 13])
def test_modulo_p(p):
    rng = np.random.default_rng(4)
    a, b = entries((7, 20), "int64", rng), entries((20, 5), "uint64", rng, density=0.7)
    a[0] = -(1 << 63)
    b[:, 0] = (1 << 64) - 1
    expected = (a.astype(object) @ b.astype(object) % p).astype(np.int64)
    x, y = scipy_sparse.csr_array(a), scipy_sparse.csr_array(b)
    for left, right in ((x, b), (a, y), (x, y)):
        made = fastmul.matmul(left, right, mod=p)
        made = made.toarray() if left is x and right is y else made
        assert made.dtype == np.int64
        np.testing.assert_array_equal(made, expected)


@pytest.mark.parametrize(("p", "terms"), [((1 << 50) - 27, 3), (1 << 31, 127), ((1 << 60) - 93, 1)])
def test_modulo_p_at_the_edge_of_its_window(p, terms):
    # residues p - 1 throughout; with digits one bit wider, of which all bits are set, sums would reach 2^63
    x = scipy_sparse.csr_array(np.full((1, terms), p - 1))
    b = np.full((terms, 1), p - 1)
    assert fastmul.matmul(x, b, mod=p)[0, 0] == terms * (p - 1) ** 2 % p


def test_too_large_a_modulus_names_what_would_do():
    x = scipy_sparse.csr_array(np.ones((2, 2), np.int64))
    with pytest.raises(ValueError, match=r"x\.toarray\(\)"):
        fastmul.matmul(x, np.ones((2, 2), np.int64), mod=1 << 62)


# ---------------------------------------------------------------- refusals


@pytest.mark.parametrize(
    ("keywords", "match"),
    [
        ({"semiring": fastmul.min_plus}, "semiring=.*toarray"),
        ({"accuracy": "reproducible"}, "accuracy='reproducible'"),
        ({"algorithm": "strassen"}, "algorithm='strassen'"),
        ({"verify": True}, "verify=True"),
        ({"overflow": "promote"}, "overflow='raise'"),
        ({"overflow": "never"}, "overflow is one of"),
        ({"out": np.empty((2, 3), np.int64)}, r"shape \(2, 2\)"),
    ],
)
def test_keywords_that_mean_nothing_here(keywords, match):
    x = scipy_sparse.csr_array(np.ones((2, 2), np.int64))
    with pytest.raises(ValueError, match=match):
        fastmul.matmul(x, np.ones((2, 2), np.int64), **keywords)


def test_shapes_that_do_not_meet():
    x = scipy_sparse.csr_array(np.ones((2, 3), np.int64))
    for a, b in ((x, x), (x, np.ones((2, 2), int)), (np.ones((2, 3), int), x)):
        with pytest.raises(ValueError, match="columns of the first meet"):
            fastmul.matmul(a, b)
    with pytest.raises(ValueError, match="one matrix at a time"):
        fastmul.matmul(x, np.ones((2, 3, 2), int))
    with pytest.raises(ValueError, match="1-D arrays"):
        fastmul.matmul(scipy_sparse.coo_array(np.ones(3, int)), np.ones((3, 2), int))


def test_out():
    x, out = scipy_sparse.csr_array(np.eye(2, dtype=np.int64)), np.empty((2, 2), np.int64)
    assert fastmul.matmul(x, np.ones((2, 2), np.int64), out=out) is out
    assert out.tolist() == [[1, 1], [1, 1]]
    with pytest.raises(ValueError, match="their product is sparse"):
        fastmul.matmul(x, x, out=out)


@pytest.mark.parametrize("wrong", [-1, 5, 1 << 30])
def test_indices_that_point_outside_are_refused(wrong):
    a = scipy_sparse.csr_array(np.eye(5, dtype=np.int64))
    a.indices[3] = wrong
    for product in (
        lambda: fastmul.matmul(a, np.eye(5, dtype=np.int64)),
        lambda: fastmul.matmul(a, a),
    ):
        with pytest.raises(ValueError, match="whose indices run from"):
            product()
