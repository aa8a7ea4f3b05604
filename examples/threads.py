"""Threads: for one call, for a block, for a process. The result never depends on their number."""

import sys
from time import perf_counter

import numpy as np

import fastmul

n = int(sys.argv[1]) if len(sys.argv) > 1 else 2048
rng = np.random.default_rng(1)
a, b = rng.integers(-(2**31), 2**31, (2, n, n))


def seconds(**options):
    fastmul.matmul(a, b, **options)  # the first call compiles
    start = perf_counter()
    fastmul.matmul(a, b, **options)
    return perf_counter() - start


alone, pair = seconds(threads=1), seconds(threads=2)
print(
    f"one call:     threads=1 {alone:.4f} s, threads=2 {pair:.4f} s: {alone / pair:.2f} times as fast"
)

with fastmul.threads(1):
    inside = fastmul.matmul(a, b)
print("one block:    with fastmul.threads(1): ...")

fastmul.set_threads(2)
outside = fastmul.matmul(a, b)
print("one process:  fastmul.set_threads(2), or FASTMUL_NUM_THREADS=2 in the environment")

assert np.array_equal(inside, outside)
print("the results are the same, bit for bit")
