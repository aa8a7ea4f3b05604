"""The determinant of an integer matrix that floats get wrong, and a system solved in fractions.

The matrix is a Hilbert matrix with its denominators cleared: every entry is an integer below 2^64, and its
determinant is tiny beside the products that cancel in it.
"""

import math

import numpy as np

import fastmul

n = 16
denominators = math.lcm(*range(1, 2 * n))
hilbert = np.array([[denominators // (i + j + 1) for j in range(n)] for i in range(n)])

exact = fastmul.linalg.det(hilbert)
rounded = np.linalg.det(hilbert.astype(float))
print(f"det of an ({n}, {n}) matrix of entries up to {hilbert.max():,}:")
print(f"  exact          {exact:.6e}")
print(f"  numpy.linalg   {rounded:.6e}, off by a factor of {abs(rounded / exact):.3g}")

b = np.arange(1, n + 1)
x = fastmul.linalg.solve(hilbert, b)
floats = np.linalg.solve(hilbert.astype(float), b)
worst = max(abs(float(y) - float(z)) / abs(float(y)) for y, z in zip(x, floats, strict=True))
print(f"solving a system: x[0] = {x[0]}; numpy.linalg is wrong by a relative {worst:.2g}")

assert (hilbert.astype(object) @ x == b).all()
assert exact % 1_000_000_007 == fastmul.linalg.det(hilbert, mod=1_000_000_007)
