"""Big-integer operations beside GMP's, Python's and the time of a product of ours.

    python benchmarks/integer_operations.py [--only WORD ...] [--large] [--publish]

A line (`ratios.Line`) is a claim: two calls of equal results, which is checked unless the peer is "itself ...". They
take turns in one process, warmed, on random operands; the least time of each counts. One thread, unless the line says
otherwise. --large adds what takes minutes; --publish writes docs/measured/integer-operations.md, where lines that were
not measured keep their rows.

A topic is a function that yields its lines; TOPICS lists them in the order of docs/integers.md.
"""

from __future__ import annotations

import argparse
import math
import random
import runpy
import sys
from collections.abc import Callable, Iterator
from typing import Any

import gmp_trees
import gmpy2
import numpy as np
from ratios import HEADER, ROOT, Call, Line, caption, measure, name_of, replace_rows, row

import fastmul
from fastmul import integers
from fastmul.comparison.machine import unfairness

COMMAND = "python benchmarks/integer_operations.py --publish"
PAGE = ROOT / "docs/measured/integer-operations.md"


def number(bits: int, seed: int = 0) -> Any:
    """A random mpz of exactly so many bits."""
    return gmpy2.mpz(random.Random(f"{bits} {seed}").getrandbits(bits) | 1 << (bits - 1))


# ---------------------------------------------------------------- transforms used again, and wrapped products


def _kept_operand(bits: int) -> tuple[Call, Call]:
    a, b = number(bits), number(bits, 1)
    x = integers.Integer(a)
    return (lambda: fastmul.mul(a, b)), (lambda: (x * b).mpz)


def _kept_operands(bits: int) -> tuple[Call, Call]:
    a, b = number(bits), number(bits, 1)
    x, y = integers.Integer(a), integers.Integer(b)
    return (lambda: fastmul.mul(a, b)), (lambda: (x * y).mpz)


def _sums(bits: int, count: int) -> tuple[Call, Call]:
    pairs = [(number(bits, 2 * i), -number(bits, 2 * i + 1)) for i in range(count)]
    return (
        lambda: sum(fastmul.mul(a, b) for a, b in pairs),
        lambda: integers.sum_of_products(pairs),
    )


def _wrapped(function: str, bits: int, sign: int) -> tuple[Call, Call]:
    a, b, one = number(bits), number(bits, 1), gmpy2.mpz(1)
    ours, modulus = getattr(integers, function), (one << bits) + sign

    def folded() -> Any:
        product = fastmul.mul(a, b)
        return (gmpy2.f_mod_2exp(product, bits) - sign * (product >> bits)) % modulus

    return folded, (lambda: ours(a, b, bits))


