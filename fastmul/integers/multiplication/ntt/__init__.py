"""Multiplication by number-theoretic transforms: limbs as coefficients, three primes, exact at any length.

The product of two limb arrays is a product of polynomials, whose coefficients are below 2^150 and are computed
modulo three primes just above 2^50 in float64 (`kernels.cpu.ntt_product` draws how). Here lengths become plans:

* `rings`: a transform takes 4 to 8 blocks, so lengths between powers of two cost what they should;
* `workspace`: one transform size, on one thread or several;
* `cutting`: a much longer operand is cut into pieces, and the short one is transformed once; beyond the window of
  the three primes (2^22 limbs in the shorter operand, `bounds.crt`) both are cut;
* `kept`: plan, encode, multiply and decode apart, for transforms that are used again;
* `wrapped`: products modulo X^N - 1 and X^N + 1.
"""

from __future__ import annotations

import numpy as np

from fastmul.integers.multiplication.doors import door
from fastmul.integers.multiplication.ntt import cutting
from fastmul.planning.algorithm import never

#: Doing no more than pointing at this algorithm: every pair of lengths can be multiplied.
refuses = never


def mul_limbs(a: np.ndarray, b: np.ndarray, out: np.ndarray, threads: int = 1) -> None:
    """out = a * b for little-endian uint64 limbs.

    Parameters
    ----------
    a, b : (n,), (m,) contiguous uint64 arrays; may be read-only. ``a is b`` takes the way of a square.
    out : (n + m,) uint64 array that overlaps neither.
    threads : how many threads at most.

    Exactness
    ---------
    The coefficients of the product polynomial are at most min(n, m) (2^64 - 1)^2, below p1 p2 p3 for
    min(n, m) <= `bounds.crt.max_terms()`; longer operands are cut. All arithmetic modulo the primes is on
    integers below 2^53 in float64 (`bounds.ntt`).

    Complexity
    ----------
    Time O(N log N), N = n + m; nine transforms, six for a square. Memory 24 N to 32 N bytes, 48 N on several
    threads.

    Source
    ------
    Pollard, Math. Comp. 25 (1971) 365-374; the transforms of `fastmul.transforms.ntt`.
    """
    cutting.multiply(a, b, out, threads)


mul = door(mul_limbs, "ntt")
