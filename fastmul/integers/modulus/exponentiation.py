"""Powers by sliding windows, over any form: runs of squarings between products by a few odd powers.

e = 1011 0 01101 0...     each window begins and ends with a one; its value is odd, so only odd powers are kept
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from fastmul.integers.modulus.form import Form

#: The most bits of a window: 2**(w - 1) powers are kept.
MAX_WINDOW = 8


def window_bits(e_bits: int) -> int:
    """The window that needs the fewest products: 2**(w - 1) to prepare, one in w + 1 bits afterwards.

    >>> [window_bits(n) for n in (1, 16, 64, 256, 1 << 20)]
    [1, 2, 3, 5, 8]
    """
    return min(range(1, MAX_WINDOW + 1), key=lambda w: 2 ** (w - 1) + e_bits / (w + 1))


def expected_products(e_bits: int) -> int:
    """Squarings and products of a power with an exponent of so many bits, about."""
    w = window_bits(e_bits)
    return e_bits + e_bits // (w + 1) + 2 ** (w - 1)


def windows(e: int, width: int) -> Iterator[tuple[int, int]]:
    """(squarings before, odd value) of each window of e >= 1 from the highest bit down; at the end (squarings, 0).

    >>> list(windows(0b1011001100, 3))
    [(3, 5), (1, 1), (4, 3), (2, 0)]
    """
    digits = bin(e)[2:]
    at, pending = 0, 0
    while at < len(digits):
        if digits[at] == "0":
            at, pending = at + 1, pending + 1
            continue
        window = digits[at : at + width].rstrip("0")
        yield pending + len(window), int(window, 2)
        at, pending = at + len(window), 0
    if pending:
        yield pending, 0


def power(form: Form, x: Any, e: int) -> Any:
    """x**e for a representative x and e >= 1.

    Source: Knuth, TAOCP 2, section 4.6.3; Cohen, A Course in Computational Algebraic Number Theory, 1.2.
    """
    steps = list(windows(e, window_bits(e.bit_length())))
    odd_powers = [x]
    largest = max(value for _, value in steps)
    if largest > 1:
        squared = form.square(x)
        while len(odd_powers) <= largest >> 1:
            odd_powers.append(form.mul(odd_powers[-1], squared))
    result = odd_powers[steps[0][1] >> 1]
    for squarings, value in steps[1:]:
        result = form.squares(result, squarings)
        if value:
            result = form.mul(result, odd_powers[value >> 1])
    return result
