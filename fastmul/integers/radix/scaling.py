"""Numbers as fractions of a power of the base, by one reciprocal: where the tree of fractions starts from.

    N = upper * base**d + lower;   upper / base**d  and  lower / base**d   are the fractions of the root's children

With base**d = odd**d * 2**z and x ~ 2**(p + n) / odd**d, n the bits of odd**d, all three divisions by base**d are
products with x, which is computed by Newton's iteration.
"""

from __future__ import annotations

import gmpy2
import numpy as np

import fastmul
from fastmul.integers.division.newton import reciprocal
from fastmul.integers.limbs import limb_count, magnitude, mpz
from fastmul.integers.multiplication.kept import Kept
from fastmul.integers.radix.bases import WORD_BITS
from fastmul.integers.radix.splitting import Splitting

#: Bits of the reciprocal beyond those of a fraction.
GUARD_BITS = 8
#: `reciprocal` errs by at most so many units.
RECIPROCAL_ERROR = 2


class Scale:
    """Division by base**d for the d digits of a node, of this level and with fractions of so many limbs.

    The reciprocal x has p = 64 * fraction_limbs + GUARD_BITS bits and more, and 0 <= 2**(p + n) / odd**d - x <= 4.
    """

    def __init__(self, tree: Splitting, level: int, fraction_limbs: int, threads: int) -> None:
        self.divisor = tree.odd_power(level)
        self.zeros = tree.base.twos * tree.digits(level)
        self.fraction_limbs = fraction_limbs
        self.p = WORD_BITS * fraction_limbs + GUARD_BITS
        self.x = Kept(reciprocal(self.divisor, self.p, threads) - RECIPROCAL_ERROR, self.p)
        self.shift = self.p + self.divisor.bit_length()

    def divmod(self, a: mpz) -> tuple[mpz, mpz]:
        """(a // base**d, a % base**d) for 0 <= a < base**(2 d).

        Let b = a >> z < odd**d * base**d and p >= 64 + bits of base**d. The upper p bits of b, times x, fall short
        of b 2**(p+n) / odd**d by a part of less than 2**(1-p) for the bits that b loses and 4 odd**d / 2**(p+n) for
        x, together below 2**(3-p) of a quotient below base**d: by less than 2**-61. So q is the quotient or one less.
        """
        b = a >> self.zeros
        cut = max(0, b.bit_length() - self.p)
        q = self.x.mul(b >> cut) >> (self.shift - cut)
        r = b - fastmul.mul(q, self.divisor)
        if r >= self.divisor:
            q, r = q + 1, r - self.divisor
        return q, (r << self.zeros) + gmpy2.f_mod_2exp(a, self.zeros)

    def fraction(self, a: mpz) -> np.ndarray:
        """a / base**d in units of 2**(-64 * fraction_limbs), for 0 <= a < base**d, less at most two of them.

        x is too small by at most 4, a share 4 odd**d / 2**(p+n) <= 2**(2-p) of the fraction, below 2**(2-GUARD_BITS)
        units; the floor takes less than one.
        """
        bits = self.shift + self.zeros - WORD_BITS * self.fraction_limbs
        scaled = self.x.mul(a) >> bits
        limbs = np.zeros(self.fraction_limbs, np.uint64)
        if scaled:
            limbs[: limb_count(scaled)] = magnitude(scaled)  # a view, while `scaled` lives
        return limbs
