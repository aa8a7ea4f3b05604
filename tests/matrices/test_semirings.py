"""matmul over semirings: against the definition in Python numbers, at infinities, extremes, NaN, and in every form."""

import math
import operator

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import fastmul
from fastmul import AlgorithmError, ResultOverflowError, Semiring
from fastmul.matrices import semiring_products

READY = {
    "min_plus": (min, operator.add, math.inf),
    "max_plus": (max, operator.add, -math.inf),
    "max_min": (max, min, -math.inf),
    "max_times": (max, operator.mul, 0),
    "or_and": (operator.or_, operator.and_, False),
}
INF = {
    dtype: np.iinfo(dtype).max
    for dtype in ("int8", "int16", "int32", "int64", "uint8", "uint32", "uint64")
}


def truth(name, a, b, infinite=None):
    """The product by the definition, in Python numbers; entries equal to `infinite` are infinitely large."""
    add, mul, zero = READY[name]

    def number(x):
        return math.copysign(math.inf, zero) if infinite is not None and x == infinite else x.item()

    rows = [[number(x) for x in row] for row in a]
    columns = [[number(x) for x in column] for column in b.T]
    c = np.empty((len(rows), len(columns)), object)
    for i, row in enumerate(rows):
        for j, column in enumerate(columns):
            total = zero
            for x, y in zip(row, column, strict=True):
                total = add(total, zero if zero in (x, y) else mul(x, y))
            c[i, j] = infinite if infinite is not None and total == zero else total
    return c


def random_entries(rng, shape, dtype, low, high, infinite=None):
    x = rng.integers(low, high, shape, endpoint=True).astype(dtype)
    if infinite is not None:
        x[rng.random(shape) < 0.6] = infinite
    return x


# ---------------------------------------------------------------- the ready ones


@pytest.mark.parametrize("dtype", [*INF])
def test_shortest_paths_in_integers(dtype):
    """More than half of the entries are infinite, whole rows among them; sums keep clear of the dtype's end."""
    rng, infinite = np.random.default_rng(1), INF[dtype]
    low = 0 if dtype.startswith("u") else -30
    a = random_entries(rng, (13, 5), dtype, low, 50, infinite)
    b = random_entries(rng, (5, 35), dtype, low, 50, infinite)
    c = fastmul.matmul(a, b, semiring=fastmul.min_plus, verify=True)
    assert c.dtype == dtype
    np.testing.assert_array_equal(c, truth("min_plus", a, b, infinite))
    assert (c == infinite).any()
    assert (c != infinite).any()


@pytest.mark.parametrize("dtype", ["int8", "int32"])
def test_longest_paths_in_integers(dtype):
    rng, infinite = np.random.default_rng(2), np.iinfo(dtype).min
    a = random_entries(rng, (14, 6), dtype, -50, 50, infinite)
    b = random_entries(rng, (6, 20), dtype, -50, 50, infinite)
    c = fastmul.matmul(a, b, semiring=fastmul.max_plus, verify=2)
    np.testing.assert_array_equal(c, truth("max_plus", a, b, infinite))


def test_widest_and_likeliest_paths():
    rng = np.random.default_rng(3)
    a, b = (random_entries(rng, shape, "int8", -128, 127) for shape in ((30, 9), (9, 140)))
    c = fastmul.matmul(a, b, semiring=fastmul.max_min, verify=True)
    assert c.dtype == np.int8
    np.testing.assert_array_equal(c, np.minimum(a[:, :, None], b).max(1))
    a, b = (random_entries(rng, shape, "int32", 0, 46340) for shape in ((20, 9), (9, 33)))
    c = fastmul.matmul(a, b, semiring=fastmul.max_times, verify=True)
    np.testing.assert_array_equal(c, truth("max_times", a, b))


def test_or_and_is_the_product_of_booleans():
    rng = np.random.default_rng(4)
    a, b = rng.random((30, 40)) < 0.1, rng.random((40, 50)) < 0.1
    c = fastmul.matmul(a, b, semiring=fastmul.or_and, verify=True)
    assert c.dtype == bool
    np.testing.assert_array_equal(c, a @ b)


