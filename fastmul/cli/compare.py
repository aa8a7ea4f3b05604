"""fastmul compare: the main job."""

from __future__ import annotations

import argparse
import json
import sys
from typing import Any

from fastmul.cli import options
from fastmul.cli.errors import CommandError
from fastmul.cli.files import require_place, whole_file

#: What --plot can draw, by the file's ending.
PLOT_KINDS = ("png", "svg", "pdf")


def add(commands: Any) -> None:
    parser = commands.add_parser(
        "compare",
        help="every algorithm beside float GEMM, GMP and NumPy: speed and exactness",
        description="Time and check every algorithm beside float GEMM and the peers found installed.",
    )
    parser.add_argument("operation", nargs="?", choices=("matmul", "mul", "matrices", "integers", "lowprecision"),
                        help="default: matmul and mul; matrices is matmul in its whole breadth, integers mul in "
                             "its, lowprecision the products of a language model's layers in every format")  # fmt: skip
    parser.add_argument("--sizes", nargs="+", type=options.positive, metavar="N",
                        help="n of n x n matrices, or bits of integers (2^20 is understood)")  # fmt: skip
    parser.add_argument(
        "--dtypes", nargs="+", metavar="NAME", help="of matrices, such as int64 float32 'mod 2'"
    )
    parser.add_argument(
        "--algorithms", nargs="+", metavar="NAME", help="only these rows of fastmul's tables"
    )
    parser.add_argument("--threads", nargs="+", type=options.positive, metavar="N",
                        help="default: 1, and all CPUs for the automatic choice and float GEMM")  # fmt: skip
    parser.add_argument("--repetitions", type=options.positive, default=5, metavar="N",
                        help="rounds in which all contestants take turns (default: 5)")  # fmt: skip
    parser.add_argument("--patience", type=float, metavar="SECONDS",
                        help="skip what is predicted to take longer (default: 2; of matrices 5)")  # fmt: skip
    parser.add_argument("--contestant", action="append", default=[], metavar="MODULE:FUNCTION",
                        help="your own function of two operands; may be repeated")  # fmt: skip
    parser.add_argument("--json", metavar="FILE", help="write all records there")
    parser.add_argument("--plot", metavar="FILE", help="draw them there: .png, .svg or .pdf")
    parser.add_argument("--html", metavar="FILE", help="write one self-contained page there")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    from fastmul.comparison.comparing import compare
    from fastmul.comparison.contestants.own import load
    from fastmul.comparison.presentation import page, render, save

    if arguments.sizes and not arguments.operation:
        raise CommandError("--sizes needs an operation: matmul, mul, matrices or integers")
    if arguments.plot or arguments.html:
        _require_matplotlib()
    if arguments.plot and _kind(arguments.plot) not in PLOT_KINDS:
        raise CommandError(f"--plot {arguments.plot}: draws .{', .'.join(PLOT_KINDS)}")
    for name in filter(None, (arguments.json, arguments.plot, arguments.html)):
        require_place(name)
    try:
        found = compare(
            arguments.operation or ("matmul", "mul"), sizes=arguments.sizes, dtypes=arguments.dtypes,
            algorithms=arguments.algorithms, threads=arguments.threads, repetitions=arguments.repetitions,
            patience=arguments.patience, contestants=dict(load(c) for c in arguments.contestant) or None,
            show_progress=True,
        )  # fmt: skip
    except ValueError as error:
        raise CommandError(str(error)) from None
    print(render(found, color=sys.stdout.isatty()))
    if arguments.json:
        with whole_file(arguments.json) as file:
            file.write(json.dumps(found.as_dict(), indent=1, allow_nan=False).encode() + b"\n")
    if arguments.plot:
        with whole_file(arguments.plot) as file:
            save(found, file, _kind(arguments.plot))
    if arguments.html:
        with whole_file(arguments.html) as file:
            file.write(page(found).encode())
    return 1 if found.failures else 0


def _kind(name: str) -> str:
    return name.rpartition(".")[2].lower()


def _require_matplotlib() -> None:
    from importlib.util import find_spec

    if find_spec("matplotlib") is None:
        raise CommandError("--plot and --html draw with matplotlib: pip install 'fastmul[cli]'")
