"""Number-theoretic transforms over rows of float64 residues, on the CPU: the contract of `kernels.reference.ntt`.

Outputs are lazily reduced, |x| < 0.51 p. `inverse` includes no factor 1/n.

Products of integers do not come this way: `ntt_product` fuses the passes with what comes before and after.
"""

from __future__ import annotations

import numpy as np
from numba import void

from fastmul.kernels.cpu.ntt_arithmetic import mulmod2, reduce
from fastmul.kernels.cpu.ntt_nodes import join_node, split_node
from fastmul.kernels.cpu.ntt_passes import (
    LEAF,
    ROW,
    TABLE,
    join_leaves,
    load8,
    split_leaves,
    store8,
    transposed,
)
from fastmul.kernels.cpu.ntt_tables import pack
from fastmul.kernels.cpu.vectors import load, splat, store
from fastmul.kernels.reference.ntt import inverse_root
from fastmul.runtime.jit import kernel


def forward(x: np.ndarray, p: int, roots: np.ndarray) -> None:
    """Each row: the coefficients of a polynomial become its values at the roots of X**n = 1."""
    packed = _packed(roots, x.shape[1])
    for row in x:
        forward_row(row, np.empty(2 * LEAF), roots, packed, _modulus(p))


def inverse(x: np.ndarray, p: int, roots: np.ndarray) -> None:
    """Each row: values become coefficients times n. The factor 1/n is the caller's, to fold where it is free."""
    n = x.shape[1]
    inverses = np.array([inverse_root(roots, j) for j in range(n // 2)])
    packed = _packed(inverses, n)
    for row in x:
        inverse_row(row, np.empty(2 * LEAF), inverses, packed, _modulus(p))


def multiply(x: np.ndarray, y: np.ndarray, p: int) -> None:
    """x = x * y modulo p, element by element. y may be x."""
    multiply_flat(x.reshape(-1), y.reshape(-1), _modulus(p))


def _modulus(p: int) -> np.ndarray:
    return np.array([p, 1.0 / p])


def _packed(roots: np.ndarray, n: int) -> np.ndarray:
    """The lanes' roots of n points; leaves come in pairs, and a lone one has a partner that is all zeros."""
    leaves = max(n // LEAF, 2)
    padded = np.zeros(32 * leaves)
    padded[: n // 2] = roots[: n // 2]
    return pack(padded, leaves)


# A leaf leaves its values transposed (value 8 k + s at 8 s + k); here they are put in the order of the tree.


@kernel(void(ROW, ROW, TABLE, TABLE, TABLE))
def forward_row(x, pair, roots, packed, modulus):
    p, pinv = splat(modulus[0]), splat(modulus[1])
    n = x.size
    if n == LEAF:
        pair[:LEAF], pair[LEAF:] = x, 0.0
        split_leaves(pair, 0, 0, 0, 2, roots, packed, modulus)
        x[:] = pair[:LEAF]
    else:
        split_node(x, 0, n, 0, 0, roots, packed, modulus)
    for i in range(0, n, LEAF):
        store8(x, i, 8, transposed(load8(x, i, 8)))
    for i in range(0, n, 8):
        store(x, i, reduce(load(x, i), p, pinv))


@kernel(void(ROW, ROW, TABLE, TABLE, TABLE))
def inverse_row(x, pair, roots, packed, modulus):
    p, pinv = splat(modulus[0]), splat(modulus[1])
    n = x.size
    for i in range(0, n, LEAF):
        store8(x, i, 8, transposed(load8(x, i, 8)))
    if n == LEAF:
        pair[:LEAF], pair[LEAF:] = x, 0.0
        join_leaves(pair, 0, 0, 0, 2, roots, packed, modulus)
        x[:] = pair[:LEAF]
    else:
        join_node(x, 0, n, 0, 0, roots, packed, modulus)
    for i in range(0, n, 8):
        store(x, i, reduce(load(x, i), p, pinv))


@kernel(void(ROW, ROW, TABLE))
def multiply_flat(x, y, modulus):
    p, pinv = splat(modulus[0]), splat(modulus[1])
    for i in range(0, x.size, 16):
        a, b = reduce(load(x, i), p, pinv), reduce(load(x, i + 8), p, pinv)
        a, b = mulmod2(load(y, i), load(y, i + 8), a, b, p, pinv)
        store(x, i, reduce(a, p, pinv))
        store(x, i + 8, reduce(b, p, pinv))
