"""Elementary functions: the bits of the twin that is exact by construction, the errors that are stated, the edges."""

from __future__ import annotations

import math

import gmpy2
import numpy as np
import pytest

from fastmul.kernels.cpu.elementary_arrays import NAMES, elementwise
from fastmul.kernels.elementary import ULPS
from fastmul.kernels.reference import elementary as reference
from tests.guard_pages import guarded

SPECIALS = np.array(
    [0.0, -0.0, math.inf, -math.inf, math.nan, 1.0, -1.0, 2**-149, -(2**-149), 2**-126, -(2**-126),
     3.4028235e38, -3.4028235e38, 88.72284, 88.722845, -87.33655, -103.97208, -103.97209, -104.0, -128.0,
     0.55, -0.55, 0.6666667, 1.3333334, 14.17, -14.17, -15.0, 127.0],
    np.float32,
)  # fmt: skip


def sample(count: int, seed: int = 0) -> np.ndarray:
    """Floats of every exponent, floats where functions bend, and the special ones."""
    rng = np.random.default_rng(seed)
    every = rng.integers(0, 1 << 32, count, dtype=np.uint32).view(np.float32)
    return np.concatenate([SPECIALS, every, (rng.normal(size=count) * 4).astype(np.float32)])


def evaluate(name: str, x: np.ndarray) -> np.ndarray:
    y = np.full_like(x, -77.0)
    elementwise.named(name)(x.ctypes.data, y.ctypes.data, x.size)
    return y


def same_bits(x: np.ndarray, y: np.ndarray) -> bool:
    """The same bits; any NaN is as good as another."""
    nan = np.isnan(x)
    return np.array_equal(nan, np.isnan(y)) and np.array_equal(
        x[~nan].view(np.uint32), y[~nan].view(np.uint32)
    )


@pytest.mark.parametrize("name", NAMES)
def test_every_target_gives_the_bits_of_the_twin(name):
    x = sample(60_000)
    assert same_bits(evaluate(name, x), getattr(reference, name)(x))


def test_the_short_form_of_exp_has_its_bits():
    x = -np.abs(sample(60_000))
    assert same_bits(reference.exp_nonpositive(x), reference.exp(x))


# ---------------------------------------------------------------- errors


def _cdf(x):
    return gmpy2.erfc(-x / gmpy2.sqrt(gmpy2.mpfr(2))) / 2


def _gelu_argument(x):
    return 2 * gmpy2.sqrt(2 / gmpy2.const_pi()) * (x + gmpy2.mpfr("0.044715") * x**3)


def _sigmoid(x):
    return 1 / (1 + gmpy2.exp(-x))


EXACT = {
    "exp": gmpy2.exp,
    "log": gmpy2.log,
    "sigmoid": _sigmoid,
    "tanh": gmpy2.tanh,
    "normal_cdf": _cdf,
    "erf": gmpy2.erf,
    "rsqrt": gmpy2.rec_sqrt,
    "relu": lambda x: max(x, gmpy2.mpfr(0)),
    "gelu": lambda x: x * _cdf(x),
    "gelu_tanh": lambda x: x * _sigmoid(_gelu_argument(x)),
    "silu": lambda x: x * _sigmoid(x),
}
#: Where a dense sweep found the largest error of each.
WORST = {
    "exp": -5.848642, "log": 1.2719344, "sigmoid": -4.157294, "tanh": 0.5537014, "normal_cdf": -1.8954489,
    "erf": 1.0194212, "rsqrt": 0.06288662, "relu": 1.0, "gelu": -2.5156205, "gelu_tanh": -10.041107,
    "silu": -7.59728,
}  # fmt: skip


def ulps(y: float, exact) -> float:
    """The error in units of the last place that float32 has at the exact value."""
    exponent = max(gmpy2.get_exp(exact) - 24, -149) if exact else -149
    return float(abs(gmpy2.mpfr(y) - exact) / gmpy2.exp2(gmpy2.mpfr(exponent)))


