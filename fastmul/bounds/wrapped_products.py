"""When a product modulo 2^64 is the true one: if it is right modulo a few more bits, too.

Let c = a b be the true integer matrix, |c| <= H = k max|a| max|b|, and w one with w = c modulo 2^64 and
-2^63 <= w < 2^64 (an int64 or a uint64). Let M be odd. If w = c modulo M, then 2^64 M divides w - c, whose magnitude
is below 2^64 + H: so w = c as soon as 2^64 + H <= 2^64 M. If w != c modulo M, then w != c.

So it is enough to multiply once more modulo an M of H / 2^64 + 1 or more, without any bit of c beyond: for words, M of
72 bits at k = 256, where the whole of c takes 136.
"""

from __future__ import annotations

from fastmul.bounds import modular

#: Odd neighbours, whose difference of 2 is no odd number's multiple: coprime. Packed kernels take them.
MODULI = modular.THREE_MODULI[1:]


def moduli(highest: int) -> tuple[int, ...] | None:
    """Odd, pairwise coprime moduli modulo which w must be c, for |c| <= highest, so that w = c; None: they are too few.

    >>> moduli(2**64), moduli(256 * 2**126) == MODULI, moduli(2**170)
    ((2251799813685247,), True, None)
    """
    product = 1
    for count, m in enumerate(MODULI, 1):
        product *= m
        if modular.WORD + highest <= modular.WORD * product:
            return MODULI[:count]
    return None
