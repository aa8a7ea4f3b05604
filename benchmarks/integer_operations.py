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
import random
import sys
from collections.abc import Callable, Iterator
from typing import Any

import gmpy2
from ratios import HEADER, ROOT, Call, Line, caption, measure, name_of, replace_rows, row

import fastmul
from fastmul import integers
from fastmul.comparison.machine import unfairness

COMMAND = "python benchmarks/integer_operations.py --publish"
PAGE = ROOT / "docs/measured/integer-operations.md"


def number(bits: int, seed: int = 0) -> Any:
    """A random mpz of exactly so many bits."""
    return gmpy2.mpz(random.Random(f"{bits} {seed}").getrandbits(bits) | 1 << (bits - 1))


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


# ---------------------------------------------------------------- telling

TOPICS: tuple[Callable[[], Iterator[Line]], ...] = (division_lines,)


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
