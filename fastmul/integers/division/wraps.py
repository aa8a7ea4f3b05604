"""One modulus 2^n - 1 or 2^n + 1 whose products wrap inside transforms of half a product's length.

n is 64 N for a power of two N. The transform of a factor of several products is kept. Residues stay where the next
step takes them: below 2^n for a transform, and anywhere between -2^(n+1) and 2^(n+1) for a difference.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import gmpy2
import numpy as np

from fastmul.integers.limbs import magnitude, mpz
from fastmul.integers.multiplication.fresh import Fresh
from fastmul.integers.multiplication.ntt import kept as transforms
from fastmul.integers.multiplication.ntt import wrapped
from fastmul.integers.multiplication.ntt.rings import MAX_CHILDREN, MIN_KEPT_BLOCK
from fastmul.integers.multiplication.ntt.rings import Ring as TransformRing
from fastmul.integers.multiplication.wrapped import fold_minus, fold_plus

LIMB_BITS = 64
#: The shortest N whose transform can be kept.
MIN_LIMBS = MAX_CHILDREN * MIN_KEPT_BLOCK


@dataclass(frozen=True, slots=True)
class Kept:
    """A residue below 2^n, and its transform, if it is not zero."""

    residue: Any
    values: Any


@dataclass(frozen=True, slots=True)
class Wrap:
    """The integers modulo M = 2^(64 n_limbs) + sign, sign = -1 or 1."""

    n_limbs: int
    sign: int

    @property
    def bits(self) -> int:
        return LIMB_BITS * self.n_limbs

    def reduced(self, x: Any) -> Any:
        """The mpz x >= 0 modulo M, in [0, 2^n]."""
        if x.bit_length() <= self.bits:
            return x
        return fold_minus(x, self.bits) if self.sign < 0 else fold_plus(x, self.bits)

    def folded(self, x: Any) -> Any:
        """A number congruent to the mpz x, of less than 2^(n+1) in absolute value: one round where that is enough."""
        n = self.bits
        if x.bit_length() <= n:
            return x
        if x.bit_length() >= 2 * n:
            return self.reduced(x) if x > 0 else -self.reduced(-x)
        low, high = gmpy2.f_mod_2exp(x, n), x >> n
        return low + high if self.sign < 0 else low - high

    def power_of_two(self, exponent: int) -> Any:
        """2^exponent modulo M, of at most 2^n in absolute value."""
        turns, rest = divmod(exponent, self.bits)
        return mpz(-1 if self.sign > 0 and turns % 2 else 1) << rest

    def times_modulus(self, x: Any) -> Any:
        """x * M."""
        return (x << self.bits) + (x if self.sign > 0 else -x)

    @contextmanager
    def keep(self, x: Any, threads: int) -> Iterator[Kept]:
        """For products by x >= 0, for a with block: the transform lies in leased memory."""
        x = self.reduced(x)
        if not self._has_transform(x):
            yield Kept(x, None)
            return
        make = TransformRing.cyclic if self.sign < 0 else TransformRing.negacyclic
        with transforms.borrowed(make(self.n_limbs), magnitude(x), threads) as values:
            yield Kept(x, values)

    def _has_transform(self, x: Any) -> bool:
        """Not zero, nor 2^n = -1 modulo 2^n + 1, which has a limb too many."""
        return 0 < x.bit_length() <= self.bits

    def multiply(self, kept: Kept, y: Any, threads: int) -> Any:
        """A number congruent to the product by y >= 0, of at most 2^n in absolute value."""
        y = self.reduced(y)
        if kept.values is None:
            return -y if kept.residue else mpz(0)
        if not self._has_transform(y):
            return -kept.residue if y else y
        return self._transformed(magnitude(y), kept.values, threads)

    def square(self, x: Any, threads: int) -> Any:
        """A number congruent to the square of x >= 0, of at most 2^n in absolute value."""
        x = self.reduced(x)
        if not self._has_transform(x):
            return mpz(1 if x else 0)
        limbs = magnitude(x)
        return self._transformed(limbs, limbs, threads)

    def _transformed(self, x: np.ndarray, y: np.ndarray | transforms.Values, threads: int) -> Any:
        fresh = Fresh(
            self.n_limbs + wrapped.OVERFLOW_LIMBS, f"a product modulo 2**{self.bits} -+ 1"
        )
        run = wrapped.cyclic if self.sign < 0 else wrapped.negacyclic
        run(x, y, fresh.limbs, threads)
        return fresh.number()
