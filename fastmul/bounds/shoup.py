"""Products by a fixed factor modulo p: Shoup's quotient.

Let c < p and c' = floor(c B / p) = (c B - e) / p with 0 <= e < p. For 0 <= x < B

    c' x / B = c x / p - e x / (p B),     0 <= e x / (p B) < 1,

so q = floor(c' x / B) is floor(c x / p) or one less, and r = c x - q p lies in [0, 2p). If 2p <= 2^64, r is known from
its residue modulo 2^64, in which everything is computed: c x may wrap.
"""

from __future__ import annotations

#: Bits of a word.
WORD = 64


def largest_modulus(quotient_bits: int) -> int:
    """The largest p for which r is found in 64-bit words, with B = 2^quotient_bits.

    B = 2^64: 2p <= 2^64 asks for p <= 2^63; x < p < B holds, and c' x is one whole double word.
    B = 2^32: c B <= (p - 1) B must fit a word, so p <= 2^32; then c' and x are below 2^32, and c' x fits a word.

    >>> largest_modulus(64) == 2**63, largest_modulus(32) == 2**32
    (True, True)
    """
    return min(1 << quotient_bits, 1 << (WORD - 1))
