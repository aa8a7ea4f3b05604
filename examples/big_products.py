"""Big integers: the same product of Python ints, of gmpy2's integers and of plain arrays of limbs, on one thread."""

import random
import sys
from time import perf_counter

import gmpy2

import fastmul
from fastmul.integers import from_limbs, mul_limbs, to_limbs

n_bits = int(sys.argv[1]) if len(sys.argv) > 1 else 1 << 24
rng = random.Random(1)
a, b = rng.getrandbits(n_bits), rng.getrandbits(n_bits)
x, y = gmpy2.mpz(a), gmpy2.mpz(b)
limbs_a, limbs_b = to_limbs(a), to_limbs(b)

fastmul.set_threads(1)
expected = x * y
print(f"two numbers of {n_bits:,} bits; {fastmul.explain(fastmul.mul, x, y)}\n")
for name, product in {
    "gmpy2: x * y": lambda: x * y,
    "fastmul.mul(x, y), gmpy2's integers": lambda: fastmul.mul(x, y),
    "fastmul.mul(a, b), Python ints": lambda: fastmul.mul(a, b),
    "mul_limbs, uint64 arrays": lambda: mul_limbs(limbs_a, limbs_b),
}.items():
    result = product()  # compiles, fills tables, and shows that it is right
    assert (from_limbs(result) if name.startswith("mul_limbs") else result) == expected
    start = perf_counter()
    product()
    print(f"{1e3 * (perf_counter() - start):9.2f} ms  {name}")
