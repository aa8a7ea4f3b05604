"""The exact n-th Fibonacci number, of which we look at both ends.

    python examples/fibonacci.py [N]

F(10^8) has 20,898,764 digits. They exist in binary; its first and last ones are found without writing it out, and
compared with what is known of them otherwise: the last ones modulo 10^20, the first ones from F(n) = phi^n / sqrt(5).
"""

import sys
from time import perf_counter

import gmpy2

import fastmul
from fastmul import integers

n = int(sys.argv[1]) if len(sys.argv) > 1 else 10**7
SHOWN = 20  # digits of each end
MODULUS = 10**SHOWN

fastmul.set_threads(1)
index = gmpy2.mpz(n)  # so that the number is gmpy2's too
integers.fibonacci(index)  # compiles
start = perf_counter()
number = integers.fibonacci(index)
seconds = perf_counter() - start
start = perf_counter()
same = gmpy2.fib(n) == number
seconds_of_gmp = perf_counter() - start
print(
    f"F({n:,}), {number.bit_length():,} bits: {seconds:.3f} s; "
    f"gmpy2: {seconds_of_gmp:.3f} s, {'the same' if same else 'DIFFERENT'}"
)


def fibonacci_modulo(n, m):
    """F(n) modulo m by doubling, on small numbers."""
    a, b = 0, 1  # F(k), F(k+1)
    for bit in f"{n:b}":
        a, b = a * (2 * b - a) % m, (a * a + b * b) % m
        if bit == "1":
            a, b = b, (a + b) % m
    return a


last = number % MODULUS
assert last == fibonacci_modulo(n, MODULUS)

with gmpy2.context(precision=200):
    logarithm = n * gmpy2.log10((1 + gmpy2.sqrt(5)) / 2) - gmpy2.log10(5) / 2
    n_digits = int(gmpy2.floor(logarithm)) + 1
    first = int(gmpy2.floor(gmpy2.exp10(logarithm - n_digits + SHOWN)))
    # the same digits from the number itself, of which 200 bits are enough
    exponent = max(0, number.bit_length() - 200)
    of_number = gmpy2.log10(gmpy2.mpfr(number >> exponent)) + exponent * gmpy2.log10(2)
    assert first == int(gmpy2.floor(gmpy2.exp10(of_number - n_digits + SHOWN)))
print(f"{n_digits:,} digits: {first} ... {last:0{SHOWN}d}")
