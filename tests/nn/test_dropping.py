"""Elementwise dropout: which elements, how they are scaled, and the backward pass."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fastmul import nn
from fastmul.lowprecision import Philox
from fastmul.nn.dropping import LARGEST_CHUNK, STRETCH, pieces, rule
from tests.guard_pages import guarded
from tests.runtime.processes import run_python

SHAPES = [(), (1,), (3, 1), (2, 3, 4, 5), (2, 1, 3, 37), (STRETCH + 5,), (2, 2 * STRETCH + 1), (0,)]  # fmt: skip


def reference(x, p, rng):
    """The definition, in NumPy."""
    kept = rng.words(x.shape) >= round(p * 2**32)
    return np.where(kept, x * x.dtype.type(2**32 / (2**32 - round(p * 2**32))), x.dtype.type(0))


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_an_element_is_kept_iff_its_word_is_not_below_the_threshold(shape, dtype):
    x = np.random.default_rng(1).standard_normal(shape).astype(dtype)
    rng = Philox(0xFEDCBA9876543210, site=9)
    out = nn.dropout(x, 0.3, rng=rng)
    assert out.dtype == dtype
    assert out.shape == x.shape
    assert out.tobytes() == reference(x, 0.3, rng).tobytes()
    mask = nn.dropout_mask(shape, 0.3, rng=rng)
    assert mask.dtype == bool
    assert np.array_equal(mask, rng.words(shape) >= round(0.3 * 2**32))


@given(
    lines=st.integers(0, 5000),
    columns=st.integers(0, 3 * LARGEST_CHUNK),
    threads=st.integers(1, 9),
)
@settings(max_examples=50, deadline=None)
def test_pieces_cover_every_element_once(lines, columns, threads):
    found = pieces(lines, columns, threads)
    assert sum((b - a) * (d - c) for a, b, c, d in found) == lines * columns
    assert len(set(found)) == len(found)
    assert all(c % 4 == 0 and a < b <= lines and c < d <= columns for a, b, c, d in found)


def test_threads_and_strides_change_nothing():
    x = np.random.default_rng(2).standard_normal((3, 70, 2 * 900)).astype(np.float32)
    expected = nn.dropout(np.ascontiguousarray(x[..., ::2]), 0.25, rng=3, threads=1)
    assert (nn.dropout(x[..., ::2], 0.25, rng=3, threads=3) == expected).all()
    still = guarded(x[..., ::2])
    still.setflags(write=False)
    assert (nn.dropout(still, 0.25, rng=3, threads=2) == expected).all()
    assert (nn.dropout_mask(expected.shape, 0.25, rng=3, threads=3) == (expected != 0)).all()


def test_the_share_and_the_mean_are_those_of_p():
    n = 1 << 18
    for p in (0.0, 0.1, 0.5, 0.9):
        mask = nn.dropout_mask(n, p, rng=11)
        deviation = np.sqrt(p * (1 - p) / n)
        assert abs(mask.mean() - (1 - p)) <= 5 * deviation
        out = nn.dropout(np.ones(n), p, rng=11)
        assert abs(out.mean() - 1) <= 5 * deviation / (1 - p) + 1e-15


def test_neighbours_are_independent():
    mask = nn.dropout_mask((512, 512), 0.5, rng=5) * 2.0 - 1
    for shifted in (mask[1:] * mask[:-1], mask[:, 1:] * mask[:, :-1], mask[:, 4:] * mask[:, :-4]):
        assert abs(shifted.mean()) < 5 / 512


def test_not_training_is_the_identity_and_draws_nothing():
    x = np.ones(5, np.float32)
    generator = np.random.default_rng(4)
    before = generator.bit_generator.state
    assert nn.dropout(x, 0.5, rng=generator, training=False) is x
    assert nn.dropout_backward(x, 0.5, rng=7, training=False) is x
    assert nn.dropout(x, 0.5, rng=None, training=False) is x
    assert generator.bit_generator.state == before
    nn.dropout(x, 0.5, rng=generator)
    assert generator.bit_generator.state != before


def test_the_backward_pass_has_the_mask_of_the_forward_pass():
    rng = Philox(21, site=4)
    x, grad = np.random.default_rng(3).standard_normal((2, 40, 50))
    mask = nn.dropout_mask(x.shape, 0.4, rng=rng)
    assert np.array_equal(nn.dropout(x, 0.4, rng=rng) != 0, mask)
    backward = nn.dropout_backward(grad, 0.4, rng=rng)
    assert np.array_equal(
        backward, np.where(mask, grad * (1 / (1 - rule(0.4).threshold / 2**32)), 0)
    )
    # the product of both with anything: <dropout(x), grad> = <x, dropout_backward(grad)>
    assert np.isclose((nn.dropout(x, 0.4, rng=rng) * grad).sum(), (x * backward).sum())
    with pytest.raises(TypeError, match=r"Philox\.of\(generator\)"):
        nn.dropout_backward(grad, 0.4, rng=np.random.default_rng(1))


def test_what_is_dropped_is_zero_whatever_it_was():
    x = np.full(1000, np.nan, np.float32)
    x[::2] = -np.inf
    mask = nn.dropout_mask(1000, 0.5, rng=1)
    out = nn.dropout(x, 0.5, rng=1)
    assert (out[~mask] == 0).all()
    assert not np.signbit(out[~mask]).any()
    assert not np.isfinite(out[mask]).any()


@pytest.mark.parametrize("p", [-0.1, 1.0, 1.5, np.nan, np.inf, 1 - 2**-34])
def test_p_outside_its_range(p):
    with pytest.raises(ValueError, match=r"must be in \[0, 1\)"):
        nn.dropout(np.ones(3), p, rng=1)
    with pytest.raises(ValueError, match=r"must be in \[0, 1\)"):
        nn.dropout_mask(3, p, rng=1)


def test_a_word_equal_to_the_threshold_is_kept():
    word = int(Philox(1).words(8)[3])
    assert nn.dropout_mask(8, word / 2**32, rng=1)[3]
    assert not nn.dropout_mask(8, (word + 1) / 2**32, rng=1)[3]
    assert nn.dropout(np.ones(8), word / 2**32, rng=1)[3] > 0
    assert nn.dropout(np.ones(8), (word + 1) / 2**32, rng=1)[3] == 0


def test_the_grid_of_p():
    assert rule(0) == (0, 1)
    assert rule(2**-34) == (0, 1)
    assert rule(1 - 2**-32) == (2**32 - 1, 2**32)
    assert rule(0.75) == (3 << 30, 4)


def test_other_arguments_are_refused():
    with pytest.raises(TypeError, match="float32 or float64"):
        nn.dropout(np.ones(3, np.int32), 0.5, rng=1)
    with pytest.raises(TypeError, match="int seed"):
        nn.dropout(np.ones(3), 0.5, rng=None)


def test_an_avx2_target_drops_the_same():
    source = (
        "import numpy as np; from fastmul import nn\n"
        "print(*np.packbits(nn.dropout_mask((3, 500), 0.5, rng=6)))"
    )
    found = run_python(
        source, NUMBA_CPU_NAME="haswell", NUMBA_CPU_FEATURES="+avx2,+fma,+bmi,+bmi2"
    ).split()
    assert [int(x) for x in found] == np.packbits(nn.dropout_mask((3, 500), 0.5, rng=6)).tolist()
