"""Lookup products: exact sums of their table entries, codes by their trees, errors that shrink as they should."""

import numpy as np
import pytest

from fastmul.bounds.lookup import LEAVES, MOST_CODEBOOKS, TOP
from fastmul.kernels.cpu import lookup as kernels
from fastmul.matrices import LookupProduct, hash_trees
from fastmul.runtime.target import target
from tests.runtime.processes import run_python

HASWELL = {"NUMBA_CPU_NAME": "haswell", "NUMBA_CPU_FEATURES": "+avx2,+fma,+bmi,+bmi2"}
PLAIN = {"NUMBA_CPU_NAME": "x86-64", "NUMBA_CPU_FEATURES": "+sse2"}


def structured(count, k, seed=0, rank=3):
    """Rows with something to learn: of low rank, and a little noise."""
    rng = np.random.default_rng(seed)
    basis = np.random.default_rng(99).standard_normal((rank, k))
    noise = 0.05 * rng.standard_normal((count, k))
    return (rng.standard_normal((count, rank)) @ basis + noise).astype(np.float32)


def looked_up(codes, tables, scales, offsets, rows, n):
    """The meaning of the kernel, in NumPy."""
    entries = tables.transpose(1, 0, 2, 3).reshape(len(codes), -1, LEAVES)
    sums = sum(entries[t][:, codes[t, :rows]].T.astype(np.int64) for t in range(len(codes)))
    return (sums[:, :n].astype(np.float32) * scales[:n] + offsets[:n]).astype(np.float32)


