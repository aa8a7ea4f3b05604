"""Options that several commands share."""

from __future__ import annotations

import argparse

#: Of a power on the command line: beyond every size, and soon computed.
LARGEST_EXPONENT = 1000


def add_algorithm(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--algorithm", default="auto", metavar="NAME",
                        help="a row of the table that 'fastmul explain' prints (default: the fastest)")  # fmt: skip


def add_threads(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--threads", type=positive, metavar="N", help="default: all CPUs available")


def add_verify(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--verify", action="store_true", help="check the product by other means")


def positive(text: str) -> int:
    """An integer of at least 1, for argparse."""
    value = integer(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"{text} is not at least 1")
    return value


def integer(text: str) -> int:
    """An integer, plain or as a power (2^20, 2**20), for argparse."""
    base, caret, exponent = text.replace("**", "^").partition("^")
    try:
        power = int(exponent) if caret else 1
        if not 0 <= power <= LARGEST_EXPONENT:
            raise ValueError
        return int(int(base) ** power)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not an integer") from None
