"""Number-theoretic transforms: the tree of nodes and the table of roots that walks it.

The transform of a polynomial modulo X**n - 1 goes down a binary tree. A node holds a polynomial modulo
X**L - c and hands its remainders modulo X**(L/2) - w and X**(L/2) + w, w**2 = c, to its two children::

                      X^8 - 1                        level 0: node 0,      w = roots[0] = 1
             X^4 - 1          X^4 + 1                level 1: nodes 0, 1   w = roots[0], roots[1]
         X^2-1    X^2+1    X^2-I    X^2+I            level 2: nodes 0..3   w = roots[0], ..., roots[3]

Node j of every level splits at the same root, ``roots[j]``: one table serves all levels and all lengths.
With e(t) = g**((p-1) t) for a fraction t, g a generator,

    roots[0] = 1,   roots[2**k + i] = roots[i] * e(2**-(k+2))   for i < 2**k,

the powers in bit-reversed order. So no step of a transform ever reverses bits: the forward transform leaves
its values in the order of the leaves, the inverse goes up from there.

Two identities spare tables: roots[2**k * j + i] = roots[2**k * j] * roots[i] for i < 2**k, and the *mirror*:
the inverse of roots[2**k + i] is -roots[2**(k+1) - 1 - i].

Source: D. Harvey, "Faster arithmetic for number-theoretic transforms", J. Symb. Comp. 60 (2014);
the order of nodes as in FLINT's fft_small (D. Schultz).
"""

from __future__ import annotations

import numpy as np

from fastmul.bounds.primes import GENERATORS, balanced


def root_of_unity(p: int, order: int) -> int:
    """A primitive root of unity of the given order (a power of two) modulo p, balanced.

    Roots of different orders fit together: the square of that of order 2n is that of order n.

    Raises
    ------
    ValueError : p has no such root.
    """
    if (p - 1) % order:
        raise ValueError(f"root_of_unity(p={p}, order={order}): the order must divide p - 1")
    return balanced(pow(_generator(p), (p - 1) // order, p), p)


def _generator(p: int) -> int:
    """An element whose powers reach every root of unity of order 2**k: a non-square suffices."""
    if p in GENERATORS:
        return GENERATORS[p]
    return next(g for g in range(2, p) if pow(g, (p - 1) // 2, p) == p - 1)


def root_table(p: int, size: int) -> np.ndarray:
    """The first `size` roots in bit-reversed order, as balanced float64 residues.

    A transform of length n needs size n/2. Plain Python integers: for large tables see
    `fastmul.kernels.cpu.ntt_tables`.
    """
    roots = [1]
    level = 0
    while len(roots) < size:
        step = root_of_unity(p, 4 << level)
        roots += [root * step % p for root in roots]
        level += 1
    return np.array([balanced(root, p) for root in roots[:size]], np.float64)
