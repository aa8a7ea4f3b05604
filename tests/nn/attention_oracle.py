"""Attention in float64, by its formula: every weight in memory, nothing shared with fastmul but the mask of dropout."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fastmul.nn import dropout_mask


@dataclass
class Truth:
    """Everything that bounds and comparisons need, in float64; heads of k and v repeated for their group."""

    out: np.ndarray
    lse: np.ndarray
    weights: np.ndarray  # softmax, before dropout
    dropped: np.ndarray  # after it, scaled
    keep: np.ndarray  # the mask, scaled
    largest: float  # X of bounds/attention.py
    slope: np.ndarray
    q: np.ndarray
    k: np.ndarray
    v: np.ndarray
    scale: float
    group: int

    def sum_of_group(self, x):
        """Over the heads of q that share a head of k."""
        if x.ndim < 3:
            return x
        heads = x.shape[-3] // self.group
        return x.reshape(*x.shape[:-3], heads, self.group, *x.shape[-2:]).sum(axis=-3)

    def gradients(self, grad):
        grad = np.asarray(grad, np.float64)
        d_weights = self.keep * (grad @ np.swapaxes(self.v, -1, -2))
        mean = (grad * self.out).sum(-1, keepdims=True)
        ds = self.scale * self.weights * (d_weights - mean) * self.slope
        return (
            ds @ self.k,
            self.sum_of_group(np.swapaxes(ds, -1, -2) @ self.q),
            self.sum_of_group(np.swapaxes(self.dropped, -1, -2) @ grad),
        )

    def scales_of_gradients(self, grad):
        """What the factors of `bounds.attention.backward_errors` multiply."""
        grad = np.abs(np.asarray(grad, np.float64))
        reach = self.keep * (grad @ np.swapaxes(np.abs(self.v), -1, -2))
        a = (grad * (self.dropped @ np.abs(self.v))).sum(-1, keepdims=True)
        b = abs(self.scale) * self.weights * (reach + a)
        return (
            b @ np.abs(self.k),
            self.sum_of_group(np.swapaxes(b, -1, -2) @ np.abs(self.q)),
            self.sum_of_group(np.swapaxes(self.dropped, -1, -2) @ grad),
        )


def attend(q, k, v, *, causal=False, offset=0, mask=None, scale=None, softcap=None, dropout=0.0, rng=None,
           training=False):  # fmt: skip
    dtype = q.dtype
    q, k, v = (np.asarray(x).astype(np.float64) for x in (q, k, v))
    group = 1
    if q.ndim > 2:
        group = q.shape[-3] // max(1, k.shape[-3])
        k, v = np.repeat(k, group, axis=-3), np.repeat(v, group, axis=-3)
    scale = q.shape[-1] ** -0.5 if scale is None else scale
    scores = scale * (q @ np.swapaxes(k, -1, -2))
    size = abs(scale) * (np.abs(q) @ np.swapaxes(np.abs(k), -1, -2))
    slope = np.ones_like(scores)
    if softcap:
        t = np.tanh(scores / softcap)
        scores, slope = softcap * t, 1 - t * t
    if mask is not None:
        mask = np.asarray(mask)
        added = np.where(mask, 0.0, -np.inf) if mask.dtype == bool else mask.astype(np.float64)
        scores = np.where(added == -np.inf, -np.inf, scores + added)
        size = size + np.where(np.isfinite(added), np.abs(added), 0)
    n_q, n_k = scores.shape[-2:]
    if causal:
        sees = np.arange(n_k) <= np.arange(n_q)[:, None] + offset
        scores = np.where(sees, scores, -np.inf)
    size = np.where(scores == -np.inf, 0, size)
    top = scores.max(-1, keepdims=True, initial=-np.inf)
    top = np.where(top == -np.inf, 0, top)
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        weights = np.exp(scores - top)
        total = weights.sum(-1, keepdims=True)
        lse = (top + np.log(total))[..., 0]
        weights = weights / np.where(total == 0, 1, total)
    keep = np.ones_like(weights)
    if training and dropout:
        threshold = round(dropout * 2**32)
        keep = dropout_mask(weights.shape, dropout, rng=rng) / (1 - threshold / 2**32)
    dropped = weights * keep
    out = dropped @ v
    largest = float(size.max(initial=0.0))
    assert dtype is not None
    return Truth(out, lse, weights, dropped, keep, largest, slope, q, k, v, scale, group)
