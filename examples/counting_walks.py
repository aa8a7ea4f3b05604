"""How many walks of a million steps a knight has on the chessboard, modulo a prime.

Entry (i, j) of the k-th power of a graph's adjacency matrix counts the walks of k steps from i to j. The true
counts have half a million digits; modulo p they need 20 squarings of a 64 x 64 matrix.
"""

import numpy as np

import fastmul

STEPS, P = 1_000_000, 998_244_353

row, column = np.divmod(np.arange(64), 8)
down, across = abs(row[:, None] - row), abs(column[:, None] - column)
adjacency = (down * across == 2).astype(np.int64)

walks = fastmul.matrix_power(adjacency, STEPS, mod=P)
print(f"knight's walks of {STEPS:,} steps from a1 back to a1, modulo {P}: {walks[0, 0]}")

# Few steps, counted in full: Python's integers agree.
short = fastmul.matrix_power(adjacency.astype(object), 40)
print(f"of 40 steps: {short[0, 0]:,}")
assert np.array_equal(fastmul.matrix_power(adjacency, 40, mod=P), short % P)
