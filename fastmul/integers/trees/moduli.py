"""Residues by many moduli, and back: one tree of the moduli's products serves both ways.

                    M = m0*m1*m2*m3                      up:    products, then weighted sums (`ModuliTree.crt`)
                   /               \\                     down:  remainders (`ModuliTree.remainders`)
              m0*m1                 m2*m3
             /     \\               /     \\
           m0       m1           m2       m3             a leaf may hold many small moduli
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import Any

from fastmul.integers.arguments import as_kind, as_mpz
from fastmul.integers.common_divisors import shown
from fastmul.integers.limbs import mpz
from fastmul.integers.trees import chinese_remainders, scaled_remainders
from fastmul.integers.trees.arguments import many_as_kind, many_as_mpz
from fastmul.integers.trees.nodes import Node, grow


class ModuliTree:
    """Many moduli, prepared: residues of one number after another, and numbers from their residues.

    Parameters
    ----------
    moduli : iterable of int, gmpy2.mpz, or anything that operator.index accepts; none is 0. Or an array of integers.

    Raises
    ------
    ZeroDivisionError : a modulus is 0.
    TypeError : a modulus is not an integer.
    MemoryError : the products would not fit.

    Examples
    --------
    >>> tree = ModuliTree([3, 5, 7])
    >>> tree.remainders(52), tree.crt([1, 2, 3])
    ([1, 2, 3], (52, 105))
    """

    def __init__(self, moduli: Iterable[Any]) -> None:
        self._kind, self._moduli = many_as_mpz("ModuliTree(moduli)", moduli)
        if not all(self._moduli):
            zero = next(i for i, m in enumerate(self._moduli) if not m)
            raise ZeroDivisionError(f"ModuliTree(moduli): moduli[{zero}] is 0")
        self._sizes = [m if m > 0 else -m for m in self._moduli]
        self._root: Node = grow(self._sizes)

    def __len__(self) -> int:
        return len(self._moduli)

    def __repr__(self) -> str:
        return (
            f"<ModuliTree of {len(self)} moduli, {self._root.product.bit_length()} bits together>"
        )

    def remainders(self, x: Any) -> list[Any]:
        """[x % m for m in moduli], as `fastmul.integers.remainders`."""
        kind, value = as_mpz("remainders(x, moduli)", x)
        kind = mpz if mpz in (kind, self._kind) else int
        found = scaled_remainders.remainders(self._root, self._sizes, value)
        signed = zip(found, self._moduli, strict=True)
        return many_as_kind(kind, [r + m if m < 0 and r else r for r, m in signed])

    def crt(self, residues: Iterable[Any]) -> tuple[Any, Any]:
        """(r, m) with r = residues[i] modulo moduli[i], as `fastmul.integers.crt`."""
        kind, values = many_as_mpz("crt(residues, moduli)", residues)
        if len(values) != len(self):
            raise ValueError(
                f"crt(residues, moduli) needs one residue for each modulus; got {len(values)} and {len(self)}"
            )
        kind = mpz if mpz in (kind, self._kind) else int
        for i, m in enumerate(self._moduli):
            if m < 0:
                raise ValueError(
                    f"crt(residues, moduli) needs positive moduli; moduli[{i}] is {shown(m)}"
                )
        if self._weights is None:
            r, m = chinese_remainders.merge(values, self._moduli)
        else:
            r, m = chinese_remainders.combine(self._root, self._moduli, self._weights, values)
        return as_kind(kind, r), as_kind(kind, m)

    @cached_property
    def _weights(self) -> list[Any] | None:
        return chinese_remainders.weights(self._root, self._moduli)


def remainders(x: Any, moduli: Iterable[Any] | ModuliTree) -> list[Any]:
    """The remainders of one number by many moduli.

    [x % m for m in moduli].

    Parameters
    ----------
    x : int, gmpy2.mpz, or anything that operator.index accepts; any sign and size.
    moduli : iterable of such, of any sign but not 0, an array of integers, or a `ModuliTree`, which saves the products
        of the moduli from one call to the next.

    Returns
    -------
    list of int, or of gmpy2.mpz if x or any modulus is one; of the moduli's signs, as Python's.

    Raises
    ------
    ZeroDivisionError : a modulus is 0.
    TypeError : x or a modulus is not an integer.
    MemoryError : the products would not fit.

    Exactness
    ---------
    Always exact: the fractions of the scaled tree keep guard bits enough for the nearest integer to be the remainder.

    Complexity
    ----------
    Time O(M(n) log k) for k moduli of n bits together and x of about as many; memory O(n log k).

    Source
    ------
    Bernstein, Scaled remainder trees (2004).

    Examples
    --------
    >>> remainders(10**20, [7, 11, -13, 2**40])
    [2, 1, -4, 194935521280]
    """
    tree = moduli if isinstance(moduli, ModuliTree) else ModuliTree(moduli)
    return tree.remainders(x)


def crt(residues: Sequence[Any], moduli: Iterable[Any] | ModuliTree) -> tuple[Any, Any]:
    """The number that has the given residues: the Chinese remainder theorem.

    (r, m) with m = lcm(moduli), 0 <= r < m, and r = residues[i] modulo moduli[i] for every i; (0, 1) of none.

    Parameters
    ----------
    residues : iterable of int, gmpy2.mpz, or anything that operator.index accepts; any size and sign.
    moduli : as many positive integers, coprime or not, an array of them, or a `ModuliTree`, which saves what depends on
        the moduli alone from one call to the next.

    Returns
    -------
    (r, m) : int, or gmpy2.mpz if any operand is one.

    Raises
    ------
    ValueError : two residues contradict each other (the message names them), a modulus is negative, or there are not
        as many residues as moduli.
    ZeroDivisionError : a modulus is 0.
    TypeError : an operand is not an integer.
    MemoryError : the products would not fit.

    Exactness
    ---------
    Always exact: sums and products of `fastmul.mul`, and inverses modulo each modulus.

    Complexity
    ----------
    Time O(M(n) log k) for k coprime moduli of n bits together, and O(M(n) log n log k) for others, by gcds;
    memory O(n log k).

    Source
    ------
    Bernstein, Fast multiplication and its applications (2008), section 23.

    Examples
    --------
    >>> crt([2, 3, 2], [3, 5, 7])
    (23, 105)
    >>> crt([3, 5], [4, 6])
    (11, 12)
    >>> crt([1, 2], [4, 6])
    Traceback (most recent call last):
    ...
    ValueError: crt(residues, moduli): 1 modulo 4 (number 0) and 2 modulo 6 (number 1) differ modulo 2
    """
    tree = moduli if isinstance(moduli, ModuliTree) else ModuliTree(moduli)
    return tree.crt(residues)
