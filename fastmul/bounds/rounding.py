"""Why a cast to few bits rounds once: the carry of one addition, and quotients that pass no midpoint.

**One addition.** Let sig be the integer significand of x, and let a format drop its s lowest bits, s >= 1. With
sig = u 2^s + r, 0 <= r < 2^s, and q = u mod 2,

    ties to even    (sig + 2^(s-1) - 1 + q) >> s   is u + 1 iff r + q > 2^(s-1): above the midpoint, or on it and u odd
    ties away       (sig + 2^(s-1)) >> s           is u + 1 iff r >= 2^(s-1)
    toward zero     sig >> s                       is u
    stochastic      (sig + b) >> s, 0 <= b < 2^s   is u + 1 iff r + b >= 2^s: never where r = 0

Of k random bits, the integer R, b = floor(R 2^s / 2^k). For s >= k this is R 2^(s-k), and r + b >= 2^s iff
floor(r / 2^(s-k)) + R >= 2^k; for s < k, r + b >= 2^s iff r 2^(k-s) + R >= 2^k, because r is an integer. Both say: up
iff floor(d 2^k) + R >= 2^k for the fraction d = r / 2^s, with a probability below d by less than 2^-k.

In the code, (field - 1) 2^m + u with m mantissa bits and the hidden bit in u, a carry to u = 2^(m+1) moves into the
exponent field by itself. sig has F + 1 bits: from s = F + 2 on, half a unit is more than any sig, both roundings to
nearest give 0 there (sig + 2^(F+1) < 2^(F+2)), and s need not grow further. A stochastic rounding looks only at
sig >> (s - k): where s is beyond W - 1, W the width of a lane, sig may be shifted by the difference first, since
W - 1 >= k.

**Quotients.** x / d, d > 0 of w significant bits, is computed as the nearest float64 and then rounded to a format of p
bits. Let t > 0 be a number at which the format decides: a midpoint, p + 1 bits, or a value. If w + p <= 53, fl(x / d)
lies on the same side of t as x / d, so that the second rounding does what one would. For with integers X < 2^53, T, D
and units in which x = X 2^i, d = D, t = T >= 2^p (T < 2^(p+1), filled up with zeros),

    i >= 0    |x / d - t| = |X 2^i - T D| / D >= 1 / D > 2^-w >= 2^(p-53) = ulp(t) / 2.
    i < 0     T D = (X + m) 2^i with an integer m != 0, |x / d - t| = T |m| / (X + m). For m < 0 this is > T 2^-53, and
              for m > 0 at least T 2^-53, which is the bound where T D is a power of two, and T with it. Now
              T 2^-53 >= ulp(t) / 2; below a power of two the float64s lie half as far apart.

So x / d is nearer to the float64 beside t than to t. (The exponents are harmless: t is at least 2^-150 and d a product
of float32s, far inside float64's range.) With k random bits a rounding decides at p + k bits: k - 1 fewer for w.

**Powers of two for blocks.** Let amax = (1 + f) 2^e, and max = (1 + g) 2^E the format's largest value. As 52-bit
integers, f + addend carries into the exponent of amax

    "floor"   addend 0: never                              X = 2^(e - E)
    "rceil"   addend 2^52 - 1 - g: iff f > g               X the least power of two with amax <= max X
    "even"    addend 2^(51 - m): iff f >= 1 - 2^-(m+1)     X = 2^(floor(log2 of amax rounded to m bits) - E)
"""

from __future__ import annotations

#: Significant bits of a float64, of a float32, and of an E4M3 number.
FLOAT64_BITS, FLOAT32_BITS, E4M3_BITS = 53, 24, 4
#: Bits of a divisor: a float32 scale, or nvfp4's product of two scales.
ONE_LEVEL, TWO_LEVELS = FLOAT32_BITS, FLOAT32_BITS + E4M3_BITS


def rounds_once(precision: int, divisor_bits: int) -> bool:
    """Whether x / d, d of so many bits, rounded to float64 and then to `precision` bits, is as good as rounded once.

    >>> rounds_once(24, ONE_LEVEL), rounds_once(2, TWO_LEVELS)  # float32; the elements of nvfp4
    (True, True)
    """
    return divisor_bits + precision <= FLOAT64_BITS
