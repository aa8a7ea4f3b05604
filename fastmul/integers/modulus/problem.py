"""What arithmetic modulo m looks like to the planner: how long m is, of which shape, and how much there is to do."""

from __future__ import annotations

from typing import Any, NamedTuple

#: How many products a modulus is made for, where nobody says.
USUAL_PRODUCTS = 32

MERSENNE, FERMAT, GENERAL = "2^n - 1", "2^n + 1", "general"


class ModulusProblem(NamedTuple):
    """`shape` is one of the three above; `products` is how many are expected.

    `chain`: they follow each other, as in a power, so that numbers may stay in a form of their own in between.
    """

    n_bits: int
    shape: str
    odd: bool
    products: int = USUAL_PRODUCTS
    chain: bool = False

    @property
    def n_limbs(self) -> int:
        return (self.n_bits + 63) >> 6

    def __str__(self) -> str:
        parity = "an odd" if self.odd else "an even"
        modulus = f"{parity} number" if self.shape == GENERAL else self.shape
        return f"{self.products} products modulo {modulus} of {self.n_bits} bits"


def problem_of(m: Any) -> ModulusProblem:
    """The problem of an mpz m >= 1.

    >>> import gmpy2
    >>> [problem_of(gmpy2.mpz(m)).shape for m in (127, 257, 247, 1, 2)]
    ['2^n - 1', '2^n + 1', 'general', '2^n - 1', 'general']
    """
    n = m.bit_length()
    shape = GENERAL
    if m.bit_scan0() == n:
        shape = MERSENNE
    elif (m - 1).bit_scan1() == n - 1 >= 1:
        shape = FERMAT
    return ModulusProblem(n, shape, bool(m & 1))
