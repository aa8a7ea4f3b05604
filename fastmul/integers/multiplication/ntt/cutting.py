"""Long products from shorter ones: which operands are cut, and into what."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from fastmul.bounds.crt import max_terms
from fastmul.bounds.narrow_digits import DIGIT_BITS, MAX_POINTS
from fastmul.integers.multiplication.ntt import kept
from fastmul.integers.multiplication.ntt.digits import multiply_in_digits
from fastmul.integers.multiplication.ntt.rings import (
    MAX_CHILDREN,
    MIN_CHILDREN,
    MIN_KEPT_BLOCK,
    Ring,
)
from fastmul.integers.multiplication.ntt.workspace import Workspace, multiply_once
from fastmul.planning import memory
from fastmul.runtime import scratch

LIMB_BITS = 64
#: Operands whose lengths differ by less than this factor are not cut.
MIN_RATIO = 2
#: The work of entering, leaving and carrying, in levels of a transform; what a cut must win to be worth it.
_CARRY_LEVELS, _GAIN = 6.0, 0.97


def multiply(a: np.ndarray, b: np.ndarray, out: np.ndarray, threads: int) -> None:
    """out = a * b, in one transform or in pieces."""
    square = a is b
    if a.size < b.size:
        a, b = b, a
    if not b.size:
        out[:] = 0
    elif b.size > max_terms():
        if out.size * LIMB_BITS <= MAX_POINTS * DIGIT_BITS - LIMB_BITS:
            multiply_in_digits(a, b, out, threads)
        else:
            _halve(a, b, out, threads)
    elif a.size < MIN_RATIO * b.size and out.size <= MAX_POINTS:
        multiply_once(Ring.of(out.size), a, b, out, square, threads)
    else:
        piece = piece_limbs(a.size, b.size)
        if piece < a.size:
            _cut_long(a, b, out, piece, threads)
        else:
            multiply_once(Ring.of(out.size), a, b, out, square, threads)


@lru_cache(maxsize=1024)
def piece_limbs(long: int, short: int) -> int:
    """Into pieces of how many limbs the longer operand is cut; `long` if it is not.

    A piece costs two transforms where the whole costs three, but each carries `short` limbs of overlap.
    """

    def cost(ring: Ring, pieces: int, transforms_each: int) -> float:
        levels = float(ring.full_points.bit_length() - 1)
        return (
            ring.points
            * (pieces * transforms_each + (1 if pieces > 1 else 0))
            * (levels + _CARRY_LEVELS)
        )

    best, best_cost = long, float("inf")
    if long + short <= MAX_POINTS:
        best_cost = cost(Ring.of(long + short), 1, 3)
    block = MIN_KEPT_BLOCK
    while block * MAX_CHILDREN <= MAX_POINTS:
        for children in range(MIN_CHILDREN + 1, MAX_CHILDREN + 1):
            room = block * children - short
            if room <= 0:
                continue
            pieces = -(-long // room)
            if pieces > 1:
                this = cost(Ring(block, children), pieces, 2)
                if this < _GAIN * best_cost:
                    best, best_cost = room, this
        block *= 2
    return best


def _cut_long(a: np.ndarray, b: np.ndarray, out: np.ndarray, piece: int, threads: int) -> None:
    """Piece by piece of a, against the kept transform of b; the overlaps are added."""
    from fastmul.kernels.cpu.ntt_product import add_limbs

    ring = Ring.of(piece + b.size, MIN_KEPT_BLOCK)
    workspace = Workspace(ring, 0, threads)
    size = 8 * (piece + b.size)
    out[:] = 0
    with (
        kept.borrowed(ring, b, threads) as values,
        scratch.lease(workspace.n_bytes) as raw,
        scratch.lease(size) as raw_part,
    ):
        part = raw_part[:size].view(np.uint64)
        for start in range(0, a.size, piece):
            now = a[start : start + piece]
            product = part[: now.size + b.size]
            workspace.multiply(raw, now, b, product, kept=values.array)
            add_limbs(out, start, product)


def _halve(a: np.ndarray, b: np.ndarray, out: np.ndarray, threads: int) -> None:
    """The longer operand in two halves: products that no transform holds."""
    from fastmul.kernels.cpu.ntt_product import add_limbs

    middle = -(-a.size // 2)
    memory.require(8 * (middle + b.size), f"ntt product of {a.size} x {b.size} limbs")
    part = np.empty(a.size - middle + b.size, np.uint64)
    multiply(a[middle:], b, part, threads)
    multiply(a[:middle], b, out[: middle + b.size], threads)
    out[middle + b.size :] = 0
    add_limbs(out, middle, part)
