"""Options that several commands share."""

from __future__ import annotations

import argparse


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
        return int(base) ** int(exponent) if caret else int(base)
    except (ValueError, OverflowError):
        raise argparse.ArgumentTypeError(f"{text!r} is not an integer") from None
