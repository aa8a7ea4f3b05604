"""All shortest paths of a road network: matrix products in which + means min and * means +.

    d[i, j] = min over l of d[i, l] + d[l, j]

Squaring the matrix of roads k times gives the shortest ways of up to 2^k roads. Where there is no road, the distance
is the largest integer, which counts as infinity and absorbs.

    python examples/all_pairs_shortest_paths.py [number of towns]
"""

import sys
import time

import numpy as np

import fastmul

n = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
rng = np.random.default_rng(1)
NO_ROAD = np.iinfo(np.int32).max

roads = np.full((n, n), NO_ROAD, np.int32)
for _ in range(3):  # three roads out of every town
    roads[np.arange(n), rng.integers(0, n, n)] = rng.integers(1, 100, n)
np.fill_diagonal(roads, 0)

fastmul.matmul(roads[:2, :2], roads[:2, :2], semiring=fastmul.min_plus)  # compiles
start = time.perf_counter()
distances, squarings = roads, 0
while True:
    farther = fastmul.matmul(distances, distances, semiring=fastmul.min_plus)
    squarings += 1
    if np.array_equal(farther, distances):
        break
    distances = farther
seconds = time.perf_counter() - start
print(f"{n} towns, {squarings} squarings: {seconds:.3f} s")

reachable = distances[distances != NO_ROAD]
print(
    f"{reachable.size / n**2:.1%} of the pairs are connected, the farthest at distance {reachable.max()}"
)

# Floyd and Warshall's algorithm, one town after the other, in numbers that have room for infinity
expected = np.where(roads == NO_ROAD, np.inf, roads)
start = time.perf_counter()
for town in range(n):
    np.minimum(expected, expected[:, town : town + 1] + expected[town], out=expected)
seconds = time.perf_counter() - start
same = np.array_equal(np.where(distances == NO_ROAD, np.inf, distances), expected)
print(f"Floyd-Warshall in NumPy: {seconds:.3f} s; {'the same distances' if same else 'DIFFERENT'}")
