"""Sampled products: unbiased, within their bound on average, exact in what can be exact."""

import numpy as np
import pytest

from fastmul.matrices import sampled, sampled_matmul
from fastmul.runtime.philox import Philox

RUNS = 400


def operands(m=5, k=60, n=4, seed=0):
    """Columns of very different norms, as is what sampling by norms is for."""
    rng = np.random.default_rng(seed)
    scales = np.exp(rng.normal(0, 2, k))
    return rng.standard_normal((m, k)) * scales, rng.standard_normal((k, n))


def test_draws_at_the_ends_of_the_distribution(monkeypatch):
    uniform = np.array([0.0, 0.25, np.nextafter(0.5, 0), 0.5, np.nextafter(1, 0)])
    monkeypatch.setattr(sampled, "_uniform", lambda c, rng: uniform[:c])
    a = np.array([[0.0, 1.0, 1.0, 0.0]])  # what has no probability is never drawn
    assert sampled_matmul(a, np.ones((4, 1)), 5, rng=1).indices.tolist() == [1, 1, 1, 2, 2]
    a = np.array([[0.1, 0.2, 0.3, 0.0]])  # probabilities whose sum is not 1
    assert sampled_matmul(a, np.ones((4, 1)), 5, rng=1).indices[-1] == 2


def test_the_mean_is_the_product_and_the_mean_square_error_its_formula():
    a, b, draws = *operands(), 20
    true = a @ b
    made = [sampled_matmul(a, b, draws, rng=seed) for seed in range(RUNS)]
    products = np.array([x.product for x in made])
    norms = np.linalg.norm(a, axis=0) * np.linalg.norm(b, axis=1)
    variance = (norms.sum() ** 2 - np.linalg.norm(true) ** 2) / draws
    # five standard deviations of a mean of RUNS, entry by entry
    spread = products.std(axis=0) / np.sqrt(RUNS)
    assert (np.abs(products.mean(axis=0) - true) <= 5 * spread).all()
    squared = ((products - true) ** 2).sum(axis=(1, 2))
    assert abs(squared.mean() - variance) <= 5 * squared.std() / np.sqrt(RUNS)
    errors = np.sqrt(squared)
    assert errors.mean() <= made[0].sharp_bound <= made[0].bound
    assert made[0].bound == pytest.approx(np.linalg.norm(a) * np.linalg.norm(b) / np.sqrt(draws))
    assert made[0].sharp_bound == pytest.approx(norms.sum() / np.sqrt(draws))


def test_draws_follow_the_norms():
    a, b = operands(k=12)
    made = sampled_matmul(a, b, 20_000, rng=3)
    norms = np.linalg.norm(a, axis=0) * np.linalg.norm(b, axis=1)
    np.testing.assert_allclose(made.probabilities, norms / norms.sum())
    counts = np.bincount(made.indices, minlength=12)
    expected = 20_000 * made.probabilities
    assert (np.abs(counts - expected) <= 5 * np.sqrt(expected) + 1).all()


def test_one_column_that_is_all_there_is_gives_the_product_itself():
    a, b = np.zeros((3, 40)), np.ones((40, 2))
    a[:, 17] = [1, 2, 4]
    made = sampled_matmul(a, b, 8, rng=0)
    assert (made.indices == 17).all()
    np.testing.assert_array_equal(made.product, a @ b)


def test_more_draws_shrink_the_error_by_their_root():
    a, b = operands()
    true = a @ b
    few, many = (
        np.mean([np.linalg.norm(sampled_matmul(a, b, c, rng=s).product - true) for s in range(100)])
        for c in (10, 1000)
    )
    assert 7 < few / many < 14  # 10, give or take


def test_the_seed_decides():
    a, b = operands()
    first, second = (sampled_matmul(a, b, 30, rng=seed) for seed in (Philox(5), 5))
    assert first.product.tobytes() == second.product.tobytes()
    assert (sampled_matmul(a, b, 30, rng=6).indices != first.indices).any()
    generators = [np.random.default_rng(1) for _ in range(2)]
    x, y = (sampled_matmul(a, b, 30, rng=g).indices for g in generators)
    assert (x == y).all()


@pytest.mark.parametrize("scale", [1e-200, 1e-59, 1e60, 1e200])
def test_extreme_magnitudes_are_no_zeros_and_no_infinities(scale):
    a, b = operands()
    made, plain = (sampled_matmul(x, b, 30, rng=1) for x in (a * scale, a))
    assert (made.indices == plain.indices).all()
    np.testing.assert_allclose(made.product, plain.product * scale)
    assert made.bound == pytest.approx(plain.bound * scale)


def test_zeros_and_integers():
    made = sampled_matmul(np.zeros((2, 3)), np.ones((3, 2)), 5, rng=0)
    assert made.product.tolist() == [[0, 0], [0, 0]]
    assert made.bound == 0
    assert sampled_matmul([[2]], [[3]], 4, rng=0).product.tolist() == [[6.0]]


@pytest.mark.parametrize(
    ("arguments", "match"),
    [
        ((np.ones((2, 3)), np.ones((2, 3)), 4), r"shapes \(2, 3\) and \(2, 3\)"),
        ((np.ones((2, 3)), np.ones((3, 2)), 0), "at least 1"),
        ((np.ones((2, 3)), np.ones((3, 2)), 2.5), "at least 1"),
        ((np.full((2, 3), np.nan), np.ones((3, 2)), 2), "a has NaN"),
        ((np.ones((2, 3)), np.full((3, 2), np.inf), 2), "b has NaN or infinities"),
    ],
)
def test_what_cannot_be_sampled(arguments, match):
    with pytest.raises(ValueError, match=match):
        sampled_matmul(*arguments, rng=0)


def test_complex_operands():
    with pytest.raises(TypeError, match="complex128"):
        sampled_matmul(np.ones((1, 1), complex), np.ones((1, 1)), 1, rng=0)
