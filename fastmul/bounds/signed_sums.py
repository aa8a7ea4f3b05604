"""The windows of sums of products: how many terms three primes hold, and how coefficients of both signs are read.

**Sums.** A coefficient of a_1 b_1 + a_2 b_2 + ..., all limbs non-negative, is a sum of t = t_1 + t_2 + ... products
of two limbs, t_i the limbs of the shorter of a_i and b_i: the window is that of one product with t terms
(`bounds.crt`). A product modulo X^N - 1 has at most min(len(a), len(b)) terms in each coefficient, as the full
one: for every i there is one j with i + j = k modulo N.

**Signs.** Where products are subtracted, or come back with the other sign modulo X^N + 1, a coefficient is
P - Q with P and Q sums of at most t products together: |C| <= B for every B >= t (2^64 - 1)^2. We read C + B, which
is in [0, 2 B], inside the window of `bounds.crt` for B = SIGNED_TERMS (2^64 - 1)^2. With r_i = C / M_i modulo p_i,
|r_i| < 1.45 p_i (`bounds.ntt.RESIDUE`), and the balanced l_i = B / M_i modulo p_i, |l_i| <= p_i / 2, the
representative r_i + l_i of C + B is below 1.96 p_i: inside the 2 p_i that `bounds.crt` proves enough, and an integer
below 2^53, so that the sum in float64 is exact.

**One B.** B need not be the least: `SIGNED_TERMS`, half of all the terms that fit, serves every sum.

**Taking B back.** N coefficients at X = 2^64 carry B (X^N - 1) / (X - 1) = BORROWED (X^N - 1) too much. So the number
read is BORROWED too small modulo X^N, where sums of N limbs in two's complement live, and 2 BORROWED too small
modulo X^N + 1.
"""

from __future__ import annotations

from fastmul.bounds.crt import MAX_LIMB, M, max_terms
from fastmul.bounds.primes import PRIMES, balanced

#: The most terms of a coefficient of either sign.
SIGNED_TERMS = max_terms() // 2

B = SIGNED_TERMS * MAX_LIMB**2

#: B / (2^64 - 1).
BORROWED = SIGNED_TERMS * MAX_LIMB

#: l_i, for each prime.
LIFTS = tuple(float(balanced(B * pow(M // p, -1, p), p)) for p in PRIMES)


def fits(terms: int, signed: bool) -> bool:
    """Whether coefficients of `terms` products of two limbs, added or also subtracted, are read back exactly.

    >>> fits(2**22, False), fits(2**22, True), fits(2**21, True)
    (True, False, True)
    """
    return terms <= (SIGNED_TERMS if signed else max_terms())
