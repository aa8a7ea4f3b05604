"""The digits of pi, into a file.

    python examples/pi.py [NUMBER OF DIGITS] [FILE] [THREADS]

Chudnovsky's series gives 14 digits a term,

    1/pi = 12 * sum over k of (-1)^k (6k)! (A + B k) / ((3k)! k!^3 640320^(3k + 3/2)).

Its terms from a+1 to b, put over one denominator, are T(a, b) / Q(a, b), with P(a, b) the factor that all later terms
share. A half and the next make a whole of integers,

    P = P1 P2        Q = Q1 Q2        T = T1 Q2 + P1 T2,

so that nearly all the time goes into products of long numbers. Each term multiplies Q by C k^3, C = 640320^3 / 24; of
that the factor 2^15 is a shift, and left out of Q. Then come one root, one division, and the change from binary to
decimal.
"""

import sys
from time import perf_counter

import gmpy2

import fastmul
from fastmul import integers
from fastmul.integers import mul

A, B = 13591409, 545140134
TWOS = 15
C = gmpy2.mpz(640320**3 // 24 >> TWOS)
DIGITS_OF_A_TERM = 14.181647
GUARD = 10  # digits beyond those asked for, to be cut off
LEAF = 16  # terms summed one after another

#: The last ten digits of the first so many behind the point (from MPFR's pi, which is made by other means).
ENDINGS = {
    100: "3421170679", 1_000: "2164201989", 10_000: "5256375678",
    100_000: "5493624646", 1_000_000: "5779458151", 10_000_000: "5348955897",
}  # fmt: skip


def sum_terms(a, b, last=True):
    """P(a, b), Q(a, b), T(a, b) as gmpy2.mpz; without P if these are the last terms, whose P nobody asks for."""
    if b - a <= LEAF:
        return sum_few_terms(a, b)
    middle = (a + b) // 2
    p1, q1, t1 = sum_terms(a, middle, last=False)
    p2, q2, t2 = sum_terms(middle, b, last)
    t = (mul(t1, q2) << TWOS * (b - middle)) + mul(p1, t2)
    return None if last else mul(p1, p2), mul(q1, q2), t


def sum_few_terms(a, b):
    p, q, t = gmpy2.mpz(1), gmpy2.mpz(1), gmpy2.mpz(0)
    for k in range(a + 1, b + 1):
        p *= (1 - 2 * k) * (36 * k * (k - 1) + 5)  # -(2k-1) (6k-5) (6k-1)
        factor = C * (k * k * k)
        q *= factor
        t = (t * factor << TWOS) + (A + B * k) * p
    return p, q, t


def pi_digits(n):
    """The digits of pi, the 3 and n behind the point, as a str without the point."""
    n_terms = int((n + GUARD) / DIGITS_OF_A_TERM) + 1
    _, q, t = sum_terms(0, n_terms)
    q <<= TWOS * n_terms
    one = integers.Integer(gmpy2.mpz(10)) ** (n + GUARD)  # pi will be counted in units of 1 / one
    spare = q.bit_length() - one.mpz.bit_length()  # more bits than digits need
    numerator, denominator = q >> spare, (t + A * q) >> spare
    root = integers.isqrt(10005 * (one * one).mpz)
    return integers.to_str(integers.floordiv(mul(426880 * numerator, root), denominator))[:-GUARD]


if __name__ == "__main__":
    n = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    path = sys.argv[2] if len(sys.argv) > 2 else "pi.txt"
    threads = int(sys.argv[3]) if len(sys.argv) > 3 else None

    fastmul.set_threads(threads)
    pi_digits(n)  # compiles
    start = perf_counter()
    digits = pi_digits(n)
    seconds = perf_counter() - start
    with open(path, "w", encoding="ascii") as file:
        file.write(f"{digits[0]}.{digits[1:]}\n")

    print(
        f"pi = {digits[0]}.{digits[1:21]}...{digits[-10:]}: {n:,} digits in {seconds:.3f} s, in {path}"
    )
    if n in ENDINGS:
        print("the last ten are", "right" if digits.endswith(ENDINGS[n]) else "WRONG")
