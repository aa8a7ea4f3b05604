"""Barrett's reduction: the quotient by m is a product by a kept approximation of 1/m.

For m of n bits and 0 <= x < 2**(2n), with I = floor(2**(2n) / m):

    q = floor(floor(x / 2**(n-1)) * I / 2**(n+1)),        x - q*m in [0, 3m)

Why. Write x / m = x/2**(n-1) * 2**(2n)/m / 2**(n+1). The first factor loses less than 1 by its floor, which costs
less than I/2**(n+1) <= 2**(n+1)/2**(n+1) = 1 in the quotient (m >= 2**(n-1)); the second loses less than 1, which
costs less than x/2**(n-1)/2**(n+1) < 1; the last floor less than 1. So q is at most floor(x/m) and more than
x/m - 3, and x - q*m = (x/m - q) * m lies in [0, 3m).

Of q*m only the low bits matter: they come from a product modulo 2**w - 1 for some w with 2**w > 3m, wherever a
wrapped product of that width is cheaper than a whole one.
"""

from __future__ import annotations

from typing import Any

import gmpy2

from fastmul.integers.modulus.form import Form
from fastmul.integers.modulus.problem import ModulusProblem
from fastmul.integers.multiplication import mul, square
from fastmul.planning.algorithm import never as refuses


class Barrett(Form):
    """Two products with kept operands for each reduction."""

    name = "barrett"

    def __init__(self, m: Any) -> None:
        super().__init__(m)
        self.inverse = (gmpy2.mpz(1) << (2 * self.n_bits)) // m

    def reduce(self, x: Any) -> Any:
        n = self.n_bits
        if x < self.m:
            return x
        if x.bit_length() <= 2 * n:
            return self._reduce_double(x)
        result = gmpy2.mpz(0)  # by Horner's rule in slices of n bits, from the top
        for at in range(x.bit_length() // n * n, -1, -n):
            result = self._reduce_double((result << n) + gmpy2.f_mod_2exp(x >> at, n))
        return result

    def _reduce_double(self, x: Any) -> Any:
        """x modulo m for 0 <= x < 2**(2n)."""
        n = self.n_bits
        quotient = mul(x >> (n - 1), self.inverse) >> (n + 1)
        rest = x - mul(quotient, self.m)
        while rest >= self.m:  # at most twice
            rest -= self.m
        return rest

    def mul(self, x: Any, y: Any) -> Any:
        return self._reduce_double(mul(x, y))

    def square(self, x: Any) -> Any:
        return self._reduce_double(square(x))


def make(problem: ModulusProblem, m: Any) -> Form:
    return Barrett(m)


__all__ = ["Barrett", "make", "refuses"]