def check_kernel():
    rng = np.random.default_rng(1)
    for rows, codebooks, n in ((1, 1, 1), (63, 2, 4), (64, 3, 5), (65, 17, 8), (130, 257, 3)):
        codes = rng.integers(0, 16, (codebooks, -(-rows // 64) * 64), np.uint8)
        tables = rng.integers(0, 256, (-(-n // 4), codebooks, 4, 16), np.uint8)
        scales, offsets = rng.standard_normal((2, tables.shape[0] * 4)).astype(np.float32)
        for threads in (1, 2):
            got = kernels.multiply(codes, rows, tables, scales, offsets, n, threads)
            expected = looked_up(codes, tables, scales, offsets, rows, n)
            np.testing.assert_array_equal(got, expected)


def check_window():
    """Both sides of the window of 16 bits, in even rows and odd ones."""
    for codebooks, fits in ((MOST_CODEBOOKS, True), (MOST_CODEBOOKS + 1, False)):
        for picked in (np.arange(64) % 2, 1 - np.arange(64) % 2, np.zeros(64)):
            codes = np.tile(picked.astype(np.uint8), (codebooks, 1))
            tables = np.zeros((1, codebooks, 4, 16), np.uint8)
            tables[..., 0] = TOP
            got = kernels.multiply(codes, 64, tables, np.ones(4, "f"), np.zeros(4, "f"), 4)
            expected = np.where(picked == 0, float(TOP * codebooks), 0.0)
            assert (got == expected[:, None]).all() == fits


def test_the_kernel_at_every_edge(monkeypatch):
    check_kernel()
    monkeypatch.setattr(kernels, "CHUNK_WORK", 1)
    check_kernel()


def test_the_window_of_16_bits():
    check_window()


@pytest.mark.skipif(not target().avx512, reason="run where there is another twin")
@pytest.mark.parametrize("other", [HASWELL, PLAIN], ids=["AVX2", "SSE2"])
def test_the_twins_of_other_targets(other):
    run_python(
        "from tests.matrices.test_lookup import *; check_kernel(); check_window()\n"
        "assert 'zmm' not in str(kernels._sum_rows.inspect_asm())",
        **other,
    )


def test_codes_are_those_of_the_trees():
    rng = np.random.default_rng(2)
    a = rng.standard_normal((131, 20)).astype(np.float32)
    a[0] = np.inf
    a[1] = -np.inf
    splits = rng.integers(0, 20, (5, 4))
    thresholds = rng.standard_normal((5, 16)).astype(np.float32)
    thresholds[0] = a[7, 3]
    splits[0] = 3  # a value equal to the threshold goes to the left
    expected = np.zeros((5, 131), np.uint8)
    for t in range(5):
        for i in range(131):
            node = 1
            for level in range(4):
                node = 2 * node + int(a[i, splits[t, level]] > thresholds[t, node])
            expected[t, i] = node - 16
    assert expected[0, 7] == 0
    for given in (a, np.asfortranarray(a)):
        codes = kernels.encode(given, splits, thresholds)
        assert (codes[:, :131] == expected).all()
        assert codes.shape[1] % kernels.ROWS == 0


def test_a_tree_separates_what_is_separate():
    """16 points far apart, in any number: each gets a leaf of its own."""
    rng = np.random.default_rng(3)
    centres = np.array(np.meshgrid([0, 10], [0, 10], [0, 10], [0, 10])).reshape(4, 16).T
    x = centres[rng.integers(0, 16, 400)] + rng.uniform(-1, 1, (400, 4))
    columns, thresholds = hash_trees.grow(x)
    assert sorted(columns) == [0, 1, 2, 3]
    assert ((thresholds[1:] > 1) & (thresholds[1:] < 9)).all()


def test_trees_of_few_and_equal_examples():
    for x in (np.ones((1, 3)), np.ones((5, 1)), np.zeros((0, 2)), np.array([[1.0], [2.0]])):
        columns, thresholds = hash_trees.grow(x)
        assert np.isfinite(thresholds).all()
        assert (columns < x.shape[1]).all()
    # neighbours among float32: the threshold still tells them apart
    near = np.array([[1.0], [np.nextafter(np.float32(1), np.float32(2))]])
    _, thresholds = hash_trees.grow(near)
    assert near[0, 0] <= thresholds[1] < near[1, 0]


def test_rows_that_are_prototypes_are_multiplied_almost_exactly():
    rng = np.random.default_rng(4)
    prototypes = rng.standard_normal((16, 24))
    a, b = prototypes[rng.integers(0, 16, 3000)], rng.standard_normal((24, 7))
    product = LookupProduct.fit(a, b, codebooks=3, ridge=1e-6)
    assert product.relative_error(a, b) < 3 / TOP  # what rounding three entries to bytes leaves


def test_the_estimate_is_the_exact_sum_of_its_entries_and_its_error_what_it_says():
    a, held_back = structured(2000, 32), structured(333, 32, seed=1)
    b = np.random.default_rng(5).standard_normal((32, 9))
    errors = []
    for codebooks in (2, 8):
        product = LookupProduct.fit(a, b, codebooks=codebooks)
        got = product.matmul(held_back, threads=2)
        codes = product.encode(held_back)
        assert codes.shape == (codebooks, 333)
        parts = product.tables, product.scales, product.offsets
        np.testing.assert_array_equal(got, looked_up(codes, *parts, 333, 9))
        true = held_back.astype(np.float64) @ b
        error = np.linalg.norm(got - true) / np.linalg.norm(true)
        assert product.relative_error(held_back, b) == pytest.approx(error)
        errors.append(error)
    assert errors[1] < errors[0] < 0.8
    assert errors[1] < 0.25
    assert product.nbytes < 4 * b.size * 10
    assert repr(product) == "LookupProduct(b of (32, 9), 8 codebooks)"


def test_the_same_examples_make_the_same_product(monkeypatch):
    a, b = structured(200, 16), np.eye(16)
    first, second = (LookupProduct.fit(a, b).matmul(a) for _ in range(2))
    assert first.tobytes() == second.tobytes()
    monkeypatch.setattr("fastmul.matrices.lookup.EXAMPLES", 64)
    np.testing.assert_allclose(LookupProduct.fit(a, b).matmul(a), first, atol=0.05)


def test_nothing_to_multiply():
    product = LookupProduct.fit(structured(50, 8), np.ones((8, 3)))
    assert product.matmul(np.empty((0, 8))).shape == (0, 3)
    constant = LookupProduct.fit(np.zeros((10, 8)), np.ones((8, 3)))
    assert (constant.matmul(np.zeros((5, 8))) == 0).all()


@pytest.mark.parametrize(
    ("keywords", "match"),
    [
        ({"codebooks": 0}, "there are 1 to 8"),
        ({"codebooks": 9}, "there are 1 to 8"),
        ({"ridge": 0.0}, "it is positive"),
        ({"a_train": np.ones((5, 7))}, r"shapes \(5, 7\) and \(8, 3\)"),
        ({"a_train": np.empty((0, 8))}, r"shapes \(0, 8\)"),
        ({"a_train": np.full((5, 8), np.nan)}, "a_train has NaN"),
        ({"b": np.full((8, 3), np.inf)}, "b has NaN or infinities"),
    ],
)
def test_what_cannot_be_fitted(keywords, match):
    given = {"a_train": np.ones((5, 8)), "b": np.ones((8, 3)), **keywords}
    with pytest.raises(ValueError, match=match):
        LookupProduct.fit(**given)


def test_what_cannot_be_multiplied():
    product = LookupProduct.fit(structured(50, 8), np.ones((8, 3)))
    with pytest.raises(ValueError, match=r"takes \(rows, 8\) arrays, got \(2, 7\)"):
        product.matmul(np.ones((2, 7)))
    with pytest.raises(ValueError, match="NaN"):
        product.matmul(np.full((2, 8), np.nan))
    with pytest.raises(TypeError, match="real numbers; a has dtype complex128"):
        product.matmul(np.ones((2, 8), complex))
    with pytest.raises(TypeError, match="real numbers; b has dtype complex128"):
        LookupProduct.fit(structured(50, 8), np.ones((8, 3), complex))
