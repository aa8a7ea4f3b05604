"""Building the tables of roots that the passes read (`fastmul.transforms.ntt` says what they hold)."""

from __future__ import annotations

import numpy as np
from numba import float64, int64, void

from fastmul.kernels.cpu.ntt_arithmetic import mulmod, mulmod2, reduce
from fastmul.kernels.cpu.ntt_passes import LEAF_ROOTS, PACKED, ROW, TABLE
from fastmul.kernels.cpu.vectors import load, splat, store
from fastmul.runtime.jit import kernel


@kernel(void(ROW, int64, float64, TABLE))
def extend(roots, count, step, modulus):
    """roots[count : 2 count] = roots[:count] * step, balanced; count is a multiple of 8."""
    p, pinv, w = splat(modulus[0]), splat(modulus[1]), splat(step)
    for i in range(0, count, 8):
        store(roots, count + i, reduce(mulmod(load(roots, i), w, p, pinv), p, pinv))


def pack(roots: np.ndarray, leaves: int) -> np.ndarray:
    """The roots of the lanes of leaves 0..leaves-1, as `ntt_passes` wants them; needs 32 * leaves roots."""
    packed = np.empty((leaves, LEAF_ROOTS, 8))
    nodes = 8 * leaves
    column = 0
    for width in (1, 2, 4):
        octave = roots[: nodes * width].reshape(leaves, 8, width)
        for i in range(width):
            packed[:, column] = octave[:, :, i]
            column += 1
    return packed.reshape(-1)


@kernel(void(TABLE, ROW, int64, float64, float64, float64, TABLE))
def turn(packed, turned, leaves, factor1, factor2, factor4, modulus):
    """The lanes' roots of leaves k*leaves..., from those of leaf 0 on: roots[2^m k + i] = roots[2^m k] roots[i].

    The factors are roots[8 leaves k], roots[16 leaves k] and roots[32 leaves k].
    """
    p, pinv = splat(modulus[0]), splat(modulus[1])
    w, v, u = splat(factor1), splat(factor2), splat(factor4)
    for i in range(0, leaves * PACKED, PACKED):
        a = mulmod(load(packed, i), w, p, pinv)
        b, c = mulmod2(load(packed, i + 8), load(packed, i + 16), v, v, p, pinv)
        d, e = mulmod2(load(packed, i + 24), load(packed, i + 32), u, u, p, pinv)
        f, g = mulmod2(load(packed, i + 40), load(packed, i + 48), u, u, p, pinv)
        store(turned, i, reduce(a, p, pinv))
        store(turned, i + 8, reduce(b, p, pinv))
        store(turned, i + 16, reduce(c, p, pinv))
        store(turned, i + 24, reduce(d, p, pinv))
        store(turned, i + 32, reduce(e, p, pinv))
        store(turned, i + 40, reduce(f, p, pinv))
        store(turned, i + 48, reduce(g, p, pinv))
