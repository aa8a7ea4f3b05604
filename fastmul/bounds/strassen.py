"""What Winograd's form of Strassen's algorithm does to magnitudes and to rounding errors.

Over the integers modulo 2^bits nothing: it uses +, - and * only, which commute with reduction modulo 2^bits.
"""

from __future__ import annotations

#: S4 = A12 - A21 - A22 + A11 and T4 = B22 - B12 + B11 - B21 sum four blocks: four times the magnitude a level.
OPERAND_GROWTH = 4


def operand_growth(levels: int) -> int:
    """How much larger than the largest |entry| the entries of the multiplied operands can be.

    >>> operand_growth(2)
    16
    """
    return OPERAND_GROWTH**levels


def max_norm_error(n: int, levels: int, unit_roundoff: float) -> float:
    """E with max|C - fl(C)| <= E * max|A| * max|B| to first order, for n x n floats and classical leaves.

    Higham, Accuracy and Stability of Numerical Algorithms, 2nd ed., Theorem 23.3: with leaves of size n0,
    E = (18^levels (n0^2 + 6 n0) - 6 n) u. It bounds the *norm* of the error, not each entry's: small entries of C
    beside large ones lose their digits. Hence floats take this algorithm only when asked.

    >>> max_norm_error(1024, 0, 2.0**-53) == 1024**2 * 2.0**-53
    True
    """
    leaf = n / 2**levels
    return (18.0**levels * (leaf**2 + 6 * leaf) - 6 * n) * unit_roundoff


def workspace_entries(m: int, k: int, n: int, levels: int) -> int:
    """Entries of the two temporaries of every level: X (m/2 x max(k, n)/2) and Y (k/2 x n/2), then a quarter each.

    At most (m max(k, n) + k n) / 3.

    >>> workspace_entries(8, 8, 8, 1), workspace_entries(8, 8, 8, 3)
    (32, 42)
    """
    total = 0
    for _ in range(levels):
        m, k, n = m // 2, k // 2, n // 2
        total += m * max(k, n) + k * n
    return total
