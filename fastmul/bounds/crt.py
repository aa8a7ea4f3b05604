"""The window of the Chinese remainder: how long a product three primes can hold, and how it is read out.

**Window.** A coefficient of the product of two numbers in 64-bit limbs is a sum of at most `terms` products,
terms = the limbs of the shorter number, so 0 <= C <= terms (2^64 - 1)^2. Its residues determine it if and only
if this is below M = p1 p2 p3. We ask for a little more, C < M (1 - 2^-38), for the quotient's sake.

**Quotient.** With r_i = C / M_i modulo p_i, |r_i| < 2 p_i, M_i = M / p_i, the sum r_1/p_1 + r_2/p_2 + r_3/p_3
is k + C/M for an integer k, and C/M is in [0, 1 - 2^-38). In float64 the sum is made by three multiply-adds
starting from NEAR_ZERO - 1/2. Every intermediate value is below 7, so each rounding errs by at most 2^-51, and
each 1/p_i errs by less than 2^-53 relatively, that is at most 2^-52 in the product: all together at most
6 * 2^-51 < 2^-48. Hence

    k - 1/2 + 2^-40 < computed < k + 1/2 - 2^-38 + 2^-39 + 2^-48,

and adding the integer INTEGER_BITS + 6, where float64 has a spacing of 1, rounds to k + 6 + 2^52: never a tie.

**Representatives.** r_i + REPRESENTATIVE p_i is in (0, 4 p_i), p_i < 2^50 (1 + 2^-12). `bounds.ntt` shows
|r_i| < 1.45 p_i, so it is in (0.55 p, 3.45 p), below 2^52; and k + 6 is in [0, 12].
"""

from __future__ import annotations

from math import prod

from fastmul.bounds.primes import PRIMES

MAX_LIMB = 2**64 - 1
M = prod(PRIMES)

#: Added to the quotient before it is rounded down, so that an exact integer is safely above itself.
NEAR_ZERO = 2.0**-39

#: How many p are added to a residue to make it positive.
REPRESENTATIVE = 2.0

#: A float64 in [2^52, 2^53) is 2^52 + n with n in its low 52 bits.
INTEGER_BITS = 2.0**52


def fits(terms: int) -> bool:
    """Whether a sum of `terms` products of two limbs is read back exactly.

    >>> fits(2**22), fits(2**23)
    (True, False)
    """
    return terms * MAX_LIMB**2 * 2**38 < M * (2**38 - 1)


def max_terms() -> int:
    """The largest number of terms that `fits`."""
    return (M * (2**38 - 1) - 1) // (MAX_LIMB**2 * 2**38)