@pytest.mark.parametrize("name", NAMES)
def test_errors_are_as_stated(name):
    rng = np.random.default_rng(1)
    x = np.concatenate(
        [
            [np.float32(WORST[name])],
            (rng.normal(size=1500) * 4).astype(np.float32),
            np.exp2(rng.uniform(-149, 128, 500)).astype(np.float32)
            * np.where(rng.random(500) < 0.5, 1, -1).astype(np.float32),
        ]
    )
    if name in ("log", "rsqrt"):
        x = np.abs(x)
        x = x[x > 0]
    y = evaluate(name, x)
    with gmpy2.context(precision=200, emin=-(1 << 40), emax=1 << 40):
        errors = [
            ulps(float(v), exact)
            for u, v in zip(x, y, strict=True)
            if abs(exact := EXACT[name](gmpy2.mpfr(float(u)))) < 2**128
        ]
    assert max(errors) <= ULPS[name]
    assert max(errors) >= 0.95 * ULPS[name]  # the bound is no looser than it must be


# ---------------------------------------------------------------- edges


@pytest.mark.parametrize(
    ("name", "x", "expected"),
    [
        ("exp", [-math.inf, math.inf, 0.0, 88.73, -104.0], [0.0, math.inf, 1.0, math.inf, 0.0]),
        ("log", [0.0, -0.0, math.inf, 1.0], [-math.inf, -math.inf, math.inf, 0.0]),
        ("tanh", [-math.inf, math.inf, -0.0], [-1.0, 1.0, -0.0]),
        ("erf", [-math.inf, math.inf, -0.0], [-1.0, 1.0, -0.0]),
        ("sigmoid", [-math.inf, math.inf, 0.0], [0.0, 1.0, 0.5]),
        ("normal_cdf", [-math.inf, math.inf, 0.0], [0.0, 1.0, 0.5]),
        ("relu", [-math.inf, math.inf, -0.0, 2.0], [0.0, math.inf, 0.0, 2.0]),
        ("gelu", [-math.inf, math.inf, -100.0], [-0.0, math.inf, -0.0]),
        ("gelu_tanh", [-math.inf, math.inf, -100.0], [-0.0, math.inf, -0.0]),
        ("silu", [-math.inf, math.inf, -200.0], [-0.0, math.inf, -0.0]),
    ],
)
def test_limits(name, x, expected):
    assert same_bits(evaluate(name, np.array(x, np.float32)), np.array(expected, np.float32))


@pytest.mark.parametrize("name", NAMES)
def test_nan_stays_and_outside_the_domain_there_is_nan(name):
    assert np.isnan(evaluate(name, np.full(17, math.nan, np.float32))).all()
    if name in ("log", "rsqrt"):
        assert np.isnan(evaluate(name, np.array([-1.0, -math.inf], np.float32))).all()


@pytest.mark.parametrize("count", [1, 2, 15, 16, 17, 31, 32, 33])
def test_no_lane_outside_the_array_is_touched(count):
    x = np.linspace(-3, 3, count, dtype=np.float32)
    expected = reference.silu(x)
    for before in (False, True):
        source, target = guarded(x, before=before), guarded(x, before=before)
        elementwise.silu(source.ctypes.data, target.ctypes.data, count)
        elementwise.silu(source.ctypes.data, source.ctypes.data, count)  # in place
        assert same_bits(target, expected)
        assert same_bits(source, expected)


# ---------------------------------------------------------------- the twin itself


def test_the_twins_fma_rounds_once():
    rng = np.random.default_rng(2)
    a, b, c = rng.integers(0, 1 << 32, (3, 20_000), dtype=np.uint32).view(np.float32)
    near = rng.normal(size=(2, 20_000)).astype(np.float32)
    # halfway cases and cancellation: c about -a b, or of the size of the product's last bits
    a = np.concatenate([a, near[0], near[0], near[0] * 2.0**-70])
    b = np.concatenate([b, near[1], near[1], near[1] * 2.0**-70])
    product = near[0] * near[1]
    c = np.concatenate([c, -product, product * 2.0**24, product * 2.0**-149])
    finite = np.isfinite(a) & np.isfinite(b) & np.isfinite(c)
    a, b, c = (v[finite].astype(np.float32) for v in (a, b, c))
    got = reference.fma(a, b, c)
    with gmpy2.context(precision=24, emin=-148, emax=128, subnormalize=True):
        for x, y, z, result in zip(*(v.tolist() for v in (a, b, c, got)), strict=True):
            assert float(gmpy2.fma(gmpy2.mpfr(x), gmpy2.mpfr(y), gmpy2.mpfr(z))) == result
