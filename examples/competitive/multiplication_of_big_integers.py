"""Products of big integers: https://judge.yosupo.jp/problem/multiplication_of_big_integers

Input: T, then T lines of two integers, together at most 4 000 002 characters. Output: the T products.

`from_str` and `to_str` turn digits into numbers and back, `fastmul.mul` multiplies: small numbers as GMP does, large
ones by transforms.
"""

import sys

from gmpy2 import mpz

import fastmul
from fastmul.integers import from_str, to_str


def products(words):
    """The product of each two neighbours, as decimal text."""
    factors = (from_str(word, kind=mpz) for word in words)
    for a, b in zip(factors, factors, strict=True):
        yield to_str(fastmul.mul(a, b))


def main():
    count, *words = sys.stdin.read().split()
    print("\n".join(products(words[: 2 * int(count)])))


if __name__ == "__main__":
    main()
