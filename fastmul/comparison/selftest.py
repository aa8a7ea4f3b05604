"""Random differential testing: every row of every table against Python's int and Fraction and NumPy."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import numpy as np

from fastmul.comparison import selftest_integers
from fastmul.comparison.operands import adversarial_integer, any_size
from fastmul.exceptions import FastmulError

#: Sizes are log-uniform up to these; the oracles, Python's int and NumPy's loops, set the limit.
LARGEST_BITS, LARGEST_SIDE, LARGEST_LOOPED_SIDE, LARGEST_FLOAT_SIDE = 1 << 17, 160, 24, 12
#: So many that every row meets a problem that it does not refuse, however long compiling takes.
LEAST_ROUNDS = 10
#: Formats of quantised operands: those of an engine each, and blocks of MX_BLOCK under a scale.
LOW_PRECISION = (
    "int8",
    "bfloat16",
    "float8_e4m3fn",
    "float8_e5m2",
    "mxfp8_e4m3",
    "mxfp4_e2m1",
    "nvfp4",
    "bitnet_b158",
)
MX_BLOCK = 32
INTEGER_DTYPES = ("int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64", "bool")


@dataclass
class Outcome:
    """How many results of each row were right, and the first that was not."""

    results: Counter[str] = field(default_factory=Counter)
    mismatch: str | None = None


def selftest(seconds: float, seed: int, tell: Callable[[str], None] = lambda text: None) -> Outcome:
    """Test until `seconds` have passed or a result is wrong; at least LEAST_ROUNDS rounds."""
    rng = random.Random(seed)
    outcome = Outcome()
    deadline = time.monotonic() + seconds
    number = 0
    while number < LEAST_ROUNDS or time.monotonic() < deadline:
        number += 1
        for check in _CHECKS:
            for row, wrong in check(rng):
                if wrong:
                    outcome.mismatch = f"round {number}, {row}: {wrong}"
                    return outcome
                outcome.results[row] += 1
                if number > LEAST_ROUNDS and time.monotonic() > deadline:
                    return outcome
        tell(f"{sum(outcome.results.values()):,} results right")
    return outcome


def _integers(rng: random.Random) -> Iterator[tuple[str, str | None]]:
    """One pair of integers through every row, on ints, on mpz and on limb arrays."""
    import gmpy2

    import fastmul
    from fastmul.integers import from_limbs, mul_limbs, to_limbs
    from fastmul.integers.multiplication import MUL

    a, b = (adversarial_integer(any_size(LARGEST_BITS, rng), rng) for _ in range(2))
    b = a if rng.random() < 0.1 else b
    truth, signs = a * b, [rng.choice((1, -1)) for _ in range(2)]
    sizes = f"{a.bit_length()} x {b.bit_length()} bits, threads "
    for name in ("auto", *MUL.names):
        kind = rng.choice((int, gmpy2.mpz))
        threads = rng.choice((1, 2))
        x, y = (kind(sign * value) for sign, value in zip(signs, (a, b), strict=True))
        try:
            found = fastmul.mul(x, x if a is b and x == y else y, algorithm=name, threads=threads)
        except FastmulError:
            continue  # it refuses this size
        yield (
            f"mul {name}",
            None if found == signs[0] * signs[1] * truth else f"{sizes}{threads}, {kind.__name__}",
        )
    if a and b:
        yield (
            "mul_limbs",
            None if from_limbs(mul_limbs(to_limbs(a), to_limbs(b))) == truth else sizes,
        )


def _matrices(rng: random.Random) -> Iterator[tuple[str, str | None]]:
    """One pair of matrices through every row; integers must equal NumPy's bit for bit."""
    import fastmul
    from fastmul.matrices.multiplication import MATMUL

    m, k, n = (any_size(LARGEST_SIDE, rng) for _ in range(3))
    generator = np.random.default_rng(rng.getrandbits(64))
    first, second = (rng.choice(INTEGER_DTYPES) for _ in range(2))
    if np.result_type(first, second).kind == "f":  # int64 with uint64 has no integer type
        second = first
    a, b = _matrix((m, k), first, generator, rng), _matrix((k, n), second, generator, rng)
    if rng.random() < 0.25:
        b, n, second = a.T, m, first
    truth = np.matmul(a, b)
    for name in ("auto", *MATMUL.names):
        threads = rng.choice((1, 2))
        try:
            found = fastmul.matmul(a, b, algorithm=name, threads=threads)
        except FastmulError:
            continue
        right = found.dtype == truth.dtype and np.array_equal(found, truth)
        yield (
            f"matmul {name}",
            None if right else f"({m}, {k}) @ ({k}, {n}), {first} @ {second}, threads {threads}",
        )


