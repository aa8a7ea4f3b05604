"""How likely Freivalds' check passes a wrong matrix product.

C is accepted as A B if A (B x) = C x for random x. Let D = C - A B, wrong somewhere: one row d of D is not zero.
"""

from __future__ import annotations

from functools import cache

import gmpy2

#: Random vectors of one check modulo 2^bits.
VECTORS = 40


def miss_modulo_power_of_two(n_checks: int) -> float:
    """Vectors uniform modulo 2^bits, `VECTORS` per check.

    Let 2^t, t < bits, be the largest power of two dividing a nonzero entry d_j modulo 2^bits. For every choice of
    the other coordinates at most one residue of x_j modulo 2^(bits-t) gives d x = 0, which has probability
    2^(t-bits) <= 1/2. (A flipped top bit has t = bits - 1: one vector sees it half the time, hence so many.)

    >>> miss_modulo_power_of_two(1) == 2.0**-40
    True
    """
    return 2.0 ** (-VECTORS * n_checks)


def miss_modulo_prime(n_checks: int, error_bits: int) -> float:
    """One vector per check, uniform modulo a random prime p of 61 bits, for errors |d_j| < 2^error_bits.

    Either p divides d_j (planning.verify.miss_probability bounds that by error_bits / 60 / 2^54), or exactly one
    residue of x_j gives d x = 0 modulo p: probability 1/p < 2^-60.
    """
    return float((error_bits / 60 / 2.0**54 + 2.0**-60) ** n_checks)


#: Prime factors up to this size are looked for.
_SMALL_FACTORS = 1 << 10


@cache
def vectors_modulo(p: int) -> int:
    """Vectors uniform in [0, p), so many that a wrong product modulo p passes at most 2^-VECTORS of the time.

    Let d_j be a nonzero entry modulo p and g = gcd(d_j, p) < p. For every choice of the other coordinates, d x = 0
    modulo p for at most one residue of x_j modulo p/g, which has probability g/p <= 1/q for the least prime factor q
    of p. (A prime p has q = p; otherwise no factor up to _SMALL_FACTORS shows that q is larger.)

    >>> vectors_modulo(2**61 - 1), vectors_modulo(998244353), vectors_modulo(6)
    (1, 2, 40)
    """
    least = next((q for q in range(2, min(p, _SMALL_FACTORS)) if p % q == 0), None)
    if least is None:
        least = p if p < _SMALL_FACTORS or gmpy2.is_prime(p) else _SMALL_FACTORS
    return -(-VECTORS // (least.bit_length() - 1))
