"""fastmul tune: measure this machine, so that the automatic choice fits it."""

from __future__ import annotations

import argparse
import math
from pathlib import Path
from typing import Any

from fastmul.cli.errors import CommandError, reason


def add(commands: Any) -> None:
    parser = commands.add_parser(
        "tune",
        help="measure every algorithm's cost on this machine",
        description="Measure the time of every row of every table at growing sizes, on one thread, and keep the "
        "curves where the automatic choice finds them. Takes a few minutes; leave the machine alone meanwhile.",
    )
    parser.add_argument("--only", nargs="+", metavar="CURVE", default=[],
                        help="only curves whose names start so (mul, matmul.packed); the others stay")  # fmt: skip
    parser.add_argument("--largest", type=float, metavar="N", default=math.inf,
                        help="limbs, or n of matrices (default: all sizes)")  # fmt: skip
    parser.add_argument("--shipped", metavar="PATH", type=Path,
                        help="write there instead: how fastmul/planning/costs.json is made")  # fmt: skip
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> None:
    from fastmul.comparison.progress import progress
    from fastmul.comparison.tuning import measure
    from fastmul.planning import cost, tune
    from fastmul.runtime.target import cpu_name, target

    path = arguments.shipped or cost.tuned_path()
    # what is not measured keeps its curve: with --only, and where no trial reads one
    before = cost.curves() if arguments.only or arguments.shipped else {}
    with progress(0, show=True) as bar:
        measured = measure(bar.tell, only=arguments.only or ("",), largest=arguments.largest)
    if not measured:
        raise CommandError(f"no curve starts with {' or '.join(arguments.only)}")
    only = ["--only", *arguments.only] if arguments.only else []
    largest = [f"--largest {arguments.largest:g}"] if arguments.largest < math.inf else []
    command = " ".join(["fastmul tune", *only, *largest])
    origin = tune.provenance(f"{cpu_name()} ({target().cpu}), one thread", command)
    try:
        tune.save(path, {**before, **measured}, origin)
    except OSError as error:
        raise CommandError(f"{path}: {reason(error)}") from None
    print(f"{len(measured)} curves measured and kept in {path}")
