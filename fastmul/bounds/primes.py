"""The primes of the number-theoretic transforms, and what they were chosen for.

A transform works in float64, where integers are exact below 2**53, on balanced residues modulo primes
just above 2**50. That leaves a factor of eight: sums of up to eight residues need no reduction (`bounds.ntt`).

Three of them are just above 2**150 together, so that the sum of 2**22 products of two 64-bit limbs is
known by its residues (`bounds.crt`).

Each prime is 1 modulo 2**27, so that it has roots of unity of every order up to 2**27, and is one whose
float64 reciprocal is unusually good, |fl(1/p) * p - 1| < 2**-58, a 32nd of what rounding allows: quotients
are then as good as if 1/p were exact.
"""

from __future__ import annotations

#: In increasing order.
PRIMES = (1125900443713537, 1126021642321921, 1126062176075777)

#: A generator of the multiplicative group of each prime.
GENERATORS = {1125900443713537: 5, 1126021642321921: 19, 1126062176075777: 3}

#: p - 1 is a multiple of 2**TWO_ADICITY: the orders of roots of unity that every prime has.
TWO_ADICITY = 27

#: |fl(1/p) * p - 1| is below this.
RECIPROCAL_ERROR = 2.0**-58


def balanced(value: int, p: int) -> int:
    """The residue of `value` modulo the odd number p in [-(p-1)/2, (p-1)/2].

    >>> [balanced(v, 7) for v in (0, 3, 4, 7, -4)]
    [0, 3, -3, 0, 3]
    """
    value %= p
    return value - p if value > p // 2 else value
