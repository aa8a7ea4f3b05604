"""How many times faster than the peer: the figures that README.md and docs/performance.md show.

    python benchmarks/ratios.py [--only WORD ...] [--large] [--publish]

Each line compares two calls that give the same result (which is checked) in one process: kernels warmed, calls
interleaved, random operands, the least time of each. One thread, unless the line says otherwise; --large adds
what takes minutes; --publish writes the table into docs/measured/ratios.md and README.md.
"""

from __future__ import annotations

import argparse
import datetime
import platform
import random
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from time import perf_counter
from typing import Any

import gmpy2
import numpy as np
from threadpoolctl import threadpool_limits

import fastmul
import fastmul.linalg
from fastmul.comparison.machine import blas_description, unfairness
from fastmul.integers import mul_limbs, to_limbs
from fastmul.matrices import GF256, BitMatrix
from fastmul.planning.explain import format_seconds
from fastmul.runtime.target import cpu_name

ROOT = Path(__file__).resolve().parent.parent
COMMAND = "python benchmarks/ratios.py --publish"
#: Seconds spent on a line at most, rounds that it gets at least, and what a timed sample lasts at least.
BUDGET, ROUNDS, SAMPLE = 3.0, 5, 2e-3
MATRIX = 2048

Call = Callable[[], Any]


@dataclass(frozen=True)
class Line:
    """A claim: `ours` against `peer`, which `prepare` makes as two calls of equal results."""

    what: str
    peer: str
    aim: float  # what their time / our time should reach
    prepare: Callable[[], tuple[Call, Call]]
    large: bool = False


# ---------------------------------------------------------------- big integers


def _number(bits: int) -> int:
    return random.Random(bits).getrandbits(bits) | 1 << (bits - 1)


def _pair(bits: int) -> tuple[int, int]:
    a, b = _number(bits), _number(bits + 1) >> 1
    return a, b


def _limb_arrays(bits: int, run: Callable[..., Any]) -> tuple[Call, Call]:
    a, b = (to_limbs(x) for x in _pair(bits))
    out = np.empty(a.size + b.size, np.uint64)
    x, y = (gmpy2.mpz(v) for v in _pair(bits))

    def ours() -> Any:
        run(a, b, out)
        return out

    return (lambda: x * y), ours


def _best(bits: int) -> tuple[Call, Call]:
    return _limb_arrays(bits, lambda a, b, out: mul_limbs(a, b, out=out, threads=1))


def _row(name: str, n_limbs: int) -> tuple[Call, Call]:
    from importlib import import_module

    algorithm = import_module(f"fastmul.integers.multiplication.{name}").mul.mul_limbs
    return _limb_arrays(64 * n_limbs, lambda a, b, out: algorithm(a, b, out, 1))


def _numbers(bits: int, kind: Any) -> tuple[Call, Call]:
    a, b = (kind(x) for x in _pair(bits))
    x, y = (gmpy2.mpz(v) for v in _pair(bits))
    return (lambda: x * y), (lambda: fastmul.mul(a, b, threads=1))


