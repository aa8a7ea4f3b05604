"""Losses, with their gradients."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastmul.nn.operands import floats, rows_of
from fastmul.runtime.threads import chunks, get_threads, run

#: Logits of one chunk of work: about a millisecond.
CHUNK = 1 << 19


def softmax_cross_entropy(
    logits: Any, targets: Any, *, threads: int | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """The cross entropy of each row's softmax and its target, and the gradients by the logits.

    losses = log(sum(e^logits)) - logits[target], gradient = softmax(logits) - onehot(target), over the last axis. The
    losses are neither averaged nor scaled: divide gradient by their number for the gradient of the mean.

    Parameters
    ----------
    logits : (..., n) float32 array.
    targets : (...) integer array
        Classes, 0 <= target < n.
    threads : int, optional
        As in `fastmul.matmul`.

    Returns
    -------
    losses : (...) float32 array.
    gradient : (..., n) float32 array.

    Raises
    ------
    TypeError : logits is not float32, or targets no integers.
    ValueError : the shapes do not fit, or a target is outside its range.

    Error
    -----
    With x' = logits - max(logits), rounded, gradients are right to (4 + |x'|) u softmax + u and losses to
    4 u (1 + |loss|), u = 2^-24, as long as n < 2^24. Sums are float64 and in one order: the same bits on every machine.

    Complexity
    ----------
    Three passes over each row while it is in cache.

    Examples
    --------
    >>> losses, gradient = softmax_cross_entropy(np.zeros((1, 4), np.float32), [2])
    >>> losses, gradient
    (array([1.3862944], dtype=float32), array([[ 0.25,  0.25, -0.75,  0.25]], dtype=float32))
    """
    from fastmul.kernels.cpu.nn.cross_entropy import cross_entropy

    call = "softmax_cross_entropy"
    x, t = floats(logits, call, "logits"), np.asarray(targets)
    rows = rows_of(x, call)
    if t.dtype.kind not in "iu":
        raise TypeError(f"{call}: targets are {t.dtype}, must be integers")
    if t.shape != x.shape[:-1]:
        raise ValueError(
            f"{call}: targets have shape {t.shape}, must be {x.shape[:-1]}: one for each row of logits {x.shape}"
        )
    count, n = rows.shape
    if t.size and (t.min() < 0 or t.max() >= n):
        raise ValueError(
            f"{call}: targets from {t.min()} to {t.max()}, must be in 0 <= target < {n}"
        )
    losses, gradient = np.empty(t.shape, np.float32), np.empty(x.shape, np.float32)
    classes = np.ascontiguousarray(t.reshape(-1), np.int64)

    def run_chunk(start: int, stop: int) -> None:
        cross_entropy(rows, classes, losses.reshape(-1), gradient.reshape(rows.shape), start, stop)

    run(run_chunk, chunks(count, n, CHUNK), get_threads(threads))
    return losses, gradient
