"""A base between 3 and 36, as conversions see it: odd part, power of two, and words of digits."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

import numpy as np

from fastmul.integers.arguments import as_index

DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
MIN_BASE, MAX_BASE = 2, len(DIGITS)
#: Bits of the machine word that holds a word of digits.
WORD_BITS = 64


@dataclass(frozen=True, eq=False)
class Base:
    """base = odd * 2**twos; base**word_digits and odd**row_digits are the largest powers below 2**64."""

    base: int
    odd: int
    twos: int
    word_digits: int
    row_digits: int
    constants: np.ndarray  # of the kernels

    @property
    def word(self) -> np.uint64:
        return np.uint64(self.base**self.word_digits)

    @cached_property
    def chunk(self) -> tuple[np.uint64, int, int, int]:
        """base**digits = power**4 * 2**shift < 2**bits, of four rows: (power, digits, shift, bits)."""
        from fastmul.kernels.cpu.radix_digits import WORDS_AT_ONCE

        digits = WORDS_AT_ONCE * self.row_digits
        bits = (self.base**digits).bit_length()
        return np.uint64(self.odd**self.row_digits), digits, self.twos * digits, bits

    @staticmethod
    @cache
    def of(base: int) -> Base:
        """What conversions need of a base that is no power of two.

        >>> ten = Base.of(10)
        >>> ten.odd, ten.twos, ten.word_digits, ten.row_digits
        (5, 1, 19, 27)
        """
        from fastmul.kernels.cpu.radix_digits import word_constants

        twos = (base & -base).bit_length() - 1
        odd = base >> twos
        words, rows = _largest_exponent(base), _largest_exponent(odd)
        return Base(base, odd, twos, words, rows, word_constants(base))


def _largest_exponent(b: int) -> int:
    """The largest k with b**k below 2**64."""
    k = 1
    while b ** (k + 1) < 1 << WORD_BITS:
        k += 1
    return k


def is_power_of_two(base: int) -> bool:
    return base & (base - 1) == 0


def checked_base(base: Any, call: str) -> int:
    """`base`, if it is one that there are digits for.

    Raises
    ------
    TypeError : it is no integer.
    ValueError : it is below 2 or above 36.
    """
    base = as_index(call, "base", base)
    if not MIN_BASE <= base <= MAX_BASE:
        raise ValueError(f"{call}: base must be >= {MIN_BASE} and <= {MAX_BASE}, got {base}")
    return base


@cache
def digit_values(base: int) -> np.ndarray:
    """The value of every byte as a digit, in either case; NO_DIGIT for what is no digit of the base."""
    from fastmul.kernels.cpu.radix_words import NO_DIGIT

    values = np.full(256, NO_DIGIT, np.uint8)
    for value, digit in enumerate(DIGITS[:base]):
        values[ord(digit)] = values[ord(digit.upper())] = value
    return values
