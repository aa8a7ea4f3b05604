"""Options that several commands share."""

from __future__ import annotations

import argparse
from typing import Any

#: Of a power on the command line: beyond every size, and soon computed.
LARGEST_EXPONENT = 1000


def add_algorithm(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--algorithm", default="auto", metavar="NAME",
                        help="a row of the table that 'fastmul explain' prints (default: the fastest)")  # fmt: skip


def add_threads(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--threads", type=positive, metavar="N", help="default: all CPUs available")


def add_verify(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--verify", action="store_true", help="check the product by other means")


SEMIRINGS = ("min_plus", "max_plus", "max_min", "max_times", "or_and")


def add_ring(parser: argparse.ArgumentParser) -> None:
    """What stands in the place of a dtype's own + and *, and how exact floats are to be."""
    parser.add_argument(
        "--mod", type=integer, metavar="P", help="multiply modulo P, such as 998244353 or 2^61"
    )
    parser.add_argument("--semiring", choices=SEMIRINGS, help="multiply over a semiring")
    parser.add_argument("--overflow", choices=("wrap", "raise", "promote"),
                        help="integers that do not fit: modulo 2^bits (default), an error, or wider")  # fmt: skip
    parser.add_argument("--accuracy", choices=("fast", "reproducible", "correctly_rounded"),
                        help="floats: without the classical bound on each entry, the same bits everywhere, "
                             "or the exact sum rounded once")  # fmt: skip


def ring(arguments: argparse.Namespace) -> dict[str, Any]:
    """The keywords of matmul that `add_ring` asked for."""
    import fastmul

    chosen = {
        "mod": arguments.mod,
        "semiring": arguments.semiring and getattr(fastmul, arguments.semiring),
        "overflow": arguments.overflow,
        "accuracy": arguments.accuracy,
    }
    return {name: value for name, value in chosen.items() if value is not None}


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