def _unbalanced(bits: int, ratio: int) -> tuple[Call, Call]:
    a, b = number(bits), number(bits, 1)
    short = number(bits // ratio, 2)
    return (lambda: fastmul.mul(a, b)), (lambda: fastmul.mul(a, short))


def _long_product(bits: int) -> tuple[Call, Call]:
    a, b = number(bits), number(bits, 1)
    return (lambda: a * b), (lambda: fastmul.mul(a, b))


def reuse_lines() -> Iterator[Line]:
    product = "fastmul.mul"
    for bits in (18, 20, 22, 24, 26):
        aim = 1.3 if bits >= 20 else 1.0
        yield Line(f"a kept operand of 2^{bits} bits", product, aim,
                   lambda n=bits: _kept_operand(1 << n))  # fmt: skip
    for bits in (18, 20, 22, 24):
        yield Line(f"two kept operands of 2^{bits} bits", product, 1.6,
                   lambda n=bits: _kept_operands(1 << n))  # fmt: skip
    for bits, count, aim in ((20, 2, 0.95), (20, 8, 0.95), (23, 2, 0.95), (23, 8, 1.1)):
        yield Line(f"a sum of {count} products of 2^{bits} bits", product, aim,
                   lambda n=bits, k=count: _sums(1 << n, k))  # fmt: skip
    for bits, aim in ((16, 0.95), (18, 1.1), (20, 1.3), (21, 1.7), (22, 1.8), (24, 1.8)):
        yield Line(f"cyclic_mul, 2^{bits} bits", "fastmul.mul and a fold", aim,
                   lambda n=bits: _wrapped("cyclic_mul", 1 << n, -1))  # fmt: skip
        yield Line(f"negacyclic_mul, 2^{bits} bits", "fastmul.mul and a fold", aim,
                   lambda n=bits: _wrapped("negacyclic_mul", 1 << n, 1))  # fmt: skip
    for bits in (20, 22, 24):
        for ratio in (2, 10, 1000):
            yield Line(f"2^{bits} by 2^{bits} / {ratio} bits", f"itself: 2^{bits} by as many", 1 / 1.3,
                       lambda n=bits, r=ratio: _unbalanced(1 << n, r))  # fmt: skip
    for bits in (29, 30):
        yield Line(f"mul, 2^{bits} bits", "GMP, through gmpy2", 10.0,
                   lambda n=bits: _long_product(1 << n), True)  # fmt: skip


# ---------------------------------------------------------------- division and roots


def _divisions(function: str, dividend: int, divisor: int, kind: Any) -> tuple[Call, Call]:
    a, b = kind(number(dividend)), kind(number(divisor, 1))
    peer = divmod if kind is int else gmpy2.f_divmod
    if function == "divexact":
        a, peer = a * b, gmpy2.divexact
    ours = getattr(integers, function)
    return (lambda: peer(a, b)), (lambda: ours(a, b))


def _division_by_products(bits: int, function: str) -> tuple[Call, Call]:
    """A product of two numbers of so many bits, and a division whose quotient and divisor are as long."""
    x, y = number(bits), number(bits, 1)
    return (lambda: fastmul.mul(x, y)), _divisions(function, 2 * bits, bits, gmpy2.mpz)[1]


def _roots(function: str, bits: int, *degree: int) -> tuple[Call, Call]:
    x = number(bits)
    peer, ours = getattr(gmpy2, function), getattr(integers, function)
    return (lambda: peer(x, *degree)), (lambda: ours(x, *degree))


def _root_by_products(bits: int) -> tuple[Call, Call]:
    x, y = number(bits), number(bits, 1)
    return (lambda: fastmul.mul(x, y)), _roots("isqrt", 2 * bits)[1]


def division_lines() -> Iterator[Line]:
    gmp = "GMP, through gmpy2"
    for dividend, divisor, aim in (
        (13, 12, 0.95), (15, 14, 1.0), (17, 16, 1.0), (19, 18, 2.0), (21, 20, 3.0), (23, 22, 4.0), (25, 24, 4.0),
        (23, 19, 2.0), (24, 16, 1.0),
    ):  # fmt: skip
        yield Line(f"divmod, 2^{dividend} by 2^{divisor} bits", gmp, aim,
                   lambda m=dividend, n=divisor: _divisions("divmod", 1 << m, 1 << n, gmpy2.mpz))  # fmt: skip
    for divisor in (10, 12, 14, 17):
        yield Line(f"divmod of int, 2^{divisor + 1} by 2^{divisor} bits", "Python's divmod", 1.0,
                   lambda n=divisor: _divisions("divmod", 2 << n, 1 << n, int))  # fmt: skip
    yield Line("divmod, 2^23 by 2^22 bits", "itself: a product of 2^22 bits", 1 / 2.5,
               lambda: _division_by_products(1 << 22, "divmod"))  # fmt: skip
    for bits, aim in ((16, 1.0), (20, 3.0), (22, 4.0)):
        yield Line(f"divexact by 2^{bits} bits, quotient as long", gmp, aim,
                   lambda n=bits: _divisions("divexact", 1 << n, 1 << n, gmpy2.mpz))  # fmt: skip
    for bits, aim in ((14, 0.95), (17, 1.0), (20, 2.0), (23, 3.0)):
        yield Line(f"isqrt, 2^{bits} bits", gmp, aim, lambda n=bits: _roots("isqrt", 1 << n))
    yield Line("isqrt_rem, 2^23 bits", gmp, 3.0, lambda: _roots("isqrt_rem", 1 << 23))
    yield Line("isqrt, 2^23 bits", "itself: a product of 2^22 bits", 1 / 2.5,
               lambda: _root_by_products(1 << 22))  # fmt: skip
    for degree in (3, 7):
        yield Line(f"iroot({degree}), 2^22 bits", gmp, 2.0,
                   lambda k=degree: _roots("iroot", 1 << 22, k))  # fmt: skip


# ---------------------------------------------------------------- digits


def _digits_out(n_digits: int, base: int) -> tuple[Call, Call]:
    x = gmpy2.mpz(base) ** n_digits // 7 - number(64)
    return (lambda: x.digits(base)), (lambda: integers.to_str(x, base))


def _digits_in(n_digits: int, base: int) -> tuple[Call, Call]:
    text = integers.to_str(gmpy2.mpz(base) ** n_digits // 7 - number(64), base)
    return (
        lambda: gmpy2.mpz(text, base),
        lambda: integers.from_str(text, base, kind=gmpy2.mpz),
    )


def _digits_of_int(n_digits: int) -> tuple[Call, Call]:
    x = 10**n_digits // 7
    return (lambda: str(x)), (lambda: integers.to_str(x))


def radix_lines() -> Iterator[Line]:
    gmp = "GMP, through gmpy2"
    for n in (1_000, 30_000, 100_000, 10**6, 10**7):
        aim = 3.0 if n >= 10**6 else 0.9 if n < 10**5 else 1.0
        yield Line(f"to_str of {n} digits", gmp, aim, lambda n=n: _digits_out(n, 10))
        yield Line(f"from_str of {n} digits", gmp, aim, lambda n=n: _digits_in(n, 10))
    for base in (3, 36):
        yield Line(f"to_str of {10**6} digits in base {base}", gmp, 3.0,
                   lambda b=base: _digits_out(10**6, b))  # fmt: skip
        yield Line(f"from_str of {10**6} digits in base {base}", gmp, 3.0,
                   lambda b=base: _digits_in(10**6, b))  # fmt: skip
    yield Line("to_str of int, 500 digits", "str", 0.9, lambda: _digits_of_int(500))
    yield Line("to_str of int, 4000 digits", "str", 1.0, lambda: _digits_of_int(4000))


# ---------------------------------------------------------------- arithmetic modulo one number


def _powers(modulus_bits: int, exponent_bits: int) -> tuple[Call, Call]:
    a, e, m = number(modulus_bits - 1), number(exponent_bits, 1), number(modulus_bits) | 1
    return (lambda: gmpy2.powmod(a, e, m)), (lambda: integers.powmod(a, e, m))


def _modular_square(bits: int) -> tuple[Call, Call]:
    a, m = number(bits - 1), number(bits) | 1
    modulus = integers.Modulus(m)
    return (lambda: a * a % m), (lambda: modulus.square(a))


def _reduction_by_products(bits: int) -> tuple[Call, Call]:
    """A product of two numbers of so many bits, and a modular square: a square and its reduction."""
    x, y = number(bits), number(bits, 1)
    return (lambda: fastmul.mul(x, y)), _modular_square(bits)[1]


def _lucas_lehmer(p: int, steps: int) -> tuple[Call, Call]:
    modulus, start = integers.Modulus(gmpy2.mpz(2) ** p - 1), gmpy2.mpz(4)
    theirs = runpy.run_path(str(ROOT / "examples/lucas_lehmer.py"))["gmp_steps"]
    return (lambda: theirs(p, steps)), (lambda: modulus.squares(start, steps, -2))


def modular_lines() -> Iterator[Line]:
    gmp = "GMP, through gmpy2"
    for bits, exponent, aim in (
        (1 << 11, 1 << 11, 0.95), (1 << 14, 1 << 11, 0.95), (1 << 15, 1 << 11, 1.0), (1 << 16, 64, 1.5),
        (1 << 17, 64, 2.0), (5 << 15, 64, 2.0), (1 << 18, 64, 2.0), (1 << 19, 64, 2.0), (1 << 20, 64, 2.0),
    ):  # fmt: skip
        yield Line(f"powmod, {bits} bits, exponent of {exponent} bits", gmp, aim,
                   lambda n=bits, e=exponent: _powers(n, e))  # fmt: skip
    for bits in (1 << 14, 1 << 15):
        yield Line(f"powmod, {bits} bits, exponent as long", gmp, 0.95 if bits < 1 << 15 else 1.0,
                   lambda n=bits: _powers(n, n), True)  # fmt: skip
    yield Line(
        "square modulo 2^18 bits, by a kept Modulus", gmp, 3.0, lambda: _modular_square(1 << 18)
    )
    yield Line("square modulo 2^20 bits, by a kept Modulus", "itself: a product of 2^20 bits", 1 / 2.5,
               lambda: _reduction_by_products(1 << 20))  # fmt: skip
    for p, steps, aim in ((4423, 1000, 2.0), (9689, 1000, 4.0), (44497, 1000, 5.0), (216091, 200, 6.0),
                          (859433, 50, 6.0)):  # fmt: skip
        yield Line(f"{steps} Lucas-Lehmer steps of M{p}", "squares and folds of GMP", aim,
                   lambda p=p, n=steps: _lucas_lehmer(p, n))  # fmt: skip
    yield Line("M44497 is prime (examples/lucas_lehmer.py)", "squares and folds of GMP", 5.0,
               lambda: _lucas_lehmer(44497, 44495), True)  # fmt: skip


# ---------------------------------------------------------------- trees and sequences


def _of_one(function: str, peer: Callable[[int], Any], n: int, kind: Any) -> tuple[Call, Call]:
    ours, argument = getattr(integers, function), kind(n)
    return (lambda: peer(n)), (lambda: ours(argument))


def _binomials(n: int, k: int) -> tuple[Call, Call]:
    top = gmpy2.mpz(n)
    return (lambda: gmpy2.bincoef(n, k)), (lambda: integers.binomial(top, k))


def _products_of_words(count: int) -> tuple[Call, Call]:
    words = np.random.default_rng(1).integers(1, 2**63, count)
    factors = list(map(gmpy2.mpz, words.tolist()))
    return (lambda: gmp_trees.prod(factors)), (lambda: integers.prod(words))


def _moduli(count: int, bits: int) -> list[Any]:
    return [number(bits, seed) | 1 for seed in range(count)]


def _remainders(count: int, bits: int) -> tuple[Call, Call]:
    x, moduli = number(count * bits, -1), _moduli(count, bits)
    return (lambda: gmp_trees.remainders(x, moduli)), (lambda: integers.remainders(x, moduli))


def _remainders_of_kept_moduli(count: int, bits: int) -> tuple[Call, Call]:
    x, moduli = number(count * bits, -1), _moduli(count, bits)
    theirs, ours = gmp_trees.levels(moduli), integers.ModuliTree(moduli)
    return (lambda: gmp_trees.remainders_down(x, theirs)), (lambda: ours.remainders(x))


def _chinese_remainders(count: int) -> tuple[Call, Call]:
    moduli = [gmpy2.mpz(1)]
    for _ in range(count):
        moduli.append(gmpy2.next_prime(max(moduli[-1], 1 << 60)))
    residues = [number(60, int(m)) for m in moduli]
    return (lambda: gmp_trees.crt(residues, moduli)), (lambda: integers.crt(residues, moduli))


def _shared_primes(n_keys: int, bits: int) -> tuple[Call, Call]:
    """Keys with planted primes, pair by pair and by trees."""
    example = runpy.run_path(str(ROOT / "examples/batch_gcd.py"))
    moduli = example["make_keys"](n_keys, bits, random.Random(n_keys))
    return (lambda: example["pairwise_gcd"](moduli)), (lambda: example["batch_gcd"](moduli))


def _batch_gcds(count: int, bits: int) -> tuple[Call, Call]:
    ours = runpy.run_path(str(ROOT / "examples/batch_gcd.py"))["batch_gcd"]
    moduli = _moduli(count, bits)
    return (lambda: gmp_trees.batch_gcd(moduli)), (lambda: ours(moduli))


def _digits_of_pi(n: int) -> tuple[Call, Call]:
    ours = runpy.run_path(str(ROOT / "examples/pi.py"))["pi_digits"]
    return (lambda: gmp_trees.pi_digits(n)), (lambda: ours(n))


def tree_lines() -> Iterator[Line]:
    gmp, tree = "GMP, through gmpy2", "the same by gmpy2"
    for n, aim in ((10**4, 0.95), (10**5, 1.5), (10**6, 2.0), (10**7, 2.0)):
        yield Line(f"factorial({n})", gmp, aim,
                   lambda n=n: _of_one("factorial", gmpy2.fac, n, gmpy2.mpz), n > 10**6)  # fmt: skip
    yield Line("factorial(100000) of int", "math.factorial", 2.0,
               lambda: _of_one("factorial", math.factorial, 10**5, int))  # fmt: skip
    yield Line("primorial(10000000)", gmp, 1.5,
               lambda: _of_one("primorial", gmpy2.primorial, 10**7, gmpy2.mpz))  # fmt: skip
    for n, k, aim in ((2 * 10**4, 10**4, 0.95), (2**24, 2**23, 1.5), (2**21, 2**16, 5.0)):
        yield Line(f"binomial({n}, {k})", gmp, aim, lambda n=n, k=k: _binomials(n, k))
    for n, aim in ((10**5, 0.95), (10**7, 3.0), (10**8, 3.0)):
        yield Line(f"fibonacci({n})", gmp, aim,
                   lambda n=n: _of_one("fibonacci", gmpy2.fib, n, gmpy2.mpz))  # fmt: skip
    yield Line("lucas(10000000)", gmp, 3.0, lambda: _of_one("lucas", gmpy2.lucas, 10**7, gmpy2.mpz))
    yield Line("prod of an array of 2^16 words", tree, 2.0, lambda: _products_of_words(1 << 16))
    for count, bits, aim in (
        (1 << 8, 1 << 6, 0.8),
        (1 << 12, 1 << 10, 2.0),
        (1 << 10, 1 << 14, 3.0),
    ):
        yield Line(f"remainders by {count} moduli of {bits} bits", tree, aim,
                   lambda m=count, n=bits: _remainders(m, n))  # fmt: skip
    yield Line("remainders by 4096 moduli of 1024 bits, a kept ModuliTree", "the same, a kept tree, by gmpy2", 2.0,
               lambda: _remainders_of_kept_moduli(1 << 12, 1 << 10))  # fmt: skip
    yield Line("crt of 65536 moduli of 61 bits", tree, 1.5, lambda: _chinese_remainders(1 << 16))
    yield Line("batch gcd of 500 RSA moduli of 1024 bits (examples/batch_gcd.py)", "gmpy2.gcd of all pairs", 10.0,
               lambda: _shared_primes(500, 1024))  # fmt: skip
    yield Line("batch gcd of 4096 moduli of 2048 bits (examples/batch_gcd.py)", tree, 2.5,
               lambda: _batch_gcds(1 << 12, 1 << 11))  # fmt: skip
    for n, aim in ((10**4, 0.95), (10**6, 2.0), (10**7, 2.5)):
        yield Line(f"{n} digits of pi (examples/pi.py)", tree, aim,
                   lambda n=n: _digits_of_pi(n), n > 10**6)  # fmt: skip


# ---------------------------------------------------------------- telling

TOPICS: tuple[Callable[[], Iterator[Line]], ...] = (
    reuse_lines,
    division_lines,
    radix_lines,
    modular_lines,
    tree_lines,
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", nargs="+", metavar="WORD", help="only lines with such a word")
    parser.add_argument("--large", action="store_true", help="also what takes minutes")
    parser.add_argument("--publish", action="store_true", help=f"write {PAGE.relative_to(ROOT)}")
    arguments = parser.parse_args()
    for sentence in unfairness((1,)):
        print(f"warning: {sentence}", file=sys.stderr)
    known = [line for topic in TOPICS for line in topic()]
    lines = [line for line in known if arguments.large or not line.large]
    if arguments.only:
        lines = [line for line in lines if any(word in line.what for word in arguments.only)]
    print(HEADER, flush=True)
    made = {}
    with fastmul.threads(1):
        for line in lines:
            text = row(line, *measure(line))
            made[name_of(text)] = text
            print(text, flush=True)
    if arguments.publish:
        order = [name_of(f"| {line.what} | {line.peer} |") for line in known]
        replace_rows(PAGE, caption(COMMAND), made, order)


if __name__ == "__main__":
    main()