def test_floats_with_and_without_infinities():
    rng = np.random.default_rng(5)
    a, b = rng.standard_normal((17, 23)), rng.standard_normal((23, 40))
    for share in (0.0, 0.8):
        a[rng.random(a.shape) < share] = np.inf
        b[rng.random(b.shape) < share] = np.inf
        c = fastmul.matmul(a, b, semiring=fastmul.min_plus, verify=True)
        np.testing.assert_array_equal(c, (a[:, :, None] + b).min(1))


def test_nan_propagates():
    rng = np.random.default_rng(6)
    a, b = rng.standard_normal((14, 9)), rng.standard_normal((9, 40))
    a[3, 4], b[5, 7] = np.nan, np.nan
    a[6, 2], b[2, 8] = np.inf, -np.inf  # their sum is NaN
    c = fastmul.matmul(a, b, semiring=fastmul.min_plus, verify=True)
    with np.errstate(invalid="ignore"):
        expected = (a[:, :, None] + b).min(1)
    np.testing.assert_array_equal(c, expected)
    assert np.isnan(c[3]).all()
    assert np.isnan(c[:, 7]).all()
    assert np.isnan(c[6, 8])
    assert not np.isnan(c[0, 0])


# ---------------------------------------------------------------- integers near the ends of their range


def carrier(semiring, a, b):
    how = semiring_products.arithmetic(semiring, a, b)
    return how.carrier.name, how.infinity, how.absorbs


def test_the_carrier_follows_the_values():
    def of(dtype, x, y, semiring=fastmul.min_plus):
        return carrier(semiring, np.array([[x]], dtype), np.array([[y]], dtype))

    assert of("int8", 127, -128) == ("int32", "plus", False)
    assert of("int32", 2**29 - 1, 0) == ("int32", "plus", False)
    assert of("int32", 2**29, 0) == ("int64", "plus", False)
    assert of("int32", -(2**29) + 1, 5) == ("int32", "plus", False)
    assert of("int32", -(2**29), 5) == ("int64", "plus", False)
    assert of("uint32", 5, 2**32 - 1) == ("int32", "plus", False)
    assert of("uint32", 5, 2**32 - 2) == ("int64", "plus", False)
    assert of("int64", 2**61 - 1, 0) == ("int64", "plus", False)
    assert of("int64", 2**61, 0) == ("int64", "", True)
    assert of("uint64", 2**63, 2**62) == ("uint64", "", True)
    assert of("int32", -(2**29), 0, fastmul.max_plus) == ("int64", "minus", False)
    assert of("int32", 2**29 - 1, 5, fastmul.max_plus) == ("int32", "minus", False)
    assert of("int16", 5, 6, fastmul.max_min) == ("int16", "", False)
    assert of("int32", 2**15, 2**15, fastmul.max_times) == ("int32", "", False)
    assert of("int32", 2**16, 2**15, fastmul.max_times) == ("int64", "", False)
    assert of("uint64", 2**33, 2**30, fastmul.max_times) == ("uint64", "", False)


@pytest.mark.parametrize("dtype", ["int64", "uint64"])
def test_the_largest_sums_that_are_no_infinity(dtype):
    infinite = INF[dtype]
    a = np.array([[infinite - 1, infinite]], dtype)
    b = np.array([[0, infinite], [0, infinite]], dtype)
    c = fastmul.matmul(
        a, b, semiring=fastmul.min_plus, algorithm="packed" if dtype == "int64" else "scalar"
    )
    np.testing.assert_array_equal(c, [[infinite - 1, infinite]])
    b[0, 0] = 1
    with pytest.raises(ResultOverflowError, match=f"{dtype} does not hold apart from its infinity"):
        fastmul.matmul(a, b, semiring=fastmul.min_plus)


