"""Why this algorithm: `explain` prints every algorithm's predicted time, or why it refuses. Nothing is multiplied."""

import numpy as np

import fastmul

small = np.zeros((256, 256), np.int8)
wide = np.full((256, 256), 2**40)

print(fastmul.explain(fastmul.matmul, small, small), "\n")
print(fastmul.explain(fastmul.matmul, wide, wide), "\n")
print(fastmul.explain(fastmul.mul, 3**10_000, 7**10_000), "\n")

# An algorithm that is named runs, or says why it does not: nothing is silently substituted.
try:
    fastmul.matmul(wide, wide, algorithm="gemm")
except fastmul.AlgorithmError as error:
    print(error)
