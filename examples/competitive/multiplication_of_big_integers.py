"""Products of big integers: https://judge.yosupo.jp/problem/multiplication_of_big_integers

Input: T, then T lines of two integers, together at most 4 000 002 characters. Output: the T products.

GMP turns digits into numbers and back; `fastmul.mul` multiplies: small numbers by GMP too, large ones by
number-theoretic transforms.
"""

import sys

from gmpy2 import mpz

import fastmul


def products(words):
    """The product of each two neighbours, as decimal text."""
    factors = map(mpz, words)
    for a, b in zip(factors, factors, strict=True):
        yield str(fastmul.mul(a, b))


def main():
    count, *words = sys.stdin.read().split()
    print("\n".join(products(words[: 2 * int(count)])))


if __name__ == "__main__":
    main()
