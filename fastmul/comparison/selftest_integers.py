"""Checks of what is built on products of integers: division, arithmetic modulo one number, digits, kept transforms."""

from __future__ import annotations

import random
from collections.abc import Iterator
from itertools import product
from typing import Any

from fastmul.comparison.operands import adversarial_integer, any_size
from fastmul.exceptions import FastmulError

#: Long enough for transforms that wrap; GMP, the oracle, divides that in a few milliseconds.
LARGEST_BITS = 1 << 20
#: Powers and chains take this many steps at most.
LARGEST_EXPONENT = 40
BASES = (3, 7, 10, 12, 36)


def division(rng: random.Random) -> Iterator[tuple[str, str | None]]:
    """One dividend and divisor of any signs through every row, and a root."""
    import gmpy2

    from fastmul import integers
    from fastmul.integers.division import DIVMOD

    a, b = _numbers(rng, LARGEST_BITS, LARGEST_BITS // 2)
    b = b or gmpy2.mpz(1)
    truth = gmpy2.f_divmod(a, b)
    sizes = f"{a.bit_length()} by {b.bit_length()} bits"
    for name in ("auto", *DIVMOD.names):
        found = integers.divmod(a, b, algorithm=name, threads=rng.choice((1, 2)))
        yield f"divmod {name}", None if found == truth else sizes
    found = integers.isqrt_rem(abs(a))
    yield "isqrt_rem", None if found == gmpy2.isqrt_rem(abs(a)) else f"{a.bit_length()} bits"


def modular(rng: random.Random) -> Iterator[tuple[str, str | None]]:
    """Products and powers modulo numbers of every shape, in every form for it; products that wrap."""
    import gmpy2

    from fastmul import integers
    from fastmul.integers.modulus.table import MODULUS

    a, b = _numbers(rng, LARGEST_BITS // 8, LARGEST_BITS // 8)
    n = max(2, 64 * any_size(LARGEST_BITS // 512, rng) + rng.choice((0, 64, rng.randrange(64))))
    mersenne, fermat = (gmpy2.mpz(1) << n) - 1, (gmpy2.mpz(1) << n) + 1
    for name, m in (("cyclic_mul", mersenne), ("negacyclic_mul", fermat)):
        found = getattr(integers, name)(a, b, n)
        yield name, None if found == a * b % m else f"n = {n}"
    e = rng.randrange(1, LARGEST_EXPONENT)
    for m, name in product((mersenne, fermat, abs(b) + 1), ("auto", *MODULUS.names)):
        try:
            modulus = integers.Modulus(m, algorithm=name)
        except FastmulError:
            continue  # not for numbers of this shape
        right = modulus.mul(a, b) == a * b % m and modulus.pow(a, e) == gmpy2.powmod(a, e, m)
        yield f"Modulus {name}", None if right else f"{m.bit_length()} bits, exponent {e}"


def digits(rng: random.Random) -> Iterator[tuple[str, str | None]]:
    """A number to text and back."""
    from fastmul import integers

    (x,) = _numbers(rng, LARGEST_BITS)
    base = rng.choice(BASES)
    text = x.digits(base)
    where = f"{x.bit_length()} bits, base {base}"
    yield "to_str", None if integers.to_str(x, base) == text else where
    yield "from_str", None if integers.from_str(text, base) == x else where


def kept_transforms(rng: random.Random) -> Iterator[tuple[str, str | None]]:
    """Products by one number that keeps its transform, and their sum before one inverse transform."""
    from fastmul import integers

    a, b, c = _numbers(rng, *3 * (LARGEST_BITS // 2,))
    x = integers.Integer(a)
    where = " and ".join(str(y.bit_length()) for y in (a, b, c)) + " bits"
    yield "Integer", None if (x * b).mpz == a * b and (x * c).mpz == a * c else where
    found = integers.sum_of_products([(x, b), (x, c), (b, c)])
    yield "sum_of_products", None if found == a * b + a * c + b * c else where


def _numbers(rng: random.Random, *largest: int) -> list[Any]:
    import gmpy2

    return [
        rng.choice((1, -1)) * gmpy2.mpz(adversarial_integer(any_size(bits, rng), rng))
        for bits in largest
    ]
