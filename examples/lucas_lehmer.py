"""Is the Mersenne number 2^p - 1 prime? Lucas and Lehmer: s = 4, then s = s^2 - 2 modulo 2^p - 1, p - 2 times.

    python examples/lucas_lehmer.py [p ...]

2^p - 1 is prime exactly if s ends at 0 (p an odd prime). `Modulus.squares` keeps s in the digits of a transform
that wraps modulo 2^p - 1, so that no step converts anything; a step of GMP, a square and a fold, is timed beside it.
"""

import sys
import time

import gmpy2

from fastmul.integers import Modulus


def residue(p: int) -> gmpy2.mpz:
    """What s ends at."""
    return Modulus(gmpy2.mpz(2) ** p - 1).squares(gmpy2.mpz(4), p - 2, -2)


def gmp_steps(p: int, times: int) -> gmpy2.mpz:
    """The same with GMP, for so many steps."""
    s = gmpy2.mpz(4)
    for _ in range(times):
        s = s * s - 2
        while s.bit_length() > p:
            s = gmpy2.f_mod_2exp(s, p) + (s >> p)
    return s % gmpy2.bit_mask(p)


def seconds_per_step(call, steps: int) -> float:
    """The least of three runs: the second has tables and machine code ready."""
    best = float("inf")
    for _ in range(3):
        start = time.perf_counter()
        call()
        best = min(best, time.perf_counter() - start)
    return best / steps


def main(exponents: list[int]) -> None:
    residue(4423)  # compiles
    for p in exponents:
        if p == 2 or not gmpy2.is_prime(p):
            print(f"M{p}: {'prime' if p == 2 else 'composite, as p is'}")
            continue
        start = time.perf_counter()
        s = residue(p)
        seconds = time.perf_counter() - start
        verdict = (
            "prime" if s == 0 else f"composite, residue {int(s) % 2**64:016X} (lowest 64 bits)"
        )
        print(f"M{p}: {verdict}, {p - 2} steps in {seconds:.2f} s")
        steps = min(p - 2, 1 + 10**7 // p)
        modulus = Modulus(gmpy2.mpz(2) ** p - 1)
        assert modulus.squares(gmpy2.mpz(4), steps, -2) == gmp_steps(p, steps)
        ours = seconds_per_step(lambda: modulus.squares(4, steps, -2), steps)  # noqa: B023
        gmp = seconds_per_step(lambda: gmp_steps(p, steps), steps)  # noqa: B023
        print(
            f"    a step takes {ours * 1e6:.1f} us, GMP's {gmp * 1e6:.1f} us: {gmp / ours:.1f} times as long"
        )


if __name__ == "__main__":
    main([int(word) for word in sys.argv[1:]] or [4423, 9689, 9697, 44497])
