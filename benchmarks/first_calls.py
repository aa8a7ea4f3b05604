"""What a new process waits for: the import, and the first call of each operation, cache cold and warm.

    python benchmarks/first_calls.py [--publish]

Each figure is wall time in a process of its own; the cold ones compile into an empty cache folder, the warm ones
(least of three) find the kernels there. Not a ratio: it tells of this machine at this hour. --publish writes the
table into docs/measured/first-calls.md.
"""

import datetime
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from fastmul.runtime.target import cpu_name

PUBLISHED = Path(__file__).resolve().parent.parent / "docs/measured/first-calls.md"

OPERATIONS = {
    "mul of mpz, 2^14 bits": "fastmul.mul(mpz(3)**10_000, mpz(5)**7_000)",
    "mul of mpz, 2^20 bits": "fastmul.mul(mpz(3)**660_000, mpz(5)**450_000)",
    "mul of mpz, 2^23 bits": "fastmul.mul(mpz(3)**5_300_000, mpz(5)**3_600_000)",
    "matmul of float64, 512²": "fastmul.matmul(x, x)",
    "matmul of int64, 512²": "fastmul.matmul(x.astype(int), x.astype(int))",
    "matmul of int8, 512²": "fastmul.matmul(x.astype('i1'), x.astype('i1'))",
    "matmul modulo 998244353, 512²": "fastmul.matmul(x.astype(int), x.astype(int), mod=998244353)",
    "matmul over min_plus, float32, 512²": "fastmul.matmul(x.astype('f4'), x.astype('f4'), semiring=fastmul.min_plus)",
    "matmul correctly rounded, float64, 512²": "fastmul.matmul(x, x, accuracy='correctly_rounded')",
    "det modulo 998244353, 256²": "fastmul.linalg.det(x[:256, :256].astype(int), mod=998244353)",
}
PROGRAM = """
import time
import numpy as np
start = time.perf_counter()
import fastmul
print(time.perf_counter() - start)
from gmpy2 import mpz
x = np.random.default_rng(1).integers(-99, 99, (512, 512)).astype(float)
start = time.perf_counter()
{call}
print(time.perf_counter() - start)
"""


def first_call(call: str, cache: str) -> tuple[float, float]:
    """Seconds of `import fastmul` after NumPy, and of the first call (operands made meanwhile)."""
    environment = {**os.environ, "FASTMUL_CACHE_DIR": cache}
    program = PROGRAM.format(call=call)
    command = [sys.executable, "-c", program]
    printed = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)
    imported, called = map(float, printed.stdout.split())
    return imported, called


def main() -> None:
    rows = ["| first call | cold | warm | import of fastmul |", "|---|--:|--:|--:|"]
    print("\n".join(rows))
    for what, call in OPERATIONS.items():
        with tempfile.TemporaryDirectory() as cache:
            cold = first_call(call, cache)[1]
            runs = [first_call(call, cache) for _ in range(3)]
        imported, warm = (min(values) for values in zip(*runs, strict=True))
        rows.append(f"| {what} | {cold:.1f} s | {warm:.2f} s | {imported * 1e3:.1f} ms |")
        print(rows[-1], flush=True)
    if "--publish" in sys.argv[1:]:
        day = datetime.datetime.now(datetime.UTC).date()
        caption = f"{cpu_name()}, {day}; `python benchmarks/first_calls.py --publish`."
        PUBLISHED.write_text("\n".join([caption, "", *rows]) + "\n")


if __name__ == "__main__":
    main()
