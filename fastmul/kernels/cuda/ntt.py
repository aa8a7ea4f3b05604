"""Number-theoretic transforms on the GPU: the contract of `fastmul.kernels.reference.ntt`, cut into launches.

Arrays are CuPy's: float64, C-contiguous, on one device. Outputs are balanced residues, as the reference's.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from fastmul.kernels.cuda import loader

#: Points of a block's tile: 36 KiB of shared memory, so that two blocks of 512 threads share a multiprocessor.
TILE = 1 << 12
#: Points that a thread holds in registers: the largest radix.
POINTS_PER_THREAD = 8
#: Neighbouring columns that an upper pass takes at least: two 32-byte sectors of device memory.
MIN_COLUMNS = 8
#: Threads of a pointwise block, and the blocks (8 on each of 132 multiprocessors) from which on a thread
#: takes several values.
POINTWISE_THREADS, POINTWISE_BLOCKS = 256, 8 * 132


@dataclass(frozen=True)
class Pass:
    """One launch: some levels of the tree, below `depth` others, in stages of radix 2, 4 or 8."""

    depth: int
    stages: tuple[int, ...]  # log2 of each radix, from the top of the tree down
    columns: int
    nodes: int

    def constants(self) -> dict[str, int]:
        """The compile-time constants of ntt.cu."""
        packed = sum(levels << (4 * i) for i, levels in enumerate(self.stages))
        return {"STAGES": packed, "COLUMNS": self.columns, "NODES": self.nodes}


def passes(log_n: int) -> list[Pass]:
    """The launches of a forward transform of 2**log_n points, in order; the inverse takes them backwards.

    As few as possible, since each reads and writes all of device memory. The last takes the lowest 12 levels
    or less, in contiguous tiles; each one above takes up to 9 levels, in tiles of `MIN_COLUMNS` columns or more.

    >>> [p.stages for p in passes(15)]
    [(3,), (3, 3, 3, 3)]
    """
    remaining = log_n
    found: list[Pass] = []
    while remaining:
        most = TILE.bit_length() - 1 if not found else (TILE // MIN_COLUMNS).bit_length() - 1
        levels = min(remaining, most)
        remaining -= levels
        width = TILE >> levels
        columns, nodes = (width, 1) if found else (1, width)
        found.insert(0, Pass(remaining, _stages(levels), columns, nodes))
    return found


def _stages(levels: int) -> tuple[int, ...]:
    """As many radix-8 stages as fit, below one of radix 2 or 4 if levels are left over."""
    head = (levels % 3,) if levels % 3 else ()
    return head + (3,) * (levels // 3)


def forward(x: Any, p: int, roots: Any) -> None:
    """Each row: the coefficients of a polynomial become its values at the roots of X**n = 1."""
    for step in passes(_log2_of_row(x, roots)):
        _launch("ntt_forward", step, x, p, roots)


def inverse(x: Any, p: int, roots: Any) -> None:
    """Each row: values become coefficients times n."""
    for step in reversed(passes(_log2_of_row(x, roots))):
        _launch("ntt_inverse", step, x, p, roots)


def multiply(x: Any, y: Any, p: int) -> None:
    """x = x * y modulo p, element by element. y may be x."""
    _check(x)
    _check(y)
    if x.shape != y.shape:
        raise ValueError(f"multiply: x has shape {x.shape}, y has {y.shape}")
    if x.size:
        blocks = min(-(-x.size // POINTWISE_THREADS), POINTWISE_BLOCKS)
        arguments = (x, y, np.int64(x.size), *_modulus(p))
        loader.launch("pointwise", {}, "multiply", blocks, POINTWISE_THREADS, arguments)


def _launch(kernel: str, step: Pass, x: Any, p: int, roots: Any) -> None:
    batch, n = x.shape
    blocks = -(-batch * n // TILE)
    arguments = (x, np.int64(n), np.int64(batch), np.int32(step.depth), roots, *_modulus(p))
    if blocks:
        loader.launch("ntt", step.constants(), kernel, blocks, TILE // POINTS_PER_THREAD, arguments)


def _modulus(p: int) -> tuple[np.float64, np.float64]:
    return np.float64(p), np.float64(1 / p)


def _log2_of_row(x: Any, roots: Any) -> int:
    _check(x)
    n = x.shape[-1]
    if x.ndim != 2 or n < 1 or n & (n - 1):
        raise ValueError(f"a transform takes (batch, n), n a power of two, not shape {x.shape}")
    if 2 * roots.size < n:
        raise ValueError(f"a transform of n = {n} needs n/2 roots, not {roots.size}")
    return n.bit_length() - 1


def _check(x: Any) -> None:
    """Kernels work in place on raw memory: what is laid out otherwise would be copied silently, or misread."""
    if x.dtype != np.float64 or not x.flags.c_contiguous:
        layout = "C-contiguous" if x.flags.c_contiguous else "strided"
        raise ValueError(f"kernels take C-contiguous float64 arrays, not {layout} {x.dtype}")
