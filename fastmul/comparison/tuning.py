"""What `fastmul tune` measures: each row of each table at growing sizes, and the conversions of integers."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

import numpy as np

from fastmul.comparison.operands import random_integer
from fastmul.planning import tune
from fastmul.planning.tune import Curves, Trial, fastest

#: Powers of two, and one and a half times them: from one limb to 16 Mbit.
LIMBS = sorted({m << k for m in (1, 3) for k in range(19)})
MATRIX_SIZES = (4, 8, 16, 32, 64, 128, 192, 256, 384, 512, 768, 1024, 1536, 2048)
#: (operands, product): every dtype into itself, and what accumulates in a wider one.
MATRIX_DTYPES = (
    *((name, name) for name in ("float64", "float32", "int64", "uint64", "int32", "uint32", "bool")),
    *((name, to) for name in ("int8", "uint8", "int16", "uint16") for to in (name, "int32", "int64")),
    ("int32", "int64"), ("uint32", "uint64"),
)  # fmt: skip
#: Entries for rows that refuse large ones; 2048 * (2^20)^2 = 2^51 is inside float64's window.
SMALL_ENTRY = 1 << 20
LIMB_BITS = 64


def measure(
    tell: Callable[[str], None] = lambda text: None,
    *,
    only: Sequence[str] = ("",),
    largest: float = math.inf,
) -> Curves:
    """The curves whose names start with a word of `only`, on one thread, up to the size `largest`."""

    def wanted(curve: str) -> bool:
        return curve.startswith(tuple(only))

    limbs = [n for n in LIMBS if n <= largest]
    sides = [n for n in MATRIX_SIZES if n <= largest]
    return (
        tune.fit(integer_trials(limbs), tell, wanted)
        | conversions(limbs, tell, wanted)
        | tune.fit(division_trials(limbs), tell, wanted)
        | tune.fit(matrix_trials(sides), tell, wanted)
        | tune.fit(exact_float_trials(sides), tell, wanted)
        | tune.fit(modular_trials(sides), tell, wanted)
        | tune.fit(semiring_trials(sides), tell, wanted)
        | tune.fit(field_trials(sides), tell, wanted)
        | sums_of_blocks(sides, tell, wanted)
    )


# ---------------------------------------------------------------- integers


def integer_trials(sizes: list[int]) -> Iterator[Trial]:
    """n x n limbs, on whatever holds the numbers without a conversion: then a cost reads one curve."""
    from fastmul.integers.multiplication import MUL
    from fastmul.integers.multiplication.on_limbs import OPERATION as MUL_LIMBS
    from fastmul.integers.multiplication.problem import MulProblem

    for n in sizes:
        for row in MUL.table:
            for kind in ("limbs", "mpz", "int"):
                if kind == "limbs" and row.name not in MUL_LIMBS.names:
                    continue
                for square in (False, True):
                    problem = MulProblem(n, n, square=square, kind=kind)
                    if row.refuses(problem) is None:
                        yield Trial(row, problem, partial(_integer_call, row.name, n, kind, square))


def _integer_call(algorithm: str, n: int, kind: str, square: bool) -> Callable[[], Any]:
    import fastmul
    from fastmul.integers import mul_limbs

    a, b = (_number(n, seed, kind) for seed in (1, 2))
    b = a if square else b
    if kind == "limbs":
        out = np.empty(2 * n, np.uint64)
        return partial(mul_limbs, a, b, out=out, algorithm=algorithm, threads=1)
    return partial(fastmul.mul, a, b, algorithm=algorithm, threads=1)


def _number(n: int, seed: int, kind: str) -> Any:
    import gmpy2

    from fastmul.integers import to_limbs

    value = random_integer(LIMB_BITS * n, seed)
    return {"int": int, "mpz": gmpy2.mpz, "limbs": to_limbs}[kind](value)


def division_trials(sizes: list[int]) -> Iterator[Trial]:
    """2n by n limbs of mpz: there a cost reads its curve at n."""
    from fastmul.integers.division import DIVMOD
    from fastmul.integers.division.exact import DIVEXACT
    from fastmul.integers.division.problem import DivisionProblem

    for n in sizes:
        problem = DivisionProblem(2 * n, n)
        for operation in (DIVMOD, DIVEXACT):
            for row in operation.table:
                yield Trial(row, problem, partial(_division_call, operation.name, row.name, n))


def _division_call(function: str, algorithm: str, n: int) -> Callable[[], Any]:
    from fastmul import integers

    a, b = (_number(n, seed, "mpz") for seed in (1, 2))
    if function == "divmod":
        a = _number(2 * n, 1, "mpz")
    else:
        a = integers.mul(a, b)
    return partial(getattr(integers, function), a, b, algorithm=algorithm, threads=1)


def conversions(
    sizes: list[int], tell: Callable[[str], None], wanted: Callable[[str], bool]
) -> Curves:
    """``convert.<from>.<to>`` of one number, by its limbs."""
    import gmpy2

    from fastmul.integers.limbs import from_limbs, magnitude

    convert: dict[tuple[str, str], Callable[[Any], Any]] = {
        ("int", "limbs"): magnitude,
        ("mpz", "limbs"): magnitude,
        ("limbs", "int"): from_limbs,
        ("limbs", "mpz"): lambda x: gmpy2.mpz(from_limbs(x)),
        ("int", "mpz"): gmpy2.mpz,
        ("mpz", "int"): int,
    }
    found: Curves = {}
    for (source, to), function in convert.items():
        curve = f"convert.{source}.{to}"
        if not wanted(curve):
            continue
        tell(curve)
        points = []
        for n in sizes:
            seconds = fastest(partial(function, _number(n, 1, source)))
            points.append([n, float(f"{seconds:.{tune.DIGITS}g}")])
        found[curve] = points
    return found


# ---------------------------------------------------------------- matrices


def matrix_trials(sizes: list[int]) -> Iterator[Trial]:
    """n x n matrices of every dtype for every row, full of large entries, or of small ones if it refuses."""
    from fastmul.matrices.multiplication import MATMUL

    for n in sizes:
        for dtype, to in MATRIX_DTYPES:
            for small in (False, True):
                a, b = (_matrix(n, dtype, seed, small) for seed in (1, 2))
                problem = MATMUL.problem(a, b, dtype=np.dtype(to), threads=1)
                for row in MATMUL.table:
                    if row.refuses(problem) is None:
                        yield Trial(row, problem, partial(partial, row.run, problem, a, b))
                if np.dtype(dtype).kind not in "iu":
                    break


def exact_float_trials(sizes: list[int]) -> Iterator[Trial]:
    """Normal floats, by every row that rounds them exactly."""
    from fastmul.matrices.multiplication import MATMUL
    from fastmul.matrices.multiplication.problem import EXACT_ACCURACIES

    for n, dtype, accuracy in itertools.product(sizes, ("float64", "float32"), EXACT_ACCURACIES):
        a, b = (_matrix(n, dtype, seed, small=False) for seed in (1, 2))
        problem = MATMUL.problem(a, b, accuracy=accuracy, threads=1)
        for row in MATMUL.table:
            if row.refuses(problem) is None:
                yield Trial(row, problem, partial(partial, row.run, problem, a, b))


def modular_trials(sizes: list[int]) -> Iterator[Trial]:
    """Residues modulo the largest p of each packed ring that is no power of two."""
    from fastmul.bounds.modular import LARGEST
    from fastmul.kernels.cpu.gemm.modular import rings
    from fastmul.matrices.multiplication import MATMUL

    row = MATMUL["packed"]
    for n, ring in itertools.product(sizes, rings()):
        p = LARGEST[ring] - 1
        a, b = (np.random.default_rng((seed, n)).integers(0, p, (n, n)) for seed in (1, 2))
        problem = MATMUL.problem(a, b, mod=p, threads=1)
        yield Trial(row, problem, partial(partial, row.run, problem, a, b))


def semiring_trials(sizes: list[int]) -> Iterator[Trial]:
    """Tropical products, packed and by scalars; other semirings cost so many times as much as they have operations."""
    from fastmul.matrices.multiplication import MATMUL
    from fastmul.matrices.semirings import min_plus

    for n, dtype in itertools.product(sizes, ("int32", "int64", "float32", "float64")):
        a, b = (_matrix(n, dtype, seed, small=True) for seed in (1, 2))
        problem = MATMUL.problem(a, b, semiring=min_plus, threads=1)
        for row in MATMUL.table:
            if row.refuses(problem) is None:
                yield Trial(row, problem, partial(partial, row.run, problem, a, b))


def _matrix(n: int, name: str, seed: int, small: bool) -> np.ndarray:
    rng, dtype = np.random.default_rng((seed, n)), np.dtype(name)
    if dtype.kind == "f":
        return rng.standard_normal((n, n)).astype(dtype)
    if dtype.kind == "b":
        return rng.random((n, n)) < 1 / n  # NumPy's or/and stops at a one: seldom, here
    info = np.iinfo(dtype)
    low, high = int(info.min), int(info.max)
    if small:
        low, high = max(low, -SMALL_ENTRY), min(high, SMALL_ENTRY)
    return rng.integers(low, high, (n, n), dtype=dtype, endpoint=True)


def field_trials(sizes: list[int]) -> Iterator[Trial]:
    """Packed bits, arrays modulo 2, and bytes over GF(2^8)."""
    from fastmul.matrices import GF256
    from fastmul.matrices.bit_multiplication.problem import BitProblem
    from fastmul.matrices.bit_multiplication.product import BITS, WORD_BITS
    from fastmul.matrices.multiplication import MATMUL

    for n in sizes:
        if n % WORD_BITS == 0:
            words = np.random.default_rng(n).integers(0, 1 << 64, (n, n // WORD_BITS), np.uint64)
            packed = BitProblem(n, n, n, threads=1)
            for row in BITS.table:
                if row.refuses(packed) is None:
                    yield Trial(row, packed, partial(partial, row.run, packed, words, words))
        a, b = (_matrix(n, "int64", seed, small=True) for seed in (1, 2))
        problem = MATMUL.problem(a, b, mod=2, threads=1)
        yield Trial(MATMUL["bits"], problem, partial(partial, MATMUL["bits"].run, problem, a, b))
        x, y = (_matrix(n, "uint8", seed, small=False) for seed in (1, 2))
        problem = MATMUL.problem(x, y, semiring=GF256(), threads=1)
        yield Trial(
            MATMUL["packed"], problem, partial(partial, MATMUL["packed"].run, problem, x, y)
        )


def sums_of_blocks(
    sizes: list[int], tell: Callable[[str], None], wanted: Callable[[str], bool]
) -> Curves:
    """``matmul.strassen.sums``: one block added to another into a third, by the bytes that move."""
    from fastmul.matrices.schemes.arithmetic import machine
    from fastmul.matrices.schemes.schedule import add_blocks

    curve = "matmul.strassen.sums"
    if not wanted(curve):
        return {}
    tell(curve)
    points = []
    for n in sizes:
        x, y, to = (np.ones((n, n), np.int64) for _ in range(3))
        add = partial(machine(_no_product, x.dtype).sums, add_blocks(), [x, y], [to])
        points.append([3 * x.nbytes, float(f"{fastest(add):.{tune.DIGITS}g}")])
    return {curve: points}


def _no_product(a: np.ndarray, b: np.ndarray, out: np.ndarray) -> None:
    raise NotImplementedError("only sums are measured")
