"""Matrix product modulo 998244353: https://judge.yosupo.jp/problem/matrix_product

Input: N, M, K, then the N x M matrix A, then the M x K matrix B. Output: A B mod P, N lines.

With A = 2^15 H + L every entry of H B and L B is below M 2^15 2^30 <= 2^55: two exact int64 products, and the
remainders of what they give.
"""

import numpy as np

import fastmul
from fastmul.io import read_ints, write_ints

P = 998244353
HALF = 1 << 15


def product(a, b):
    """(n, m), (m, k) int64 arrays in [0, P), m <= 2^18 -> (n, k) array."""
    high, low = np.divmod(a, HALF)
    return (fastmul.matmul(high, b) % P * HALF + fastmul.matmul(low, b)) % P


def main():
    numbers = read_ints()
    n, m, k = numbers[:3]
    a, b = np.split(numbers[3:], [n * m])
    write_ints(product(a.reshape(n, m), b.reshape(m, k)))


if __name__ == "__main__":
    main()
