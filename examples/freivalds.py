"""Checking a product in a fraction of the time that computing it takes (Freivalds).

A x (B y) costs three products with vectors. A wrong C passes it with a probability that fastmul states; here a
single flipped bit in one of a million entries is found every time.
"""

import time

import numpy as np

import fastmul

n = 512
rng = np.random.default_rng(3)
a, b = rng.integers(-(2**63), 2**63, (2, n, n))

fastmul.matmul(a, b, verify=True)  # the first call compiles, or loads what was compiled before
start = time.perf_counter()
c = fastmul.matmul(a, b, verify=True)  # computed, and checked with 40 random vectors
print(
    f"an {n} x {n} product of 64-bit integers, computed and checked: {time.perf_counter() - start:.3f} s"
)


def passes(product):
    """Whether A (B v) = C v modulo 2^64 for 40 random vectors v."""
    v = rng.integers(0, 2**64, (n, 40), np.uint64).view(np.int64)
    return np.array_equal(fastmul.matmul(a, fastmul.matmul(b, v)), fastmul.matmul(product, v))


found = 0
for _ in range(20):
    wrong = c.copy()
    i, j, bit = rng.integers(n), rng.integers(n), rng.integers(64)
    wrong[i, j] ^= np.int64(np.uint64(1 << int(bit)).view(np.int64))
    found += not passes(wrong)
print(f"20 products with one flipped bit each: {found} found")
assert passes(c)
assert found == 20
