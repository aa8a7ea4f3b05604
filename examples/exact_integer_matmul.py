"""Integer matrices, multiplied exactly: NumPy's result, bit for bit, without its wait.

NumPy has no fast kernel for integers. fastmul runs them at about the speed of float64 GEMM.
"""

import sys
from time import perf_counter

import numpy as np

import fastmul

n = int(sys.argv[1]) if len(sys.argv) > 1 else 1024
rng = np.random.default_rng(1)
a, b = rng.integers(-(2**40), 2**40, (2, n, n))
fastmul.matmul(a, b)  # the first call compiles


def timed(product, *operands):
    start = perf_counter()
    result = product(*operands)
    return result, perf_counter() - start


theirs, numpy_seconds = timed(np.matmul, a, b)
ours, seconds = timed(fastmul.matmul, a, b)
_, float_seconds = timed(np.matmul, a.astype(float), b.astype(float))

assert np.array_equal(ours, theirs)
print(f"int64, {n} x {n}: every one of {n * n:,} entries equals NumPy's")
print(f"  NumPy            {numpy_seconds:9.4f} s")
print(f"  fastmul          {seconds:9.4f} s, {numpy_seconds / seconds:.0f} times as fast")
print(f"  float64 GEMM     {float_seconds:9.4f} s, and it rounds")
