"""Matrices that elimination finds hard, and FLINT's view of them."""

import random

import flint
import numpy as np


def residues(m, n, p, seed=0, rank=None):
    """A random (m, n) object array of residues, of at most the given rank."""
    rng = random.Random(f"{m} {n} {p} {seed}")

    def full(rows, columns):
        entries = [rng.randrange(p) for _ in range(rows * columns)]
        return np.array(entries, object).reshape(rows, columns)

    if rank is None:
        return full(m, n)
    return full(m, rank) @ full(rank, n) % p


def integers(m, n, bits, seed=0):
    """A random (m, n) object array of integers of both signs."""
    rng = random.Random(f"{m} {n} {bits} {seed}")
    entries = [rng.getrandbits(bits) - (1 << bits >> 1) for _ in range(m * n)]
    return np.array(entries, object).reshape(m, n)


def nmod(a, p):
    return flint.nmod_mat(*a.shape, [int(x) for x in a.ravel()], p)


def fmpz(a):
    return flint.fmpz_mat(*a.shape, [int(x) for x in a.ravel()])


def listed(matrix, shape):
    """A FLINT matrix as an object array of ints."""
    return np.array([int(x) for x in matrix.entries()], object).reshape(shape)
