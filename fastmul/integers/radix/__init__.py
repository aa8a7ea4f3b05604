"""Numbers to text in any base and back, in quasilinear time."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastmul.integers.arguments import as_mpz
from fastmul.integers.limbs import exact_integer, limb_count, mpz, number
from fastmul.integers.multiplication.problem import threads_for
from fastmul.integers.radix.bases import Base, checked_base, is_power_of_two
from fastmul.integers.radix.grammar import Text, are_digits, blame, sign_and_digits
from fastmul.integers.radix.reading import limbs_of
from fastmul.integers.radix.writing import digits_of
from fastmul.planning.memory import require

#: Python may be told to convert no more than so many digits (sys.set_int_max_str_digits), but no fewer.
ALWAYS_ALLOWED_DIGITS = 640
#: 2**2126 < 10**640: so many bits have so many decimal digits at most.
ALWAYS_ALLOWED_BITS = 2126
#: Numbers of so many bits, texts of so many digits, are converted faster here than by GMP (AMD Zen 4, 2026-11-24).
MIN_BITS, MIN_DIGITS = 120_000, 32_000
#: Bytes for each digit, at most: the text, the powers of the base, the fractions or the numbers of all levels.
BYTES_PER_DIGIT = 8
#: And where the base is a power of two: GMP's text and Python's.
LINEAR_BYTES_PER_DIGIT = 2
#: Digits to a limb, about: how many threads a text is worth.
DIGITS_PER_LIMB = 16


def to_str(n: Any, base: int = 10, *, threads: int | None = None) -> str:
    """The digits of an integer, lower-case letters for those above 9, with a minus sign if it is negative.

    Parameters
    ----------
    n : int, gmpy2.mpz, or anything that operator.index accepts; of any size.
    base : int
        2 to 36.
    threads : int, optional
        How many threads; default: fastmul's setting (`fastmul.set_threads`).

    Returns
    -------
    str, without a prefix: for base 10 that of Python's str(), whose limit on digits (sys.set_int_max_str_digits)
    neither matters nor changes.

    Raises
    ------
    TypeError : n is not an integer.
    ValueError : the base is outside 2 to 36.
    MemoryError : the text or its scratch would not fit, said before anything is allocated.

    Exactness
    ---------
    Always exact: fractions are cut off, by less than a bound that shows where a digit may be one too small, and
    there the following digits tell (`fastmul.bounds.radix`).

    Complexity
    ----------
    Time O(M(n) log n) for products of n bits in time M(n), O(n) if the base is a power of two; memory O(n).

    Source
    ------
    Bernstein, Scaled remainder trees (2004); Brent and Zimmermann, Modern Computer Arithmetic, section 1.7.

    Examples
    --------
    >>> to_str(2**70), to_str(-255, 16)
    ('1180591620717411303424', '-ff')
    >>> len(to_str(2**100_000, 7))
    35621
    """
    # the shortest ways first: small numbers must cost next to nothing over their own
    if type(base) is int and base == 10:
        if type(n) is int:
            if n.bit_length() <= ALWAYS_ALLOWED_BITS:
                return str(n)
        elif type(n) is mpz and n.bit_length() < MIN_BITS:
            return n.digits()
    base = checked_base(base, "to_str(n, base)")
    x = exact_integer(n, "to_str(n)")
    if x.bit_length() < MIN_BITS:
        return mpz(x).digits(base)
    _, x = as_mpz("to_str(n)", x)
    linear = is_power_of_two(base)
    per_digit = LINEAR_BYTES_PER_DIGIT if linear else BYTES_PER_DIGIT
    require(per_digit * x.num_digits(base), f"to_str of a number of {x.bit_length()} bits")
    return x.digits(base) if linear else str(_text_of(x, base, threads).data, "ascii")


def _text_of(x: Any, base: int, threads: int | None) -> np.ndarray:
    """The digits of a long number as an array of bytes."""
    n_threads = threads_for(limb_count(x), threads)
    text, start = digits_of(abs(x), Base.of(base), n_threads, room=1)
    if x < 0:
        start -= 1
        text[start] = ord("-")
    return text[start:]


def from_str(s: Text, base: int = 10, *, kind: type = int, threads: int | None = None) -> Any:
    """The integer that a text of digits spells, by the grammar of Python's int(s, base).

    Parameters
    ----------
    s : str, bytes, bytearray or memoryview
        A sign or none, then digits in either case; single underscores between digits and whitespace around them
        are passed over, and so are the prefixes 0b, 0o and 0x where the base is 2, 8 and 16.
    base : int
        2 to 36.
    kind : int or gmpy2.mpz
        The type of the result.
    threads : int, optional
        How many threads; default: fastmul's setting (`fastmul.set_threads`).

    Returns
    -------
    int or gmpy2.mpz; Python's limit on digits (sys.set_int_max_str_digits) neither matters nor changes.

    Raises
    ------
    ValueError : s has no digits, or something that is none in this base, and names its position; or the base is
        outside 2 to 36.
    TypeError : s is no text, or kind is neither of the two.
    MemoryError : the number or its scratch would not fit, said before anything is allocated.

    Exactness
    ---------
    Always exact: sums and products of integers.

    Complexity
    ----------
    Time O(M(n) log n) for products of n bits in time M(n), O(n) if the base is a power of two; memory O(n).

    Source
    ------
    Brent and Zimmermann, Modern Computer Arithmetic, section 1.7.

    Examples
    --------
    >>> from_str("-1_000"), from_str(b" 7fFF ", 16)
    (-1000, 32767)
    >>> from_str("1" * 10_000) == (10**10_000 - 1) // 9
    True
    >>> from_str("1213", 3)
    Traceback (most recent call last):
    ...
    ValueError: from_str(s, base=3): '3' at position 3 is no digit of base 3, in '1213'
    """
    if (
        kind is int
        and type(base) is int
        and base == 10
        and type(s) is str
        and len(s) <= ALWAYS_ALLOWED_DIGITS
    ):
        try:
            return int(s)
        except ValueError:
            blame(s, base)
    base = checked_base(base, "from_str(s, base)")
    if kind is not int and kind is not mpz:
        raise TypeError(f"from_str(kind=) is int or gmpy2.mpz, got {kind!r}")
    if not isinstance(s, str | bytes):
        if not isinstance(s, bytearray | memoryview):
            raise TypeError(f"from_str(s) needs str or bytes, got {type(s).__name__}")
        s = bytes(s)
    if base == 10 and len(s) < MIN_DIGITS and s.isascii():
        text = s.encode() if isinstance(s, str) else s  # whose isdigit is ten times as fast
        if text.isdigit():
            return kind(mpz(text, 10))  # digits alone GMP reads as Python does
    if len(s) <= ALWAYS_ALLOWED_DIGITS or is_power_of_two(base):
        try:
            value = int(s, base)
        except ValueError:
            blame(s, base)
        return value if kind is int else as_mpz("from_str(s, base)", value)[1]
    negative, digits = sign_and_digits(s, base)
    if len(digits) < MIN_DIGITS:
        if not are_digits(digits, base):  # GMP passes over spaces
            blame(s, base)
        value = kind(mpz(digits, base))
        return -value if negative else value
    require(BYTES_PER_DIGIT * len(digits), f"from_str of {len(digits)} digits")
    limbs = limbs_of(
        np.frombuffer(digits, np.uint8),
        Base.of(base),
        threads_for(len(digits) // DIGITS_PER_LIMB, threads),
    )
    if limbs is None:
        blame(s, base)
    return number(limbs, kind, negative)
