"""Number-theoretic transforms over rows of float64 residues: the contract of every device, in plain Python.

x and y are C-contiguous float64 arrays (batch, n) of integers, |x| <= p/2, n a power of two of at least 64;
they are transformed in place, row by row. `roots` is the bit-reversed root table of `fastmul.transforms.ntt`,
at least n/2 long. Values come out in the order of the tree's leaves, and `inverse` takes them in that order.

Here every output is balanced, |x| <= (p-1)/2. Other devices may leave |x| <= p, which `multiply` and
`inverse` of theirs accept.
"""

from __future__ import annotations

import numpy as np

from fastmul.bounds.primes import balanced


def forward(x: np.ndarray, p: int, roots: np.ndarray) -> None:
    """Each row: the coefficients of a polynomial become its values at the roots of X**n = 1."""
    for row in x:
        values = [int(v) for v in row]
        length, nodes = len(values), 1
        while length > 1:
            half = length // 2
            for node in range(nodes):
                w, start = int(roots[node]), node * length
                for i in range(start, start + half):
                    a, b = values[i], w * values[i + half]
                    values[i], values[i + half] = (a + b) % p, (a - b) % p
            length, nodes = half, 2 * nodes
        row[:] = [balanced(v, p) for v in values]


def inverse(x: np.ndarray, p: int, roots: np.ndarray) -> None:
    """Each row: values become coefficients times n. The factor 1/n is the caller's, to fold where it is free."""
    for row in x:
        values = [int(v) for v in row]
        half, nodes = 1, len(values) // 2
        while nodes:
            for node in range(nodes):
                w, start = int(inverse_root(roots, node)), node * 2 * half
                for i in range(start, start + half):
                    a, b = values[i], values[i + half]
                    values[i], values[i + half] = (a + b) % p, (a - b) * w % p
            half, nodes = 2 * half, nodes // 2
        row[:] = [balanced(v, p) for v in values]


def multiply(x: np.ndarray, y: np.ndarray, p: int) -> None:
    """x = x * y modulo p, element by element. y may be x."""
    for row, other in zip(x, y, strict=True):
        row[:] = [balanced(int(u) * int(v), p) for u, v in zip(row, other, strict=True)]


def inverse_root(roots: np.ndarray, j: int) -> float:
    """The inverse of roots[j], read from the same table: the mirror identity.

    >>> roots = np.array([1.0, 16.0])  # modulo 257: 16 * 16 == -1
    >>> inverse_root(roots, 1)
    -16.0
    """
    if j == 0:
        return float(roots[0])
    octave = 1 << (j.bit_length() - 1)  # j = octave + i
    return -float(roots[3 * octave - 1 - j])
