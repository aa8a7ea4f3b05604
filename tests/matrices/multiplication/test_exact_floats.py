"""accuracy="correctly_rounded" and "reproducible" against fractions, and against everything that must not matter."""

from __future__ import annotations

import hashlib
import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

import fastmul
from fastmul.bounds import ozaki as bounds
from fastmul.matrices.multiplication import ozaki, residues
from tests.matrices.exact_floats import (
    FORMATS,
    OPERANDS,
    assert_same_bits,
    correctly_rounded_product,
    operand,
    rounded,
)
from tests.runtime.processes import run_python

ROWS = {
    "float64": ["ozaki", "long_accumulator"],
    "float32": ["ozaki", "long_accumulator", "filtered"],
}
CASES = [(dtype, row) for dtype, rows in ROWS.items() for row in rows]


def correctly_rounded(a, b, row, **keywords):
    return fastmul.matmul(a, b, accuracy="correctly_rounded", algorithm=row, **keywords)


def reproducible(a, b, **keywords):
    return fastmul.matmul(a, b, accuracy="reproducible", **keywords)


# ---------------------------------------------------------------- correctly rounded


@pytest.mark.parametrize("dtype", ROWS)
@pytest.mark.parametrize("kind", OPERANDS)
def test_equals_fractions(dtype, kind):
    for seed, k in enumerate((1, 2, 3, 64, 65)):
        a, b = operand(kind, (5, k), dtype, seed), operand(kind, (k, 6), dtype, seed + 50)
        if kind == "cancelling":
            b[k // 2 : k // 2 * 2] = b[: k // 2]
        expected = correctly_rounded_product(a, b)
        for row in ROWS[dtype]:
            assert_same_bits(correctly_rounded(a, b, row), expected)


@pytest.mark.parametrize(("dtype", "row"), CASES)
def test_midpoints_and_the_least_number_beside_them(dtype, row):
    """1 + half a step, and one subnormal more or less, in every order of the terms."""
    bits, lowest, _ = FORMATS[dtype]
    half, least = 2.0**-bits, 2.0**lowest
    a = np.array(
        [[1, half, least], [1, half, -least], [1, half, 0], [1 + 2 * half, half, 0]], dtype
    )
    a = np.concatenate([a, -a])
    b = np.array([[1], [1], [1]], dtype)
    for order in ([0, 1, 2], [2, 1, 0], [1, 2, 0]):
        got = correctly_rounded(a[:, order], b, row)[:, 0]
        expected = np.array([1 + 2 * half, 1, 1, 1 + 4 * half], dtype)
        assert_same_bits(got, np.concatenate([expected, -expected]))


@pytest.mark.parametrize(("dtype", "row"), CASES)
def test_the_ends_of_the_format(dtype, row):
    """Overflow begins midway beyond the largest float; zero ends midway below the least; signs stay."""
    bits, lowest, above = FORMATS[dtype]
    top, least = np.finfo(dtype).max, 2.0**lowest
    half = 2.0 ** (above - bits - 1)
    root = 2.0 ** (lowest // 2)  # root * root = 2^(lowest - lowest % 2)
    a = np.array([[top, half, 0], [top, half, -least], [top, top, -top], [root, 0, 0]], dtype)
    a = np.concatenate([a, -a])
    b = np.ones((3, 2), dtype)
    b[0, 1] = root / 4 / (1 + lowest % 2)
    got = correctly_rounded(a, b, row)
    assert_same_bits(got, correctly_rounded_product(a, b))
    assert_same_bits(got[:3, 0], np.array([np.inf, top, top], dtype))
    assert got[3, 1] == 0
    assert np.signbit(got[7, 1])


@pytest.mark.parametrize(("dtype", "row"), CASES)
def test_zeros_have_the_sign_of_ieee(dtype, row):
    a = np.array([[0.0, -0.0], [-1, -1], [1, -1], [-0.0, -0.0]], dtype)
    b = np.array([[0.0, -0.0, 1], [0.0, -0.0, 1]], dtype)
    got = correctly_rounded(a, b, row)
    expected = np.array([[0, 0, 0], [-0.0, 0, -2], [0, 0, 0], [-0.0, 0, -0.0]], dtype)
    assert_same_bits(got, expected)
    empty = correctly_rounded(a[:, :0], b[:0], row)
    assert_same_bits(empty, np.zeros((4, 3), dtype))


@pytest.mark.parametrize(("dtype", "row"), CASES)
def test_a_finite_sum_beyond_the_range_meets_an_infinity(dtype, row):
    """-inf from one product, finite products that would overflow to +inf in floats: the sum is -inf."""
    top = np.finfo(dtype).max
    a, b = np.array([[top, -np.inf, top]], dtype), np.array([[top], [1], [top]], dtype)
    assert_same_bits(correctly_rounded(a, b, row), np.array([[-np.inf]], dtype))
    assert_same_bits(reproducible(a, b), np.array([[-np.inf]], dtype))


@pytest.mark.parametrize("dtype", ROWS)
def test_rows_agree_at_sizes_of_blocks(dtype):
    """Beyond one register tile, one word of the masks, one chunk: on data of which some entries stay open."""
    rng = np.random.default_rng(5)
    a, b = rng.standard_normal((70, 300)), rng.standard_normal((300, 130))
    a[::3] *= np.ldexp(1.0, rng.integers(-30, 0, (24, 300)))
    b[:, 0] = 1e-30
    b[7, 0] = 1
    a, b = a.astype(dtype), b.astype(dtype)
    first, *others = (correctly_rounded(a, b, row) for row in ROWS[dtype])
    for other in others:
        assert_same_bits(other, first)
    sample = np.ix_(range(0, 70, 23), range(0, 130, 43))
    assert_same_bits(first[sample], correctly_rounded_product(a[::23], b[:, ::43]))


FLOATS = st.floats(allow_subnormal=True)


@given(arrays(np.float64, (2, 3), elements=FLOATS), arrays(np.float64, (3, 2), elements=FLOATS))
def test_any_floats(a, b):
    assert_same_bits(correctly_rounded(a, b, "ozaki"), correctly_rounded_product(a, b))


# ---------------------------------------------------------------- reproducible


@pytest.fixture(scope="module", params=["float64", "float32"])
def pair(request):
    """Large enough for several blocks and threads; float32 beyond the depth of int64, so that both ways are run."""
    rng = np.random.default_rng(9)
    k = 2100
    a, b = rng.standard_normal((40, k)), rng.standard_normal((k, 30))
    a[3] *= 1e-30
    b[:, 5] *= np.ldexp(1.0, rng.integers(-60, 60, k))
    return a.astype(request.param), b.astype(request.param)


def cut(x, beta):
    """The entries of one row on its grid, as integers, and the exponent of the grid."""
    exponent = max((math.frexp(v)[1] for v in x if v != 0), default=0)
    return [int(Fraction(float(v)) * Fraction(2) ** (beta - exponent)) for v in x], exponent - beta


@pytest.mark.parametrize("dtype", ROWS)
@pytest.mark.parametrize("kind", ["normal", "wide", "subnormal products", "maximal", "specials"])
def test_is_what_it_is_defined_as(dtype, kind):
    """The exact product of the cut operands, rounded once."""
    a, b = operand(kind, (4, 33), dtype, 1), operand(kind, (33, 5), dtype, 2)
    beta = bounds.grid_bits(dtype, "reproducible")
    got = reproducible(a, b)
    if kind == "specials":
        expected = correctly_rounded_product(a, b)  # small integers: nothing is cut
    else:
        expected = np.empty((4, 5), dtype)
        for i in range(4):
            for j in range(5):
                (x, e), (y, f) = cut(a[i], beta), cut(b[:, j], beta)
                exact = sum(u * v for u, v in zip(x, y, strict=True)) * Fraction(2) ** (e + f)
                expected[i, j] = rounded(exact, dtype) if exact else 0.0
    assert_same_bits(got, expected)


def test_its_error_bound(pair):
    a, b = pair
    dtype = a.dtype.name
    exact = a.astype(np.longdouble) @ b.astype(np.longdouble)
    largest = abs(a).max(1, keepdims=True).astype(float) * abs(b).max(0, keepdims=True).astype(
        float
    )
    u = 2.0 ** -FORMATS[dtype][0]
    bound = bounds.reproducible_error(a.shape[1], dtype) * largest + u * abs(exact)
    assert (abs(reproducible(a, b) - exact) <= bound * (1 + 1e-6)).all()


def test_order_does_not_matter(pair):
    a, b = pair
    rng = np.random.default_rng(1)
    expected = reproducible(a, b)
    for _ in range(3):
        order = rng.permutation(a.shape[1])
        assert_same_bits(reproducible(a[:, order], b[order]), expected)
    rows, columns = rng.permutation(a.shape[0])[:17], rng.permutation(b.shape[1])[:13]
    assert_same_bits(reproducible(a[rows], b[:, columns]), expected[np.ix_(rows, columns)])
    assert_same_bits(reproducible(a[0], b[:, 0]), expected[0, 0])


def test_threads_and_blocks_do_not_matter(pair, monkeypatch):
    a, b = pair
    expected = reproducible(a, b, threads=1)
    assert_same_bits(reproducible(a, b, threads=2), expected)
    monkeypatch.setattr(ozaki, "LIMB_BYTES", 3 * 8 * b.shape[1] * 7)  # seven rows at a time
    monkeypatch.setattr(ozaki, "CHUNK_ENTRIES", 100)
    monkeypatch.setattr(residues, "BATCH_BYTES", 1)
    assert_same_bits(reproducible(a, b, threads=2), expected)


def test_layouts_do_not_matter(pair):
    a, b = pair
    expected = reproducible(a, b)
    read_only = a.copy()
    read_only.flags.writeable = False
    assert_same_bits(reproducible(read_only, np.asfortranarray(b)), expected)
    gaps = np.repeat(a, 2, 1)[:, ::2]
    backwards = np.ascontiguousarray(b[::-1, ::-1])[::-1, ::-1]
    out = np.empty(expected.shape[::-1], a.dtype).T
    assert reproducible(gaps, backwards, out=out) is out
    assert_same_bits(out, expected)
    stacked = reproducible(np.stack([a, 2 * a]), b)
    assert_same_bits(stacked, np.stack([expected, 2 * expected]))


SOURCE = """
import hashlib, sys
import numpy as np, fastmul
from fastmul.runtime.target import target
rng = np.random.default_rng(3)
a, b = rng.standard_normal((65, 80)), rng.standard_normal((80, 66))
c = fastmul.matmul(a, b, accuracy="reproducible")
print(target().avx512, hashlib.sha256(c.tobytes()).hexdigest())
"""


def test_another_cpu_gives_the_same_bits():
    """The same product compiled for AVX2."""
    outcome = run_python(
        SOURCE, NUMBA_CPU_NAME="haswell", NUMBA_CPU_FEATURES="+avx2,+fma,+bmi,+bmi2"
    )
    rng = np.random.default_rng(3)
    a, b = rng.standard_normal((65, 80)), rng.standard_normal((80, 66))
    here = hashlib.sha256(reproducible(a, b).tobytes()).hexdigest()
    assert outcome.split() == ["False", here]


# ---------------------------------------------------------------- the keyword


@pytest.mark.parametrize("accuracy", ["reproducible", "correctly_rounded"])
@pytest.mark.parametrize("dtype", ["complex128", "float16", "longdouble"])
def test_other_dtypes_are_refused(accuracy, dtype):
    x = np.ones((2, 2), dtype)
    with pytest.raises(TypeError, match=rf"accuracy='{accuracy}'.*float32 and float64.*{x.dtype}"):
        fastmul.matmul(x, x, accuracy=accuracy)
    assert (
        fastmul.matmul(x.real, x.real, accuracy=accuracy, dtype="float64").dtype == np.float64 or 1
    )


@pytest.mark.parametrize("row", ["ozaki", "filtered", "long_accumulator"])
def test_rows_refuse_what_they_are_not_for(row):
    x = np.ones((2, 2), np.float32)
    for accuracy in ("fast", *(["reproducible"] if row != "ozaki" else [])):
        with pytest.raises(fastmul.AlgorithmError, match="it takes accuracy="):
            fastmul.matmul(x, x, accuracy=accuracy, algorithm=row)
    with pytest.raises(fastmul.AlgorithmError, match="rounds"):
        fastmul.matmul([[1]], [[1]], algorithm=row)


def test_every_exact_call_finds_a_row():
    for dtype in ROWS:
        for accuracy in ("reproducible", "correctly_rounded"):
            for shape in ((1, 1), (3, 3), (200, 200)):
                x = np.ones(shape, dtype)
                c = fastmul.matmul(x, x, accuracy=accuracy)
                assert_same_bits(c, np.full(shape, shape[1], dtype))
