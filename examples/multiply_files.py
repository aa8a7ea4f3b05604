"""The product of two files of decimal digits, into a third.

    python examples/multiply_files.py A B PRODUCT     files of digits, of any length
    python examples/multiply_files.py [DIGITS]        the same with random files in a temporary folder

Digits become binary numbers and the product digits again, each by products of numbers of all lengths; Python's limit on
digits (sys.set_int_max_str_digits) is not asked. Each stage is timed, and the result is checked modulo a random prime,
starting from the digits in the three files: a wrong product passes with a probability below 1 in 10^10.
"""

import random
import secrets
import sys
import tempfile
from pathlib import Path
from time import perf_counter

import gmpy2

import fastmul
from fastmul.integers import from_str, to_str

CHUNK = 10_000  # digits that are reduced modulo the prime at a time


def multiply_files(first, second, product):
    """Write the product of the numbers in two files; returns the seconds of each stage."""
    times = {}

    def stage(name, function, *arguments):
        start = perf_counter()
        result = function(*arguments)
        times[name] = times.get(name, 0.0) + perf_counter() - start
        return result

    texts = [stage("read the files", Path(name).read_bytes) for name in (first, second)]
    numbers = [stage("digits to numbers", read_number, text) for text in texts]
    result = stage("multiply", fastmul.mul, *numbers)
    digits = stage("number to digits", to_str, result)
    stage("write the file", Path(product).write_text, digits + "\n")
    return times


def read_number(text):
    return from_str(text, kind=gmpy2.mpz)


def residue(name, p):
    """The number in a file modulo p, from its digits, without any of the library's conversions."""
    digits = Path(name).read_text().strip()
    negative, digits = digits.startswith("-"), digits.lstrip("+-")
    value = 0
    for start in range(0, len(digits), CHUNK):
        chunk = digits[start : start + CHUNK]
        value = (value * pow(10, len(chunk), p) + int(gmpy2.mpz(chunk) % p)) % p
    return -value % p if negative else value


def check(first, second, product):
    """Raise unless the third file holds the product of the others, modulo a random prime of 61 bits."""
    p = int(gmpy2.next_prime(2**60 + secrets.randbelow(2**60)))
    if residue(first, p) * residue(second, p) % p != residue(product, p):
        raise SystemExit(f"{product} is not the product, modulo {p}")


def write_random_digits(path, n_digits):
    rng = random.Random(path.name)
    first = str(rng.randrange(1, 10))
    rest = "".join(f"{rng.randrange(10**9):09}" for _ in range(n_digits // 9 + 1))
    path.write_text((first + rest)[:n_digits] + "\n")


def report(first, second, product):
    for name, seconds in multiply_files(first, second, product).items():
        print(f"{seconds:10.3f} s  {name}")
    check(first, second, product)
    n_digits = [len(Path(name).read_text().strip()) for name in (first, second, product)]
    print("{:,} x {:,} digits = {:,} digits, right modulo a random prime".format(*n_digits))


def main():
    if len(sys.argv) == 4:
        report(*sys.argv[1:])
        return
    n_digits = int(sys.argv[1]) if len(sys.argv) > 1 else 10**7
    with tempfile.TemporaryDirectory() as folder:
        a, b, product = (Path(folder) / name for name in ("a.txt", "b.txt", "product.txt"))
        for path in (a, b):
            write_random_digits(path, n_digits)
        report(a, b, product)


if __name__ == "__main__":
    main()
