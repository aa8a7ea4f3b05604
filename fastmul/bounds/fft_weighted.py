"""The window of the weighted FFT: which digits a product modulo 2**p - 1 may have.

Claim
-----
Let x, y be vectors of N = 2*L real numbers, L = r * 2**m points, r in {4, 5, 6, 7}: the weighted digits as
``kernels/cpu/fft_weighted.py`` holds them, and c the digits of the product, before they are rounded. Each of the c[j]
that the kernels compute errs by at most

    E = |x| * |y| * error(r, m),        |x| = sqrt(sum x[j]**2),

so that rounding to the nearest integer is exact where E < 1/2. Constants and model are those of `fastmul.bounds.fft`:
u = 2**-53, relative errors compose, passes err by PASS8, PASS4 and PASS2 in the norm and from 1-norm to maximum.

Weights. A digit is an integer below 2**51; the state holds d * w rounded, where w, the product of two correctly
rounded factors, errs by 3u (relatively, up to second order; halving is exact). So x[j] is the weighted digit of which
the claim speaks, times 1 + 4u: WEIGHT.

Root. Each part of each of its r values is a sum of r products, of which each input sees at most r // 2 + 2 roundings
and one constant that errs by u/2 (a cosine or sine, rounded to nearest). Inputs enter as S*cos and D*sin with S, D the
sum and difference of two, and |S||cos| + |D||sin| <= sqrt(|S|**2 + |D|**2) = sqrt(2 (|a|**2 + |b|**2)). So a value errs
by sqrt(2) ((r // 2 + 2) u + u/2) sum |z[j]|, that is, relatively in the norm over r values (as in `fastmul.bounds.fft`)

    ROOT = sqrt(2 r) (r // 2 + 2.5) u,    and from 1-norm to maximum the same without sqrt(r).

Forward, all passes compose to e: the computed Z is the transform of x + dx, |dx| <= e |x|, since the transform of
packed digits is sqrt(L) times an isometry of real vectors. What the pairs of mirrored values would give without
rounding is the transform of the product of x + dx and y + dy, which by Cauchy-Schwarz errs by

    |x||dy| + |dx||y| + |dx||dy| <= ((1 + e)**2 - 1) |x||y|                                              (1)

in each coefficient: no factor is lost to the pairing.

Pairs. D = Z - conj(Z') errs by u|D|; a product of two by 2u more; s = -(1 + y)/4, |s| <= 1/2, errs by at most 2u (the
twiddle y by BETA, or 4u after a product with e(1/8); 1 + y by 2u more; all divided by 4); the product with s by 2u. So
P = s*D*D' errs by (2u + (1 + 1 + 2 + 2) u / 2) |D||D'| = 5u |D||D'|, and sum |D||D'| <= 4 L |x||y| as D = 2iO. Then
Z*Z' + P is made by two fused products in each part: at most 2u sqrt(2) (|Z||Z'| + |P|), where sum |P| <= 2 L |x||y|.
The values W err by (20 + 6 sqrt(2)) u L |x||y| in the 1-norm: PAIRS = 29u. (The first leaf is computed without fused
products: one rounding more for each, which s loses there, as it is correctly rounded.)

Inverse. W packs even and odd parts of the product's values P+, P- at t and -t: |W|**2 <= 2 (|even|**2 + |odd|**2) =
|P+|**2 + |P-|**2, so |W|_1 <= |P+|_1 + |P-|_1 <= N |x||y| = 2 L |x||y|. The passes from 1-norm to maximum err by
relatively i, the root included, so a coefficient by 2 i |x||y| after the factor 1/L.

Unweighing. The product by 1/(w L) errs by 4u |c|, |c| <= |x||y|; as w >= 1, errors are not enlarged.

With (1), PAIRS, 2 i and WEIGHT this gives `error` below.       q.e.d.

A state's norm is summed in float64, at most N/16 + 16 additions of positive terms in sequence: it errs by a relative
(N/16 + 17) u < 2**-36 for N <= 2**20. `max_norm_product` allows for that.

Source: Crandall and Fagin, Math. Comp. 62 (1994) 305-324, and `fastmul.bounds.fft`, whose sources these are.
"""

from __future__ import annotations

import math
from functools import lru_cache
from itertools import pairwise

from fastmul.bounds.fft import MAX_COEFFICIENT, MAX_ERROR, PASS2, PASS4, PASS8, U, levels

WEIGHT = 4 * U
PAIRS = 29 * U
#: Second-order terms, as in `fastmul.bounds.fft`.
_SECOND_ORDER = 1 + 2.0**-40


@lru_cache(maxsize=1024)
def error(rows: int, m: int) -> float:
    """The error of a coefficient relative to |x| * |y|, for rows * 2**m complex points."""
    passes = {1: PASS2, 2: PASS4, 3: PASS8}
    path = 2 * math.log1p(PASS8)
    path += sum(math.log1p(passes[a - b]) for a, b in pairwise(levels(m)))
    to_maximum = math.sqrt(2) * (rows // 2 + 2.5) * U
    forward = path + math.log1p(math.sqrt(rows) * to_maximum * _SECOND_ORDER) + math.log1p(WEIGHT)
    inverse = math.expm1(path + math.log1p(to_maximum * _SECOND_ORDER))
    return (math.expm1(2 * forward) + PAIRS + 2 * inverse + WEIGHT) * (1 + 2.0**-38)


def max_norm_product(rows: int, m: int) -> float:
    """The largest |x|**2 * |y|**2, as the kernel sums them, for which rounding is exact."""
    return min(MAX_ERROR / error(rows, m), MAX_COEFFICIENT) ** 2 * (1 - 2.0**-32)


def likely_norm(n_digits: int, exponent: int) -> float:
    """What the sum of squares of uniformly random weighted digits stays below, but for eight standard deviations.

    A digit of b bits is uniform in 2**b, and with its weight in 2**(p/N) to 2**(p/N + 1), logarithmically even: its
    square is 4**(p/N)/12 * (4 - 1)/log(4) on average, and deviates by less than 1.2 of that.
    """
    average = 4.0 ** (exponent / n_digits) / 12 * 3 / math.log(4)
    return n_digits * average * (1 + 8 * 1.2 / math.sqrt(n_digits))
