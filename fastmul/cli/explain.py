"""fastmul explain: which algorithm would be taken, and why not the others."""

from __future__ import annotations

import argparse
from typing import Any

from fastmul.cli import options
from fastmul.cli.errors import CommandError

LIMB_BITS = 64


def add(commands: Any) -> None:
    parser = commands.add_parser(
        "explain",
        help="say which algorithm a product would take",
        description="Each algorithm's refusal or predicted time; the arrow marks what would be taken.",
    )
    operations = parser.add_subparsers(dest="operation", metavar="OPERATION", required=True)
    mul = operations.add_parser(
        "mul", help="two integers: BITS BITS", description="Two integers of so many bits."
    )
    mul.add_argument("bits", nargs=2, type=options.positive, metavar="BITS")
    mul.add_argument(
        "--kind", choices=("mpz", "int", "limbs"), default="mpz", help="what holds the numbers"
    )
    options.add_threads(mul)
    mul.set_defaults(run=run_mul)
    matmul = operations.add_parser("matmul", help="two matrices: M K N DTYPE",
                                   description="An M x K matrix times a K x N matrix.")  # fmt: skip
    matmul.add_argument("shape", nargs=3, type=options.positive, metavar=("M", "K", "N"))
    matmul.add_argument("dtype", metavar="DTYPE", help="of the entries, such as int64")
    options.add_ring(matmul)
    options.add_threads(matmul)
    matmul.set_defaults(run=run_matmul)


def run_mul(arguments: argparse.Namespace) -> None:
    from fastmul.integers.multiplication import MUL
    from fastmul.integers.multiplication.problem import MulProblem
    from fastmul.planning.explain import explain_problem
    from fastmul.runtime.threads import get_threads

    a, b = (-(-bits // LIMB_BITS) for bits in arguments.bits)
    problem = MulProblem(a, b, threads=get_threads(arguments.threads), kind=arguments.kind)
    print(explain_problem(MUL, problem))


def run_matmul(arguments: argparse.Namespace) -> None:
    import numpy as np

    import fastmul

    try:
        dtype = np.dtype(arguments.dtype)
    except TypeError:
        raise CommandError(f"numpy knows no dtype {arguments.dtype!r}") from None
    if dtype.kind not in "biufcO":
        raise CommandError(f"matmul has no product of {dtype}")
    m, k, n = arguments.shape
    # Operands without memory behind them, full of the largest value: what is not known must not look small.
    largest = (
        np.zeros((), dtype) if dtype.kind not in "iu" else np.array(np.iinfo(dtype).max, dtype)
    )
    a, b = np.broadcast_to(largest, (m, k)), np.broadcast_to(largest, (k, n))
    try:
        print(
            fastmul.explain(
                fastmul.matmul, a, b, threads=arguments.threads, **options.ring(arguments)
            )
        )
    except (TypeError, ValueError) as error:
        raise CommandError(str(error)) from None
