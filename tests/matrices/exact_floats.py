"""The oracle of exact float products: Python's fractions, rounded by their definition; and operands to break them."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

#: (bits, exponent of the lowest bit, exponent beyond the largest) of each format.
FORMATS = {"float64": (53, -1074, 1024), "float32": (24, -149, 128)}


def rounded(value: Fraction, dtype: str) -> float:
    """The nearest float of the format, ties to even; zeros and infinities with the sign of the value."""
    bits, lowest, above = FORMATS[dtype]
    sign, value = (-1.0 if value < 0 else 1.0), abs(value)
    exponent = value.numerator.bit_length() - value.denominator.bit_length()
    exponent -= Fraction(2) ** exponent > value  # now 2^exponent <= value < 2^(exponent + 1)
    step = Fraction(2) ** max(exponent + 1 - bits, lowest)
    nearest = round(value / step) * step  # Python rounds ties to even
    return sign * (np.inf if nearest >= 2**above else float(nearest))


def sum_of(terms: list[tuple[float, Fraction]]) -> float | Fraction:
    """IEEE's sum of products (the product as a float's sign or special value, its exact value), made exactly."""
    specials = [x for x, _ in terms if not np.isfinite(x)]
    if specials:
        return specials[0] if len(set(specials)) == 1 else np.nan
    total = sum((value for _, value in terms), Fraction(0))
    if total == 0:
        return -0.0 if terms and all(np.signbit(x) and v == 0 for x, v in terms) else 0.0
    return total


def _product(x: float, y: float) -> tuple[float, Fraction]:
    """A product's sign or special value as a float that is 0, 1, inf (with a sign) or NaN; and its exact value."""
    if np.isfinite(x) and np.isfinite(y):
        return float(np.copysign(1, x) * np.copysign(1, y)), Fraction(x) * Fraction(y)
    with np.errstate(invalid="ignore"):
        return float(np.float64(x) * np.float64(y)), Fraction(0)


def correctly_rounded_sum(terms: list[tuple[float, Fraction]], dtype: str) -> float:
    total = sum_of(terms)
    return rounded(total, dtype) if isinstance(total, Fraction) else total


def correctly_rounded_product(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """a @ b of 2-D floats, every entry rounded once."""
    name = a.dtype.name
    rows, columns = a.astype(float).tolist(), b.T.astype(float).tolist()
    c = np.empty((len(rows), len(columns)), a.dtype)
    for i, row in enumerate(rows):
        for j, column in enumerate(columns):
            terms = [_product(x, y) for x, y in zip(row, column, strict=True)]
            c[i, j] = correctly_rounded_sum(terms, name)
    return c


def assert_same_bits(got: np.ndarray, expected: np.ndarray) -> None:
    """Equal with the signs of zeros; NaN for NaN."""
    assert got.dtype == expected.dtype
    assert got.shape == expected.shape
    np.testing.assert_array_equal(got, expected)
    numbers = ~np.isnan(expected)
    np.testing.assert_array_equal(np.signbit(got[numbers]), np.signbit(expected[numbers]))


def _scaled(x: np.ndarray, rng: np.random.Generator, low: int, high: int) -> np.ndarray:
    return np.ldexp(x, rng.integers(low, high, x.shape))


def _cancelling(x: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Columns in pairs that cancel to a few last bits, or to nothing, if rows of the other side are equal."""
    half = x.shape[1] // 2
    x[:, half : 2 * half] = -x[:, :half]
    if half:
        x[::2, half] = np.nextafter(x[::2, half].astype("f4"), 0)
    return x


#: Entries of a (rows, columns) matrix of float64s, to be cast, for an exponent range of +-e.
OPERANDS = {
    "normal": lambda x, rng, e: x,
    "integers": lambda x, rng, e: np.rint(2 * x),
    "wide": lambda x, rng, e: _scaled(x, rng, -e // 2, e // 2),
    "every binade": lambda x, rng, e: _scaled(x, rng, -e - 20, e - 2),
    "subnormal products": lambda x, rng, e: _scaled(x, rng, -e // 2 - 60, -e // 2),
    "maximal": lambda x, rng, e: np.sign(x) * (2.0 - 2.0**-23) * 2.0 ** (e - 1),
    "cancelling": lambda x, rng, e: _cancelling(x, rng),
    "zeros": lambda x, rng, e: rng.choice([0.0, -0.0, 1.0, -1.0], x.shape, p=[0.45, 0.45, 0.05, 0.05]),
    "specials": lambda x, rng, e: rng.choice([0.0, -0.0, 1, -2, np.inf, -np.inf, np.nan], x.shape,
                                             p=[0.15, 0.15, 0.3, 0.3, 0.04, 0.04, 0.02]),
}  # fmt: skip


def operand(kind: str, shape: tuple[int, int], dtype: str, seed: int) -> np.ndarray:
    """A named adversary."""
    rng = np.random.default_rng(seed)
    made = OPERANDS[kind](rng.standard_normal(shape), rng, FORMATS[dtype][2])
    return made.astype(dtype)
