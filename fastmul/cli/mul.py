"""fastmul mul: the product of two integers in files."""

from __future__ import annotations

import argparse
import sys
from typing import Any

from fastmul.cli import options
from fastmul.cli.errors import CommandError
from fastmul.cli.files import STDIN, read_bytes, whole_file
from fastmul.cli.numbers import format_integer, parse_integer


def add(commands: Any) -> None:
    parser = commands.add_parser(
        "mul",
        help="multiply two integers from files or standard input",
        description="Multiply two integers, decimal or hexadecimal (0x...), of any size. "
        "With '- -' both come from standard input, separated by whitespace.",
    )
    parser.add_argument("a", metavar="A", help="file of the first integer; - is standard input")
    parser.add_argument("b", metavar="B", help="file of the second integer; - is standard input")
    parser.add_argument(
        "-o", "--output", metavar="FILE", help="write the product there (default: print it)"
    )
    parser.add_argument(
        "--base", type=int, choices=(10, 16), default=10, help="of the product's digits"
    )
    options.add_algorithm(parser)
    options.add_threads(parser)
    options.add_verify(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> None:
    import fastmul

    try:
        a, b = _operands(arguments.a, arguments.b, arguments.threads)
        product = fastmul.mul(a, b, algorithm=arguments.algorithm, threads=arguments.threads,
                              verify=arguments.verify)  # fmt: skip
        text = format_integer(product, arguments.base, arguments.threads)
    except ValueError as error:  # FASTMUL_NUM_THREADS is no number, for instance
        raise CommandError(str(error)) from None
    if arguments.output is None:
        if sys.stdout is None:
            raise CommandError("standard output is closed")
        # not through sys.stdout, whose buffer takes only a part of the text under PYTHONUNBUFFERED
        with open(sys.stdout.fileno(), "wb", closefd=False) as file:
            file.write(text)
    else:
        with whole_file(arguments.output) as file:
            file.write(text)


def _operands(first: str, second: str, threads: int | None) -> tuple[Any, Any]:
    if first == second == STDIN:
        both = read_bytes(STDIN).split()
        if len(both) != 2:
            raise CommandError(f"standard input: two numbers were expected, found {len(both)}")
        names = ("first number", "second number")
        a, b = (parse_integer(text, name, threads) for text, name in zip(both, names, strict=True))
        return a, b
    x = parse_integer(read_bytes(first), _called(first), threads)
    if first == second:  # one object: a square
        return x, x
    return x, parse_integer(read_bytes(second), _called(second), threads)


def _called(name: str) -> str:
    return "standard input" if name == STDIN else name
