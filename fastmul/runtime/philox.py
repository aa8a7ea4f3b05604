"""Philox: random bits as a function of a seed and of where they are used, the same on every backend and blocking.

Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011. A counter of four 32-bit words
goes through ten rounds of a bijection keyed by 64 bits; counters that differ anywhere give unrelated outputs. Here
the counter is the *logical coordinates* of an element, never a thread, a tile or a position in memory:

    element (..., row, column) of an array      counter = (column >> 2, row, plane, site)
    plane: the leading axes, flattened          word    = output[column & 3]
    site:  which use of the seed this is        key     = (seed mod 2^32, seed >> 32)

so a kernel may visit elements in any order, a backward pass may ask again for the bits of the forward pass, and
nothing has to be kept. This file is the meaning, in NumPy; `fastmul.kernels.cpu.philox` is the speed.
"""

from __future__ import annotations

import operator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

#: The multipliers of the two products of a round, and what a round adds to the two words of the key.
MULTIPLIERS = (0xD2511F53, 0xCD9E8D57)
WEYL = (0x9E3779B9, 0xBB67AE85)
#: Rounds that pass every test of randomness with a margin; seven are the fewest that pass.
ROUNDS = 10

_WORD = (1 << 32) - 1


def philox4x32(counter: Any, key: tuple[int, int], rounds: int = ROUNDS) -> np.ndarray:
    """The four words of each counter.

    Parameters
    ----------
    counter : (..., 4) integers below 2^32.
    key : two integers below 2^32.
    rounds : int
        FlashAttention-2 takes 7; everything here takes 10.

    Returns
    -------
    (..., 4) uint32 array.

    Examples
    --------
    >>> [f"{word:08x}" for word in philox4x32([0, 0, 0, 0], (0, 0)).tolist()]
    ['6627e8d5', 'e169c58d', 'bc57ac4c', '9b00dbd8']
    """
    c0, c1, c2, c3 = np.moveaxis(np.asarray(counter, np.uint64), -1, 0)
    shift, word = np.uint64(32), np.uint64(_WORD)
    for i in range(rounds):
        k0, k1 = (np.uint64((k + i * w) & _WORD) for k, w in zip(key, WEYL, strict=True))
        p0, p1 = np.uint64(MULTIPLIERS[0]) * c0, np.uint64(MULTIPLIERS[1]) * c2  # below 2^64
        c0, c1, c2, c3 = (p1 >> shift) ^ c1 ^ k0, p1 & word, (p0 >> shift) ^ c3 ^ k1, p0 & word
    return np.stack([c0, c1, c2, c3], axis=-1).astype(np.uint32)


@dataclass(frozen=True, slots=True)
class Philox:
    """Random words addressed by coordinates.

    Parameters
    ----------
    seed : int, 0 <= seed < 2^64.
    site : int, 0 <= site < 2^32
        Tells apart the uses of one seed: the layers of a network, the steps of a training.

    Raises
    ------
    ValueError : the seed or the site is outside its range.
    TypeError : it is no integer.

    Examples
    --------
    >>> rng = Philox(seed=7)
    >>> rng.words((2, 3))
    array([[4099963437, 3221879260,  490388034],
           [ 784659805,  614397428, 4135709823]], dtype=uint32)
    >>> bool((rng.words((5, 9))[:2, :3] == rng.words((2, 3))).all())  # an element's coordinates decide
    True
    >>> rng.at(site=1)
    Philox(seed=7, site=1)
    """

    seed: int
    site: int = 0

    def __post_init__(self) -> None:
        for name, bits in (("seed", 64), ("site", 32)):
            value = operator.index(getattr(self, name))
            if not 0 <= value < 1 << bits:
                raise ValueError(f"Philox({name}={value}): must be in 0 <= {name} < 2**{bits}")
            object.__setattr__(self, name, value)

    @classmethod
    def of(cls, rng: Any) -> Philox:
        """What `rng=` means everywhere: a Philox, an int seed, or a Generator, of which one seed is drawn.

        Raises
        ------
        TypeError : it is none of them.

        Examples
        --------
        >>> Philox.of(7)
        Philox(seed=7, site=0)
        """
        if isinstance(rng, cls):
            return rng
        if isinstance(rng, np.random.Generator):
            return cls(int(rng.integers(1 << 64, dtype=np.uint64)))
        try:
            return cls(operator.index(rng))
        except TypeError:
            raise TypeError(
                f"rng={rng!r}: random bits need an int seed, a fastmul.lowprecision.Philox "
                "or a numpy.random.Generator"
            ) from None

    @property
    def key(self) -> tuple[int, int]:
        """The seed as two 32-bit words, the low one first."""
        return self.seed & _WORD, self.seed >> 32

    def at(self, site: int) -> Philox:
        """The same seed at another site."""
        return replace(self, site=site)

    def words(self, shape: int | tuple[int, ...]) -> np.ndarray:
        """One word for each element of an array of this shape, as uint32."""
        shape = np.broadcast_shapes(shape)
        planes, rows, columns = as_planes(shape)
        blocks = -(-columns // 4)
        counter = np.empty((planes, rows, blocks, 4), np.uint64)
        counter[..., 0] = np.arange(blocks)
        counter[..., 1] = np.arange(rows)[:, None]
        counter[..., 2] = np.arange(planes)[:, None, None]
        counter[..., 3] = self.site
        words = philox4x32(counter, self.key).reshape(planes, rows, 4 * blocks)
        return np.ascontiguousarray(words[..., :columns]).reshape(shape)


def as_planes(shape: tuple[int, ...]) -> tuple[int, int, int]:
    """(planes, rows, columns) of an array's shape: how its elements are addressed.

    Raises
    ------
    ValueError : an extent is too large to be counted by its word (2^34 columns, 2^32 rows or planes).

    >>> as_planes((2, 3, 4, 5)), as_planes((5,)), as_planes(())
    ((6, 4, 5), (1, 1, 5), (1, 1, 1))
    """
    columns = shape[-1] if shape else 1
    rows = shape[-2] if len(shape) > 1 else 1
    planes = 1
    for extent in shape[:-2]:
        planes *= extent
    if columns > 1 << 34 or rows > 1 << 32 or planes > 1 << 32:
        raise ValueError(
            f"shape {shape}: random bits are addressed by at most 2**34 columns, 2**32 rows and 2**32 planes"
        )
    return planes, rows, columns
