"""The window of the floating-point FFT: which digits a product of big integers may have.

Claim
-----
Let x, y be complex vectors of L = r * 2**m points, r in {4, 5, 6, 7}, with integer digits as parts, and z their exact
product modulo t**L - i. Each part of each point that the kernels of ``kernels/cpu/fft*.py`` compute errs by at most

    E = |x| * |y| * error(r, m),        |x| = sqrt(sum |x[j]|**2),

so that rounding to the nearest integer is exact where E < 1/2. u = 2**-53 is the rounding error of +, * and FMA: the
computed value is the exact one times 1 + d, |d| <= u. (No underflow: nonzero digits are at least 1 and weights at
least 2**-40, so a rounding error below 2**-1000 would need a result that tiny; and no overflow, so no infinity and no
NaN: everything is below |x||y|*L < 2**100.)

Twiddles. Each part is the exact cosine or sine, rounded to nearest from a double-double value that errs by less than
2**-95. Parts are at most 1 in modulus, so each errs by at most u/2 + 2**-95, the twiddle by at most
BETA = u * sqrt(1/2) * (1 + 2**-40). A test measures it.

`times`(a, w) rounds two products, a_re*w_re and a_im*w_re (the other two are fused), which together err by at most
u |a| |w_re| <= u |a| (1 + BETA), then each part of the result once more: at most u |a w| (1 + ...). So the result
errs by (2u + BETA) |a| up to second order: TWIDDLE below carries the second order in its last factor.

Forward passes, in the norm |.|. A pass of p rows is sqrt(p) times a unitary map. An addition level is a map
(a, b) -> (a + b, a - b) whose results are rounded once: relative error u in the norm. e(1/8) is applied as
rotate-and-add (one rounding, norm u*sqrt(2)|t| before the factor sqrt(1/2)), times HALF_ROOT (relative error HALF),
fused into the addition level: u + HALF more. A pass of eight rows: TWIDDLE, three levels, one e(1/8):

    PASS8 = TWIDDLE + 4u + HALF,    PASS4 = TWIDDLE + 2u,    PASS2 = TWIDDLE + u,    leaf = two PASS8.

Relative errors compose: a chain of maps c_i * unitary with computed maps relatively e_i off maps x to a vector off by
(prod(1 + e_i) - 1) * |exact result|, since the computed intermediate is (1 + e) times as long at most.

The root's forward pass multiplies r real digits z[j] of a column by r roots. Child k is E + O, the sums of z[j] c[k]**j
over even and over odd j, by FMAs from the lowest j on. A partial sum P[k] of the terms j in S has, over the r children,

    sum |P[k]|**2 = r sum_{j in S} z[j]**2,        since the sum of c[k]**(j - i) over k is 0 for 0 < |j - i| < r,

and one rounding of each part, u |P[k]|. So the n_e = ceil(r/2) even terms, the first of which is exact, err by at most
(n_e - 1) u sqrt(r) |z_even|, the n_o = floor(r/2) odd ones by n_o u sqrt(r) |z_odd|, together by Cauchy-Schwarz by
sqrt((n_e - 1)**2 + n_o**2) u sqrt(r) |z|; E + O adds u. Weights off by BETA, of which that of j = 0 is exact, move
child k by at most BETA sqrt(r - 1) |z|. Relatively to the exact sqrt(r) |z|,

    ROOT = (sqrt((n_e - 1)**2 + n_o**2) + 1) u + sqrt(r - 1) BETA,

and u more for the highest bit that the wrapped form adds. (Children with c = +-i are exact sums of integers.)
Imaginary digits go the same way and are added with one rounding, u more; |re z| + |im z| <= sqrt(2) |z|, so ROOT then
counts sqrt(2)-fold.

Pointwise product: |X^Y^ - XY| <= 2u |X^||Y^| in each point, so in the 1-norm, by Cauchy-Schwarz,
|X^Y^ - XY|_1 <= L |x||y| ((1 + e_forward)**2 (1 + 2u) - 1).

Sums of k products, added point by point: `multiply_values` fuses both products of a part into the sum, so that each
term rounds twice, both times a complex number of modulus at most sum_i |X_i||Y_i| (1 + ...): the same with |x||y|
replaced by sum_i |x_i||y_i|, and (1 + 2u)**k for 1 + 2u (second order: in the last factor of `error`). All that
follows needs no more of XY than its 1-norm, so it holds for the sum, too.

Inverse passes, from the 1-norm to the maximum: here the error of one result is bounded by the sum of the moduli of the
inputs it depends on. Additions: u |a + b| <= u (|a| + |b|), for each of the levels; e(1/8) and twiddles as above, as
their moduli are 1: the same PASS constants. The last pass: a part of row j is a sum of r complex products,
each S and D rounded once, and every input goes through at most r + 1 roundings; each part of a root over L is rounded
once. By Cauchy-Schwarz for the two real products in each complex one,

    UNROOT = (r + 2) u.

With |Z|_1 <= L |x||y| and the factor 1/L this gives `error` below.       q.e.d.

Source: Percival, Math. Comp. 72 (2003) 387-395; Brent, Percival, Zimmermann, Math. Comp. 76 (2007) 1469-1481, whose
theorem assumes radix 2, a complex product off by sqrt(5) u, and no FMA; Jeannerod, Kornerup, Louvet, Muller, Math.
Comp. 86 (2017) 881-898, for the product with FMA.
"""