def test_narrow_results_that_do_not_fit_raise():
    a, b = np.array([[100]], np.int8), np.array([[26]], np.int8)
    np.testing.assert_array_equal(fastmul.matmul(a, b, semiring=fastmul.min_plus), [[126]])
    with pytest.raises(
        ResultOverflowError, match=r"127, and int8 holds -128 to 126; give dtype=numpy.int32"
    ):
        fastmul.matmul(a, b + np.int8(1), semiring=fastmul.min_plus)
    wide = fastmul.matmul(a, b + np.int8(1), semiring=fastmul.min_plus, dtype=np.int32)
    assert wide.dtype == np.int32
    assert wide == 127
    infinite = np.array([[127]], np.int8)
    assert fastmul.matmul(a, infinite, semiring=fastmul.min_plus, dtype=np.int32) == INF["int32"]


def test_infinities_travel_between_dtypes():
    a, b = np.array([[127, 5]], np.int8), np.array([[1], [INF["int32"]]], np.int32)
    assert fastmul.matmul(a, b, semiring=fastmul.min_plus) == INF["int32"]
    f = np.array([[1.0], [2.0]])
    assert fastmul.matmul(a, f, semiring=fastmul.min_plus) == 7.0
    assert fastmul.matmul(a[:, :1], f[:1], semiring=fastmul.min_plus) == np.inf


@given(st.data())
def test_scans_find_the_finite_ends(data):
    dtype = data.draw(st.sampled_from(["int8", "uint8", "int64", "uint64"]))
    info = np.iinfo(dtype)
    ends = st.sampled_from([int(info.min), int(info.min) + 1, int(info.max) - 1, int(info.max)])
    values = data.draw(
        st.lists(st.integers(int(info.min), int(info.max)) | ends, min_size=1, max_size=12)
    )
    infinity = data.draw(st.sampled_from([int(info.min), int(info.max), None]))
    finite = [v for v in values if v != infinity]
    expected = (min(finite), max(finite)) if finite else (0, 0)
    assert semiring_products.finite_range(np.array([values], dtype), infinity) == expected
    assert semiring_products.finite_range(np.array([values], dtype).T, infinity) == expected


# ---------------------------------------------------------------- one's own


def saturated(x, y):
    total = x + y
    return 100 if total > 100 else total


def test_ones_own_semiring_is_packed():
    capped = Semiring(min, saturated, zero=100, one=0, name="capped")
    rng = np.random.default_rng(7)
    a, b = (random_entries(rng, shape, "int32", 0, 100) for shape in ((25, 30), (30, 45)))
    assert fastmul.explain(fastmul.matmul, a, b, semiring=capped).chosen == "packed"
    c = fastmul.matmul(a, b, semiring=capped, verify=True)
    expected = np.minimum(a[:, :, None] + b, 100).min(1)
    np.testing.assert_array_equal(c, expected)
    np.testing.assert_array_equal(
        fastmul.matmul(a, b, semiring=capped, algorithm="scalar"), expected
    )


def test_ones_own_spelling_of_a_ready_one_is_its_kernel():
    from fastmul.matrices.multiplication.packed_semiring import _ring

    mine = Semiring(lambda x, y: x if x < y else y, lambda x, y: y + x, zero=math.inf, one=0)
    a = np.ones((2, 2), np.int32)
    rings = [_ring(semiring_products.arithmetic(s, a, a))[0] for s in (mine, fastmul.min_plus)]
    assert rings[0] is rings[1]
    truths = Semiring(lambda x, y: x or y, lambda x, y: x and y, False, True)
    x = np.ones((2, 2), bool)
    assert _ring(semiring_products.arithmetic(truths, x, x))[0].name == "bool"


def test_what_does_not_type_runs_in_scalars_and_explain_says_why():
    log = Semiring(lambda x, y: np.logaddexp(x, y), lambda x, y: x + y, -math.inf, 0.0, "log")
    rng = np.random.default_rng(8)
    a, b = rng.standard_normal((6, 7)), rng.standard_normal((7, 8))
    said = fastmul.explain(fastmul.matmul, a, b, semiring=log)
    assert said.chosen == "scalar"
    assert "add does not type over vectors of float64: numpy.logaddexp has no vector form" in repr(
        said
    )
    np.testing.assert_allclose(fastmul.matmul(a, b, semiring=log), np.log(np.exp(a) @ np.exp(b)))
    with pytest.raises(AlgorithmError, match="'scalar' would do"):
        fastmul.matmul(a, b, semiring=log, algorithm="packed")


