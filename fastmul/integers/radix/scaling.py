"""Numbers as fractions of a power of the base, by one reciprocal: where the tree of fractions starts from.

    N = upper * base**d + lower;   upper / base**d  and  lower / base**d   are the fractions of the root's children

With base**d = odd**d * 2**z and x ~ 2**(p + n) / odd**d, n the bits of odd**d, all three divisions by base**d are
products with x, which is computed by Newton's iteration. p is such that a fraction begins at a limb of the product.
"""

from __future__ import annotations

import gmpy2
import numpy as np

import fastmul
from fastmul.integers.division.newton import reciprocal
from fastmul.integers.limbs import limb_count, magnitude, mpz, number
from fastmul.integers.radix.bases import WORD_BITS
from fastmul.integers.radix.factors import Factor
from fastmul.integers.radix.splitting import Splitting

#: Bits of the reciprocal beyond those of a fraction, at least.
GUARD_BITS = 8
#: `reciprocal` errs by at most so many units.
RECIPROCAL_ERROR = 2


class Scale:
    """Division by base**d, d the digits of a node of this level, whose fraction has L = `fraction_limbs` limbs.

    64 L >= 64 + bits of base**d. The reciprocal has p >= 64 L + GUARD_BITS, 0 <= 2**(p + n) / odd**d - x <= 4.
    """

    def __init__(self, tree: Splitting, level: int, fraction_limbs: int, threads: int) -> None:
        self.divisor = tree.odd_power(level)
        self.zeros = tree.base.twos * tree.digits(level)
        self.fraction_limbs, self.threads = fraction_limbs, threads
        p = WORD_BITS * fraction_limbs + GUARD_BITS
        p += -(p + self.divisor.bit_length() + self.zeros) % WORD_BITS
        self.shift = p + self.divisor.bit_length()
        x = reciprocal(self.divisor, p, threads) - RECIPROCAL_ERROR
        self.factor = Factor(x, fraction_limbs)
        self.nbytes = self.factor.nbytes + self.divisor.bit_length() // 8

    def divmod(self, a: gmpy2.mpz) -> tuple[gmpy2.mpz, gmpy2.mpz]:
        """(a // base**d, a % base**d) for 0 <= a < base**(2 d).

        Let b = a >> z. Its upper 64 L bits, times x, fall short of b 2**(p+n) / odd**d by a share of less than
        2**(1 - 64 L) for the bits that b loses and of 4 odd**d / 2**(p+n) <= 2**(2-p) for x: of a quotient below
        base**d, by less than 2**-62. So the floor is the quotient or one less.
        """
        b = a >> self.zeros
        cut = max(0, b.bit_length() - WORD_BITS * self.fraction_limbs)
        q = number(self._times_reciprocal(b >> cut), mpz) >> (self.shift - cut)
        r = b - fastmul.mul(q, self.divisor, threads=self.threads)
        if r >= self.divisor:
            q, r = q + 1, r - self.divisor
        return q, (r << self.zeros) + gmpy2.f_mod_2exp(a, self.zeros)

    def fraction(self, a: gmpy2.mpz) -> np.ndarray:
        """a / base**d in units of 2**(-64 L), for 0 <= a < base**d, less at most two of them.

        x is too small by at most 4, a share 4 odd**d / 2**(p+n) <= 2**(2-p) of the fraction, below 2**(2-GUARD_BITS)
        units; the floor takes less than one.
        """
        above = (self.shift + self.zeros) // WORD_BITS  # where the point is
        return self._times_reciprocal(a)[above - self.fraction_limbs : above]

    def _times_reciprocal(self, a: gmpy2.mpz) -> np.ndarray:
        """The limbs of a * x, for a of at most L limbs."""
        limbs = np.zeros(self.fraction_limbs, np.uint64)
        if a:
            limbs[: limb_count(a)] = magnitude(a)
        product = np.empty(self.factor.problem.n_limbs, np.uint64)
        self.factor.multiply(limbs, product, self.threads)
        return product
