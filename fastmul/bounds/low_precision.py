"""Which engine multiplies the integers of low precision exactly, and why rounding them to odd first rounds once.

A line is a row of A or a column of B. Its elements are integers x times one power of two, and what a product needs to
know of it are three numbers: k, the largest |x|, and its energy, the sum of the x^2.

**The reach of a product.** For lines x, y of k integers and any set S of indices,

    |sum over S of x y|  <=  k max|x| max|y|      and      |sum over S of x y|  <=  |x|_2 |y|_2     (Cauchy, Schwarz).

The second is what makes blocks under scales of their own fit: a block 2^s above the others makes max|x| 2^s times
larger, but the norm only by the root of its share of the line. Both hold for every partial sum, in any order, fused or
not. An engine whose numbers hold all integers of magnitude at most R is exact if either is at most R: a float of p
bits has R = 2^p, an int32 R = 2^31 - 1. (Integers may wrap on the way, floats must not be rounded: hence any S.)

**Energies are floats.** A float64 sum of k squares, each correctly rounded, is at least its true value times
(1 - u)^(k+1), u = 2^-53. Multiplied by a block's factor squared and added over at most k blocks it loses at most k + 3
roundings more, and the product of two energies one. With k <= DEEPEST = 2^30, ENERGY_SLACK = 1 + 2^-20 makes up for it:
(2 * (2 k + 4) + 1) u < 2^-20.

**Rounding to odd.** An exact value v that is no float64 lies between two neighbours, of which one has an odd
significand: round(v) to that one, and v to itself where it is a float64. Rounding the result to any format of at most
53 - 2 bits, of any range of exponents inside float64's, gives what rounding v to that format gives, to nearest (ties to
even) and in every other direction: the midpoints and the values of such a format, subnormal ones included, are
float64s with an even significand, so that v and round(v) lie on the same side of each of them, and are equal to it
only together. (Boldo, Melquiond, Emulation of a FMA and Correctly Rounded Sums: Proved Algorithms Using Rounding to
Odd, IEEE Trans. Computers 57:4 (2008).)
"""

from __future__ import annotations

from dataclasses import dataclass

from fastmul.bounds import accumulators, float_gemm

#: k up to which energies are proved.
DEEPEST = 1 << 30
#: Makes up for the rounding of two energies and their product.
ENERGY_SLACK = 1 + 2.0**-20
#: The largest sum of pieces of k.
INT64_MAX = (1 << 63) - 1
#: Pieces of k shorter than this make a product slow.
SHORTEST_PIECE = 256
#: Rounding to odd in float64, then to a format of at most so many bits, rounds once.
WIDEST_ROUNDED_ONCE = float_gemm.SIGNIFICANT_BITS["float64"] - 2


@dataclass(frozen=True, slots=True)
class LineBounds:
    """What all lines of an operand keep to: `depth` integers of magnitude at most `top`, energy at most `energy`.

    `energy` is a float64 as described above, or exact.
    """

    depth: int
    top: float
    energy: float

    @classmethod
    def of_integers(cls, depth: int, top: int) -> LineBounds:
        """Of what is known from a format alone."""
        return cls(depth, top, float(depth) * top * top)


#: engine: (largest magnitude of an operand's element, largest magnitude of a sum)
ENGINES = {
    "int8": (accumulators.RANGES["int8"][1], accumulators.RANGES["int32"][1]),
    "int16": (accumulators.RANGES["int16"][1], accumulators.RANGES["int32"][1]),
    "float32": (float_gemm.window("float32"), float_gemm.window("float32")),
    "float64": (float_gemm.window("float64"), float_gemm.window("float64")),
}


def reaches_within(a: LineBounds, b: LineBounds, limit: int) -> bool:
    """Whether every sum of products of a line of A and one of B has magnitude at most `limit`.

    >>> x = LineBounds.of_integers(1024, 127)
    >>> reaches_within(x, x, 1024 * 127**2), reaches_within(x, x, 1024 * 127**2 - 1)
    (True, False)
    >>> one_large = LineBounds(1024, 2.0**12, 2.0**24 + 1023)
    >>> reaches_within(one_large, one_large, 2**25), reaches_within(one_large, one_large, 2**24)
    (True, False)
    """
    if int(a.top) * int(b.top) * a.depth <= limit:
        return True
    return a.depth <= DEEPEST and a.energy * b.energy * ENERGY_SLACK <= float(limit) ** 2


def piece(a: LineBounds, b: LineBounds, engine: str) -> int:
    """The longest piece of k whose sums an engine holds: k itself, a part of it, or 0 where there is none.

    Its elements must hold those of the lines. Pieces are added in int64, which the whole sum must fit.

    >>> int8 = LineBounds.of_integers(1 << 18, 128)
    >>> piece(int8, int8, "float64") == int8.depth, piece(int8, int8, "int16"), piece(int8, int8, "float32")
    (True, 131071, 1024)
    """
    _, limit = ENGINES[engine]
    if reaches_within(a, b, limit):
        return a.depth
    length = limit // max(1, int(a.top) * int(b.top))
    if length < SHORTEST_PIECE or not reaches_within(a, b, INT64_MAX):
        return 0
    return length
