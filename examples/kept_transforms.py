"""Kept transforms: one long number times many, a sum of products, and a product that wraps around."""

import itertools
import random
import sys
from time import perf_counter

import gmpy2

import fastmul
from fastmul import integers

n_bits = int(sys.argv[1]) if len(sys.argv) > 1 else 1 << 22
rng = random.Random(1)
a, *others = (gmpy2.mpz(rng.getrandbits(n_bits)) for _ in range(6))
fastmul.set_threads(1)


def seconds(compute):
    """The result, and the least time of three."""
    times = []
    for _ in range(3):
        start = perf_counter()
        result = compute()
        times.append(perf_counter() - start)
    return result, min(times)


def folded(product):
    """Modulo 2^n_bits - 1, the quick way: what lies above bit n_bits is added at the bottom."""
    modulus = gmpy2.bit_mask(n_bits)
    total = (product & modulus) + (product >> n_bits)
    return total - modulus if total >= modulus else total


x = integers.Integer(a)  # keeps its transform from the first product on
kept_others = [integers.Integer(b) for b in others]
pairs = list(itertools.pairwise(others))
rows = {
    "a * b for five b": (
        lambda: [fastmul.mul(a, b) for b in others],
        lambda: [(x * b).mpz for b in others],
    ),
    "the same, every b an Integer too": (
        lambda: [fastmul.mul(a, b) for b in others],
        lambda: [(x * b).mpz for b in kept_others],
    ),
    "b0*b1 + b1*b2 + b2*b3 + b3*b4": (
        lambda: sum(fastmul.mul(b, c) for b, c in pairs),
        lambda: integers.sum_of_products(pairs),
    ),
    f"a * b modulo 2^{n_bits} - 1": (
        lambda: folded(fastmul.mul(a, others[0])),
        lambda: integers.cyclic_mul(a, others[0], n_bits),
    ),
}
print(f"numbers of {n_bits:,} bits")
for name, (plain, reused) in rows.items():
    (expected, before), (result, after) = seconds(plain), seconds(reused)
    assert result == expected
    print(f"{name:<36}{1e3 * before:9.2f} ms, reused {1e3 * after:9.2f} ms: {before / after:.2f}x")
print("every result is the same number")
