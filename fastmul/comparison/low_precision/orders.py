"""How far plain float products of the same operands lie apart when only the order of summation changes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fastmul.comparison.low_precision import layers
from fastmul.runtime import blas
from fastmul.runtime.threads import available_cpus

#: Permutations of the contracted axis, all of which add up the same numbers.
PERMUTATIONS, OUTPUTS, TOKENS = 8, 256, 64


@dataclass
class Spread:
    """Of one float product: what its order of summation makes of it."""

    product: str
    entries: int
    differ: int  # entries that are not the same in every order
    widest: float  # the largest distance between two results of an entry, relative to the product's size
    error: float  # the largest error, relative to the same
    exact_differ: int  # entries of fastmul's exact product that are not the same


def measure(inputs: int = 4096) -> list[Spread]:
    """sgemm of float32, and of operands rounded to bfloat16, in several orders and on one and all threads."""
    from fastmul import lowprecision

    x, w = layers.activations(TOKENS, inputs), layers.weights(OUTPUTS, inputs)
    found = []
    for name in ("float32", "bfloat16"):
        qx, qw = (lowprecision.quantize(v, name, axis=1) for v in (x, w))
        a, b = qx.dequantize(), qw.dequantize()
        exact = a.astype(np.float64) @ b.T.astype(np.float64)
        rounded, ours = [], []
        for order in _orders(inputs):
            left, right = np.ascontiguousarray(a[:, order]), np.ascontiguousarray(b[:, order])
            rounded.append(left @ right.T)
            p, q = (lowprecision.quantize(v, name, axis=1) for v in (left, right))
            ours.append(lowprecision.matmul(p, q.T, out_format="float32"))
        with blas.limit(available_cpus()):
            rounded.append(a @ b.T)
        size = np.sqrt(np.mean(exact**2))
        results = np.stack(rounded).astype(np.float64)
        found.append(
            Spread(
                f"sgemm, {name} operands", exact.size, _differing(rounded),
                float(np.ptp(results, axis=0).max() / size), float(np.abs(results - exact).max() / size),
                _differing(ours),
            )
        )  # fmt: skip
    return found


def _orders(inputs: int) -> list[np.ndarray]:
    rng = np.random.default_rng(layers.SEED)
    return [np.arange(inputs), *(rng.permutation(inputs) for _ in range(PERMUTATIONS - 1))]


def _differing(results: list[np.ndarray]) -> int:
    return int(np.any([r != results[0] for r in results], axis=0).sum())
