"""Remainders by all moduli of a tree, with one division: Bernstein's scaled remainder tree.

A node of product M keeps, instead of the remainder x mod M, the fraction x/M mod 1, to p bits:

    f = 2^p * (x/M mod 1) - error,    f an integer, 0 <= error.

Its child of product A, M = A*B, has x/A = (x/M) * B: a product, not a division, of which only the bits below the point
matter, and of them the first q, the child's own precision:

      bits of f * B:   [ integer part: dropped | q bits: the child's fraction | dropped ]
                        p + |B|               p                              p - q      0

Precision: p >= q + |B|, |B| the bits of B. So an error of e units of 2^-p in f is one of e * B * 2^(q-p) < e units of
2^-q in the child, to which the dropping adds less than one. The root's division errs by less than one unit; at depth d
the error is below d + 1. At a last node, q = |A| + guard with 2^guard > 2d + 2, so that

    x mod A - A * f / 2^q < A * (d+1) / 2^q < 1/2,

and the nearest integer to A * f / 2^q is the remainder; or A instead of 0, where the error has taken the fraction of 0
below 0 and so next to 1. From there on remainders are GMP's divisions, which are faster for short numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import gmpy2

from fastmul.integers.division import floordiv, mod
from fastmul.integers.limbs import mpz
from fastmul.integers.multiplication import mul
from fastmul.integers.trees.nodes import Node

#: Products of up to so many bits are divided by (AMD Zen 4, 2026-11-24, benchmarks/integer_operations.py).
LAST_BITS = 1 << 14


def remainders(root: Node, moduli: Sequence[Any], x: Any) -> list[Any]:
    """[x % m for m in moduli], for the positive mpz that `root` was grown from."""
    if x < 0 or x.bit_length() >= root.bits:
        x = mod(x, root.product)
    rests: list[Any] = []
    _of_number(root, moduli, x, rests)
    return rests


def _of_number(node: Node, moduli: Sequence[Any], x: Any, rests: list[Any]) -> None:
    """Append the remainders of 0 <= x, no longer than the node's product: by the children, as long as x is short."""
    if _is_last(node):
        _divide(node, moduli, x, rests)
    elif 2 * x.bit_length() <= node.bits:
        for child, _ in node.children:
            short = x.bit_length() < child.bits
            _of_number(child, moduli, x if short else mod(x, child.product), rests)
    else:
        precision = _precision(node)
        _of_fraction(node, moduli, floordiv(x << precision, node.product), precision, rests)


def _of_fraction(
    node: Node, moduli: Sequence[Any], fraction: Any, precision: int, rests: list[Any]
) -> None:
    if _is_last(node):
        nearest = (node.product * fraction + (mpz(1) << precision - 1)) >> precision
        _divide(node, moduli, nearest, rests)
        return
    for child, sibling in node.children:
        kept = _precision(child)
        below = gmpy2.f_mod_2exp(mul(fraction, sibling.product), precision)
        _of_fraction(child, moduli, below >> precision - kept, kept, rests)


def _divide(node: Node, moduli: Sequence[Any], x: Any, rests: list[Any]) -> None:
    """Append the remainders of 0 <= x by dividing it by every product on the way."""
    if not node.children:
        rests.extend([x % m for m in moduli[node.first : node.last]])
    for child, _ in node.children:
        _divide(child, moduli, x % child.product, rests)


def _is_last(node: Node) -> bool:
    return not node.children or node.bits <= LAST_BITS


def _precision(node: Node) -> int:
    """The bits of its fraction that a node and all below it need."""
    if not node.precision:
        if _is_last(node):
            node.precision = node.bits + (2 * node.depth + 2).bit_length()
        else:
            needs = [_precision(child) + sibling.bits for child, sibling in node.children]
            node.precision = max(needs)
    return node.precision
