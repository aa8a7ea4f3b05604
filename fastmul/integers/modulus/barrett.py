"""Barrett's reduction: the quotient by m is a product by a kept approximation of 1/m.

For m of n bits and 0 <= x < 2**(2n), with I = floor(2**(2n-1) / m):

    q = floor(floor(x / 2**n) * I / 2**(n-1)),        x - q*m in [0, 5m)

Why. x/m = x/2**n * 2**(2n-1)/m / 2**(n-1). The first factor loses less than 1 by its floor, which lessens the quotient
by less than 2**(2n-1)/m / 2**(n-1) <= 2 (m >= 2**(n-1)); the second less than 1, which lessens it by less than
x/2**n / 2**(n-1) < 2; the last floor takes less than 1. So q is at most floor(x/m) and more than x/m - 5. On average
it is low by about one, so one subtraction of m corrects it; in return no factor is longer than m, whose length often
is just that of a transform.

As x - q*m is known to be small, a product modulo a number a little longer than m suffices, which wraps inside
transforms of half a product's length (`fastmul.integers.division.rings`). Those are number-theoretic ones of 2**k
limbs: for lengths between, whole products by shorter floating-point transforms are faster, up to RING_BITS.
"""

from __future__ import annotations

from contextlib import ExitStack
from typing import Any

import gmpy2

from fastmul.integers.division import floordiv
from fastmul.integers.division.rings import Ring
from fastmul.integers.modulus.factors import multiplier
from fastmul.integers.modulus.form import Form
from fastmul.integers.modulus.problem import ModulusProblem
from fastmul.integers.multiplication import mul, square
from fastmul.integers.multiplication.problem import threads_for
from fastmul.planning.algorithm import never as refuses

#: From so many bits on, wrapped transforms beat kept ones of a whole product: for moduli nearly as long as one wrapped
#: transform, and for all moduli (AMD Zen 4, 2026-11-24: at 2**20 bits, 2.4 products for 2.6; at 2**21, 2.2 for 2.6).
SNUG_RING_BITS, RING_BITS = 1 << 18, 3 << 19
#: What part of one wrapped transform a modulus fills at least to be nearly as long.
SNUG = 0.9
#: x - q*m is below 2**_REST_BITS * 2**n.
_REST_BITS = 3


class Barrett(Form):
    """Two products with kept operands for each reduction."""

    name = "barrett"

    def __init__(self, m: Any) -> None:
        super().__init__(m)
        n = self.n_bits
        self._times_inverse = multiplier(floordiv(gmpy2.mpz(1) << (2 * n - 1), m), n)
        self._ring = ring_for(n)
        if self._ring:
            self._kept = ExitStack()  # what it holds is given back when this form is forgotten
            self._factor = self._kept.enter_context(self._ring.factor(m))
        else:
            self._times_m = multiplier(m, n)

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
        quotient = self._times_inverse(x >> n) >> (n - 1)
        if self._ring:
            rest = self._ring.difference(x, self._factor, quotient)
        else:
            rest = x - self._times_m(quotient)
        while rest >= self.m:  # at most four times
            rest -= self.m
        return rest

    def mul(self, x: Any, y: Any) -> Any:
        return self._reduce_double(mul(x, y))

    def square(self, x: Any) -> Any:
        return self._reduce_double(square(x))


def ring_for(n_bits: int) -> Ring | None:
    """Where to find remainders by a modulus of so many bits, if that is faster than whole products."""
    if n_bits < SNUG_RING_BITS:
        return None
    ring = Ring(n_bits + _REST_BITS, threads_for((n_bits + 63) >> 6, None))
    snug = len(ring.wraps) == 1 and n_bits >= SNUG * ring.wraps[0].bits
    return ring if snug or n_bits >= RING_BITS else None


def make(problem: ModulusProblem, m: Any) -> Form:
    return Barrett(m)


__all__ = ["Barrett", "make", "refuses"]
