"""What a gmpy2 user would write for trees: the peers of `fastmul.integers.prod`, `remainders`, `crt`, and of pi."""

from __future__ import annotations

from typing import Any

import gmpy2

mpz = gmpy2.mpz

# ---------------------------------------------------------------- products, remainders


def levels(factors: list[Any]) -> list[list[Any]]:
    """The levels of the product tree, the factors first, their product last."""
    made = [list(factors)]
    while len(made[-1]) > 1:
        below = made[-1]
        above = [x * y for x, y in zip(below[::2], below[1::2], strict=False)]
        made.append(above + below[len(below) & ~1 :])
    return made


def prod(factors: list[Any]) -> Any:
    return levels(factors)[-1][0]


def remainders(x: Any, moduli: list[Any]) -> list[Any]:
    return remainders_down(x, levels(moduli))


def remainders_down(x: Any, tree: list[list[Any]]) -> list[Any]:
    rests = [x]
    for level in reversed(tree):
        rests = (
            [rests[i // 2] % m for i, m in enumerate(level)] if len(level) > 1 else [x % level[0]]
        )
    return rests


def crt(residues: list[Any], moduli: list[Any]) -> tuple[Any, Any]:
    """For coprime moduli: weights from the product modulo the squares, then sums up the tree."""
    tree = levels(moduli)
    product = tree[-1][0]
    rests = remainders_down(product, [[m * m for m in level] for level in tree])
    sums = [
        r * gmpy2.invert(rest // m, m) % m
        for r, rest, m in zip(residues, rests, moduli, strict=True)
    ]
    for level in tree[:-1]:
        pairs = zip(sums[::2], sums[1::2], level[::2], level[1::2], strict=False)
        sums = [a * n + b * m for a, b, m, n in pairs] + sums[len(sums) & ~1 :]
    return sums[0] % product, product


def batch_gcd(moduli: list[Any]) -> list[Any]:
    tree = levels(moduli)
    rests = remainders_down(tree[-1][0], [[m * m for m in level] for level in tree])
    return [gmpy2.gcd(n, rest // n) for n, rest in zip(moduli, rests, strict=True)]


# ---------------------------------------------------------------- pi

A, B, C = 13591409, 545140134, 640320**3 // 24
GUARD = 10


def pi_digits(n: int) -> str:
    """The 3 and n more digits of pi by Chudnovsky's series, binary splitting and gmpy2 alone."""
    _, q, t = _sum_terms(0, int((n + GUARD) / 14.181647) + 1)
    root = gmpy2.isqrt(10005 * mpz(10) ** (2 * (n + GUARD)))
    return (426880 * q * root // (t + A * q)).digits()[:-GUARD]


def _sum_terms(a: int, b: int) -> tuple[Any, Any, Any]:
    if b - a == 1:
        p = mpz((2 * b - 1) * (6 * b - 5) * (6 * b - 1))
        return p, mpz(C * b**3), (A + B * b) * (p if b % 2 == 0 else -p)
    middle = (a + b) // 2
    p1, q1, t1 = _sum_terms(a, middle)
    p2, q2, t2 = _sum_terms(middle, b)
    return p1 * p2, q1 * q2, t1 * q2 + p1 * t2
