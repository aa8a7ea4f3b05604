"""Primes for computing over the integers: 31 bits, where elimination and products modulo p are fastest."""

from __future__ import annotations

from collections.abc import Iterator

import gmpy2
import numpy as np

BITS = 31


def primes() -> Iterator[int]:
    """The primes below 2^31, from the largest on."""
    candidate = (1 << BITS) - 1
    while candidate > 1 << (BITS - 1):
        if gmpy2.is_prime(candidate):
            yield candidate
        candidate -= 2
    raise OverflowError(f"all primes of {BITS} bits are used up: the result has 10**10 bits")


class Remainders:
    """Integers known by their remainders: `count` Python ints modulo a growing product of primes."""

    def __init__(self, count: int) -> None:
        self.modulus = 1
        self._values = np.zeros(count, object)

    def add(self, remainders: np.ndarray, p: int) -> None:
        """Let the values be congruent to `remainders` modulo p, too: Garner's step."""
        inverse = pow(self.modulus, -1, p)
        step = (remainders.astype(object) - self._values) * inverse % p
        self._values = self._values + step * self.modulus
        self.modulus *= p

    def centred(self) -> np.ndarray:
        """The values in (-modulus/2, modulus/2]."""
        return np.where(self._values > self.modulus // 2, self._values - self.modulus, self._values)
