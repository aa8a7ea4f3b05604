"""What texts spell a number: those that int(s, base) accepts, and where others go wrong.

Whitespace around, a sign, single underscores between digits, letters in either case; with base 2, 8 and 16 the
prefixes 0b, 0o, 0x. A str may use any Unicode decimal digits, as for int().
"""

from __future__ import annotations

import re
import unicodedata
from typing import NoReturn

from fastmul.integers.radix.bases import DIGITS

Text = str | bytes | bytearray | memoryview

WHITESPACE = " \t\n\r\v\f"
PREFIXES = {2: "0[bB]_?", 8: "0[oO]_?", 16: "0[xX]_?"}
#: Characters that an error message shows on each side of the one that is wrong.
EXCERPT = 12


def sign_and_digits(s: str | bytes, base: int) -> tuple[bool, bytes]:
    """(negative, the digits alone): for bases without a prefix, and not yet known to be digits.

    Raises
    ------
    ValueError : there are no digits, or an underscore is not between two others.
    """
    body = ascii_of(s).strip(WHITESPACE.encode())
    negative = body[:1] == b"-"
    if negative or body[:1] == b"+":
        body = body[1:]
    if b"_" in body:
        if b"__" in body or body[:1] == b"_" or body[-1:] == b"_":
            blame(s, base)
        body = body.replace(b"_", b"")
    if not body:
        blame(s, base)
    return negative, body


def are_digits(digits: bytes, base: int) -> bool:
    """Whether every byte is a digit of the base."""
    lower = DIGITS[:base]
    return not digits.translate(None, (lower + lower.upper()).encode())


def ascii_of(s: str | bytes) -> bytes:
    """The text in ASCII, character by character: Unicode's decimal digits become 0 to 9, its spaces spaces."""
    if not isinstance(s, str):
        return s
    if not s.isascii():
        s = "".join(map(_ascii_character, s))
    return s.encode()


def _ascii_character(c: str) -> str:
    if c.isascii():
        return c
    if c.isspace():
        return " "
    digit = unicodedata.decimal(c, None)
    return "?" if digit is None else str(digit)


def blame(s: str | bytes, base: int) -> NoReturn:
    """Raise the ValueError that says where `s`, which spells no number, goes wrong."""
    text = ascii_of(s).decode("latin-1")
    call = f"from_str(s, base={base})"
    if not text.strip(WHITESPACE):
        raise ValueError(f"{call}: {s[:EXCERPT]!r} has no digits")
    digit = f"[{DIGITS[:base]}]"
    start = re.compile(f"[{WHITESPACE}]*[+-]?(?:{PREFIXES.get(base, '')})?").match(text)
    numeral = re.compile(f"{digit}+(?:_{digit}+)*", re.IGNORECASE | re.ASCII)
    assert start is not None
    found = numeral.match(text, start.end())
    at = found.end() if found else start.end()
    if at == len(text):
        raise ValueError(f"{call}: no digit at position {at}, where {_excerpt(s, at)} ends")
    wrong = "is not between two digits" if text[at] == "_" else f"is no digit of base {base}"
    raise ValueError(f"{call}: {s[at : at + 1]!r} at position {at} {wrong}, in {_excerpt(s, at)}")


def _excerpt(s: str | bytes, at: int) -> str:
    start, stop = max(0, at - EXCERPT), min(len(s), at + EXCERPT + 1)
    return f"{'...' if start else ''}{s[start:stop]!r}{'...' if stop < len(s) else ''}"