TABLE = [[0, 0, 0], [0, 1, 2], [0, 2, 1]]  # the field of three elements


def test_what_numba_does_not_compile_either_runs_in_python():
    class Field:
        def __init__(self):
            self.calls = 0

        def mul(self, x, y):
            self.calls += 1
            return TABLE[int(x)][int(y)]

    field = Field()
    three = Semiring(lambda x, y: (x + y) % 3, field.mul, 0, 1, "three")
    rng = np.random.default_rng(9)
    a, b = rng.integers(0, 3, (4, 5)), rng.integers(0, 3, (5, 6))
    before = field.calls
    np.testing.assert_array_equal(fastmul.matmul(a, b, semiring=three, verify=False), a @ b % 3)
    assert field.calls - before >= 4 * 5 * 6


def test_a_function_that_is_not_what_it_was_traced_as_is_not_believed():
    def moody(x, y):
        return x if type(x).__name__ == "Symbol" else x + y

    x, semiring = np.ones((2, 2), np.int64), Semiring(min, moody, math.inf, 0)
    with pytest.raises(AlgorithmError, match="otherwise on scalars of int64 than on symbols"):
        fastmul.matmul(x, x, semiring=semiring, algorithm="packed")


@pytest.mark.parametrize(
    ("add", "mul", "zero", "one", "law"),
    [
        (min, operator.add, 0, 0, None),
        (min, operator.add, 5, 0, r"mul\(zero, one\)|add"),
        (operator.add, operator.mul, 1, 1, r"add\(zero, zero\)"),
        (operator.add, operator.mul, 0, 2, r"mul\(one, one\)"),
        (max, operator.mul, -math.inf, 0, "mul"),
    ],
)
def test_broken_laws(add, mul, zero, one, law):
    if law is None or law.startswith("mul\\(zero"):
        Semiring(add, mul, zero, one)  # nothing among zero and one tells
        return
    with pytest.raises(ValueError, match=f"no semiring: {law}"):
        Semiring(add, mul, zero, one)


def test_functions_that_fail():
    with pytest.raises(TypeError, match=r"add\(zero, zero\) with zero='x'"):
        Semiring(lambda x, y: x - y, min, "x", "y")


# ---------------------------------------------------------------- calls


def test_empty_sums_are_zero():
    a, b = np.ones((3, 0), np.int32), np.ones((0, 4), np.int32)
    assert (fastmul.matmul(a, b, semiring=fastmul.min_plus) == INF["int32"]).all()
    assert (
        fastmul.matmul(a.astype(float), b.astype(float), semiring=fastmul.max_plus) == -np.inf
    ).all()
    assert not fastmul.matmul(a.astype(bool), b.astype(bool), semiring=fastmul.or_and).any()
    assert fastmul.matmul(a.T, a, semiring=fastmul.min_plus).shape == (0, 0)


def test_stacks_vectors_strides_and_out():
    rng = np.random.default_rng(10)
    a, b = rng.integers(0, 99, (3, 1, 8, 6)), rng.integers(0, 99, (2, 10, 6)).swapaxes(1, 2)
    a, b = a.astype(np.int32), b.astype(np.int32)
    expected = (a[..., :, :, None] + b[..., None, :, :]).min(-2)
    c = fastmul.matmul(a, b, semiring=fastmul.min_plus, verify=True, threads=2)
    np.testing.assert_array_equal(c, expected)
    row = fastmul.matmul(a[0, 0, 2], b[1], semiring=fastmul.min_plus)
    np.testing.assert_array_equal(row, expected[0, 1, 2])
    scalar = fastmul.matmul(a[0, 0, 2], b[1, :, 3], semiring=fastmul.min_plus)
    assert scalar == expected[0, 1, 2, 3]
    x = rng.integers(0, 99, (6, 6)).astype(np.int32)
    squared = (x[:, :, None] + x).min(1)
    assert fastmul.matmul(x, x, semiring=fastmul.min_plus, out=x) is x
    np.testing.assert_array_equal(x, squared)
    narrow = np.full((6, 6), 3, np.int8)
    out = np.empty((6, 12), np.int8)[:, ::2]
    fastmul.matmul(narrow, narrow, semiring=fastmul.min_plus, out=out)
    assert (out == 6).all()
    a.setflags(write=False)
    assert fastmul.matmul(a, b, semiring=fastmul.min_plus).flags.writeable


