"""Integers in and out of text: millions of digits, decimal or hexadecimal.

`fastmul.integers` converts in quasilinear time and knows nothing of Python's limit on digits, which stays as it is.
"""

from __future__ import annotations

import re
from typing import Any

from fastmul.cli.errors import CommandError
from fastmul.planning.memory import require

_INTEGER = re.compile(rb"([+-]?)(?:0[xX]([0-9a-fA-F]+)|([0-9]+))")
#: Bytes that a conversion needs for each byte of text: the number, and its scratch.
BYTES_PER_DIGIT = 8
EXCERPT = 24


def parse_integer(text: bytes, source: str, threads: int | None = None) -> Any:
    """The gmpy2.mpz that `text` holds: a sign, 0x and hexadecimal or decimal digits, whitespace around.

    Raises
    ------
    CommandError : it is empty or malformed; says where.
    """
    import gmpy2

    from fastmul.integers import from_str

    stripped = text.strip()
    found = _INTEGER.match(stripped)
    if not stripped:
        raise CommandError(f"{source}: empty, where an integer was expected")
    if found is None or found.end() != len(stripped):
        at = found.end() if found else int(stripped[:1] in (b"+", b"-"))
        rest = stripped[at:].lstrip()
        at = len(text) - len(text.lstrip()) + len(stripped) - len(rest)
        raise CommandError(f"{source}: not an integer: {_excerpt(rest)} at byte {at}")
    sign, hexadecimal, digits = found.groups()
    require(BYTES_PER_DIGIT * len(stripped), f"reading the integer of {source}")
    base = 16 if hexadecimal else 10
    value = from_str(hexadecimal or digits, base, kind=gmpy2.mpz, threads=threads)
    return -value if sign == b"-" else value


def _excerpt(rest: bytes) -> str:
    shown = rest[:EXCERPT].split(b"\n")[0].decode("utf-8", "backslashreplace")
    return repr(shown) if rest else "it ends"


def format_integer(value: Any, base: int, threads: int | None = None) -> bytes:
    """The digits of an mpz in base 10 or 16 (with 0x), and a newline."""
    from fastmul.integers import to_str

    require(BYTES_PER_DIGIT * max(1, value.bit_length() // 3), "printing the product")
    digits = to_str(abs(value), base, threads=threads).encode()
    prefix = b"0x" if base == 16 else b""
    return (b"-" if value < 0 else b"") + prefix + digits + b"\n"