from __future__ import annotations

import math
from functools import lru_cache
from itertools import pairwise

U = 2.0**-53
#: Of a twiddle: both parts rounded to nearest.
BETA = U * math.sqrt(0.5) * (1 + 2.0**-40)
#: Relative error of float64(sqrt(1/2)): it is 0.616 u.
HALF = 0.62 * U
#: Second-order terms: every first-order constant is below 2**-48, so their products add less than 2**-40 of it.
_SECOND_ORDER = 1 + 2.0**-40

TWIDDLE = (2 * U + BETA) * _SECOND_ORDER
PASS8 = (TWIDDLE + 4 * U + HALF) * _SECOND_ORDER
PASS4 = (TWIDDLE + 2 * U) * _SECOND_ORDER
PASS2 = (TWIDDLE + U) * _SECOND_ORDER

#: Rounding is done while the error is below this; 1/2 less what evaluating the bound itself in float64 may lose.
MAX_ERROR = 0.5 * (1 - 2.0**-30)
#: `nearest` rounds coefficients below this.
MAX_COEFFICIENT = 2.0**51
#: Digits of fewer bits would not pay; those of more do not fit the kernels' packing (eight of them in 24 bytes).
MIN_BITS, MAX_BITS = 8, 24


def levels(m: int) -> tuple[int, ...]:
    """log2 of the sizes of nodes on the way from a child of 2**m points down to a leaf of 2**6.

    >>> levels(14), levels(7)
    ((14, 11, 8, 6), (7, 6))
    """
    sizes = [m]
    while sizes[-1] > 6:
        rest = sizes[-1] - 6
        sizes.append(sizes[-1] - (1 if rest == 1 else 2 if rest in (2, 4) else 3))
    return tuple(sizes)


def root_error(rows: int) -> float:
    """Of the children of the root, relatively, for real digits."""
    even, odd = (rows + 1) // 2, rows // 2
    return (math.hypot(even - 1, odd) + 1) * U + math.sqrt(rows - 1) * BETA


@lru_cache(maxsize=1024)
def error(rows: int, m: int, whole: bool = False, terms: int = 1) -> float:
    """The error of a coefficient relative to |x| * |y|, for rows * 2**m complex points.

    whole: one operand has digits in the imaginary parts, too. terms: how many products are added up, whose |x| * |y|
    then are, too.
    """
    sizes = levels(m)
    passes = {1: PASS2, 2: PASS4, 3: PASS8}
    path = 2 * math.log1p(PASS8)
    path += sum(math.log1p(passes[a - b]) for a, b in pairwise(sizes))
    root = root_error(rows)
    forward = 2 * path + math.log1p((root + U) * _SECOND_ORDER)
    forward += math.log1p(((math.sqrt(2) if whole else 1) * root + U) * _SECOND_ORDER)
    inverse = path + math.log1p((rows + 2) * U * _SECOND_ORDER)
    return math.expm1(forward + terms * math.log1p(2 * U) + inverse) * (1 + 2.0**-40)


def max_norm_product(rows: int, m: int, whole: bool = False, terms: int = 1) -> float:
    """The largest |x|**2 * |y|**2, or (sum |x_i| |y_i|)**2 of a sum of products, for which rounding is exact."""
    return min(MAX_ERROR / error(rows, m, whole, terms), MAX_COEFFICIENT) ** 2 * (1 - 2.0**-40)


def add_norm_products(first: float, second: float) -> float:
    """(|x1||y1| + |x2||y2|)**2, or a little more, from |x1|**2 |y1|**2 and |x2|**2 |y2|**2."""
    return (math.sqrt(first) + math.sqrt(second)) ** 2 * (1 + 2.0**-48)


def worst_norm_product(a_digits: int, b_digits: int, bits: int) -> int:
    """|x|**2 * |y|**2 when every digit is +-2**(bits - 1)."""
    return (a_digits * b_digits) << (4 * (bits - 1))


def has_exact_norm(digits: int, bits: int) -> bool:
    """Is the sum of squares of this many digits exact in float64? Partial sums are integers, too."""
    return digits << (2 * (bits - 1)) <= 2**53


#: Standard deviations of the sum of random digits' squares that a forecast grants; beyond them, in less than one
#: product of three hundred, the guaranteed plan is taken after all.
GRANTED_DEVIATIONS = 3


def likely_norm_product(a_digits: int, b_digits: int, bits: int) -> float:
    """What uniformly random digits stay below, nearly always.

    Such a digit's square is 2**(2*bits - 2) / 3 on average, with a standard deviation of 0.9 of that. Only a
    forecast: the kernel measures the norms, and only they decide.
    """
    average = worst_norm_product(a_digits, b_digits, bits) / 9
    spread = 0.9 * GRANTED_DEVIATIONS
    return average * (1 + spread / math.sqrt(a_digits)) * (1 + spread / math.sqrt(b_digits))
