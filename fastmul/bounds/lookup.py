"""How many 8-bit table entries an unsigned 16-bit sum holds, also when even and odd bytes are summed together.

A vector of bytes x is a vector of words x_even + 2^8 x_odd. The kernel adds up two sums of words,

    all = sum of (x_even + 2^8 x_odd)  modulo 2^16            odd = sum of x_odd,   taken as x >> 8,

and gets the even ones as all - 2^8 odd, modulo 2^16. Both results are exact if and only if both true sums are below
2^16: of t entries, each at most 2^8 - 1, if t (2^8 - 1) <= 2^16 - 1, which is t <= 2^8 + 1. At t = 2^8 + 2, entries of
255 each wrap.
"""

from __future__ import annotations

#: Comparisons that lead to a code, and the codes: as many as one shuffle of bytes picks from.
LEVELS, LEAVES = 4, 16
#: The largest table entry.
TOP = (1 << 8) - 1
#: Entries, one for each codebook, whose sum fits 16 bits whatever they are.
MOST_CODEBOOKS = ((1 << 16) - 1) // TOP