def _residues(rng: random.Random) -> Iterator[tuple[str, str | None]]:
    """Integers modulo p, half of the time 2, against Python's."""
    p = rng.choice((2, rng.randrange(2, 1 << rng.randrange(2, 64))))
    a, b = _integer_pair(rng)
    truth = (a.astype(object) @ b.astype(object) % p).astype(np.int64)
    yield from _through_every_row(a, b, truth, f"modulo {p}", mod=p)


def _tropical(rng: random.Random) -> Iterator[tuple[str, str | None]]:
    """Smallest sums of small integers, against NumPy's sums and minima."""
    from fastmul.matrices.semirings import min_plus

    a, b = (x.clip(-(2**40), 2**40) for x in _integer_pair(rng))
    truth = (a[:, :, np.newaxis] + b[np.newaxis]).min(axis=1)
    yield from _through_every_row(a, b, truth, "over min_plus", semiring=min_plus)


def _long_integers(rng: random.Random) -> Iterator[tuple[str, str | None]]:
    """Python ints of some hundred bits, against NumPy's loop over them."""
    a, b = (x.astype(object) ** rng.randrange(1, 9) for x in _integer_pair(rng))
    yield from _through_every_row(a, b, a @ b, "of Python ints")


def _integer_pair(rng: random.Random) -> tuple[np.ndarray, np.ndarray]:
    m, k, n = (1 + any_size(LARGEST_LOOPED_SIDE, rng) for _ in range(3))
    generator = np.random.default_rng(rng.getrandbits(64))
    a, b = (_matrix(shape, "int64", generator, rng) for shape in ((m, k), (k, n)))
    return a, b


def _through_every_row(
    a: np.ndarray, b: np.ndarray, truth: np.ndarray, what: str, **keywords: Any
) -> Iterator[tuple[str, str | None]]:
    import fastmul
    from fastmul.matrices.multiplication import MATMUL

    for name in ("auto", *MATMUL.names):
        try:
            found = fastmul.matmul(a, b, algorithm=name, **keywords)
        except FastmulError:
            continue
        right = found.dtype == truth.dtype and np.array_equal(found, truth)
        yield f"matmul {name}", None if right else f"{a.shape} @ {b.shape} {what}"


def _exact_floats(rng: random.Random) -> Iterator[tuple[str, str | None]]:
    """One pair of float matrices of many binades through every row that rounds correctly."""
    import fastmul
    from fastmul.matrices.multiplication import MATMUL

    m, k, n = (1 + any_size(LARGEST_FLOAT_SIDE, rng) for _ in range(3))
    generator = np.random.default_rng(rng.getrandbits(64))
    dtype = np.dtype(rng.choice(("float32", "float64")))
    widest = rng.choice((1, 20)) if dtype == np.float32 else rng.choice((1, 60, 400))
    a, b = (
        np.ldexp(generator.standard_normal(s), generator.integers(-widest, widest, s)).astype(dtype)
        for s in ((m, k), (k, n))
    )
    columns = [[Fraction(x) for x in column] for column in b.T.tolist()]
    truth = [
        [_rounded(sum(Fraction(x) * y for x, y in zip(row, column, strict=True)), dtype)
         for column in columns]
        for row in a.tolist()
    ]  # fmt: skip
    for name in ("auto", *MATMUL.names):
        try:
            found = fastmul.matmul(a, b, accuracy="correctly_rounded", algorithm=name)
        except FastmulError:
            continue
        right = found.dtype == dtype and np.array_equal(found, truth)
        shapes = f"({m}, {k}) @ ({k}, {n}), {dtype}"
        yield f"matmul {name}", None if right else f"{shapes}, correctly rounded"