@pytest.mark.parametrize(
    ("semiring", "a", "b", "keywords", "error", "why"),
    [
        ("max_plus", np.uint8, np.uint8, {}, TypeError, "uint8 has no value for -inf apart from 0"),
        ("min_plus", bool, bool, {}, TypeError, "zero=inf is no bool"),
        ("min_plus", bool, int, {}, TypeError, "bool beside int64 has no inf"),
        ("or_and", int, int, {}, TypeError, "zero=False is no int64"),
        ("min_plus", complex, complex, {}, TypeError, "the product here is complex128"),
        ("min_plus", np.float16, np.float16, {}, TypeError, "the product here is float16"),
        ("min_plus", object, object, {}, TypeError, "the product here is object"),
        ("min_plus", np.int64, np.uint64, {}, TypeError, "no integer dtype that holds both"),
        ("min_plus", np.int64, np.int64, {"dtype": np.int32}, TypeError, "int64 does not fit into int32"),
        ("min_plus", int, int, {"mod": 7}, ValueError, "mod"),
        ("min_plus", int, int, {"overflow": "raise"}, ValueError, "overflow"),
        ("min_plus", float, float, {"accuracy": "fast"}, ValueError, "accuracy"),
        ("min_plus", int, int, {"algorithm": "strassen"}, AlgorithmError, "over min_plus; 'packed', 'scalar'"),
    ],
)  # fmt: skip
def test_what_there_is_no_product_for(semiring, a, b, keywords, error, why):
    x, y = np.ones((2, 2), a), np.ones((2, 2), b)
    with pytest.raises(error, match=why):
        fastmul.matmul(x, y, semiring=getattr(fastmul, semiring), **keywords)


def test_max_times_has_no_negative_elements():
    for dtype in ("int32", "float64"):
        with pytest.raises(ValueError, match="no negative elements"):
            fastmul.matmul(
                -np.ones((2, 2), dtype), np.ones((2, 2), dtype), semiring=fastmul.max_times
            )


def test_a_wrong_product_is_found(monkeypatch):
    from fastmul.kernels.cpu.gemm import semirings

    def broken(a, b, c, *rest):
        c[...] = 1

    monkeypatch.setattr(semirings, "multiply", broken)
    x = np.arange(9, dtype=np.int32).reshape(3, 3)
    with pytest.warns(RuntimeWarning, match="failed verification"):
        c = fastmul.matmul(x, x, semiring=fastmul.min_plus, verify=True)
    np.testing.assert_array_equal(c, (x[:, :, None] + x).min(1))


def test_sums_of_floats_that_round_are_not_verified():
    plus_times = Semiring(operator.add, operator.mul, 0, 1, "plus_times")
    with pytest.raises(ValueError, match="addition over plus_times may round"):
        fastmul.matmul(
            np.ones((2, 2)), np.ones((2, 2)), semiring=plus_times, algorithm="scalar", verify=True
        )


def test_all_pairs_shortest_paths_are_scipys():
    csgraph = pytest.importorskip("scipy.sparse.csgraph")
    rng, n = np.random.default_rng(11), 40
    weights = rng.integers(1, 100, (n, n)).astype(float)
    weights[rng.random((n, n)) < 0.9] = np.inf
    np.fill_diagonal(weights, 0)
    distances = weights.astype(np.float64)
    for _ in range(math.ceil(math.log2(n))):
        distances = fastmul.matmul(distances, distances, semiring=fastmul.min_plus)
    expected = csgraph.floyd_warshall(np.where(np.isinf(weights), 0, weights))
    np.testing.assert_array_equal(distances, expected)


def test_products_that_do_not_trace_are_checked_too():
    divisors = Semiring(math.gcd, operator.mul, 0, 1)
    a, b = np.array([[4, 6], [10, 4]]), np.array([[2], [3]])
    assert fastmul.matmul(a, b, semiring=divisors, verify=True).tolist() == [[2], [4]]
