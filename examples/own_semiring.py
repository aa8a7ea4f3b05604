"""A semiring of one's own: two Python functions, compiled into the kernel of the matrix product.

Sixty-four bus lines, one bit each. Entry (i, j) says which lines go from stop i straight to stop j. Which lines take
one there in two rides without a change? Along a journey a line must serve both rides (and); any journey will do (or).

    python examples/own_semiring.py [number of stops]
"""

import math
import sys
import time

import numpy as np

import fastmul

n = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
rng = np.random.default_rng(1)

lines = fastmul.Semiring(
    lambda x, y: x | y, lambda x, y: x & y, zero=0, one=2**64 - 1, name="lines"
)
rides = np.zeros((n, n), np.uint64)
for line in range(64):
    stops = rng.permutation(n)[: max(3, n // 20)]
    rides[stops[:-1], stops[1:]] |= np.uint64(1 << line)

fastmul.matmul(rides[:2, :2], rides[:2, :2], semiring=lines)  # compiles
start = time.perf_counter()
two_rides = fastmul.matmul(rides, rides, semiring=lines, verify=True)
print(f"{n} stops: {time.perf_counter() - start:.3f} s, 40 rows of it twice")
print(f"{np.count_nonzero(two_rides)} pairs of stops are two rides on one line apart")


# if-expressions, min, max and numpy.where are fine, too: distances that nobody cares about beyond 60 minutes
def within_an_hour(x, y):
    return x + y if x + y < 60 else 60


commute = fastmul.Semiring(min, within_an_hour, zero=60, one=0, name="commute")
minutes = rng.integers(1, 61, (n, n)).astype(np.int32)
print(fastmul.matmul(minutes, minutes, semiring=commute).max(), "minutes at most")

# what has no vector instruction runs in a scalar loop, and explain says so
likelihood = fastmul.Semiring(
    np.logaddexp, lambda x, y: x + y, zero=-math.inf, one=0.0, name="likelihood"
)
x = rng.standard_normal((50, 50))
print(fastmul.explain(fastmul.matmul, x, x, semiring=likelihood).lines[0].fate)
