"""The primes up to n, and what a sequence asks of its n."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from fastmul.integers.arguments import as_mpz
from fastmul.integers.common_divisors import shown
from fastmul.planning import memory

#: Odd numbers in a segment of the sieve: as many bytes, so that it stays in the second-level cache.
SEGMENT = 1 << 19


def primes_up_to(n: int) -> np.ndarray:
    """All primes up to n, int64, increasing: a segmented sieve of Eratosthenes over the odd numbers.

    >>> primes_up_to(30)
    array([ 2,  3,  5,  7, 11, 13, 17, 19, 23, 29])
    """
    if n < 2:
        return np.empty(0, np.int64)
    memory.require(_primes_bytes(n), f"the primes up to {n}")
    found = [np.array([2])]
    base = primes_up_to(math.isqrt(n))[1:]
    for low in range(3, n + 1, 2 * SEGMENT):
        # flags[i] stands for low + 2*i
        flags = np.ones(min(SEGMENT, (n - low) // 2 + 1), np.bool_)
        high = low + 2 * flags.size
        of_segment = base[: np.searchsorted(base, math.isqrt(high), "right")]
        # the first odd multiple of p in the segment, from p**2 on: below it a smaller prime has struck out
        first = np.maximum(of_segment, -(-low // of_segment) | 1) * of_segment
        for start, p in zip(((first - low) // 2).tolist(), of_segment.tolist(), strict=True):
            flags[start::p] = False
        found.append(low + 2 * np.flatnonzero(flags))
    return np.concatenate(found)


def _primes_bytes(n: int) -> int:
    """There are fewer than 1.26 n / log(n) primes up to n (Rosser and Schoenfeld 1962); in two copies at the last."""
    return 2 * 8 * math.ceil(1.26 * n / math.log(n))


def natural(call: str, n: Any) -> tuple[type, int]:
    """(int or mpz, n) of an argument that has to be a natural number; `call` is what the caller wrote."""
    kind, value = as_mpz(f"{call}(n)", n)
    if value < 0:
        raise ValueError(f"{call}({shown(value)}) is not defined: n >= 0 is needed")
    return kind, int(value)
