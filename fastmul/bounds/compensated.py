"""The error of a dot product that carries its rounding errors along, as if in three times the working precision.

    p + e = a b             p = fl(a b), e by a fused multiply-add: exact unless e underflows, then off by 2^-1075
    s' + d = s + p          TwoSum (Knuth): exact, also in subnormal numbers
    c' + f = c + d          TwoSum
    c" + g = c' + e         TwoSum
    t' = fl(t + fl(f + g))

s, c, t are eight sums side by side, joined the same way in the end. So sum a b = s + c + (the sum of all f and g) but
for underflows; only the roundings of t are lost. With k products, S = sum |a b|, u = 2^-53, N = k + 16, N u <= 2^-20,
and up to factors 1 + 2^-19: partial sums of s are at most S, hence all |d| together at most N u S, all |e| at most
u S; partial sums of c are at most (N + 1) u S, hence the fewer than 2 N terms f, g together at most
2 N u (N + 1) u S; each goes into t through fewer than 2 N roundings. t is off by less than

    2 N u * 2 N (N + 1) u^2 S < 4.3 (N u)^3 S.

The computed S is at least S (1 - 2^-19); `radius` takes 8 for 4.3, which covers that and its own roundings. Overflow
makes s or c infinite or NaN, and then nothing is claimed.

Source: Ogita, Rump, Oishi, Accurate Sum and Dot Product, SIAM J. Sci. Comput. 26:6 (2005) 1955-1988, algorithm 5.10.
"""

from __future__ import annotations

#: k up to which the bound is proved: (k + 16) 2^-53 <= 2^-20.
DEPTH = (1 << 33) - 16
#: What underflows add for each product, generously.
UNDERFLOW = 2.0**-1073


def radius(k: int, magnitude: float) -> float:
    """R with |sum a b - (s + c + t)| <= R, where `magnitude` is the computed sum of |a b|.

    >>> 2.0**-127 <= radius(1008, 1.0) < 2.0**-125
    True
    """
    return 8.0 * ((k + 16) * 2.0**-53) ** 3 * magnitude + k * UNDERFLOW
