"""Convolution modulo 998244353: https://judge.yosupo.jp/problem/convolution_mod

Input: n, m, then a_0 .. a_(n-1), then b_0 .. b_(m-1). Output: c_0 .. c_(n+m-2), c_i = sum a_j b_(i-j) mod P.

Kronecker substitution: write every coefficient into a slot of 80 bits and multiply the two numbers. A slot of
the product holds c_i < min(n, m) P^2 < 2^19 2^60 < 2^80 exactly, so no carry leaves it. One integer product of
42 million bits by 42 million bits replaces the convolution.
"""

import numpy as np

from fastmul.integers import mul_limbs
from fastmul.io import read_ints, write_ints

P = 998244353
SLOT, LIMB = 10, 8  # bytes


def convolve(a, b):
    """(n,), (m,) int64 arrays in [0, P) -> (n + m - 1,) array."""
    product = mul_limbs(spread(a), spread(b)).view(np.uint8)
    slots = product[: (a.size + b.size - 1) * SLOT].reshape(-1, SLOT)
    low, high = slots[:, :LIMB].copy().view("<u8"), slots[:, LIMB:].copy().view("<u2")
    return ((low % P + high * np.uint64(2**64 % P)) % P).ravel()


def spread(coefficients):
    """The limbs of sum c_i 2^(80 i)."""
    n_limbs = -(-coefficients.size * SLOT // LIMB)
    number = np.zeros(n_limbs * LIMB, np.uint8)
    slots = number[: coefficients.size * SLOT].reshape(-1, SLOT)
    slots[:, :LIMB] = coefficients.astype("<u8").view(np.uint8).reshape(-1, LIMB)
    return number.view(np.uint64)


def main():
    numbers = read_ints()
    n, m = numbers[:2]
    write_ints(convolve(numbers[2 : 2 + n], numbers[2 + n : 2 + n + m]))


if __name__ == "__main__":
    main()
