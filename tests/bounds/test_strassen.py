"""Growth, error and workspace of Strassen-like schemes."""

from __future__ import annotations

import numpy as np
import pytest

from fastmul.bounds import strassen as bounds
from fastmul.matrices.schemes import arithmetic, executor
from fastmul.matrices.schemes.loading import SHIPPED, named
from fastmul.matrices.schemes.schedule import schedule
from fastmul.matrices.schemes.scheme import classical

WINOGRAD = named("winograd")


def multiply(a, b, levels, base=None, dtype=None):
    out = np.empty((a.shape[0], b.shape[1]), dtype or a.dtype)
    base = base or (lambda x, y, to: np.matmul(x, y, out=to))
    executor.multiply(a, b, out, levels, arithmetic.machine(base, out.dtype))
    return out


@pytest.mark.parametrize("name", SHIPPED)
@pytest.mark.parametrize("side", ["u", "v"])
def test_operand_growth_is_reached_and_not_exceeded(name, side):
    """Some leaf sees an operand as many times as large: blocks with the signs of the longest row of coefficients."""
    scheme = named(name)
    row = max(getattr(scheme, side), key=lambda row: sum(map(abs, row)))
    sign = np.array([-1.0 if c < 0 else 1.0 for c in row])
    (m, k, n), seen = scheme.shape, []
    a, b = (
        (sign.reshape(m, k), np.ones((k, n)))
        if side == "u"
        else (np.ones((m, k)), sign.reshape(k, n))
    )

    def base(x, y, to):
        seen.append(abs(x if side == "u" else y).max())
        np.matmul(x, y, out=to)

    np.testing.assert_allclose(multiply(a, b, [scheme], base), a @ b)
    grown = bounds.growth([scheme])
    # common factors of a row are multiplied in after the product: the sum itself has integer coefficients
    assert max(seen) >= (grown.a if side == "u" else grown.b)


def test_growth_of_several_levels():
    grown = bounds.growth([WINOGRAD, named("strassen"), classical(2, 3, 2)])
    assert (grown.a, grown.b, grown.products) == (4 * 2, 4 * 2, 18 * 12 * 3)


@pytest.mark.parametrize(("largest", "inside"), [(31, True), (32, False)])
def test_narrow_operands_on_both_sides_of_the_window(largest, inside):
    """int8 operands of one Winograd level: 4 * 31 fits, 4 * 32 wraps, and then the product is wrong."""
    assert bounds.fits("int8", (largest, largest), (4, 4)) is inside
    signs = np.array([[1, 1], [-1, -1]]), np.array([[1, -1], [-1, 1]])
    a, b = (np.kron(sign, np.full((3, 3), largest)).astype(np.int8) for sign in signs)

    def base(x, y, to):
        to[...] = x.astype(np.int32) @ y

    right = a.astype(np.int32) @ b
    assert np.array_equal(multiply(a, b, [WINOGRAD], base, np.int32), right) is inside


@pytest.mark.parametrize("name", SHIPPED)
@pytest.mark.parametrize("size", [48, 144])
def test_error_is_below_the_bound(name, size):
    rng = np.random.default_rng(size)
    a, b = (rng.choice([-1.0, 1.0], (size, size)) * rng.random((size, size)) for _ in range(2))
    a, b = a.astype("f4"), b.astype("f4")
    for levels in ([named(name)], [named(name), WINOGRAD]):
        error = abs(multiply(a, b, levels) - a.astype("f8") @ b.astype("f8")).max()
        assert (
            0 < error <= bounds.max_norm_error(size, levels, 2.0**-24) * abs(a).max() * abs(b).max()
        )


def test_small_entries_lose_their_digits():
    """Why floats need accuracy="fast": outside the norm-wise bound there is none."""
    rng = np.random.default_rng(0)
    a, b = rng.random((64, 64)), rng.random((64, 64))
    a[:32] *= 1e-12
    relative = abs(multiply(a, b, [WINOGRAD]) - a @ b) / (a @ b)
    assert relative[:32].max() > 1e-8
    assert relative[32:].max() < 1e-12


def test_winograd_takes_two_temporaries():
    assert schedule(WINOGRAD).temporaries == ("AC", "B")
    assert schedule(WINOGRAD).additions == 15


@pytest.mark.parametrize("levels", [["winograd"], ["winograd"] * 3, ["laderman", "strassen"]])
@pytest.mark.parametrize("sizes", [(24, 48, 72), (48, 24, 24)])
def test_workspace_is_what_is_stated(levels, sizes, monkeypatch):
    """The executor runs in exactly so many bytes, and in no byte less."""
    m, k, n = sizes
    schemes = [named(name) for name in levels]
    stated = executor.workspace_bytes(sizes, schemes, dict.fromkeys("ABC", 8))
    if set(levels) == {"winograd"}:
        assert stated <= 8 * (m * max(k, n) + k * n) / 3 + 64 * 2 * len(levels)
    a, b = (np.arange(r * c).reshape(r, c) for r, c in ((m, k), (k, n)))
    ring = arithmetic.machine(lambda x, y, to: np.matmul(x, y, out=to), a.dtype)

    def run(n_bytes):
        out = np.empty((m, n), a.dtype)
        plans = [schedule(scheme) for scheme in schemes]
        executor.Run(plans, ring, np.empty(n_bytes, np.uint8)).level(0, a, b, out, 0)
        return out

    np.testing.assert_array_equal(run(stated), a @ b)
    last = min(8, stated)  # the last temporary ends there, up to its alignment
    with pytest.raises(ValueError, match=r"reshape|multiple"):
        run(stated - 64 - last)
