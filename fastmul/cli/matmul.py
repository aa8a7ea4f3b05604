"""fastmul matmul: the product of two matrices in .npy files."""

from __future__ import annotations

import argparse
from typing import Any

from fastmul.cli import options
from fastmul.cli.errors import CommandError, reason
from fastmul.cli.files import whole_file


def add(commands: Any) -> None:
    parser = commands.add_parser(
        "matmul",
        help="multiply two matrices in .npy files",
        description="Multiply two arrays as numpy.matmul does: integers exactly, by default modulo 2^bits.",
    )
    parser.add_argument(
        "a", metavar="A.npy", help="file of the left operand, as numpy.save writes it"
    )
    parser.add_argument("b", metavar="B.npy", help="file of the right operand")
    parser.add_argument(
        "-o", "--output", metavar="C.npy", required=True, help="file of the product"
    )
    parser.add_argument(
        "--dtype", metavar="NAME", help="of the product, such as int64 for int8 operands"
    )
    options.add_ring(parser)
    options.add_algorithm(parser)
    options.add_threads(parser)
    options.add_verify(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> None:
    import numpy as np

    import fastmul

    a, b = load(arguments.a), load(arguments.b)
    chosen = options.ring(arguments)
    if arguments.dtype is not None:
        chosen["dtype"] = _dtype(arguments.dtype)
    try:
        product = fastmul.matmul(
            a, b, algorithm=arguments.algorithm, threads=arguments.threads, verify=arguments.verify, **chosen
        )  # fmt: skip
    except (ValueError, TypeError, OverflowError) as error:
        raise CommandError(
            f"{arguments.a} {a.shape} {a.dtype} @ {arguments.b} {b.shape} {b.dtype}: {error}"
        ) from None
    product = np.asarray(product)
    if product.dtype == object:
        raise CommandError(
            "the product is one of Python integers, beyond 64 bits or asked for, which no plain .npy file holds"
        )
    with whole_file(arguments.output) as file:
        np.save(file, product, allow_pickle=False)


def load(name: str) -> Any:
    """The array of a .npy file; nothing in it is executed."""
    import numpy as np

    try:
        with open(name, "rb") as file:
            return np.lib.format.read_array(file, allow_pickle=False)
    except OSError as error:
        raise CommandError(f"{name}: {reason(error)}") from None
    except MemoryError as error:
        raise CommandError(f"{name}: {error}") from None
    except Exception as error:  # a damaged header raises whatever Python's parser does
        said = " ".join(str(error).split())
        raise CommandError(f"{name}: no array as numpy.save writes it: {said}") from None


def _dtype(name: str) -> Any:
    import numpy as np

    try:
        return np.dtype(name)
    except TypeError:
        raise CommandError(f"--dtype {name}: numpy knows no such dtype") from None
