"""The product of many integers: words first, then a tree whose halves are equally long.

[ 2 3 5 7 11 13 ... ]            small factors, several to a 64-bit word         (NumPy)
[ word word word ... word ]      32 words to a block of 32 limbs                 (one kernel)
[ block | block | ... ]          halves of equal length, multiplied              (fastmul.mul)
"""

from __future__ import annotations

import contextlib
import math
import operator
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from itertools import accumulate
from typing import Any

import numpy as np

from fastmul.integers.arguments import as_kind, as_mpz
from fastmul.integers.limbs import mpz
from fastmul.integers.multiplication import mul
from fastmul.integers.trees.arguments import many_as_mpz

#: Words in a block: above it GMP's product of two blocks beats one word after another (AMD Zen 4, 2026-11-24, timeit).
BLOCK_WORDS = 32
#: Factors that are no words are multiplied one after another up to so many bits.
BLOCK_BITS = 64 * BLOCK_WORDS
#: Fewer words than this are not worth an array.
_FEW_WORDS = 8


def prod(iterable: Iterable[Any], *, start: Any = 1) -> Any:
    """The product of many integers.

    start * x[0] * x[1] * ...; start if there are none.

    Parameters
    ----------
    iterable : iterable of int, gmpy2.mpz, or anything that operator.index accepts; or an array of integers.
    start : an integer
        One more factor.

    Returns
    -------
    int, or gmpy2.mpz if any factor is one.

    Raises
    ------
    TypeError : a factor is not an integer, or the array is of no integer dtype.
    MemoryError : the product or its scratch would not fit.

    Exactness
    ---------
    Always exact: every product is one of `fastmul.mul`.

    Complexity
    ----------
    Time O(M(n) log k) for a product of n bits from k factors; memory O(n + k).

    Source
    ------
    Bernstein, Fast multiplication and its applications (2008), section 12: product trees.

    Examples
    --------
    >>> prod([3, 5, -7]), prod([]), prod([2, 3], start=10)
    (-105, 1, 60)
    >>> import numpy as np
    >>> prod(np.arange(1, 26))
    15511210043330985984000000
    """
    kind, first = as_mpz("prod(iterable, start=start)", start)
    if isinstance(iterable, np.ndarray):
        return as_kind(kind, mul(first, _product_of_array(iterable)))
    given = list(iterable)
    if len(given) >= _FEW_WORDS and set(map(type, given)) == {int}:
        with contextlib.suppress(OverflowError):  # then some are longer than words
            words = np.fromiter(given, np.int64, len(given))
            return as_kind(kind, mul(first, _product_of_array(words)))
    of_factors, factors = many_as_mpz("prod(iterable)", given)
    return as_kind(mpz if mpz in (kind, of_factors) else int, mul(first, product(factors)))


def _product_of_array(array: np.ndarray) -> Any:
    if array.dtype == object:
        return product(many_as_mpz("prod(array)", array)[1])
    if array.dtype.kind not in "iub":
        raise TypeError(f"prod(array) needs an array of integers, got dtype {array.dtype}")
    values = array.ravel()
    if values.dtype.kind != "i":
        return product_of_words(values.astype(np.uint64))
    # |-2**63| is no int64, but the bits that NumPy gives for it are those of the uint64 2**63
    magnitudes = np.abs(values.astype(np.int64)).view(np.uint64)
    result = product_of_words(magnitudes)
    return -result if np.count_nonzero(values < 0) % 2 else result


def product_of_words(words: np.ndarray) -> Any:
    """The product of a uint64 array, as mpz."""
    if not words.size:
        return mpz(1)
    largest = int(words.max())
    if largest == 0 or not words.all():
        return mpz(0)
    words = filled(words, largest)
    if words.size < _FEW_WORDS:
        return mpz(math.prod(words.tolist()))
    from fastmul.kernels.cpu.limbs_blocks import multiply_rows

    rows = padded(words, BLOCK_WORDS)
    blocks = np.empty_like(rows)
    multiply_rows(rows, blocks)
    data, size = blocks.tobytes(), 8 * BLOCK_WORDS
    return product([mpz.from_bytes(data[i : i + size], "little") for i in range(0, len(data), size)])  # fmt: skip


def filled(words: np.ndarray, largest: int) -> np.ndarray:
    """Fewer words with the same product: as many factors in each as fit for certain, none above `largest`.

    >>> filled(np.array([2, 3, 5, 7], np.uint64), 2**20)
    array([30,  7], dtype=uint64)
    """
    each = 64 // max(1, largest.bit_length())  # each * bits <= 64: a product below 2**64
    return np.multiply.reduce(padded(words, each), axis=1) if each > 1 else words


def padded(words: np.ndarray, each: int) -> np.ndarray:
    """The words as rows of `each`, the last row filled with ones."""
    rows = np.ones((-(-words.size // each), each), np.uint64)
    rows.reshape(-1)[: words.size] = words
    return rows


def product(factors: Sequence[Any]) -> Any:
    """The product of mpz."""
    blocks = list(_blocks(factors))
    return _product(blocks, ends_of(blocks), 0, len(blocks))


def _blocks(factors: Sequence[Any]) -> Iterable[Any]:
    """The factors, those that follow each other multiplied up to blocks."""
    block = mpz(1)
    for factor in factors:
        if block != 1 and block.bit_length() + factor.bit_length() > BLOCK_BITS:
            yield block
            block = factor
        else:  # a long factor alone is not copied
            block = factor if block == 1 else block * factor
    yield block


def ends_of(factors: Sequence[Any]) -> list[int]:
    """Where each factor ends if their bits are laid one after another."""
    return list(accumulate(map(operator.methodcaller("bit_length"), factors)))


def middle_of(ends: Sequence[int], first: int, last: int) -> int:
    """Where to cut factors [first, last), two at least, so that both sides are as equally long as can be."""
    before = ends[first - 1] if first else 0
    half = (before + ends[last - 1]) / 2
    cut = bisect_left(ends, half, first, last)  # the factor in which the half way lies: it goes to
    if cut > first and half - ends[cut - 1] < ends[cut] - half:  # the right, if more of it is there
        cut -= 1
    return min(max(cut + 1, first + 1), last - 1)


def _product(factors: Sequence[Any], ends: Sequence[int], first: int, last: int) -> Any:
    if last - first == 1:
        return factors[first]
    middle = middle_of(ends, first, last)
    return mul(_product(factors, ends, first, middle), _product(factors, ends, middle, last))
