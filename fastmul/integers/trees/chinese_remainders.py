"""One number from its residues by many moduli, up the tree of their products.

With M the product of all moduli, coprime,

    x = sum of c_i * M/m_i  modulo M,    c_i = r_i / (M/m_i) modulo m_i.

The sums go up the tree, (A, a) and (B, b) to (A*B, a*B + b*A). So does D = sum of M/m_i, which is M/m_i modulo each
m_i, since every other term is a multiple of m_i: the remainders of D, inverted, are all that depends on the moduli.
Where some D has no inverse the moduli are not coprime; then pairs are merged by their gcds.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import gmpy2

from fastmul.integers.common_divisors import shown
from fastmul.integers.limbs import mpz
from fastmul.integers.multiplication import mul
from fastmul.integers.trees import scaled_remainders
from fastmul.integers.trees.nodes import Node
from fastmul.integers.trees.products import ends_of, middle_of


def weights(root: Node, moduli: Sequence[Any]) -> list[Any] | None:
    """The inverse of M/m modulo m for every m of the moduli; None if they are not coprime."""
    cofactors = scaled_remainders.remainders(root, moduli, _sum(root, moduli, [mpz(1)] * len(moduli)))  # fmt: skip
    try:
        return [gmpy2.invert(d, m) for d, m in zip(cofactors, moduli, strict=True)]
    except ZeroDivisionError:
        return None


def combine(
    root: Node, moduli: Sequence[Any], weights: Sequence[Any], residues: Sequence[Any]
) -> tuple[Any, Any]:
    """(x, M) for coprime moduli."""
    triples = zip(residues, weights, moduli, strict=True)
    scaled = [r % m * w % m for r, w, m in triples]
    # each term is below M, so the quotient is below len(moduli): short, and GMP's division linear
    return _sum(root, moduli, scaled) % root.product, root.product


def _sum(node: Node, moduli: Sequence[Any], coefficients: Sequence[Any]) -> Any:
    """The sum of coefficients[i] * M/moduli[i] over a node of product M."""
    if not node.children:
        own = range(node.first, node.last)
        return sum((coefficients[i] * gmpy2.divexact(node.product, moduli[i]) for i in own), mpz(0))
    return sum(mul(_sum(child, moduli, coefficients), sibling.product) for child, sibling in node.children)  # fmt: skip


def merge(residues: Sequence[Any], moduli: Sequence[Any]) -> tuple[Any, Any]:
    """(x, lcm(moduli)) for positive moduli that share factors; ValueError where residues contradict each other."""
    return _merge(residues, moduli, ends_of(moduli), 0, len(moduli))


def _merge(
    residues: Sequence[Any], moduli: Sequence[Any], ends: Sequence[int], first: int, last: int
) -> tuple[Any, Any]:
    if last - first == 1:
        return residues[first] % moduli[first], moduli[first]
    middle = middle_of(ends, first, last)
    r, m = _merge(residues, moduli, ends, first, middle)
    s, n = _merge(residues, moduli, ends, middle, last)
    g, inverse, _ = gmpy2.gcdext(m, n)  # m * inverse = g modulo n
    steps, apart = divmod(s - r, g)
    if apart:
        i = _disagreeing(residues, moduli, range(first, middle), s, n)
        j = _disagreeing(residues, moduli, range(middle, last), residues[i], moduli[i])
        raise ValueError(
            f"crt(residues, moduli): {shown(residues[i])} modulo {shown(moduli[i])} (number {i}) and "
            f"{shown(residues[j])} modulo {shown(moduli[j])} (number {j}) differ modulo "
            f"{shown(gmpy2.gcd(moduli[i], moduli[j]))}"
        )
    rest = n // g
    return r + mul(m, steps * inverse % rest), mul(m, rest)


def _disagreeing(
    residues: Sequence[Any], moduli: Sequence[Any], among: range, r: Any, m: Any
) -> int:
    """Which of some congruences, that agree with each other, contradicts r modulo m, with which not all agree.

    Congruences of which every two agree have a common solution; so there is one.
    """
    return next(i for i in among if (residues[i] - r) % gmpy2.gcd(moduli[i], m))
