"""Times the judge programs of examples/competitive at the judge's largest cases, and checks what they print.

    python benchmarks/competitive.py [--repeat 5]

"cold" is the first run on a machine: it compiles every kernel. "warm" is the median of later runs, each a new
process that starts Python, imports, reads, multiplies and prints. Processor time beside the time that passed
tells a busy machine from a slow program.
"""

from __future__ import annotations

import argparse
import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

import gmpy2
import numpy as np

from fastmul.io import read_ints, write_ints

ROOT = Path(__file__).resolve().parent.parent
PROGRAMS = ROOT / "examples" / "competitive"
P = 998244353


@dataclass(frozen=True)
class Case:
    """A program, the judge's limit in seconds, its largest input, and a check that shares no code with it."""

    program: str
    size: str
    limit: float
    write: Callable[[Path, np.random.Generator], None]
    is_right: Callable[[Path, Path], bool]


def write_convolution(path: Path, rng: np.random.Generator) -> None:
    n = 1 << 19
    with path.open("wb") as file:
        write_ints([n, n], file)
        write_ints(rng.integers(0, P, (2, n)), file)


def is_convolution(given: Path, printed: Path) -> bool:
    """A(x) B(x) = C(x) at a random x: a wrong C passes with probability below 2^20 / P < 1/900."""
    n = 1 << 19
    numbers, c = read_ints(given.read_bytes())[2:], read_ints(printed.read_bytes())
    x = int(np.random.default_rng().integers(1, P))

    def value(coefficients: np.ndarray) -> int:
        total = 0
        for coefficient in reversed(coefficients.tolist()):
            total = (total * x + coefficient) % P
        return total

    return c.size == 2 * n - 1 and value(numbers[:n]) * value(numbers[n:]) % P == value(c)


def write_matrices(path: Path, rng: np.random.Generator) -> None:
    n = 1024
    with path.open("wb") as file:
        write_ints([n, n, n], file)
        write_ints(rng.integers(0, P, (2 * n, n)), file)


def is_matrix_product(given: Path, printed: Path) -> bool:
    """A (B v) = C v for a random v: a wrong C passes with probability at most 2^-20."""
    n = 1024
    numbers, c = read_ints(given.read_bytes())[3:], read_ints(printed.read_bytes())
    a, b, c = numbers[: n * n].reshape(n, n), numbers[n * n :].reshape(n, n), c.reshape(n, n)
    v = np.random.default_rng().integers(0, 1 << 20, n)  # 2^10 products below 2^30 2^20 fit int64

    def times(m: np.ndarray, u: np.ndarray) -> np.ndarray:
        low, high = u % 2**15, u >> 15
        return (m @ low + (m @ high % P << 15)) % P

    return np.array_equal(times(a, times(b, v)), times(c, v))


def write_big_integers(path: Path, rng: np.random.Generator) -> None:
    digits = rng.integers(ord("1"), ord("9") + 1, (2, 2_000_000)).astype(np.uint8)
    path.write_bytes(b"1\n" + digits[0].tobytes() + b" " + digits[1].tobytes() + b"\n")


def write_many_integers(path: Path, rng: np.random.Generator) -> None:
    factors = rng.integers(10**8, 10**9, (200_000, 2))
    with path.open("wb") as file:
        write_ints(len(factors), file)
        write_ints(factors, file)


def are_products(given: Path, printed: Path) -> bool:
    words = map(gmpy2.mpz, given.read_text().split()[1:])
    products = list(map(gmpy2.mpz, printed.read_text().split()))
    return products == [a * b for a, b in zip(words, words, strict=True)]


CASES = (
    Case("convolution_mod", "2^19 + 2^19", 5, write_convolution, is_convolution),
    Case("matrix_product", "1024 x 1024 x 1024", 10, write_matrices, is_matrix_product),
    Case(
        "multiplication_of_big_integers",
        "1 x 2 000 000 digits",
        5,
        write_big_integers,
        are_products,
    ),
    Case(
        "multiplication_of_big_integers", "200 000 x 9 digits", 5, write_many_integers, are_products
    ),
)


def run(program: Path, given: Path, printed: Path, cache: Path) -> tuple[float, float]:
    """Seconds that passed, and seconds of processor time."""
    environment = {**os.environ, "FASTMUL_CACHE_DIR": str(cache), "PYTHONPATH": str(ROOT)}
    with given.open("rb") as stdin, printed.open("wb") as stdout:
        start, cpu = perf_counter(), processor_seconds()
        subprocess.run(
            [sys.executable, str(program)], stdin=stdin, stdout=stdout, env=environment, check=True
        )
        return perf_counter() - start, processor_seconds() - cpu


def processor_seconds() -> float:
    """Of all child processes that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--repeat", type=int, default=5, help="warm runs of each program")
    repeat = parser.parse_args().repeat
    print(
        f"{platform.processor() or platform.machine()}, {len(os.sched_getaffinity(0))} CPUs, seconds\n"
    )
    columns = f"{'cold':>6} {'warm':>6} {'CPU cold':>9} {'warm':>6}"
    print(f"{'program':<31} {'largest case':<21} {'limit':>5} {columns}  exact")
    for case in CASES:
        with tempfile.TemporaryDirectory() as folder:
            given, printed = Path(folder, "in"), Path(folder, "out")
            case.write(given, np.random.default_rng(1))
            program = PROGRAMS / f"{case.program}.py"
            cold, *warm = (
                run(program, given, printed, Path(folder, "cache")) for _ in range(1 + repeat)
            )
            verdict = "yes" if case.is_right(given, printed) else "NO"
            seconds, cpu = (statistics.median(values) for values in zip(*warm, strict=True))
            times = f"{cold[0]:6.2f} {seconds:6.2f} {cold[1]:9.2f} {cpu:6.2f}"
            print(f"{case.program:<31} {case.size:<21} {case.limit:5} {times}  {verdict}")


if __name__ == "__main__":
    main()
