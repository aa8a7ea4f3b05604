"""How likely Freivalds' check passes a wrong matrix product.

C is accepted as A B if A (B x) = C x for random x. Let D = C - A B, wrong somewhere: one row d of D is not zero.
"""

from __future__ import annotations

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
