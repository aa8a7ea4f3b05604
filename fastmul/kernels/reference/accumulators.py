"""The meaning of an accumulator, in Python's integers: what `kernels/cpu/lowprecision/accumulators.py` computes.

A finite term is (q, lsb, exponent): the value q * 2^lsb, which is aligned as if its leading bit were at 2^exponent.
Operands are Python floats that hold the elements exactly.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

FRACTION_BITS = 53


class Term(NamedTuple):
    q: int
    lsb: int
    exponent: int


@dataclass(frozen=True)
class Rounding:
    """Where a sum is rounded to: precision bits, normal from 2^least on, infinite from 2^limit on."""

    precision: int
    least: int
    limit: int
    to_even: bool


FLOAT32 = Rounding(24, -126, 128, True)
#: Exponents of the smallest normal numbers of the elements and of the block scales of an operand.
Least = tuple[int, int]


def term(x: float, least: int) -> Term:
    """A finite x of a format whose smallest normal number is 2^least."""
    fraction, above = math.frexp(x)
    q = int(fraction * 2**FRACTION_BITS)
    return Term(q, above - FRACTION_BITS, max(above - 1, least))


def product(x: Term, y: Term) -> Term:
    """Exact, and not normalised: the exponents add up, whatever the significands' product is."""
    return Term(x.q * y.q, x.lsb + y.lsb, x.exponent + y.exponent)


def shift(q: int, count: int) -> int:
    """q * 2^count, toward zero."""
    if count >= 0:
        return q << count
    return -(-q >> -count) if q < 0 else q >> -count


def round_to(q: int, lsb: int, to: Rounding, negative_zero: bool = False) -> float:
    """q * 2^lsb in the format."""
    if q == 0:
        return -0.0 if negative_zero else 0.0
    step = (
        max(abs(q).bit_length() + lsb, to.least + 1) - to.precision
    )  # exponent of the last bit that stays
    kept = shift(abs(q), lsb - step)
    if to.to_even and step > lsb:
        dropped = abs(q) - (kept << (step - lsb))
        half = 1 << (step - lsb - 1)
        kept += dropped > half or (dropped == half and kept & 1)
    if kept and kept.bit_length() + step > to.limit:
        return math.copysign(math.inf, q)
    return math.copysign(math.ldexp(kept, step), q)


def is_special(x: float) -> bool:
    return math.isnan(x) or math.isinf(x)


@dataclass(frozen=True)
class Line:
    """A row of A or a column of B: elements, and the scale of each."""

    values: Sequence[float]
    scales: Sequence[float]
    least: Least

    def term(self, i: int) -> Term:
        return product(term(self.values[i], self.least[0]), self.scale_term(i))

    def scale_term(self, i: int) -> Term:
        return term(self.scales[i], self.least[1])

    def part(self, first: int, last: int) -> Line:
        return Line(self.values[first:last], self.scales[first:last], self.least)

    def scaled(self, to: Rounding) -> list[float]:
        """Elements times scales, infinite beyond the format."""
        exact = (v * s for v, s in zip(self.values, self.scales, strict=True))
        return [math.copysign(math.inf, x) if abs(x) >= 2.0**to.limit else x for x in exact]


def add_group(c: float, terms: Sequence[Term], special: Sequence[float], fraction_bits: int, zero: int,
              to: Rounding) -> float:  # fmt: skip
    """c and the terms, cut toward zero to fraction_bits bits below the largest exponent, added, rounded once.

    A zero has the exponent `zero`, unless its term says otherwise. -0 is not made. `special`: infinities and NaN
    among the products, and c, decide if there are any.
    """
    if any(map(is_special, special)):
        return sum(x for x in special if is_special(x))
    before = term(c, to.least)
    terms = [*terms, before if c else Term(0, 0, zero)]
    lsb = max(t.exponent for t in terms) - fraction_bits
    return round_to(sum(shift(t.q, t.lsb - lsb) for t in terms), lsb, to) + 0.0


def aligned(a: Line, b: Line, group: int, fraction_bits: int, zero: int, to: Rounding) -> float:
    """A dot product, `group` products at a time."""
    c = 0.0
    for k in range(0, len(a.values), group):
        terms, special = [], [c]
        for i in range(k, min(k + group, len(a.values))):
            x = a.values[i] * a.scales[i] * b.values[i] * b.scales[i]
            if is_special(x):
                special.append(x)
            else:
                exact = product(a.term(i), b.term(i))
                terms.append(exact if exact.q else Term(0, 0, zero))
        c = add_group(c, terms, special, fraction_bits, zero, to)
    return c


def aligned_sums(
    a: Line, b: Line, group: int, inner: int, fraction_bits: int, zero: int, to: Rounding
) -> float:
    """As `aligned`, of exact sums of `inner` products, whose scales alone align them.

    A sum that cancels to zero keeps their exponent; a sum of zeros has the exponent `zero`.
    """
    c = 0.0
    for k in range(0, len(a.values), group):
        terms, special = [], [c]
        for start in range(k, min(k + group, len(a.values)), inner):
            part = range(start, min(start + inner, len(a.values)))
            if is_special(a.scales[start] * b.scales[start]):
                special.append(math.nan)
                continue
            scale = product(a.scale_term(start), b.scale_term(start))
            products = [a.values[i] * b.values[i] for i in part]
            quarters = sum(int(4 * p) for p in products)  # 4-bit floats are multiples of 1/2
            exponent = scale.exponent if any(products) and scale.q else zero
            terms.append(Term(quarters * scale.q, scale.lsb - 2, exponent))
        c = add_group(c, terms, special, fraction_bits, zero, to)
    return c


def one_by_one(a: Sequence[float], b: Sequence[float], to: Rounding, fused: bool) -> float:
    """IEEE arithmetic: c = round(c + a b), or without `fused` c = round(c + round(a b)), in order."""
    c = 0.0
    for x, y in zip(a, b, strict=True):
        exact = x * y  # special, or zero with its sign; otherwise looked at for its sign alone
        if not (fused or is_special(exact)):
            p = product(term(x, to.least), term(y, to.least))
            exact = round_to(p.q, p.lsb, to, math.copysign(1.0, exact) < 0)
            x, y = exact, 1.0
        if is_special(c) or is_special(exact):
            c += exact
            continue
        p = product(term(x, to.least), term(y, to.least))
        before = term(c, to.least)
        lsb = min(p.lsb, before.lsb)
        total = (p.q << (p.lsb - lsb)) + (before.q << (before.lsb - lsb))
        both_negative = math.copysign(1.0, exact) < 0 and math.copysign(1.0, c) < 0
        c = round_to(total, lsb, to, both_negative)
    return c


def dot(a: Line, b: Line, row: Any, to: Rounding) -> float:
    """A dot product as `row`, an Accumulator, has it: slices of the depth, added up in float32 if it promotes."""
    depth = row.promote_every or max(len(a.values), 1)
    parts = []
    for k in range(0, len(a.values), depth):
        x, y = a.part(k, k + depth), b.part(k, k + depth)
        if row.fraction_bits is None:
            parts.append(one_by_one(x.scaled(to), y.scaled(to), to, row.fused))
        elif row.inner > 1:
            parts.append(
                aligned_sums(x, y, row.group, row.inner, row.fraction_bits, row.zero_exponent, to)
            )
        else:
            parts.append(aligned(x, y, row.group, row.fraction_bits, row.zero_exponent, to))
    return one_by_one(parts, [1.0] * len(parts), FLOAT32 if row.promote_every else to, True)
