"""Hash trees of lookup products: where each splits, learned from examples by least squares.

A tree has four levels. All nodes of a level look at the same column of their part of the input, each with a threshold
of its own, so that four comparisons lead to one of 16 leaves:

    level 0               x[3] > t1                      node 1
    level 1        x[0] > t2      x[0] > t3              nodes 2, 3
    level 2      x[6]..    ...                           nodes 4 to 7
    level 3      x[3]..    ...                           nodes 8 to 15;  the leaves are 16 to 31

A level takes the column, and each node the threshold, that leave the least sum of squared distances from the means of
the resulting groups; of the columns, those few that vary most are tried.
"""

from __future__ import annotations

import numpy as np

from fastmul.bounds.lookup import LEAVES, LEVELS

#: Columns that a level tries.
TRIED = 4


def grow(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The columns (LEVELS,) and thresholds (LEAVES,) by node of a tree for examples x (count, width)."""
    columns, thresholds = np.zeros(LEVELS, np.int64), np.zeros(LEAVES, np.float32)
    nodes = np.ones(len(x), np.int64)
    for level in range(LEVELS):
        names = range(1 << level, 2 << level)
        groups = [x[nodes == name] for name in names]
        spread = sum(_squares(group) for group in groups)
        candidates = np.argsort(-spread, kind="stable")[:TRIED]
        tried = [[_best_split(group, column) for group in groups] for column in candidates]
        losses = [sum(loss for loss, _ in splits) for splits in tried]
        best = int(np.argmin(losses))
        columns[level] = candidates[best]
        thresholds[names.start : names.stop] = [threshold for _, threshold in tried[best]]
        nodes = 2 * nodes + (x[:, columns[level]] > thresholds[nodes])
    return columns, thresholds


def _squares(x: np.ndarray) -> np.ndarray:
    """For each column the sum of squared distances from its mean."""
    return ((x - x.mean(axis=0)) ** 2).sum(axis=0) if len(x) else np.zeros(x.shape[1])


def _best_split(x: np.ndarray, column: int) -> tuple[float, float]:
    """The least sum of squares after a split at this column, and its threshold."""
    if len(x) == 0:
        return 0.0, 0.0
    ordered = x[np.argsort(x[:, column], kind="stable")]
    left, right = _prefix_losses(ordered), _prefix_losses(ordered[::-1])[::-1]
    after = left.copy()  # after[i]: the first i + 1 on the left, the others on the right
    after[:-1] += right[1:]
    values = ordered[:, column]
    after[:-1][values[:-1] == values[1:]] = np.inf  # equal values go the same way
    best = int(np.argmin(after))
    if best == len(x) - 1:
        return float(after[best]), float(values[best])
    low, high = np.float32(values[best]), np.float32(values[best + 1])
    middle = low + (high - low) / 2
    return float(after[best]), float(middle if middle < high else low)


def _prefix_losses(x: np.ndarray) -> np.ndarray:
    """For i = 1, 2, ...: the sum of squared distances of the first i rows from their mean."""
    counts = np.arange(1, len(x) + 1)
    totals = np.cumsum(x, axis=0)
    return np.cumsum((x * x).sum(axis=1)) - (totals * totals).sum(axis=1) / counts
