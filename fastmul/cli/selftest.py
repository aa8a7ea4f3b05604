"""fastmul selftest: random differential testing of every algorithm on this machine."""

from __future__ import annotations

import argparse
import secrets
from typing import Any

from fastmul.cli import options


def add(commands: Any) -> None:
    parser = commands.add_parser(
        "selftest",
        help="test every algorithm against Python int and NumPy on this machine",
        description="Multiply random and adversarial operands by every row of every table, divide them, reduce them, "
        "write and read them, and compare with Python's int, GMP and NumPy.",
    )
    parser.add_argument(
        "--minutes", type=float, default=1.0, metavar="N", help="how long (default: 1)"
    )
    parser.add_argument("--seed", type=options.integer, metavar="S", help="repeat a run")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    from fastmul.comparison.progress import progress
    from fastmul.comparison.selftest import selftest

    seed = secrets.randbits(32) if arguments.seed is None else arguments.seed
    print(f"seed {seed}", flush=True)
    with progress(0, show=True) as bar:
        outcome = selftest(60 * arguments.minutes, seed, bar.tell)
    for row, count in sorted(outcome.results.items()):
        print(f"  {row:<24} {count:>8,} right")
    if outcome.mismatch:
        print(f"WRONG RESULT: {outcome.mismatch}\nrepeat it with: fastmul selftest --seed {seed}")
        return 1
    print(f"{sum(outcome.results.values()):,} results, all right")
    return 0
