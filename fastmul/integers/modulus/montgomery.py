"""Montgomery's form: residues are kept times R = 2**n, and the low half of a product is cleared, not the high one.

For odd m of n bits, N = -1/m modulo R, and 0 <= x < m*R:

    q = (x mod R) * N mod R,        (x + q*m) / R = x/R modulo m, exactly, and below 2m

because x + q*m = x - x = 0 modulo R, and q*m < R*m. The quotient is the upper half of q*m, plus the upper half of x,
plus one unless the low halves, which sum to R or to 0, are 0.
"""

from __future__ import annotations

from typing import Any

import gmpy2

from fastmul.integers.division import mod
from fastmul.integers.modulus.factors import multiplier
from fastmul.integers.modulus.form import Form
from fastmul.integers.modulus.problem import ModulusProblem
from fastmul.integers.multiplication import mul, square

#: Newton's iteration for 1/m begins with so many bits, right for every odd m: m*m = 1 modulo 8.
_FIRST_BITS = 3


class Montgomery(Form):
    """Two products with kept operands for each reduction, and no correction of a quotient."""

    name = "montgomery"

    def __init__(self, m: Any) -> None:
        super().__init__(m)
        inverse = (gmpy2.mpz(1) << self.n_bits) - inverse_modulo_power(m, self.n_bits)
        self._times_inverse = multiplier(inverse, self.n_bits)
        self._times_m = multiplier(m, self.n_bits)
        self._entry = mod(gmpy2.mpz(1) << (2 * self.n_bits), m)  # R**2

    def enter(self, a: Any) -> Any:
        return self._divide_by_r(mul(a, self._entry))

    def leave(self, x: Any) -> Any:
        return self._divide_by_r(x)

    def mul(self, x: Any, y: Any) -> Any:
        return self._divide_by_r(mul(x, y))

    def square(self, x: Any) -> Any:
        return self._divide_by_r(square(x))

    def _divide_by_r(self, x: Any) -> Any:
        """x/R modulo m, in [0, m), for 0 <= x < m*R."""
        n = self.n_bits
        low = gmpy2.f_mod_2exp(x, n)
        q = gmpy2.f_mod_2exp(self._times_inverse(low), n)
        result = (x >> n) + (self._times_m(q) >> n) + (1 if low else 0)
        return result - self.m if result >= self.m else result


def inverse_modulo_power(m: Any, n: int) -> Any:
    """1/m modulo 2**n for odd m, by Newton's iteration i -> i*(2 - m*i), which doubles the bits that are right.

    >>> inverse_modulo_power(gmpy2.mpz(3), 8)
    mpz(171)
    """
    widths = [n]
    while widths[-1] > _FIRST_BITS:
        widths.append((widths[-1] + 1) // 2)
    inverse = gmpy2.f_mod_2exp(m, widths.pop())
    for width in reversed(widths):
        error = 2 - mul(gmpy2.f_mod_2exp(m, width), inverse)
        inverse = gmpy2.f_mod_2exp(mul(inverse, gmpy2.f_mod_2exp(error, width)), width)
    return inverse


def refuses(problem: ModulusProblem) -> str | None:
    """Why the form does not apply."""
    return None if problem.odd else "m is even, and has no inverse modulo a power of two"


def make(problem: ModulusProblem, m: Any) -> Form:
    return Montgomery(m)
