"""Which RSA keys share a prime? All pairs at once, by a product tree and a remainder tree.

    python examples/batch_gcd.py [NUMBER OF KEYS] [BITS OF A KEY]

Keys are made by a careless generator: some of its primes serve twice. Whoever collects the moduli N = p*q finds
those: with P the product of all moduli, gcd(N, (P mod N^2) / N) is a prime that N shares with another. One gcd for
each key instead of one for each pair (Bernstein, How to find smooth parts of integers, 2004).
"""

import random
import sys
from itertools import combinations
from time import perf_counter

import gmpy2

from fastmul import integers


def make_keys(n_keys, bits, rng):
    """Moduli of two primes each; one prime in a hundred serves twice."""
    primes = []
    for _ in range(2 * n_keys):
        start = rng.getrandbits(bits // 2) | 3 << (bits // 2 - 2)  # so that p * q has all its bits
        primes.append(gmpy2.next_prime(start))
    for i in range(max(1, n_keys // 50)):
        primes[i] = primes[-1 - i]
    rng.shuffle(primes)
    return [p * q for p, q in zip(primes[::2], primes[1::2], strict=True)]


def batch_gcd(moduli):
    """For each modulus the greatest factor that it shares with the others."""
    product = integers.prod(moduli)
    rests = integers.remainders(product, [n * n for n in moduli])
    return [integers.gcd(n, rest // n) for n, rest in zip(moduli, rests, strict=True)]


def pairwise_gcd(moduli):
    """The same, pair by pair."""
    shared = [gmpy2.mpz(1)] * len(moduli)
    for i, j in combinations(range(len(moduli)), 2):
        if (g := gmpy2.gcd(moduli[i], moduli[j])) > 1:
            shared[i], shared[j] = gmpy2.lcm(shared[i], g), gmpy2.lcm(shared[j], g)
    return shared


if __name__ == "__main__":
    n_keys = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    bits = int(sys.argv[2]) if len(sys.argv) > 2 else 1024
    moduli = make_keys(n_keys, bits, random.Random(1))

    batch_gcd(moduli)  # compiles
    start = perf_counter()
    shared = batch_gcd(moduli)
    seconds = perf_counter() - start
    weak = sum(g > 1 for g in shared)
    print(
        f"{n_keys} keys of {bits} bits: {weak} share a prime with another, found in {seconds:.3f} s"
    )

    n_pairs = n_keys * (n_keys - 1) // 2
    if n_pairs <= 10**6:
        start = perf_counter()
        same = pairwise_gcd(moduli) == shared
        seconds = perf_counter() - start
        print(
            f"{n_pairs} gcds of pairs: {seconds:.3f} s; {'the same primes' if same else 'DIFFERENT'}"
        )