def _growth(numerator: int, denominator: int) -> tuple[Call, Call]:
    """A size between powers of two against the power below it, both ours."""
    size = 1 << 22
    return _best(size)[1], _best(size * numerator // denominator)[1]


def integer_lines() -> Iterator[Line]:
    gmp = "GMP, mpz * mpz"
    for k, aim in ((14, 1.0), (16, 3.0), (20, 6.0), (24, 6.0), (26, 7.0)):
        yield Line(f"mul_limbs, 2^{k} bits", gmp, aim, lambda k=k: _best(1 << k))
    for k in (20, 24):
        yield Line(f"mul of mpz, 2^{k} bits", gmp, 5.0, lambda k=k: _numbers(1 << k, gmpy2.mpz))
        yield Line(f"mul of int, 2^{k} bits", gmp, 3.5, lambda k=k: _numbers(1 << k, int))
    yield Line("schoolbook, 32 limbs", gmp, 0.4, lambda: _row("schoolbook", 32))
    for slow, fast, n_limbs in (("schoolbook", "karatsuba", 64), ("karatsuba", "toom3", 300)):
        yield Line(
            f"{fast}, {n_limbs} limbs", f"our {slow}", 1.0,
            lambda s=slow, f=fast, n=n_limbs: (_row(s, n)[1], _row(f, n)[1]),
        )  # fmt: skip
    for numerator, denominator, limit in ((5, 4, 1.4), (3, 2, 1.65)):
        text = f"mul_limbs, {numerator / denominator:g} · 2^22 bits"
        yield Line(
            text, "itself, 2^22 bits", 1 / limit, lambda p=numerator, q=denominator: _growth(p, q)
        )


# ---------------------------------------------------------------- matrices


def _arrays(*shapes: tuple[int, ...], dtype: Any) -> list[np.ndarray]:
    rng = np.random.default_rng(len(shapes))
    if np.dtype(dtype).kind == "f":
        return [rng.standard_normal(shape).astype(dtype) for shape in shapes]
    info = np.iinfo(dtype)
    return [rng.integers(info.min, info.max, shape, dtype, endpoint=True) for shape in shapes]


def _matrices(n: int, dtype: Any) -> list[np.ndarray]:
    return _arrays((n, n), (n, n), dtype=dtype)


def _against_gemm(n: int, ours: Any, gemm: Any, **keywords: Any) -> tuple[Call, Call]:
    a, b = _matrices(n, ours)
    x, y = _matrices(n, gemm)
    return (lambda: x @ y), (lambda: fastmul.matmul(a, b, **{"threads": 1, **keywords}))


def _against_numpy(n: int, dtype: Any) -> tuple[Call, Call]:
    a, b = _matrices(n, dtype)
    return (lambda: a @ b), (lambda: fastmul.matmul(a, b, threads=1))


def _against_torch(n: int) -> tuple[Call, Call]:
    """oneDNN's product of int8, one thread as BLAS here."""
    import torch

    torch.set_num_threads(1)
    a, b = _matrices(n, np.int8)
    x, y = torch.from_numpy(a), torch.from_numpy(b)
    ours = partial(fastmul.matmul, a, b, dtype=np.int32, threads=1)
    return (lambda: torch._int_mm(x, y).numpy()), ours


def _two_threads(n: int, ours: Any, **keywords: Any) -> tuple[Call, Call]:
    a, b = _matrices(n, ours)
    return (
        lambda: fastmul.matmul(a, b, threads=1, **keywords),
        lambda: fastmul.matmul(a, b, threads=2, **keywords),
    )


def _against_the_square(m: int, k: int, n: int, dtype: Any) -> tuple[Call, Call]:
    """A square product of as many multiplications, and this one."""
    side = round((m * k * n) ** (1 / 3))
    x, y = _arrays((side, side), (side, side), dtype=dtype)
    a, b = _arrays((m, k), (k, n), dtype=dtype)
    how = {"algorithm": "packed", "threads": 1}
    return (lambda: fastmul.matmul(x, y, **how)), (lambda: fastmul.matmul(a, b, **how))


def _stack(n: int, dtype: Any, peer: Any) -> tuple[Call, Call]:
    """Thousands of small matrices; the peer's are of another dtype, perhaps."""
    shape = (min(10000, 4_000_000 // n**2), n, n)
    a, b = _arrays(shape, shape, dtype=dtype)
    x, y = (a, b) if peer == dtype else _arrays(shape, shape, dtype=peer)
    return (lambda: np.matmul(x, y)), (lambda: fastmul.matmul(a, b, threads=1))


def matrix_lines() -> Iterator[Line]:
    f64, f32, packed = np.float64, np.float32, {"algorithm": "packed"}
    dgemm, sgemm, to_int32 = "OpenBLAS dgemm", "OpenBLAS sgemm", {"dtype": np.int32, **packed}
    for n, large in ((MATRIX, False), (2 * MATRIX, True)):
        for dtype, gemm, peer, aim in (
            (f64, f64, dgemm, 1.0), (f32, f32, sgemm, 0.97),
            (np.int64, f64, dgemm, 0.95), (np.int32, f64, dgemm, 1.9),
        ):  # fmt: skip
            yield Line(f"{np.dtype(dtype).name}, {n}²", peer, aim,
                       lambda n=n, d=dtype, g=gemm: _against_gemm(n, d, g, **packed), large)  # fmt: skip
        for dtype, gemm, peer, aim in (
            (np.int16, f64, dgemm, 4.1), (np.int8, f32, sgemm, 3.3 if large else 3.0),
        ):  # fmt: skip
            yield Line(f"{np.dtype(dtype).name} to int32, {n}²", peer, aim,
                       lambda n=n, d=dtype, g=gemm: _against_gemm(n, d, g, **to_int32), large)  # fmt: skip
    if find_spec("torch"):
        for n, aim in ((512, 0.93), (MATRIX, 0.93), (2 * MATRIX, 1.0)):
            yield Line(
                f"int8 to int32, {n}²",
                "oneDNN, torch._int_mm",
                aim,
                lambda n=n: _against_torch(n),
                n > MATRIX,
            )
    yield Line("int64, 1024²", "NumPy, int64", 100.0, lambda: _against_numpy(1024, np.int64))
    for n in (1024, MATRIX):
        for dtype in (f64, f32, np.int64, np.int32, np.int8):
            how = to_int32 if dtype is np.int8 else packed
            text = (
                f"{np.dtype(dtype).name}{' to int32' if dtype is np.int8 else ''}, {n}², 2 threads"
            )
            yield Line(
                text, "itself, 1 thread", 1.8, lambda n=n, d=dtype, h=how: _two_threads(n, d, **h)
            )
    for what, shape in (
        ("tall", (16384, 256, 256)), ("flat", (256, 256, 16384)), ("rank 256", (2048, 256, 2048)),
    ):  # fmt: skip
        m, k, n = shape
        for dtype in (np.int64, np.int32):
            yield Line(f"{np.dtype(dtype).name}, {what}: ({m}, {k}) @ ({k}, {n})", "itself, 1024²", 0.7,
                       lambda s=shape, d=dtype: _against_the_square(*s, d))  # fmt: skip
    for n in (4, 8, 16, 32, 64):
        yield Line(
            f"int64, stack of {n}²", "NumPy, int64", 1.0, lambda n=n: _stack(n, np.int64, np.int64)
        )
        yield Line(
            f"int64, stack of {n}²", "np.matmul, float64", 0.5, lambda n=n: _stack(n, np.int64, f64)
        )
    yield Line(
        "float64 by Strassen, 8192²", dgemm, 1.15,
        lambda: _against_gemm(8192, f64, f64, algorithm="strassen"), large=True,
    )  # fmt: skip


# ---------------------------------------------------------------- modulo p


def _residues(n: int, p: int) -> list[np.ndarray]:
    return [np.random.default_rng(seed).integers(0, p, (n, n)) for seed in (1, 2)]


def _modulo_against_gemm(n: int, p: int) -> tuple[Call, Call]:
    (a, b), (x, y) = _residues(n, p), _matrices(n, np.float64)
    return (lambda: x @ y), (lambda: fastmul.matmul(a, b, mod=p, threads=1))


def _modulo_against_flint(n: int, p: int) -> tuple[Call, Call]:
    """python-flint's matrices, made beforehand; the results are compared here."""
    from flint import nmod_mat

    a, b = _residues(n, p)
    x, y = (nmod_mat(n, n, v.ravel().tolist(), p) for v in (a, b))
    expected = np.array([int(entry) for entry in (x * y).entries()]).reshape(n, n)
    _require_equal(expected, fastmul.matmul(a, b, mod=p), f"modulo {p}")
    return (lambda: x * y), (lambda: fastmul.matmul(a, b, mod=p, threads=1))


def _modulo_on_two_threads(n: int, p: int) -> tuple[Call, Call]:
    a, b = _residues(n, p)
    return (
        lambda: fastmul.matmul(a, b, mod=p, threads=1),
        lambda: fastmul.matmul(a, b, mod=p, threads=2),
    )


def modular_lines() -> Iterator[Line]:
    moduli = {
        "251": 251, "8191": 8191, "2^25 - 39": 2**25 - 39, "998244353": 998244353,
        "2^51 - 129": 2**51 - 129, "2^52 - 47": 2**52 - 47, "2^62 - 57": 2**62 - 57,
    }  # fmt: skip
    aims = {"251": 5.5, "8191": 3.0, "2^25 - 39": 1.0, "998244353": 0.85, "2^62 - 57": 0.25}
    for n, large in ((MATRIX, False), (2 * MATRIX, True)):
        for name, p in moduli.items():
            yield Line(f"modulo {name}, {n}²", "OpenBLAS dgemm", aims.get(name, 0.5),
                       lambda n=n, p=p: _modulo_against_gemm(n, p), large)  # fmt: skip
    for name in ("998244353", "2^62 - 57"):
        p, what = moduli[name], f"modulo {name}, {MATRIX}², 2 threads"
        yield Line(what, "itself, 1 thread", 1.8, lambda p=p: _modulo_on_two_threads(MATRIX, p))
        if find_spec("flint"):
            yield Line(f"modulo {name}, 1024²", "python-flint's nmod_mat", 3.0,
                       lambda p=p: _modulo_against_flint(1024, p))  # fmt: skip


# ---------------------------------------------------------------- GF(2) and GF(2^8)


def _bits(n: int, seed: int = 1) -> BitMatrix:
    return BitMatrix.random((n, n), rng=seed)


def _against_plain_four_russians(n: int) -> tuple[Call, Call]:
    from plain_four_russians import multiply

    a, b = _bits(n), _bits(n, 2)
    return (lambda: multiply(a.words, b.words)), (lambda: fastmul.matmul(a, b, threads=1).words)


def _inverse_against_products(n: int, products: int) -> tuple[Call, Call]:
    a = next(a for seed in range(1, 100) if fastmul.linalg.det(a := _bits(n, seed)))
    ours = partial(fastmul.linalg.inv, a, threads=1)
    return (lambda: [fastmul.matmul(a, a, threads=1) for _ in range(products)]), ours


def _bits_on_two_threads(n: int) -> tuple[Call, Call]:
    a, b = _bits(n), _bits(n, 2)
    return partial(fastmul.matmul, a, b, threads=1), partial(fastmul.matmul, a, b, threads=2)


def _bytes_against_gemm(n: int) -> tuple[Call, Call]:
    (a, b), (x, y) = _matrices(n, np.uint8), _matrices(n, np.float32)
    field = GF256(0x11D)
    return (lambda: x @ y), (lambda: fastmul.matmul(a, b, semiring=field, threads=1))


def field_lines() -> Iterator[Line]:
    for n, aim in ((2048, 3.5), (8192, 4.0)):
        yield Line(
            f"GF(2), {n}²", "Four Russians in plain Numba", aim,
            lambda n=n: _against_plain_four_russians(n),
        )  # fmt: skip
    yield Line(
        "GF(2), 8192², 2 threads", "itself, 1 thread", 1.7, lambda: _bits_on_two_threads(8192)
    )
    yield Line(
        "GF(2) inverse, 4096²",
        "itself: 15 products",
        1.0,
        lambda: _inverse_against_products(4096, 15),
    )
    yield Line("GF(2^8), 2048²", "OpenBLAS sgemm", 2.9, lambda: _bytes_against_gemm(2048))


# ---------------------------------------------------------------- semirings, exact floats, linear algebra


def _exact_against_gemm(
    n: int, gemm: Any, a: np.ndarray, b: np.ndarray, **how: Any
) -> tuple[Call, Call]:
    x, y = _matrices(n, gemm)
    return (lambda: x @ y), (lambda: fastmul.matmul(a, b, threads=1, **how))


def _over_min_plus(n: int, dtype: Any, gemm: Any) -> tuple[Call, Call]:
    a, b = (
        x.clip(-(2**20), 2**20) for x in _matrices(n, dtype)
    )  # far from infinity, which is absorbing
    return _exact_against_gemm(n, gemm, a, b, semiring=fastmul.min_plus)


def _own_min_plus(n: int, dtype: Any) -> tuple[Call, Call]:
    """The ready semiring, and the same of the caller's own functions."""
    own = fastmul.Semiring(lambda x, y: x if x < y else y, lambda x, y: x + y, np.inf, 0)
    a, b = (x.clip(-(2**20), 2**20) for x in _matrices(n, dtype))
    return (
        lambda: fastmul.matmul(a, b, semiring=fastmul.min_plus, threads=1),
        lambda: fastmul.matmul(a, b, semiring=own, threads=1),
    )


def _checked(n: int) -> tuple[Call, Call]:
    """Entries of 64 bits whose product fits, for most of b is zero: which nobody knows beforehand."""
    a, b = _matrices(n, np.int64)
    b = np.where(np.arange(n)[:, None] == 0, b >> 63, 0)
    return _exact_against_gemm(n, np.float64, a >> 1, b, overflow="raise")


def _checked_in_full(n: int) -> tuple[Call, Call]:
    """The same where no estimate decides: entries of 64 bits in both operands, which meet zeros."""
    a, b = _matrices(n, np.int64)
    a[:, 0] >>= 1
    a[:, 1:] = 0
    b[0] >>= 63
    return _exact_against_gemm(n, np.float64, a, b, overflow="raise")


def _rounded(n: int, dtype: Any, accuracy: str) -> tuple[Call, Call]:
    a, b = (np.random.default_rng(s).standard_normal((n, n)).astype(dtype) for s in (1, 2))
    return _exact_against_gemm(n, dtype, a, b, accuracy=accuracy)


def _solving_against_flint(n: int, p: int, function: str) -> tuple[Call, Call]:
    from flint import nmod_mat

    a, b = _residues(n, p)
    x = nmod_mat(n, n, a.ravel().tolist(), p)
    y = nmod_mat(n, 1, b[:, 0].tolist(), p)
    theirs = {"det": x.det, "inv": x.inv, "solve": lambda: x.solve(y)}[function]
    others = (b[:, 0],) if function == "solve" else ()
    call = getattr(fastmul.linalg, function)
    return theirs, (lambda: call(a, *others, mod=p, threads=1))


def exact_lines() -> Iterator[Line]:
    dgemm, sgemm = "OpenBLAS dgemm", "OpenBLAS sgemm"
    n = MATRIX
    yield Line(f"min_plus int32, {n}²", dgemm, 2.0, lambda: _over_min_plus(n, np.int32, np.float64))
    yield Line(
        f"min_plus float32, {n}²", sgemm, 0.75, lambda: _over_min_plus(n, np.float32, np.float32)
    )
    yield Line(
        f"own semiring, float32, {n}²",
        "itself, min_plus",
        0.5,
        lambda: _own_min_plus(n, np.float32),
    )
    yield Line(f"int64, overflow='raise', {n}²", dgemm, 0.2, lambda: _checked(n))
    for size in (256, n):
        yield Line(
            f"int64, overflow='raise', undecided, {size}²",
            dgemm,
            0.2,
            lambda size=size: _checked_in_full(size),
        )
    for accuracy, aim in (("reproducible", 1 / 3.2), ("correctly_rounded", 1 / 5)):
        yield Line(
            f"float64 {accuracy}, {n}²",
            dgemm,
            aim,
            lambda how=accuracy: _rounded(n, np.float64, how),
        )
    if find_spec("flint"):
        for function in ("det", "inv", "solve"):
            yield Line(
                f"linalg.{function} modulo 998244353, {n}²", "python-flint's nmod_mat", 3.0,
                lambda f=function: _solving_against_flint(n, 998244353, f),
            )  # fmt: skip


# ---------------------------------------------------------------- measuring


def measure(line: Line) -> tuple[float, float]:
    """The least seconds of the peer and of fastmul, in turns."""
    peer, ours = line.prepare()
    calls = (peer, ours)
    expected, found = peer(), ours()
    if not line.peer.startswith(
        ("itself", "OpenBLAS", "np.matmul", "python-flint")
    ):  # other sizes, other numbers
        _require_equal(expected, found, line.what)
    repeats = [max(1, int(SAMPLE / max(_seconds(call, 1), 1e-9))) for call in calls]
    least = [float("inf"), float("inf")]
    started, rounds = perf_counter(), 0
    while rounds < ROUNDS or (perf_counter() - started < BUDGET and rounds < 50):
        for i in (0, 1) if rounds % 2 else (1, 0):
            least[i] = min(least[i], _seconds(calls[i], repeats[i]))
        rounds += 1
        if line.large and rounds == 2:
            break
    return least[0], least[1]


def _seconds(call: Call, repeats: int) -> float:
    start = perf_counter()
    for _ in range(repeats):
        call()
    return (perf_counter() - start) / repeats


def _require_equal(expected: Any, found: Any, what: str) -> None:
    if isinstance(expected, np.ndarray):
        same = np.array_equal(expected, found)
    elif isinstance(found, np.ndarray):
        same = int.from_bytes(found.astype("<u8").tobytes(), "little") == int(expected)
    else:
        same = bool(found == expected)
    if not same:
        raise SystemExit(f"{what}: the results differ")


# ---------------------------------------------------------------- telling


#: What the README shows of docs/measured/ratios.md.
IN_README = {
    "mul_limbs, 2^14 bits", "mul_limbs, 2^16 bits", "mul_limbs, 2^20 bits", "mul_limbs, 2^24 bits",
    "mul of mpz, 2^24 bits", "mul of int, 2^24 bits", "float64, 2048²", "float32, 2048²", "int64, 2048²",
    "int32, 2048²", "int8 to int32, 2048²", "int64, 1024²", "int64, 2048², 2 threads", "int64, stack of 8²",
    "float64 by Strassen, 8192²", "modulo 998244353, 2048²", "modulo 2^51 - 129, 2048²", "modulo 2^62 - 57, 2048²",
    "GF(2), 8192²", "GF(2^8), 2048²", "min_plus int32, 2048²", "min_plus float32, 2048²",
    "int64, overflow='raise', 2048²", "float64 reproducible, 2048²", "float64 correctly_rounded, 2048²",
    "linalg.det modulo 998244353, 2048²", "linalg.inv modulo 998244353, 2048²",
}  # fmt: skip
HEADER = "| product | against | their time | our time | ratio | aim |\n|---|---|--:|--:|--:|--:|"


def row(line: Line, peer: float, ours: float) -> str:
    ratio = peer / ours
    text = f"**{ratio:.2f}**" if ratio >= line.aim else f"{ratio:.2f}"
    return (
        f"| {line.what} | {line.peer} | {format_seconds(peer)} | {format_seconds(ours)} "
        f"| {text} | {line.aim:.2f} |"
    )


def caption(command: str = COMMAND) -> str:
    day = datetime.datetime.now(datetime.UTC).date()
    return (
        f"{cpu_name()}, {platform.system()}, Python {platform.python_version()}, "
        f"numba {_version('numba')}, NumPy {np.__version__} ({blas_description()}), "
        f"GMP {gmpy2.mp_version().split()[-1]}; {day}; `{command}`.\n"
        "Ratio: their time / our time; aim: what the ratio should reach, bold where it does."
    )


def _version(name: str) -> str:
    from importlib.metadata import version

    return version(name)


def publish(made: dict[str, str], order: list[str]) -> None:
    """Write rows into docs/measured, in place of those of the same lines, and the README's share of them there."""
    rows = replace_rows(ROOT / "docs/measured/ratios.md", caption(), made, order)
    readme = ROOT / "README.md"
    begin, end = "<!-- measured: begin -->", "<!-- measured: end -->"
    text = readme.read_text()
    if not re.search(f"{begin}.*{end}", text, re.DOTALL):
        raise SystemExit(f"README.md has no block from {begin} to {end}")
    before, _, rest = text.partition(begin)
    shown = [row for row in rows.values() if row.split("|")[1].strip() in IN_README]
    table = "\n".join([caption(), "", HEADER, *shown])
    readme.write_text(f"{before}{begin}\n{table}\n{end}{rest.partition(end)[2]}")


def replace_rows(
    page: Path, heading: str, made: dict[str, str], order: list[str]
) -> dict[str, str]:
    """Write the page anew with the rows that were made in place of its own of the same lines; all rows by name."""
    written = page.read_text().splitlines() if page.exists() else []
    rows = {name_of(row): row for row in written if row.startswith("| ")} | made
    rows = {name: rows[name] for name in order if name in rows}
    page.write_text("\n".join([heading, "", HEADER, *rows.values()]) + "\n")
    return rows


def name_of(row: str) -> str:
    """The first two cells of a row: what was measured, against what."""
    return "|".join(row.split("|")[1:3])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--only", nargs="+", metavar="WORD", help="only lines with such a word: mpz, int64, toom3"
    )
    parser.add_argument("--large", action="store_true", help="also what takes minutes")
    parser.add_argument(
        "--publish", action="store_true", help="write the table into README.md and docs/"
    )
    arguments = parser.parse_args()
    for sentence in unfairness((1,)):
        print(f"warning: {sentence}", file=sys.stderr)
    known = [*integer_lines(), *matrix_lines(), *modular_lines(), *field_lines(), *exact_lines()]
    lines = [line for line in known if arguments.large or not line.large]
    if arguments.only:
        lines = [line for line in lines if any(word in line.what for word in arguments.only)]
    print(HEADER, flush=True)
    rows = []
    with threadpool_limits(limits=1, user_api="blas"):
        for line in lines:
            rows.append(row(line, *measure(line)))
            print(rows[-1], flush=True)
    print(f"\n{caption()}")
    if arguments.publish:
        order = [name_of(f"| {line.what} | {line.peer} |") for line in known]
        publish({name_of(row): row for row in rows}, order)


if __name__ == "__main__":
    main()