def _quantised(rng: random.Random) -> Iterator[tuple[str, str | None]]:
    """One pair of quantised matrices through every row of low precision, against sums of fractions."""
    from fastmul import lowprecision
    from fastmul.lowprecision.multiplication.table import MATMUL

    m, k, n = (
        1 + any_size(LARGEST_FLOAT_SIDE, rng),
        MX_BLOCK * rng.choice((1, 2)),
        1 + any_size(8, rng),
    )
    generator = np.random.default_rng(rng.getrandbits(64))
    first, second = (rng.choice(LOW_PRECISION) for _ in range(2))
    widest = rng.choice((0, 3, 12))
    a, b = (
        lowprecision.quantize(
            np.ldexp(generator.standard_normal(s), generator.integers(-widest, widest + 1, s)), name,
            axis=axis, saturate=True,
        )
        for s, name, axis in (((m, k), first, 1), ((k, n), second, 0))
    )  # fmt: skip
    rows, columns = (
        [[Fraction(x) for x in line] for line in values.tolist()]
        for values in (a.dequantize(np.float64), b.dequantize(np.float64).T)
    )
    truth = [
        [_rounded(sum(x * y for x, y in zip(row, column, strict=True)), np.dtype(np.float32))
         for column in columns]
        for row in rows
    ]  # fmt: skip
    for name in ("auto", *MATMUL.names):
        try:
            found = lowprecision.matmul(a, b, algorithm=name, out_format="float32")
        except FastmulError:
            continue
        right = np.array_equal(found, np.array(truth, np.float32).reshape(m, n))
        shapes = f"({m}, {k}) @ ({k}, {n}), {first} @ {second}"
        yield f"lowprecision.matmul {name}", None if right else shapes


def _rounded(x: Fraction | int, dtype: np.dtype) -> float:
    """The nearest float of the dtype; a float64 that is not exact is made odd before it becomes a float32."""
    nearest = np.float64(float(x))
    if dtype == np.float32 and nearest != x and not nearest.view(np.int64) & 1:
        nearest = np.nextafter(nearest, np.inf if nearest < x else -np.inf)
    return float(dtype.type(nearest))


def _matrix(
    shape: tuple[int, int], name: str, generator: np.random.Generator, rng: random.Random
) -> np.ndarray:
    """Full-range, extreme or small entries; contiguous, transposed, reversed or strided."""
    rows, columns = shape
    layout = rng.randrange(4)
    made = (2 * rows, 2 * columns) if layout == 3 else (columns, rows) if layout == 1 else shape
    x = _entries(made, np.dtype(name), generator, rng.randrange(3))
    return (x, x.T, x[::-1, ::-1], x[::2, ::2])[layout]


def _entries(
    shape: tuple[int, int], dtype: np.dtype, generator: np.random.Generator, kind: int
) -> np.ndarray:
    if dtype.kind == "b":
        return generator.random(shape) < 0.5
    info = np.iinfo(dtype)
    if kind == 0:
        return generator.integers(info.min, info.max, shape, dtype=dtype, endpoint=True)
    if kind == 1:
        return generator.choice(np.array([info.min, info.max], dtype), shape)
    return generator.integers(0, 3, shape, dtype=dtype)


_CHECKS = (
    _integers,
    selftest_integers.division,
    selftest_integers.modular,
    selftest_integers.digits,
    selftest_integers.kept_transforms,
    _matrices,
    _residues,
    _tropical,
    _long_integers,
    _exact_floats,
    _quantised,
)
