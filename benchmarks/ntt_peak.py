"""How near products by number-theoretic transforms come to the multiplier's peak and to the memory's: one thread.

    python benchmarks/ntt_peak.py [--publish]

Counted are multiplications, multiply-adds and 52-bit multiply-adds of eight lanes, which share two pipes on x86 CPUs
with AVX-512; not those by which tables are turned into place. The peak is what products modulo p of an array in the L1
cache reach. Traffic: operands, rows and result, once for each pass that does not stay in the L2 cache; its ceiling is
an addition to every element of one array as large as the rows. --publish writes the table into
docs/measured/ntt-peak.md.
"""

import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numba import float64, int64, void

import fastmul
from fastmul.bounds.primes import PRIMES
from fastmul.integers.multiplication.ntt import mul_limbs
from fastmul.integers.multiplication.ntt.rings import Ring
from fastmul.kernels.cpu import ntt_nodes
from fastmul.kernels.cpu.ntt_arithmetic import mulmod2
from fastmul.kernels.cpu.ntt_product import NODE
from fastmul.kernels.cpu.vectors import load, splat, store
from fastmul.runtime.jit import kernel
from fastmul.runtime.scratch import aligned_empty
from fastmul.runtime.target import cpu_name

PUBLISHED = Path(__file__).resolve().parent.parent / "docs/measured/ntt-peak.md"
BITS, LIMB_BITS, LANES = (1 << 21, 1 << 22, 1 << 23, 1 << 24, 1 << 26, 1 << 28), 64, 8

# operations of the multiplier for each vector of eight points
PRODUCT, REDUCTION = 4, 2  # modulo p
SPLIT = {8: (12 * PRODUCT + REDUCTION) / 8, 4: (4 * PRODUCT + REDUCTION) / 4}
JOIN = {8: (12 * PRODUCT + 4 * REDUCTION) / 8, 4: (4 * PRODUCT + 2 * REDUCTION) / 4}
VALUES = PRODUCT + REDUCTION
ENTER = (5 * PRODUCT + 4 * REDUCTION) / 8  # four blocks of limbs
LEAVE = 3 * (13 * PRODUCT + 2 * REDUCTION) / 8 + 17 + 3  # the Chinese remainder of three primes

#: Bytes for each point: for each prime in (2 * 4 read, 2 * 8 written), its node (2 rows read and written), and out.
TRAFFIC = 3 * (24 + 32) + 3 * 16 + 8


def radices(block: int) -> list[int]:
    """How a child of so many points goes down: of an L2 node and what is above it."""
    found = []
    while block > NODE:
        found.append(8)
        block >>= 3
    base = ntt_nodes.base_length.py_func(block)
    k = ntt_nodes.height.py_func(block, base)
    while k:
        down = ntt_nodes.levels_down.py_func(k)
        found.append(1 << down)
        k -= down
    return [*found, base // ntt_nodes.LEAF, 8, 8]


def operations(ring: Ring) -> float:
    steps = radices(ring.block)
    each = 2 * ENTER + 2 * sum(SPLIT[r] for r in steps) + VALUES + sum(JOIN[r] for r in steps)
    return (3 * each + LEAVE) * ring.points / LANES


@kernel(void(float64[::1], int64, float64, float64))
def products(x, times, p, factor):
    n, pinv, w = splat(p), splat(1.0 / p), splat(factor)
    for _ in range(times):
        for i in range(0, x.size, 32):
            a, b = mulmod2(load(x, i), load(x, i + 8), w, w, n, pinv)
            c, d = mulmod2(load(x, i + 16), load(x, i + 24), w, w, n, pinv)
            store(x, i, a)
            store(x, i + 8, b)
            store(x, i + 16, c)
            store(x, i + 24, d)


@kernel(void(float64[::1]))
def add_one(x):
    one = splat(1.0)
    for i in range(0, x.size, 16):
        store(x, i, load(x, i) + one)
        store(x, i + 8, load(x, i + 8) + one)


def seconds(work: Callable[[], None], runs: int) -> float:
    best = float("inf")
    for _ in range(runs):
        start = time.perf_counter()
        work()
        best = min(best, time.perf_counter() - start)
    return best


def main() -> None:
    fastmul.set_threads(1)
    rng = np.random.default_rng(0)
    small, times = aligned_empty(1024), 1000
    small[:] = rng.integers(0, PRIMES[0], small.size)
    products(small, 1, float(PRIMES[0]), 12345.0)
    rounds = seconds(lambda: products(small, times, float(PRIMES[0]), 12345.0), 9)
    peak = PRODUCT * times * small.size / LANES / rounds
    lines = [
        f"{cpu_name()}, one thread, {peak / 1e9:.2f} vector operations of the multiplier in a nanosecond; "
        "`python benchmarks/ntt_peak.py --publish`.",
        "",
        "| bits | ms | of the multiplier's peak | traffic, GB/s | its ceiling, GB/s | of it |",
        "|--:|--:|--:|--:|--:|--:|",
    ]
    for bits in BITS:
        n = bits // LIMB_BITS
        a, b = (rng.integers(0, 2**64, n, dtype=np.uint64) for _ in range(2))
        out, ring = np.empty(2 * n, np.uint64), Ring.of(2 * n)
        mul_limbs(a, b, out)
        took = seconds(
            lambda a=a, b=b, out=out: mul_limbs(a, b, out), max(3, (1 << 28) // bits // 2)
        )
        rows = aligned_empty(4 * ring.points)
        rows[:] = 0.0
        rate = 2 * rows.nbytes / seconds(lambda rows=rows: add_one(rows), 5)
        traffic = TRAFFIC * ring.points / took
        lines.append(
            f"| 2^{bits.bit_length() - 1} | {1e3 * took:.2f} | {operations(ring) / took / peak:.0%} "
            f"| {traffic / 1e9:.0f} | {rate / 1e9:.0f} | {traffic / rate:.0%} |"
        )
    text = "\n".join(lines) + "\n"
    print(text)
    if "--publish" in sys.argv:
        PUBLISHED.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
