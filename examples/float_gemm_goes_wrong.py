"""Where an integer product computed in float64 first goes wrong.

float64 holds integers up to 2^53. A product of k-by-k matrices with entries of t bits needs up to
2t + log2(k) bits. Below the window float64 is exact and fast; above it every entry is a rounding, and nothing
says so. fastmul's own float algorithm refuses in time.
"""

import sys

import numpy as np

import fastmul

n = int(sys.argv[1]) if len(sys.argv) > 1 else 256
rng = np.random.default_rng(1)


def float_gemm(a, b):
    try:
        fastmul.matmul(a, b, algorithm="gemm")
    except fastmul.AlgorithmError:
        return "refuses"
    return "runs, exactly"


print(f"{n} x {n}, int64 entries of t bits, by float64 GEMM:\n")
print(" t | wrong entries | largest error | algorithm='gemm' of fastmul")
for bits in range(18, 29):
    a, b = rng.integers(0, 2**bits, (2, n, n))
    exact = fastmul.matmul(a, b)
    rounded = (a.astype(float) @ b.astype(float)).astype(np.int64)
    wrong = np.count_nonzero(rounded != exact)
    error = np.abs(rounded - exact).max()
    print(f"{bits:2} | {wrong / exact.size:13.1%} | {error:13} | {float_gemm(a, b)}")

# One entry, in full: Python's integers agree with fastmul.
i, j = 1, 2
assert exact[i, j] == sum(int(u) * int(v) for u, v in zip(a[i], b[:, j], strict=True))
print(f"\nentry {i, j}: float64 {rounded[i, j]}, truth {exact[i, j]}")
