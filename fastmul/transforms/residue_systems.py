"""Systems of small coprime moduli, and the constants by which integers go into their residues and come back.

A system has a kind ("bytes" or "halves", `bounds.residues`), which says how its residues are stored and multiplied,
and as many moduli as the product of two matrices needs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import prod

import numpy as np

from fastmul.bounds import residues as bounds

#: Bits of the pieces into which `encode` cuts a 32-bit word.
_PIECE_BITS = {"bytes": 8, "halves": 16}
_WORD_BITS = 32


@dataclass(frozen=True, slots=True)
class Encoder:
    """What `kernels.cpu.residues.encode_*` takes for numbers of one length: its parameters of the same names."""

    flips: np.ndarray
    weights: np.ndarray
    moduli: np.ndarray
    segment: int


@dataclass(frozen=True, slots=True)
class Decoder:
    """What `kernels.cpu.residues_decode.decode_*` takes: its parameters of the same names."""

    factors: np.ndarray
    starts: np.ndarray
    lifts: np.ndarray
    inverses: np.ndarray
    words: np.ndarray


@dataclass(frozen=True)
class ResidueSystem:
    """Pairwise coprime moduli of one kind, whose product tells all |X| <= `highest` apart.

    >>> system = ResidueSystem("bytes", bounds.moduli(256, 10**6))
    >>> system.moduli, system.depth
    ((256, 255, 253), 65793)
    """

    kind: str
    moduli: tuple[int, ...]

    @property
    def depth(self) -> int:
        """The longest exact sum of residue products."""
        return bounds.exact_depth(self.kind, self.moduli[0])

    def encoder(self, n_words: int, signed: bool) -> Encoder:
        """For integers of `n_words` 32-bit words, in two's complement or unsigned."""
        return encoder(self.kind, self.moduli, n_words, signed)

    def reducer(self) -> Encoder:
        """For the int32 sums of residue products: residues y_i = c_i / (M/m_i) modulo m_i, balanced."""
        whole = prod(self.moduli)
        return encoder(
            self.kind, self.moduli, 1, True, tuple(pow(whole // m, -1, m) for m in self.moduli)
        )

    def decoder(self, n_limbs: int) -> Decoder:
        """From the y_i to integers of `n_limbs` limbs."""
        return decoder(self.moduli, n_limbs)


def balanced(value: int, m: int) -> int:
    """The residue of value in [-m/2, m/2).

    >>> balanced(128, 256), balanced(128, 255), balanced(127, 255)
    (-128, -127, 127)
    """
    value %= m
    return value - m if 2 * value >= m else value


@lru_cache(maxsize=128)
def encoder(
    kind: str, moduli: Sequence[int], n_words: int, signed: bool, scale: Sequence[int] | None = None
) -> Encoder:
    """Residues of x (times `scale`, of each modulus) of numbers of `n_words` words.

    x is the sum of 2^(bits j) piece[j]. A signed x has its top bit flipped: then it is 2^(32 n_words - 1) more, and
    unsigned. Halves are flipped, too, which makes each 2^15 less, and signed; the two undo each other at the top.
    """
    bits = _PIECE_BITS[kind]
    per_word = _WORD_BITS // bits
    count = per_word * n_words
    flip = np.zeros(count, np.dtype(f"u{bits // 8}"))
    added = (
        -(1 << (_WORD_BITS * n_words - 1)) if signed else 0
    )  # what the flips took from the number
    if kind == "halves":
        flip[:] = 1 << (bits - 1)
        added += sum(1 << (bits * j + bits - 1) for j in range(count))
    if signed:
        flip[-1] ^= 1 << (bits - 1)
    weights = np.empty((len(moduli), count), np.dtype(f"i{bits // 8}"))
    table = np.empty((len(moduli), 3))
    for i, m in enumerate(moduli):
        factor = scale[i] if scale else 1
        weights[i] = [balanced(factor << (bits * j), m) for j in range(count)]
        table[i] = m, 1.0 / m, balanced(factor * added, m)
    segment = bounds.segment_words(kind, max(moduli))
    return Encoder(flip.view(np.uint32), weights.view(np.uint32), table, segment)


@lru_cache(maxsize=128)
def decoder(moduli: tuple[int, ...], n_limbs: int) -> Decoder:
    groups = bounds.groups(moduli)
    whole = prod(moduli)
    products = [prod(group) for group, _ in groups]
    columns = -(-64 * n_limbs // bounds.WORD_BITS)
    modulus = 1 << (bounds.WORD_BITS * columns)
    mask = (1 << bounds.WORD_BITS) - 1
    rows = [whole // p for p in products] + [-whole % modulus]
    words = [[0, *((row >> (bounds.WORD_BITS * w)) & mask for w in range(columns))] for row in rows]
    sizes = [len(group) for group, _ in groups]
    return Decoder(
        factors=np.array(
            [float(p // m) for p, (group, _) in zip(products, groups, strict=True) for m in group]
        ),
        starts=np.array([0, *np.cumsum(sizes)], np.int64),
        lifts=np.array([float(share * p) for p, (_, share) in zip(products, groups, strict=True)]),
        inverses=np.array([1.0 / p for p in products]),
        words=np.array(words, np.uint64),
    )
