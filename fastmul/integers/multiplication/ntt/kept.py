"""Transforms that are kept: plan, encode, multiply and decode apart.

    x = encode(ring, a), y = encode(ring, b)      limbs to values modulo three primes
    z = multiply(ring, x, y)                      value by value; sums of products are sums of values
    decode(ring, z, out)                          values to limbs

The values of an operand take 24 bytes for each point of the ring.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import numpy as np

from fastmul.integers.multiplication.ntt.rings import MIN_KEPT_BLOCK, Ring
from fastmul.integers.multiplication.ntt.workspace import (
    ROW_GAP,
    Workspace,
    column_tasks,
)
from fastmul.planning import memory
from fastmul.runtime import scratch
from fastmul.runtime.threads import run


@cache
def _kernels() -> Any:
    from fastmul.kernels.cpu import ntt_kept

    return ntt_kept


def plan(n_limbs: int) -> Ring:
    """The ring in which a product of n_limbs limbs is computed from kept transforms."""
    return Ring.of(n_limbs, MIN_KEPT_BLOCK)


def values_bytes(ring: Ring) -> int:
    """What the values of one operand take."""
    return 8 * 3 * (ring.points + ROW_GAP)


def encode(ring: Ring, limbs: np.ndarray, threads: int = 1) -> np.ndarray:
    """The values of an operand modulo the three primes: rows of ring.points, and a gap after each."""
    memory.require(values_bytes(ring), f"a kept transform of {limbs.size} limbs")
    values = scratch.aligned_empty(values_bytes(ring) // 8)
    encode_into(ring, limbs, values, threads)
    return values


def encode_into(ring: Ring, limbs: np.ndarray, values: np.ndarray, threads: int) -> None:
    """As `encode`, into memory of the caller's."""
    work = Workspace(ring, 0, threads)
    t, width = work.tables, work.width
    kernels = _kernels()
    if not work.in_tasks:
        with scratch.lease(8 * work.kernels.TURNED) as raw:
            kernels.encode(
                limbs, values, width, ring.first, ring.block, ring.children, t.roots, t.packed,
                work.factors, t.moduli, raw[: 8 * work.kernels.TURNED].view(np.float64),
            )  # fmt: skip
        return
    x = values.reshape(3, width)

    def enter(k: int, start: int, stop: int) -> None:
        kernels.enter_nodes(
            limbs, x[k], ring.first, ring.block, ring.children, start, stop, t.roots[k], t.moduli[k]
        )

    def split(k: int, j: int) -> None:
        with scratch.lease(8 * work.kernels.TURNED) as raw:
            kernels.split_deep(
                x[k], j * ring.block, ring.block, ring.first + j, t.roots[k], t.packed[k],
                work.factors[k], t.moduli[k], raw[: 8 * work.kernels.TURNED].view(np.float64),
            )  # fmt: skip

    run(enter, [(k, *c) for k in range(3) for c in column_tasks(ring, work.threads)], work.threads)
    run(split, [(k, j) for k in range(3) for j in range(ring.children)], work.threads)


@contextmanager
def borrowed(ring: Ring, limbs: np.ndarray, threads: int) -> Iterator[np.ndarray]:
    """The values of an operand for a with block, in leased memory."""
    n_bytes = values_bytes(ring)
    memory.require(n_bytes, f"the transform of {limbs.size} limbs")
    with scratch.lease(n_bytes) as raw:
        values = raw[:n_bytes].view(np.float64)
        encode_into(ring, limbs, values, threads)
        yield values
